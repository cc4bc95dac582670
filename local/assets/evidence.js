// A piece of evidence: its kind, what it is about, and whatever else Graph says of it.
//
// Graph has some fifty kinds and makes new ones: what is not known here is shown field by field.

import { facts, h, moment, words } from "./dom.js";

/** Fields that every kind has, or that say nothing to a reader. */
const COMMON = new Set(["@odata.type", "verdict", "remediationStatus", "remediationStatusDetails", "roles", "detailedRoles", "tags", "createdDateTime"]);

/** By kind, the fields that say what it is about, the best first. */
const SUBJECTS = {
  device: ["deviceDnsName", "hostName", "mdeDeviceId"], user: ["userAccount"], mailbox: ["primaryAddress", "displayName"], ip: ["ipAddress"], url: ["url"],
  file: ["fileDetails"], process: ["processCommandLine", "imageFile"], registryKey: ["registryKey"], registryValue: ["registryValueName", "registryKey"],
  analyzedMessage: ["subject", "p1Sender", "recipientEmailAddress"], mailCluster: ["query", "networkMessageIds"], cloudApplication: ["displayName", "instanceName"],
  oauthApplication: ["displayName", "appId"], securityGroup: ["displayName"], azureResource: ["resourceName", "resourceId"], dns: ["domainName"], hostLogonSession: ["sessionId"],
};

/** Names that most objects go by. */
const NAMES = ["displayName", "name", "fileName", "hostName", "userPrincipalName", "accountName", "ipAddress", "url", "subject", "resourceId", "id"];

/** One item of the list. */
export function evidenceItem(evidence, key) {
  if (evidence === null || typeof evidence !== "object") return h("li", null, String(evidence));
  const kind = String(evidence["@odata.type"] ?? "").replace(/^.*\./, "").replace(/Evidence$/, "");
  const subject = about(evidence, kind);
  const verdict = evidence.verdict && evidence.verdict !== "unknown" ? String(evidence.verdict) : null;
  return h("li", null, h("details", { "data-key": `evidence ${key}` },
    h("summary", null, h("span", { class: "kind" }, words(kind || "evidence")), h("span", { class: "what" }, subject || "–"),
      verdict && h("span", { class: `small ${/^[a-zA-Z]+$/.test(verdict) ? verdict : ""}` }, words(verdict)),
      evidence.remediationStatus && evidence.remediationStatus !== "none" && h("span", { class: "small muted" }, words(evidence.remediationStatus)),
      list(evidence.roles).map((role) => h("span", { class: "tag" }, words(role)))),
    facts(fields(evidence))));
}

function about(evidence, kind) {
  const fields = Object.hasOwn(SUBJECTS, kind) ? SUBJECTS[kind] : NAMES;
  for (const field of fields) {
    const text = spoken(evidence[field]);
    if (text) return text;
  }
  return fields === NAMES ? null : about(evidence, "");
}

/** A value as one would name it. */
function spoken(value) {
  if (value === null || value === undefined || value === "") return null;
  if (Array.isArray(value)) return value.map(spoken).filter(Boolean).join(", ") || null;
  if (typeof value !== "object") return String(value);
  if (value.userPrincipalName) return value.userPrincipalName;
  if (value.accountName) return value.domainName ? `${value.domainName}\\${value.accountName}` : value.accountName;
  if (value.fileName) return value.filePath ? `${value.filePath}\\${value.fileName}` : value.fileName;
  if (value.emailAddress) return value.emailAddress;
  return NAMES.map((name) => (typeof value[name] === "object" ? null : value[name])).find(Boolean) ?? null;
}

function fields(evidence) {
  const shown = [["Seen", moment(evidence.createdDateTime)]];
  for (const [name, value] of Object.entries(evidence)) {
    if (!COMMON.has(name)) flatten(name, value, shown);
  }
  return [...shown, ["Details", list(evidence.detailedRoles).join(", ")], ["Tags", list(evidence.tags).join(", ")]];
}

/** An object's fields stand beside it; what is nested deeper is shown as JSON. */
function flatten(name, value, shown) {
  if (value === null || value === "" || (Array.isArray(value) && !value.length)) return;
  if (typeof value === "object" && !Array.isArray(value)) {
    for (const [inner, one] of Object.entries(value)) {
      if (one === null || one === "" || (Array.isArray(one) && !one.length) || inner === "@odata.type") continue;
      shown.push([`${words(name)}: ${words(inner)}`, scalar(inner, one)]);
    }
  } else if (name !== "@odata.type") {
    shown.push([words(name), scalar(name, value)]);
  }
}

function scalar(name, value) {
  if (typeof value === "object") return h("span", { class: "mono" }, Array.isArray(value) && value.every((one) => typeof one !== "object") ? value.join(", ") : JSON.stringify(value));
  return /DateTime$/.test(name) ? moment(value) : h("span", { class: "mono" }, String(value));
}

function list(value) {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
