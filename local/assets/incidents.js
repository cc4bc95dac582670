// The list of incidents, its filters, and beside it the one that is open.

import { get } from "./api.js";
import { chart } from "./chart.js";
import { ago, fill, h, severity, severityClass, words } from "./dom.js";
import { incidentPane } from "./incident.js";

const PAGE = 50;
const MOST = 500;
const STATUSES = [
  ["", "Any status"], ["active,inProgress,awaitingAction", "Open"], ["active", "Active"], ["inProgress", "In progress"],
  ["awaitingAction", "Awaiting action"], ["resolved", "Resolved"], ["redirected", "Merged"],
];

const SEVERITIES = [["", "Any severity"], ["high", "High"], ["medium", "Medium"], ["low", "Low"], ["informational", "Informational"]];

/** The view. What is filtered for stays while the page is open. */
const filter = { status: "", severity: "", text: "", connection: "" };

export function incidentsView(known) {
  let limit = PAGE;
  let last = "";
  let open = null;
  let asked = 0;

  const overTime = chart((chosen) => { severityChoice.value = filter.severity = chosen; changed(); });
  const severityChoice = h("select", { "aria-label": "Severity", onchange(event) { filter.severity = event.target.value; overTime.choose(filter.severity); changed(); } },
    SEVERITIES.map(([value, text]) => h("option", { value, selected: value === filter.severity }, text)));
  const connectionChoice = h("select", { "aria-label": "Connection", onchange(event) { filter.connection = event.target.value; changed(); } });
  const rows = h("tbody", null);
  const foot = h("div", { class: "foot", role: "status" });
  let typing;
  const list = h("section", { class: "card list", "aria-label": "Incidents" },
    h("div", { class: "filters" },
      h("input", {
        type: "search", placeholder: "Search titles and ids", "aria-label": "Search titles and ids", value: filter.text,
        oninput(event) { filter.text = event.target.value; clearTimeout(typing); typing = setTimeout(changed, 200); },
      }),
      h("select", { "aria-label": "Status", onchange(event) { filter.status = event.target.value; changed(); } },
        STATUSES.map(([value, text]) => h("option", { value, selected: value === filter.status }, text))),
      severityChoice, connectionChoice),
    h("table", null,
      h("colgroup", null, h("col", null), h("col", null), h("col", { class: "status" }), h("col", { class: "who wide" }), h("col", { class: "when wide" })),
      h("thead", null, h("tr", null, ["Severity", "Incident", "Status"].map((text) => h("th", { scope: "col" }, text)),
        h("th", { scope: "col", class: "wide" }, "Assigned to"), h("th", { scope: "col", class: "wide" }, "Updated"))),
      rows),
    foot);
  const pane = incidentPane(known, close);
  const split = h("div", { class: "split" }, list);
  const element = h("div", { class: "stack" }, h("h1", { class: "hidden-visually" }, "Incidents"), overTime.element, split);

  /** Closes the open one; the focus goes back to its row. */
  function close() {
    const key = open && `${open.connection}/${open.id}`;
    location.hash = "#/incidents";
    [...rows.querySelectorAll("[data-key]")].find((link) => link.dataset.key === key)?.focus();
  }

  function changed() {
    limit = PAGE;
    refresh();
  }

  overTime.choose(filter.severity);

  function show([connection, id]) {
    open = id === undefined ? null : { connection, id };
    pane.show(open);
    split.classList.toggle("open", open !== null);
    // One incident takes the height of the screen.
    overTime.element.hidden = open !== null;
    if (open) split.append(pane.element);
    else pane.element.remove();
    last = "";
  }

  async function refresh() {
    const mine = ++asked;
    const [found] = await Promise.all([get("/api/incidents", { ...filter, limit }), overTime.refresh(), pane.refresh()]);
    // An answer to an older question that came late.
    if (mine !== asked) return;
    const text = JSON.stringify([found, open, known.connections.map(({ id, name }) => [id, name])]);
    if (text === last) return;
    last = text;
    connections();
    fill(rows, found.items.map(row));
    fill(foot, count(found), found.next && limit < MOST && h("button", {
      type: "button", "data-key": "more", onclick() { limit = Math.min(MOST, limit + PAGE); refresh(); },
    }, "Show more"));
  }

  function count({ items, next }) {
    if (items.length) return h("span", null, `${items.length} incident${items.length === 1 ? "" : "s"}${next ? ", and there are more" : ""}`);
    if (Object.values(filter).some(Boolean)) return h("span", null, "No incident matches.");
    if (!known.connections.length) return h("span", null, "No incidents: ", h("a", { href: "#/settings" }, "connect a tenant"), ".");
    return h("span", null, "No incidents yet.");
  }

  function connections() {
    connectionChoice.hidden = known.connections.length < 2;
    fill(connectionChoice, h("option", { value: "" }, "All connections"), known.connections.map((one) =>
      h("option", { value: one.id, selected: one.id === filter.connection }, nameOf(one))));
  }

  function row(incident) {
    const connection = known.connections.find(({ id }) => id === incident.connection);
    const address = `#/incidents/${incident.connection}/${encodeURIComponent(incident.id)}`;
    const isOpen = open && open.connection === incident.connection && open.id === incident.id;
    const state = incident.redirectedTo ? "merged" : incident.status === "resolved" ? "done" : "";
    return h("tr", { class: `${severityClass(incident.severity)} ${state}`, "aria-current": isOpen ? "true" : null },
      h("td", null, severity(incident.severity)),
      h("td", null,
        h("a", { class: "title", href: address, "data-key": `${incident.connection}/${incident.id}` }, incident.title || "(no title)"),
        h("div", { class: "sub" }, h("span", null, `#${incident.id}`), connection && h("span", null, nameOf(connection)),
          connection?.simulated && h("span", { class: "tag sim" }, "simulated"))),
      h("td", null, incident.redirectedTo ? `Merged → #${incident.redirectedTo}` : words(incident.status)),
      h("td", { class: "who wide", title: incident.assignedTo }, incident.assignedTo || h("span", { class: "muted" }, "nobody")),
      h("td", { class: "wide" }, ago(incident.updated)));
  }

  return { element, show, refresh };
}

function nameOf({ name, tenantId }) {
  return name || tenantId;
}
