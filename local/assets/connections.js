// The connections: how each is doing, and caring for it.

import { change, stream } from "./api.js";
import { checkList } from "./checks.js";
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
      if (!drawn.has(connection.id)) drawn.set(connection.id, card(connection.id));
      drawn.get(connection.id).draw(connection);
    }
    const wanted = known.connections.map(({ id }) => drawn.get(id).element);
    if (!wanted.length) return fill(cards, h("p", { class: "card empty" }, "No connections. ", h("a", { href: "#/settings" }, "Connect a tenant"), "."));
    if (wanted.length !== cards.children.length || wanted.some((one, place) => cards.children[place] !== one)) fill(cards, wanted);
  }

  return { element, refresh };
}

function card(id) {
  const top = h("div", { class: "stack" });
  const checks = checkList();
  const place = h("div", null);
  const say = h("span", { class: "small muted", role: "status" });
  const buttons = h("div", { class: "row" });
  const element = h("section", { class: "card stack" }, top, buttons, place, checks.element);
  let connection;

  async function run(method, path, body) {
    checks.begin();
    busy(true);
    let saved = false;
    try {
      await stream(method, path, body, (event) => { saved ||= Boolean(event.saved); checks.take(event); });
    } catch (error) {
      checks.fail(error.message);
    }
    busy(false);
    return saved;
  }

  function busy(is) {
    for (const button of buttons.querySelectorAll("button")) button.disabled = is;
  }

  async function act(what, done) {
    try {
      await what();
      fill(say, done);
    } catch (error) {
      fill(say, error.message);
    }
  }

  const actions = [
    h("button", { type: "button", onclick: () => run("POST", `/api/connections/${id}/test`, {}) }, "Test"),
    h("button", { type: "button", onclick: () => act(() => change("POST", `/api/connections/${id}/sync`), "A sync begins.") }, "Sync now"),
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
    const form = secretForm(async (values) => {
      const saved = await run("PUT", `/api/connections/${id}/credential`, values);
      if (saved) {
        place.replaceChildren();
        checks.done("The secret is replaced.");
      }
      return saved;
    }, () => { place.replaceChildren(); checks.hide(); });
    fill(place, form);
    form.querySelector("input").focus();
  }

  function draw(now) {
    connection = now;
    // The simulated one's secret belongs to its simulator.
    actions[2].hidden = now.simulated;
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

function secretForm(submit, cancel) {
  const secret = h("input", { type: "password", id: "new-secret", name: "secret", autocomplete: "off", spellcheck: "false", required: true });
  const expires = h("input", { type: "date", id: "new-expiry" });
  const anyway = h("button", { type: "button", hidden: true, onclick: () => send(true) }, "Replace it anyway");
  async function send(force) {
    const saved = await submit({ clientSecret: secret.value, secretExpires: expires.value || null, saveAnyway: force });
    if (saved) secret.value = "";
    anyway.hidden = saved;
  }
  return h("form", { class: "stack", onsubmit(event) { event.preventDefault(); send(false); } },
    h("div", { class: "pair" },
      h("div", { class: "field" }, h("label", { for: "new-secret" }, "New client secret (its Value)"), secret),
      h("div", { class: "field" }, h("label", { for: "new-expiry" }, "It expires on"), expires)),
    h("p", { class: "small muted" }, "It is tested first; the old one stays in use until the new one works."),
    h("div", { class: "row" }, h("button", { class: "primary" }, "Test and replace"), anyway, h("button", { type: "button", onclick: cancel }, "Cancel")));
}
