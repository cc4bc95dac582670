// Elements from data. Text only ever becomes text: titles and evidence are what an attacker wrote.

/** An element with attributes (`on…` are listeners, `null` and `false` are left out) and children. */
export function h(tag, attributes, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Replaces what is in `root`; the focus stays on the element with the same `data-key`. */
export function fill(root, ...children) {
  const focused = document.activeElement;
  const key = root.contains(focused) ? focused.closest("[data-key]")?.dataset.key : undefined;
  root.replaceChildren(...children.flat().filter(Boolean));
  if (key !== undefined) {
    [...root.querySelectorAll("[data-key]")].find((element) => element.dataset.key === key)?.focus({ preventScroll: true });
  }
}

const SHORT = /\b(ad|api|av|dlp|dns|id|ip|mde|os|sid|ti|upn|url|vm)\b/gi;

/** `inProgress` → `In progress`, `lastIpAddress` → `Last IP address`. */
export function words(text) {
  if (!text) return "–";
  // Products keep their capitals: Microsoft Defender for Endpoint.
  const isProduct = /^microsoft/.test(text);
  const spaced = String(text)
    .replace(/DateTime$/, "")
    .replace(/([a-z0-9])([A-Z])/g, (_, a, b) => `${a} ${isProduct ? b : b.toLowerCase()}`)
    .replace(/ For /g, " for ");
  return (spaced.charAt(0).toUpperCase() + spaced.slice(1)).replace(SHORT, (short) => short.toUpperCase());
}

const SEVERITIES = { high: "high", medium: "medium", low: "low", informational: "info" };

/** The class of a severity; an unknown one is `other`. */
export function severityClass(severity) {
  const name = String(severity ?? "").toLowerCase();
  return Object.hasOwn(SEVERITIES, name) ? SEVERITIES[name] : "other";
}

/** A severity by colour, shape and word. */
export function severity(text) {
  return h("span", { class: `sev ${severityClass(text)}` }, words(text ?? "unknown"));
}

/** A moment as "3 min ago"; `refreshTimes` keeps it right. */
export function ago(instant) {
  if (!instant) return h("span", { class: "muted" }, "never");
  const moment = new Date(instant);
  return h("time", { datetime: instant, title: moment.toLocaleString(), "data-ago": true }, since(moment));
}

/** Brings all "… ago" up to date. */
export function refreshTimes() {
  for (const time of document.querySelectorAll("time[data-ago]")) {
    const text = since(new Date(time.dateTime));
    if (time.textContent !== text) time.textContent = text;
  }
}

function since(moment) {
  const seconds = (Date.now() - moment) / 1000;
  return seconds < 5 ? "just now" : `${span(seconds)} ago`;
}

/** A length of time in the unit that one would say. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 7200) return `${Math.floor(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} days`;
}

/** A moment in full. */
export function moment(instant) {
  if (!instant) return "–";
  const date = new Date(instant);
  return Number.isNaN(date.getTime()) ? String(instant) : date.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

/** A link that leads off this machine: it says so by opening a page of its own. */
export function outward(address, ...text) {
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** Terms and what they are; empty ones are left out. */
export function facts(pairs, kind = "") {
  const present = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", { class: `facts ${kind}` }, present.map(([term, value]) => h("div", null, h("dt", null, term), h("dd", null, value))));
}

/** Asks before something that cannot be undone. */
export function confirm(title, text, action) {
  return new Promise((resolve) => {
    const close = (answer) => () => { dialog.close(); resolve(answer); };
    const dialog = h("dialog", { "aria-labelledby": "confirm", onclose: () => dialog.remove(), oncancel: () => resolve(false) },
      h("div", { class: "stack" },
        h("h2", { id: "confirm" }, title), h("p", null, text),
        h("div", { class: "row" },
          h("button", { type: "button", class: "danger", onclick: close(true) }, action),
          h("button", { type: "button", autofocus: true, onclick: close(false) }, "Cancel"))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
