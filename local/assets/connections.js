// The connections: how each is doing, and caring for it.

import { change } from "./api.js";
import { checkList } from "./checks.js";
import { PAST, isPast } from "./days.js";
import { ago, confirm, facts, fill, h, moment, outward, span } from "./dom.js";

export function connectionsView(known) {
  let last = "";
  const cards = h("div", { class: "cards" });
  const element = h("div", { class: "stack" },
    h("div", { class: "row spread" }, h("h1", null, "Connections"), h("a", { class: "button", href: "#/settings" }, "Add a connection")), cards);
  /** By id; a card stays, so that a test in it can run on while the rest is drawn anew. */
  const drawn = new Map();

  async function refresh() {
    const text = JSON.stringify(known.connections);
    if (text === last) return;
    last = text;
    for (const id of drawn.keys()) {
      if (!known.connections.some((connection) => connection.id === id)) drawn.delete(id);
    }
    for (const connection of known.connections) {
      if (!drawn.has(connection.id)) drawn.set(connection.id, card(connection.id, known));
      drawn.get(connection.id).draw(connection);
    }
    const wanted = known.connections.map(({ id }) => drawn.get(id).element);
    if (!wanted.length) return fill(cards, h("p", { class: "card empty" }, "No connections. ", h("a", { href: "#/settings" }, "Connect a tenant"), "."));
    if (wanted.length !== cards.children.length || wanted.some((one, place) => cards.children[place] !== one)) fill(cards, wanted);
  }

  return { element, refresh };
}

function card(id, known) {
  const top = h("div", { class: "stack" });
  const checks = checkList();
  const place = h("div", null);
  const say = h("span", { class: "small muted", role: "status" });
  const buttons = h("div", { class: "row" });
  const element = h("section", { class: "card stack" }, top, buttons, place, checks.element);
  let connection;
  let running = false;

  /** One test at a time: a second one would show in the place of the first. */
  async function run(method, path, body) {
    if (running) return { report: null, saved: null, problem: null };
    running = true;
    busy(true);
    try {
      return await checks.run(method, path, body);
    } finally {
      running = false;
      busy(false);
    }
  }

  function busy(is) {
    for (const button of buttons.querySelectorAll("button")) button.disabled = is;
  }

  async function act(what, done) {
    try {
      await what();
      fill(say, done);
      await known.refresh();
    } catch (error) {
      fill(say, error.message);
    }
  }

  const pause = h("button", {
    type: "button",
    onclick() {
      const paused = !connection.paused;
      act(() => change("PATCH", `/api/connections/${id}`, { paused }), paused ? "Paused: it is kept and not synced." : "It is synced again.");
    },
  });
  const actions = [
    h("button", { type: "button", onclick: () => run("POST", `/api/connections/${id}/test`, {}) }, "Test"),
    h("button", { type: "button", onclick: () => act(() => change("POST", `/api/connections/${id}/sync`), "A sync begins.") }, "Sync now"),
    h("button", { type: "button", onclick: edit }, "Edit"),
    pause,
    h("button", { type: "button", onclick: replace }, "Replace the secret"),
    h("button", {
      type: "button", class: "danger",
      async onclick() {
        const name = connection.name || connection.tenantId;
        if (await confirm(`Remove ${name}?`, "Its client secret and all its incidents and alerts in this store go. In Microsoft Defender nothing changes.", "Remove")) {
          await act(() => change("DELETE", `/api/connections/${id}`), "Removed.");
        }
      },
    }, "Remove"),
  ];
  buttons.append(...actions, say);

  function replace() {
    put(secretForm(id, async (values) => {
      const ended = await run("PUT", `/api/connections/${id}/credential`, values);
      if (ended.saved) {
        place.replaceChildren();
        checks.done("The secret is replaced.");
      }
      return ended;
    }, close));
  }

  function edit() {
    put(editForm(connection, async (values) => {
      await change("PATCH", `/api/connections/${id}`, values);
      place.replaceChildren();
      fill(say, "Changed.");
      await known.refresh();
    }, close));
  }

  function put(form) {
    checks.hide();
    fill(place, form);
    form.querySelector("input").focus();
  }

  function close() {
    checks.stop();
    place.replaceChildren();
    checks.hide();
  }

  function draw(now) {
    connection = now;
    // The simulated one's secret belongs to its simulator.
    for (const one of actions.slice(2, 5)) one.hidden = now.simulated;
    fill(pause, now.paused ? "Resume" : "Pause");
    element.setAttribute("aria-label", now.name || now.tenantId);
    const { health } = now;
    fill(top,
      h("div", { class: "row" }, h("h2", null, now.name || `Tenant ${now.tenantId}`), h("span", { class: `tag ${health.state}` }, health.state),
        now.simulated && h("span", { class: "tag sim" }, "simulated")),
      health.fault && h("div", { class: "fault" }, h("strong", null, health.fault.message), h("span", null, health.fault.remedy),
        health.fault.link?.startsWith("https://") && outward(health.fault.link, "Open the page where this is done ↗"),
        h("span", { class: "small muted" }, `${health.fault.cause}: ${health.fault.detail}, since ${moment(health.fault.since)}`)),
      health.attention.map(({ message }) => h("p", { class: "fault warning" }, message)),
      now.setAside.length > 0 && h("details", { "data-key": "aside" }, h("summary", null, "What cannot be read"), h("ul", null, now.setAside.map(aside))),
      health.notes.map(({ message }) => h("p", { class: "note" }, message)),
      h("div", { class: "figures" },
        figure(now.incidents.toLocaleString(), "incidents"), figure(now.alerts.toLocaleString(), "alerts"),
        figure(now.lagSeconds === null ? "–" : span(now.lagSeconds), "behind Microsoft"), figure(ago(now.lastSuccess), "last synced"),
        figure(ago(now.lastAttempt), "last tried")),
      facts([
        ["Directory (tenant) ID", h("span", { class: "mono" }, now.tenantId)], ["Application (client) ID", h("span", { class: "mono" }, now.clientId)], ["Cloud", now.simulated ? `simulated at ${now.endpoint}` : now.cloud],
        ["Read from", moment(now.since)], ["Secret expires", now.secretExpires ?? (now.simulated ? null : "not stated")], ["May write back", granted(now.capabilities.writeBack)], ["May list custom detection rules", granted(now.capabilities.customDetections)],
        ["Id", h("span", { class: "mono" }, now.id)],
      ], "ids"));
  }

  return { element, draw };
}

