// One incident: what it is, what was merged into it, its alerts and their evidence.

import { get } from "./api.js";
import { ago, facts, fill, h, moment, outward, severity, words } from "./dom.js";
import { evidenceItem } from "./evidence.js";

/** The pane beside the list. */
export function incidentPane(known, close) {
  let shown = null;
  let last = "";
  /** Whether the incident was just opened: then its title gets the focus, so that it is read out. */
  let announce = false;
  const element = h("article", { class: "card detail", "aria-label": "Incident" });

  element.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });

  function show(which) {
    if (which?.id !== shown?.id || which?.connection !== shown?.connection) {
      last = "";
      announce = which !== null && document.activeElement !== document.body;
      fill(element);
      element.scrollTop = 0;
    }
    shown = which;
  }

  async function refresh() {
    if (!shown) return;
    const { connection, id } = shown;
    const path = `/api/incidents/${connection}/${encodeURIComponent(id)}`;
    let found;
    try {
      found = await get(path);
    } catch (error) {
      last = "";
      return fill(element, h("p", { class: "empty" }, error.message));
    }
    if (shown?.id !== id || shown?.connection !== connection) return;
    const text = JSON.stringify([found.revision, found.home, found.merged, found.alerts]);
    if (text === last) return;
    last = text;
    const openAlerts = new Set([...element.querySelectorAll("details[open]")].map((details) => details.dataset.key));
    fill(element, ...content(found, path));
    for (const details of element.querySelectorAll("details")) {
      if (openAlerts.has(details.dataset.key)) details.open = true;
    }
    if (announce) element.querySelector("h1")?.focus({ preventScroll: true });
    announce = false;
  }

  function content({ connection, incident, home, merged, firstSeen, alerts, next }, path) {
    const of = known.connections.find(({ id }) => id === connection);
    const techniques = [...new Set(alerts.flatMap((alert) => strings(alert.mitreTechniques)))].sort();
    const tags = [...strings(incident.systemTags), ...strings(incident.customTags)];
    return [
      h("header", null,
        h("button", { type: "button", class: "back", onclick: close }, "← Incidents"),
        h("div", { class: "row spread" },
          h("div", { class: "row" }, severity(incident.severity), h("span", { class: "tag" }, words(incident.status)),
            of?.simulated && h("span", { class: "tag sim" }, "simulated"), h("span", { class: "muted small" }, `#${incident.id}`)),
          h("button", { type: "button", "data-key": "close", class: "plain", "aria-label": "Close the incident", onclick: close }, "✕")),
        h("h1", { tabindex: -1 }, incident.displayName || "(no title)"),
        h("div", { class: "row" }, tags.map((tag) => h("span", { class: "tag" }, tag)))),
      incident.redirectIncidentId && h("p", { class: "note warn" }, "Merged into ",
        home && home !== String(incident.id) ? link(connection, home) : `#${incident.redirectIncidentId}, which has not arrived yet`, ". Its alerts stand there."),
      merged.length > 0 && h("p", { class: "note" }, "Merged into this incident: ", merged.map((id, place) => [place ? ", " : "", link(connection, id)]), ". Their alerts are included."),
      incident.description && h("p", { class: "note" }, incident.description),
      incident.summary && incident.summary !== incident.description && h("section", { class: "stack" }, h("h2", null, "Summary"), h("p", { class: "note" }, incident.summary)),
      facts([
        ["Created", moment(incident.createdDateTime)], ["Updated", incident.lastUpdateDateTime ? h("span", null, moment(incident.lastUpdateDateTime), " (", ago(incident.lastUpdateDateTime), ")") : "–"],
        ["Arrived here", moment(firstSeen)], ["Assigned to", incident.assignedTo || "nobody"], ["Classification", words(incident.classification)], ["Determination", words(incident.determination)],
        ["Priority", incident.priorityScore], ["Last modified by", incident.lastModifiedBy], ["Connection", of ? of.name || of.tenantId : null],
        ["In Microsoft Defender", of && !of.simulated ? portal(incident.incidentWebUrl) : null],
      ]),
      techniques.length > 0 && h("section", { class: "stack" }, h("h2", null, "MITRE ATT&CK techniques"), h("div", { class: "chips" }, techniques.map(technique))),
      !incident.redirectIncidentId && h("section", { class: "stack" },
        h("h2", null, `${alerts.length}${next ? "+" : ""} alert${alerts.length === 1 ? "" : "s"}`),
        alerts.map(alertItem), next && moreAlerts(path, next)),
      comments(incident.comments),
      incident.resolvingComment && h("section", { class: "stack" }, h("h2", null, "Resolved"), h("p", { class: "note" }, incident.resolvingComment)),
      h("details", { "data-key": "raw" }, h("summary", { class: "muted small" }, "As Graph sent it"), h("pre", { class: "raw", tabindex: 0 }, JSON.stringify(incident, null, 2))),
    ];
  }

  function moreAlerts(path, next) {
    const button = h("button", {
      type: "button",
      async onclick() {
        const more = await get(`${path}/alerts`, { after: next });
        button.replaceWith(...more.alerts.map(alertItem), ...(more.next ? [moreAlerts(path, more.next)] : []));
      },
    }, "Show more alerts");
    return button;
  }

  return { element, show, refresh };
}

