// Entering a connection: the guide's three steps beside the form, and the test as it runs.

import { get } from "./api.js";
import { checkList, failureOf } from "./checks.js";
import { PAST, isPast } from "./days.js";
import { fill, h, outward } from "./dom.js";

/** Which input a cause speaks of. */
const FIELDS = {
  tenant_id_malformed: "tenant", tenant_not_found: "tenant", client_id_malformed: "client", client_id_is_tenant_id: "client", app_not_found: "client",
  tenant_id_is_domain: "tenant", ids_swapped: "tenant", managed_identity: "client",
  secret_missing: "secret", secret_is_secret_id: "secret", wrong_secret: "secret", secret_expired: "secret", cloud_unsupported: "cloud", wrong_cloud: "cloud",
};
/** Which input has a value of the API. */
const VALUES = { name: "name", tenantId: "tenant", clientId: "client", cloud: "cloud", secretExpires: "expires", since: "since" };
const CLOUDS = [["global", "Global (also GCC)", "the global cloud"], ["gcc-high", "US Government GCC High", "GCC High"], ["dod", "US Government DoD", "DoD"]];

export function settingsView() {
  const wanted = { cloud: "global", writeBack: false, detections: false };
  const guide = guideCard(wanted);
  const form = connectionForm((cloud) => { wanted.cloud = cloud; guide.refresh(); });
  const element = h("div", { class: "stack" }, h("h1", null, "Connect a tenant"), h("div", { class: "two" }, guide.element, form));
  guide.refresh();
  return { element, async refresh() {} };
}

function connectionForm(onCloud) {
  const field = (id, label, input, hint) => h("div", { class: "field" }, h("label", { for: id }, label), input,
    h("span", { class: "wrong", id: `${id}-wrong` }), hint && h("span", { class: "small muted", id: `${id}-hint` }, hint));
  const text = (id, more) => h("input", { id, type: "text", autocomplete: "off", spellcheck: "false", "aria-describedby": `${id}-hint`, ...more });
  const inputs = {
    name: text("name", { placeholder: "Contoso", maxlength: 100 }),
    cloud: h("select", { id: "cloud", onchange: (event) => onCloud(event.target.value) }, CLOUDS.map(([value, name]) => h("option", { value }, name))),
    tenant: text("tenant", { required: true, placeholder: "00000000-0000-0000-0000-000000000000" }),
    client: text("client", { required: true, placeholder: "00000000-0000-0000-0000-000000000000" }),
    secret: h("input", { id: "secret", type: "password", required: true, autocomplete: "off", spellcheck: "false", "aria-describedby": "secret-hint" }),
    expires: h("input", { id: "expires", type: "date", "aria-describedby": "expires-hint" }),
    since: h("input", { id: "since", type: "date", "aria-describedby": "since-hint" }),
  };
  let last = "/api/connections";
  const checks = checkList((failure) => {
    const cloud = CLOUDS.find(([value]) => value === failure.cloud);
    return cloud && h("div", { class: "row" }, h("button", {
      type: "button", onclick() {
        inputs.cloud.value = cloud[0];
        onCloud(cloud[0]);
        run(last);
      },
    }, `Use ${cloud[2]} and test again`));
  });
  const test = h("button", { type: "button", onclick: () => run("/api/test-connection") }, "Test only");
  const save = h("button", { class: "primary" }, "Test and save");
  const anyway = h("button", { type: "button", hidden: true, onclick: () => run("/api/connections", true) }, "Save it anyway");

  function values(force) {
    return {
      name: inputs.name.value || null, cloud: inputs.cloud.value, tenantId: inputs.tenant.value, clientId: inputs.client.value,
      clientSecret: inputs.secret.value, secretExpires: inputs.expires.value || null, since: inputs.since.value || null, saveAnyway: force, wait: !force,
    };
  }

  async function run(path, force = false) {
    if (checks.element.dataset.running) return;
    last = path;
    for (const input of Object.values(inputs)) mark(input, null);
    if (isPast(inputs.expires.value)) return refuse(inputs.expires, PAST);
    busy(true);
    const { report, saved, problem } = await checks.run("POST", path, values(force));
    busy(false);
    const failed = failureOf(report);
    anyway.hidden = failed === null || failed.id === "input" || saved !== null;
    if (saved) {
      form.reset();
      checks.done("The connection is saved, and its first sync begins. ", h("a", { href: "#/incidents" }, "See the incidents"));
    } else if (problem && Object.hasOwn(VALUES, problem.field)) {
      checks.hide();
      refuse(inputs[VALUES[problem.field]], problem.detail);
    } else if (failed && Object.hasOwn(FIELDS, failed.cause)) {
      const input = inputs[FIELDS[failed.cause]];
      mark(input, failed.message);
      checks.point(input);
    }
  }

  function busy(is) {
    for (const button of [test, save, anyway]) button.disabled = is;
    if (is) checks.element.dataset.running = true;
    else delete checks.element.dataset.running;
  }

  function refuse(input, message) {
    mark(input, message);
    input.focus();
  }

  /** Says under an input what is wrong with it. */
  function mark(input, message) {
    const says = form.querySelector(`#${input.id}-wrong`);
    says.textContent = message ?? "";
    if (message) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    input.setAttribute("aria-describedby", `${input.id}-wrong ${input.id}-hint`);
  }

  const form = h("form", { class: "stack", novalidate: true, onsubmit(event) { event.preventDefault(); run("/api/connections"); } },
    h("div", { class: "pair" }, field("name", "Name", inputs.name, "What you call this tenant"), field("cloud", "Cloud", inputs.cloud)),
    field("tenant", "Directory (tenant) ID", inputs.tenant, "From the app registration's overview"),
    field("client", "Application (client) ID", inputs.client, "From the same page; not the Object ID"),
    field("secret", "Client secret", inputs.secret, "Its Value, not its Secret ID. It is kept in a file on this machine, for your user alone, and never shown again."),
    h("div", { class: "pair" },
      field("expires", "The secret expires on", inputs.expires, "You are warned 30 days ahead"),
      field("since", "Read incidents since", inputs.since, "At most 180 days; 30 days if left empty")),
    h("div", { class: "row" }, save, test, anyway));
  return h("section", { class: "card stack", "aria-labelledby": "form" }, h("h2", { id: "form" }, "The connection"), form, checks.element);
}