function aside({ kind, what, reason, evidence, since }) {
  const name = what.record ? `${kind} ${what.record.id}` : `the ${kind}s from ${what.interval?.from} to ${what.interval?.to}`;
  const ids = [evidence.requestId && `request-id ${evidence.requestId}`, evidence.clientRequestId && `client-request-id ${evidence.clientRequestId}`].filter(Boolean);
  return h("li", null, `${name}: ${reason}, since ${moment(since)}`, ids.length > 0 && h("span", { class: "small muted" }, ` (${ids.join(", ")})`));
}

function granted(known) {
  return known === null ? "not known until it is tested" : known ? "yes" : "no";
}

function figure(value, name) {
  return h("div", null, h("b", null, value), h("span", null, name));
}

function secretForm(id, submit, cancel) {
  const secret = h("input", { type: "password", id: `secret-${id}`, name: "secret", autocomplete: "off", spellcheck: "false", required: true });
  const expires = expiryField(`expiry-${id}`, "It expires on", "");
  const anyway = h("button", { type: "button", hidden: true, onclick: () => send(true) }, "Replace it anyway");
  async function send(force) {
    if (expires.isRefused()) return;
    const { saved, problem } = await submit({ clientSecret: secret.value, secretExpires: expires.value(), saveAnyway: force, wait: !force });
    if (saved) secret.value = "";
    if (problem?.field === "secretExpires") expires.refuse(problem.detail);
    anyway.hidden = saved !== null;
  }
  return h("form", { class: "stack", onsubmit(event) { event.preventDefault(); send(false); } },
    h("div", { class: "pair" },
      h("div", { class: "field" }, h("label", { for: `secret-${id}` }, "New client secret (its Value)"), secret), expires.element),
    h("p", { class: "small muted" }, "It is tested first; the old one stays in use until the new one works."),
    h("div", { class: "row" }, h("button", { class: "primary" }, "Test and replace"), anyway, h("button", { type: "button", onclick: cancel }, "Cancel")));
}

/** Sends only what was changed: an expiry date that has passed may stay. */
function editForm({ id, name, secretExpires }, submit, cancel) {
  const called = h("input", { type: "text", id: `name-${id}`, maxlength: 100, autocomplete: "off", value: name ?? "" });
  const expires = expiryField(`expires-${id}`, "The secret expires on", secretExpires ?? "");
  const wrong = h("span", { class: "wrong", role: "status" });
  async function send() {
    const isMoved = expires.value() !== (secretExpires ?? null);
    if (isMoved && expires.isRefused()) return;
    try {
      await submit({ name: called.value || null, ...(isMoved && { secretExpires: expires.value() }) });
    } catch (error) {
      if (error.field === "secretExpires") expires.refuse(error.message);
      else fill(wrong, error.message);
    }
  }
  return h("form", { class: "stack", onsubmit(event) { event.preventDefault(); send(); } },
    h("div", { class: "pair" }, h("div", { class: "field" }, h("label", { for: `name-${id}` }, "Name"), called), expires.element),
    h("div", { class: "row" }, h("button", { class: "primary" }, "Save"), h("button", { type: "button", onclick: cancel }, "Cancel"), wrong));
}

/** A day that must not be in the past, with its refusal under it. */
function expiryField(id, label, day) {
  const input = h("input", { type: "date", id, value: day, "aria-describedby": `${id}-wrong` });
  const wrong = h("span", { class: "wrong", id: `${id}-wrong` });
  const self = {
    element: h("div", { class: "field" }, h("label", { for: id }, label), input, wrong),
    value: () => input.value || null,
    refuse(message) {
      fill(wrong, message);
      input.setAttribute("aria-invalid", "true");
      input.focus();
    },
    isRefused() {
      fill(wrong);
      input.removeAttribute("aria-invalid");
      const past = isPast(input.value);
      if (past) self.refuse(PAST);
      return past;
    },
  };
  return self;
}
