// Which view is shown, and what stands around it.

import { get } from "./api.js";
import { ago, fill, h, refreshTimes } from "./dom.js";
import { connectionsView } from "./connections.js";
import { incidentsView } from "./incidents.js";
import { settingsView } from "./settings.js";

/** How often what is shown is read anew while the page is looked at. */
const REFRESH = 3000;

const VIEWS = { incidents: incidentsView, connections: connectionsView, settings: settingsView };

/** Views that stay as they are while another one is shown: what is typed in them, and a test that runs. */
const STAYING = ["connections", "settings"];
const stays = {};
const main = document.getElementById("main");
let shown = { name: null, view: null };

/** All connections, as last read: views look names up here. */
export const known = { connections: [], refresh };

function route() {
  const [name, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decode);
  const view = Object.hasOwn(VIEWS, name) ? name : "incidents";
  if (shown.name !== view) {
    const moved = shown.name !== null;
    shown = { name: view, view: stays[view] ?? VIEWS[view](known) };
    if (STAYING.includes(view)) stays[view] = shown.view;
    fill(main, shown.view.element);
    if (moved) main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.view === view) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  shown.view.show?.(rest);
  refresh();
}

function decode(part) {
  try { return decodeURIComponent(part); } catch { return part; }
}

async function refresh() {
  try {
    known.connections = await get("/api/connections");
    pulse();
    await shown.view.refresh();
  } catch (error) {
    const element = document.getElementById("pulse");
    element.className = "pulse failing";
    fill(element, error.message);
  }
  refreshTimes();
}

function pulse() {
  const element = document.getElementById("pulse");
  const banner = document.getElementById("banner");
  const connections = known.connections;
  const state = ["failing", "attention", "pending", "paused"].find((worse) => connections.some(({ health }) => health.state === worse));
  const failing = connections.filter(({ health }) => health.state === "failing").length;
  const last = connections.map(({ lastSuccess }) => lastSuccess).filter(Boolean).sort().at(-1);
  element.className = `pulse ${connections.length ? state ?? "connected" : ""}`;
  if (!connections.length) fill(element, "no connection");
  else if (failing) fill(element, failing === 1 ? "a connection is failing" : `${failing} connections are failing`);
  else fill(element, last ? h("span", null, "synced ", ago(last)) : "syncing for the first time");
  const simulated = connections.some((connection) => connection.simulated);
  if (banner.hidden === simulated) {
    banner.hidden = !simulated;
    fill(banner, h("strong", null, "Simulated tenant."), " These incidents are made up, on this machine. ",
      h("a", { href: "#/settings" }, "Connect your tenant"), " and they go.");
  }
}

addEventListener("hashchange", route);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
route();
(async () => {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, REFRESH));
    if (!document.hidden) await refresh();
  }
})();