function guideCard(wanted) {
  const body = h("div", { class: "stack" });
  let tab = "portal";
  let guide = null;
  const choice = (name, value, text, set) => h("button", { type: "button", "data-key": name + text, "aria-pressed": String(value), onclick: set }, text);

  function tabs() {
    return h("div", { class: "choice", role: "group", "aria-label": "How" }, [["portal", "In the portal"], ["azureCli", "Azure CLI"], ["powerShell", "PowerShell"]].map(([id, text]) =>
      choice("tab", tab === id, text, () => { tab = id; draw(); })));
  }

  function access() {
    const set = (value) => () => { wanted.writeBack = value; refresh(); };
    return h("div", { class: "row" },
      h("div", { class: "choice", role: "group", "aria-label": "Access" }, choice("access", !wanted.writeBack, "Read only", set(false)), choice("access", wanted.writeBack, "With write-back", set(true))),
      wanted.cloud === "global" && h("label", { class: "row small" }, h("input", {
        type: "checkbox", "data-key": "detections", checked: wanted.detections, onchange(event) { wanted.detections = event.target.checked; refresh(); },
      }), "Custom detection rules"));
  }

  function permissions() {
    return h("table", { class: "permissions" }, h("caption", { class: "hidden-visually" }, "Application permissions"),
      h("tbody", null, guide.permissions.map(({ name, purpose }) => h("tr", null, h("td", null, h("code", null, name)), h("td", { class: "muted" }, purpose)))));
  }

  function command(text) {
    const button = h("button", {
      type: "button", async onclick() {
        try {
          await navigator.clipboard.writeText(text);
          fill(button, "Copied");
        } catch {
          fill(button, "Press Ctrl-C");
          getSelection().selectAllChildren(pre);
        }
        setTimeout(() => fill(button, "Copy"), 2000);
      },
    }, "Copy");
    const pre = h("pre", { tabindex: 0, "aria-label": "Commands" }, text);
    return h("div", { class: "command" }, pre, button);
  }

  function portal() {
    const at = (blade, text) => outward(`${guide.portal}/#view/Microsoft_AAD_RegisteredApps/${blade}`, text);
    return h("ol", { class: "steps" },
      h("li", null, h("h3", null, "Register an application"),
        h("p", null, "Under ", at("ApplicationsListBlade", "App registrations ↗"), ", choose New registration. Name it SOC Anywhere, accounts in this organizational directory only, no redirect URI. Copy the Application (client) ID and the Directory (tenant) ID from its overview.")),
      h("li", null, h("h3", null, "Create a client secret"),
        h("p", null, "Under Certificates & secrets, choose New client secret. Copy its Value at once: it is not shown again. Note when it expires.")),
      h("li", null, h("h3", null, "Grant the permissions"),
        h("p", null, "Under API permissions, add these permissions of Microsoft Graph, as Application permissions (not Delegated), and grant admin consent:"), permissions()));
  }

  function draw() {
    if (!guide) return;
    const script = tab !== "portal";
    fill(body, h("div", { class: "row spread" }, tabs(), access()),
      script ? h("div", { class: "stack" }, h("p", { class: "small muted" }, "These commands do all three steps and print the three values. You may run them again: they then repair what is missing."), command(guide[tab]), permissions()) : portal(),
      h("p", { class: "small muted" }, "Admin consent takes a Privileged Role Administrator or Global Administrator; an Application Administrator can do the rest. Read only is enough to see incidents here."));
  }

  async function refresh() {
    guide = await get("/api/guide", wanted).catch(() => guide);
    draw();
  }

  const element = h("section", { class: "card stack", "aria-labelledby": "guide" }, h("h2", { id: "guide" }, "In Microsoft Entra: three steps"), body);
  return { element, refresh };
}
