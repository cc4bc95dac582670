// A connection test as it runs: each check with its verdict, the first failing one with its remedy.

import { fill, h, outward } from "./dom.js";

const CHECKS = [
  ["input", "Values"], ["tenant", "Tenant"], ["application", "Application"], ["credential", "Client secret"], ["permissions", "Permissions"],
  ["incidents", "Read incidents"], ["alerts", "Read alerts"], ["writeBack", "Write back (optional)"], ["customDetections", "Custom detections (optional)"],
];
const MARKS = { passed: "✓", failed: "✗", warning: "!", skipped: "–" };
const SPOKEN = { passed: "passed", failed: "failed", warning: "worth knowing", skipped: "not judged" };

/** The list of checks, and the verdict under it. */
export function checkList() {
  let seen = {};
  const list = h("ol", { class: "checks" });
  const verdict = h("div", { role: "status" });
  const element = h("div", { class: "stack", hidden: true }, list, verdict);

  function draw(running) {
    const next = running ? CHECKS.find(([id]) => !seen[id])?.[0] : null;
    fill(list, CHECKS.map(([id, name]) => item(name, seen[id], id === next)));
  }

  return {
    element,
    /** Nothing is known yet. */
    begin() {
      seen = {};
      element.hidden = false;
      fill(verdict);
      draw(true);
    },
    /** Takes one event of the stream. */
    take(event) {
      if (event.check) {
        seen[event.check.id] = event.check;
        draw(true);
      } else if (event.report) {
        seen = Object.fromEntries(event.report.checks.map((check) => [check.id, check]));
        draw(false);
        const good = event.report.ok;
        fill(verdict, h("p", { class: `fault ${good ? "good" : ""}` }, h("strong", null, good ? "The connection is good: the next sync works." : "The connection is not good yet. What to do stands with the check that failed.")));
      } else if (event.problem) {
        this.fail(event.problem.detail);
      }
    },
    /** Says what kept the test, or the saving, from happening. */
    fail(text) {
      draw(false);
      fill(verdict, h("p", { class: "fault" }, h("strong", null, text)));
    },
    /** Says that something was done. */
    done(...content) {
      fill(verdict, h("p", { class: "fault good" }, h("strong", null, ...content)));
    },
    /** Brings the check that failed, with its remedy, into view. */
    showFailure() {
      list.querySelector("li.failed")?.scrollIntoView({ block: "center" });
    },
    hide() {
      element.hidden = true;
    },
  };
}

function item(name, check, running) {
  const status = check?.status ?? (running ? "running" : "waiting");
  return h("li", { class: status },
    h("span", { class: "mark", "aria-hidden": true }, MARKS[status] ?? (running ? "◌" : "○")),
    h("span", null, h("strong", null, name), h("span", { class: "hidden-visually" }, check ? `: ${SPOKEN[check.status]}` : "")),
    check && h("span", { class: "says" }, check.message, check.code ? ` (${check.code})` : ""),
    check?.remedy && h("div", { class: "does" }, h("span", null, check.remedy), check.link && place(check.link)));
}

/** Remedies link to Microsoft's pages; nothing else is. */
function place(address) {
  return address.startsWith("https://") ? outward(address, "Open the page where this is done ↗") : null;
}
