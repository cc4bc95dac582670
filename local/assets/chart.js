// Incidents over time, by severity: bars, their legend, and the same as a table for those who hear it.

import { get } from "./api.js";
import { fill, h, severity, severityClass, svg, words } from "./dom.js";

const HOUR = 3600, DAY = 24 * HOUR;
const PERIODS = [
  { name: "24 hours", span: DAY, width: HOUR },
  { name: "7 days", span: 7 * DAY, width: 6 * HOUR },
  { name: "30 days", span: 30 * DAY, width: DAY },
  { name: "180 days", span: 180 * DAY, width: 7 * DAY },
];
const SEVERITIES = ["high", "medium", "low", "informational"];
const HEIGHT = 100;

/** The chart. `onSeverity` is told which severity is chosen in the legend; empty for all. */
export function chart(onSeverity) {
  let period = PERIODS[2];
  let chosen = "";
  let last = "";
  const heading = h("h2", { id: "chart" }, "Incidents over time");
  const readout = h("span", { class: "small muted", "aria-hidden": true });
  const periods = h("div", { class: "choice", role: "group", "aria-label": "Period" }, PERIODS.map((one) => h("button", {
    type: "button", "aria-pressed": String(one === period),
    onclick(event) {
      period = one;
      for (const button of periods.children) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      refresh();
    },
  }, one.name)));
  const plot = h("div", null);
  const legend = h("div", { class: "legend", role: "group", "aria-label": "Show one severity" });
  const element = h("section", { class: "card chart", "aria-labelledby": "chart" },
    h("div", { class: "row spread" }, h("div", { class: "row" }, heading, readout), periods), plot, legend);

  async function refresh() {
    // Bars begin at whole hours and days of this place.
    const edge = new Date();
    edge.setMinutes(0, 0, 0);
    if (period.width >= DAY) edge.setHours(0);
    const until = edge.getTime() / 1000 + period.width;
    const since = until - period.span;
    const bars = await get("/api/chart", {
      since: new Date(since * 1000).toISOString(), until: new Date(until * 1000).toISOString(), widthSeconds: period.width,
    });
    const text = JSON.stringify([bars, since, period.width, chosen]);
    if (text === last) return;
    last = text;
    draw(columns(bars, since, until));
  }

  function columns(bars, since, until) {
    const found = [];
    for (let start = since; start < until; start += period.width) found.push({ start, counts: {}, total: 0 });
    for (const { start, severity, incidents } of bars) {
      const column = found[Math.floor((Date.parse(start) / 1000 - since) / period.width)];
      const name = SEVERITIES.find((known) => known === String(severity).toLowerCase()) ?? "unknown";
      column.counts[name] = (column.counts[name] ?? 0) + incidents;
      column.total += incidents;
    }
    return found;
  }

  function draw(columns) {
    const most = Math.max(1, ...columns.map(({ total }) => total));
    const names = [...SEVERITIES, "unknown"];
    const sums = Object.fromEntries(names.map((name) => [name, columns.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0)]));
    const total = Object.values(sums).reduce((a, b) => a + b, 0);
    const label = `${total} incidents created in the last ${period.name}: ${names.filter((name) => sums[name]).map((name) => `${sums[name]} ${name}`).join(", ")}`;
    const bars = columns.map((column, place) => bar(column, place, most));
    fill(plot,
      h("div", { class: "plot" }, h("span", { class: "most", "aria-hidden": true }, total ? `${most}` : ""),
        svg("svg", { viewBox: `0 0 ${columns.length * 10} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label }, bars)),
      h("div", { class: "axis", "aria-hidden": true }, [0, 0.25, 0.5, 0.75].map((share) => h("span", null, when(columns[Math.floor(share * columns.length)].start))), h("span", null, "now")),
      table(columns, names));
    fill(legend, names.filter((name) => name !== "unknown" || sums.unknown).map((name) => h("button", {
      type: "button", "data-key": name, "aria-pressed": String(chosen === name),
      onclick() {
        choose(chosen === name ? "" : name);
        onSeverity(chosen);
      },
    }, severity(name), h("b", null, String(sums[name])))));
  }

  function bar(column, place, most) {
    let top = HEIGHT;
    const text = `${when(column.start)}: ${column.total ? Object.entries(column.counts).map(([name, count]) => `${count} ${name}`).join(", ") : "none"}`;
    const parts = [...SEVERITIES, "unknown"].filter((name) => column.counts[name]).reverse().map((name) => {
      const height = (column.counts[name] / most) * (HEIGHT - 8);
      top -= height;
      return svg("rect", { class: severityClass(name), x: place * 10 + 1.2, y: top, width: 7.6, height });
    });
    return svg("g", { class: "bar", onpointerenter: () => fill(readout, text), onpointerleave: () => fill(readout) },
      svg("rect", { class: "slot", x: place * 10, y: 0, width: 10, height: HEIGHT }), parts);
  }

  function when(seconds) {
    const options = period.width < DAY ? { weekday: "short", hour: "2-digit", minute: "2-digit" } : { day: "numeric", month: "short" };
    return new Date(seconds * 1000).toLocaleString(undefined, options);
  }

  function table(columns, names) {
    const rows = columns.filter(({ total }) => total).map(({ start, counts }) => h("tr", null,
      h("th", { scope: "row" }, when(start)), names.map((name) => h("td", null, String(counts[name] ?? 0)))));
    return h("table", { class: "hidden-visually" }, h("caption", null, "Incidents over time"),
      h("thead", null, h("tr", null, h("th", { scope: "col" }, "From"), names.map((name) => h("th", { scope: "col" }, words(name))))), h("tbody", null, rows));
  }

  /** Marks a severity in the legend. */
  function choose(severity) {
    chosen = severity;
    refresh();
  }

  return { element, refresh, choose };
}