function alertItem(alert) {
  const evidence = Array.isArray(alert.evidence) ? alert.evidence : [];
  return h("details", { class: "alert", "data-key": `alert ${alert.id}` },
    h("summary", null, severity(alert.severity), h("span", { class: "title" }, alert.title || "(no title)"), h("span", { class: "tag" }, words(alert.status)),
      h("span", { class: "sub" }, [alert.productName || words(alert.serviceSource), words(alert.category), `${evidence.length} evidence`].join(" · "), " · ", ago(alert.createdDateTime))),
    h("div", null,
      alert.description && h("p", { class: "note" }, alert.description),
      facts([
        ["First activity", moment(alert.firstActivityDateTime)], ["Last activity", moment(alert.lastActivityDateTime)], ["Detected by", words(alert.detectionSource)],
        ["Assigned to", alert.assignedTo], ["Classification", words(alert.classification)], ["Determination", words(alert.determination)],
        ["Threat", alert.threatDisplayName || alert.threatFamilyName], ["Actor", alert.actorDisplayName],
        ["Techniques", strings(alert.mitreTechniques).length ? h("span", { class: "chips" }, strings(alert.mitreTechniques).map(technique)) : null],
        ["Id", h("span", { class: "mono" }, alert.id)],
      ]),
      evidence.length > 0 && h("section", { class: "stack" }, h("h3", null, "Evidence"),
        h("ul", { class: "evidence" }, evidence.map((one, place) => evidenceItem(one, `${alert.id} ${place}`)))),
      alert.recommendedActions && h("details", { "data-key": `actions ${alert.id}` }, h("summary", null, "Recommended actions"), h("p", { class: "note" }, alert.recommendedActions)),
      comments(alert.comments)));
}

function comments(list) {
  if (!Array.isArray(list) || !list.length) return null;
  return h("section", { class: "stack" }, h("h3", null, "Comments"), list.map((one) => h("p", { class: "note" },
    h("strong", null, one?.createdByDisplayName || "somebody"), " ", h("span", { class: "muted small" }, moment(one?.createdDateTime)), "\n", one?.comment ?? "")));
}

function link(connection, id) {
  return h("a", { href: `#/incidents/${connection}/${encodeURIComponent(id)}` }, `#${id}`);
}

/** A technique's page at MITRE; anything else is shown as it is. */
function technique(id) {
  const parts = /^(T\d{4})(?:\.(\d{3}))?$/.exec(id);
  if (!parts) return h("span", { class: "tag" }, id);
  const anchor = outward(`https://attack.mitre.org/techniques/${parts[1]}/${parts[2] ? `${parts[2]}/` : ""}`, id);
  anchor.className = "tag";
  return anchor;
}

/** Only Microsoft's own portal is linked to. */
function portal(address) {
  let url;
  try { url = new URL(address); } catch { return null; }
  const ours = url.protocol === "https:" && ["security.microsoft.com", "security.microsoft.us"].includes(url.hostname);
  return ours ? outward(url.href, "open the incident") : null;
}

function strings(list) {
  return Array.isArray(list) ? list.filter((one) => typeof one === "string" && one !== "") : [];
}
