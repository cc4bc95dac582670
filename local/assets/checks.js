// A connection test as it runs: the verdict with its cause and its remedy, and each check.

import { stream } from "./api.js";
import { fill, h, outward } from "./dom.js";
import { countdown } from "./wait.js";

const CHECKS = [
  ["input", "Values"], ["tenant", "Tenant"], ["application", "Application"], ["credential", "Client secret"], ["permissions", "Permissions"],
  ["incidents", "Read incidents"], ["alerts", "Read alerts"], ["writeBack", "Write back (optional)"], ["customDetections", "Custom detections (optional)"],
];
const MARKS = { passed: "✓", failed: "✗", warning: "!", skipped: "–" };
const SPOKEN = { passed: "passed", failed: "failed", warning: "worth knowing", skipped: "not judged" };

/** The check that failed first: it has the cause. */
export function failureOf(report) {
  return report?.checks.find((check) => check.status === "failed" && check.cause) ?? null;
}

/** The verdict, and under it the list of checks. `remedies` gives buttons for a failure. */
export function checkList(remedies = () => []) {
  let seen = {};
  let abort = null;
  const list = h("ol", { class: "checks" });
  const verdict = h("div", { role: "status", tabindex: -1, class: "verdict stack" });
  const waiting = h("div", null);
  const element = h("div", { class: "stack", hidden: true }, verdict, waiting, list);

  function draw(running) {
    const next = running ? CHECKS.find(([id]) => !seen[id])?.[0] : null;
    fill(list, CHECKS.map(([id, name]) => item(name, seen[id], id === next)));
  }

  /** Shows a verdict. */
  function judge(report) {
    seen = Object.fromEntries(report.checks.map((check) => [check.id, check]));
    draw(false);
    if (report.ok) return self.done("The connection is good: the next sync works.");
    const failure = failureOf(report);
    fill(verdict, h("div", { class: "fault" }, h("strong", null, "The connection is not good yet."), failure && [
      h("span", null, said(failure)), failure.remedy && h("span", null, h("b", null, "What to do: "), failure.remedy),
      failure.link && place(failure.link), remedies(failure)]));
  }

  const self = {
    element,
    /** Runs a test and shows what happens. Gives the last report, what was saved, and the problem that kept it from happening. */
    async run(method, path, body) {
      const ended = { report: null, saved: null, problem: null };
      abort = new AbortController();
      const wait = countdown(() => self.stop());
      seen = {};
      element.hidden = false;
      fill(verdict);
      draw(true);
      try {
        await stream(method, path, body, (event) => {
          if (event.check && !ended.report) {
            seen[event.check.id] = event.check;
            draw(true);
          }
          if (event.pause) {
            const first = !ended.report;
            ended.report = event.pause.report;
            judge(event.pause.report);
            fill(waiting, wait.begin(event.pause));
            if (first) self.show();
          }
          if (event.report) judge(ended.report = event.report);
          ended.saved ??= event.saved ?? null;
          ended.problem ??= event.problem ?? null;
        }, abort.signal);
      } catch (error) {
        if (error.name !== "AbortError") ended.problem = { detail: error.message, field: error.field };
      }
      wait.end();
      fill(waiting);
      draw(false);
      if (ended.problem) self.fail(ended.problem.detail);
      self.show();
      return ended;
    },
    /** Ends the test that is running, if one is: nothing is saved of it. */
    stop() {
      abort?.abort();
    },
    /** Says what kept the test, or the saving, from happening. */
    fail(text) {
      fill(verdict, h("p", { class: "fault" }, h("strong", null, text)));
    },
    /** Says that something was done. */
    done(...content) {
      fill(verdict, h("p", { class: "fault good" }, h("strong", null, ...content)));
      self.show();
    },
    /** Brings the verdict into view. */
    show() {
      verdict.scrollIntoView({ block: "nearest" });
    },
    /** Puts the focus on `input`, where it is wrong, unless the verdict leaves no room for it: then on the verdict. */
    point(input) {
      self.show();
      const header = document.querySelector("header.top").getBoundingClientRect().bottom;
      const fits = input.getBoundingClientRect().top >= header;
      (fits ? input : verdict).focus({ preventScroll: true });
    },
    hide() {
      element.hidden = true;
    },
  };
  return self;
}

function said({ message, code }) {
  return code ? `${message} (${code})` : message;
}

function item(name, check, running) {
  const status = check?.status ?? (running ? "running" : "waiting");
  return h("li", { class: status },
    h("span", { class: "mark", "aria-hidden": true }, MARKS[status] ?? (running ? "◌" : "○")),
    h("span", null, h("strong", null, name), h("span", { class: "hidden-visually" }, check ? `: ${SPOKEN[check.status]}` : "")),
    check && h("span", { class: "says" }, said(check)),
    check?.remedy && h("div", { class: "does" }, h("span", null, check.remedy), check.link && place(check.link)));
}

/** Remedies link to Microsoft's pages; nothing else is. */
function place(address) {
  return address.startsWith("https://") ? outward(address, "Open the page where this is done ↗") : null;
}
