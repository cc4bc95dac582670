"""The page of `soc-anywhere serve`, as a person uses it: each test begins where the one before it ended."""

from datetime import datetime, timedelta, timezone

from selenium.webdriver import Keys
from selenium.webdriver.support.select import Select

from conftest import NEXT, WRONG

ALL_TICKS = ["✓"] * 9
TODAY = datetime.now(timezone.utc).date()
PAST = TODAY - timedelta(days=2)
SOON = TODAY + timedelta(days=5)
LATER = TODAY + timedelta(days=300)


def marks(page):
    return [mark.text for mark in page.all(".checks .mark")]


def test_an_empty_desk_leads_to_the_settings(page):
    page.open()
    page.click("a", "connect a tenant")
    page.see("Connect a tenant")
    page.look("settings-empty")


def test_the_commands_stand_ready_to_copy(page):
    page.click("button", "Azure CLI")
    page.click("button", "With write-back")
    page.see("SecurityIncident.ReadWrite.All")
    page.allow("clipboardReadWrite", "clipboardSanitizedWrite")
    page.see_in_passing("Copied", lambda: page.click("button", "Copy"))
    copied = page.driver.execute_async_script("navigator.clipboard.readText().then(arguments[0])")
    assert copied.strip() == page.all("pre")[0].text.strip()
    # SecurityIncident.ReadWrite.All: https://learn.microsoft.com/graph/permissions-reference
    assert "appRoleAssignments" in copied and "34bf0e97-1971-4929-b999-9e2442d941d7" in copied
    page.look("settings-commands")
    page.click("button", "In the portal")
    page.see("Register an application")


def test_an_expiry_date_in_the_past_is_refused_at_its_field(page, tenant):
    page.date("The secret expires on", PAST)
    page.click("button", "Test and save")
    page.see("This day is in the past.")
    field = page.focused()
    assert field.accessible_name == "The secret expires on" and field.get_attribute("aria-invalid") == "true"
    assert page.in_view(field) and not page.all(".checks")
    field.clear()


def test_by_keyboard_alone_a_wrong_secret_is_entered_and_its_remedy_reached(page, tenant):
    page.open("#/connections")
    page.open("#/settings")
    for called, text in [
        ("Name", "Fabrikam"),
        ("Directory (tenant) ID", tenant.tenant_id),
        ("Application (client) ID", tenant.client_id),
        ("Client secret", WRONG),
    ]:
        page.tab_to(called)
        page.press(text)
    page.press(Keys.ENTER)
    page.see("The connection is not good yet.")
    page.see("Waiting for the new secret: next try in")
    page.tab_to("Stop waiting")
    page.press(Keys.ENTER)
    page.see_no_more("Waiting for the new secret")
    assert marks(page)[:4] == ["✓", "✓", "✓", "✗"]
    failed = page.all(".checks li.failed")[0].text
    assert "Client secret" in failed and "(AADSTS7000215)" in failed
    # The verdict is in view, and says the cause and what to do.
    verdict = page.all(".verdict .fault")[0]
    assert page.in_view(verdict)
    for said in [failed, verdict.text]:
        assert "The client secret was refused" in said
        assert "create a new client secret under Certificates & secrets and copy its Value." in said
    # The focus is where the fault is: there it is put right, and it is seen.
    field = page.focused()
    assert field.accessible_name == "Client secret" and field.get_attribute("aria-invalid") == "true"
    assert page.in_view(field)
    page.look("settings-wrong-secret")
    page.tab_to("Open the page where this is done ↗")
    assert page.focused().get_attribute("href") == (
        f"https://entra.microsoft.com/{tenant.tenant_id}/#view/Microsoft_AAD_RegisteredApps/ApplicationMenuBlade"
        f"/~/Credentials/appId/{tenant.client_id}"
    )


def test_what_is_typed_stays_and_a_test_goes_on_while_another_tab_is_looked_at(page, tenant):
    page.type("Client secret", "Short~" + WRONG[:6])
    page.click("button", "Test only")
    page.see("Waiting for the new secret")
    page.click("nav a", "Connections")
    page.see("No connections.")
    page.click("nav a", "Settings")
    assert page.value("Name") == "Fabrikam" and page.value("Client secret") == "Short~" + WRONG[:6]
    page.see("Waiting for the new secret")
    # What is worth knowing is not as red as what failed.
    assert page.colour(".checks li.warning .does") != page.colour(".checks li.failed .does")
    page.click("button", "Stop waiting")
    page.see_no_more("Waiting for the new secret")


def test_a_tenant_of_another_cloud_is_tested_there_by_one_click(page, tenant):
    page.type("Directory (tenant) ID", tenant.government["tenantId"])
    page.type("Application (client) ID", tenant.government["clientId"])
    page.type("Client secret", tenant.government["clientSecret"])
    page.click("button", "Test only")
    page.see("(the tenant is in gcc-high)")
    page.click("button", "Use GCC High and test again")
    page.see("The connection is good: the next sync works.")
    assert Select(page.one("select", "Cloud")).first_selected_option.text == "US Government GCC High"
    assert page.in_view(page.all(".verdict .fault")[0])
    page.look("settings-gcc-high")
    Select(page.one("select", "Cloud")).select_by_visible_text("Global (also GCC)")


def test_with_the_right_secret_every_check_ticks_and_the_connection_is_saved(page, tenant):
    page.type("Directory (tenant) ID", tenant.tenant_id)
    page.type("Application (client) ID", tenant.client_id)
    page.type("Client secret", tenant.secret)
    page.date("The secret expires on", SOON)
    page.click("button", "Test and save")
    page.see("The connection is saved")
    assert page.in_view(page.all(".verdict .fault.good")[0])
    assert marks(page) == ALL_TICKS
    assert page.value("Client secret") == ""
    page.look("settings")


def test_incidents_arrive_and_are_filtered(page):
    page.click("a", "See the incidents")
    page.see("50 incidents, and there are more")
    everything = page.titles()
    page.look("incidents")

    severity = Select(page.one("select", "Severity"))
    severity.select_by_visible_text("High")
    page.until("only high ones", lambda: {one.text for one in page.all("tbody .sev")} == {"High"})
    assert 0 < len(page.titles()) < len(everything)
    severity.select_by_visible_text("Any severity")

    word = everything[0].split()[0]
    page.type("Search titles and ids", word)
    page.until("fewer", lambda: 0 < len(page.titles()) < len(everything))
    assert all(word.lower() in title.lower() for title in page.titles())
    page.type("Search titles and ids", "no incident is called this")
    page.see("No incident matches.")
    page.press(Keys.CONTROL, "a", Keys.BACKSPACE)
    page.see("50 incidents, and there are more")


def test_one_incident_opens_with_its_alerts_and_their_evidence(page):
    title = next(title for title in page.titles() if title.startswith("Multi-stage"))
    page.click("a", title)
    page.see("As Graph sent it")
    assert page.one("article h1", title)
    page.look("incident")
    page.click_first("details.alert > summary")
    page.see("First activity")
    page.click_first(".evidence summary")
    page.until("the evidence", lambda: page.all(".evidence details[open] dd"))
    page.look("incident-evidence")
    page.press(Keys.ESCAPE)
    page.see_no_more("As Graph sent it")


def test_a_secret_that_expires_soon_is_warned_about(page):
    page.click("a", "Connections")
    page.see("attention")
    page.see(f"days, on {SOON}: replace it.")
    page.look("connections")


def test_a_connection_is_renamed_and_given_an_expiry_date(page):
    page.click("button", "Edit")
    page.type("Name", "Contoso")
    page.date("The secret expires on", PAST)
    page.click("button", "Save")
    page.see("This day is in the past.")
    assert page.focused().accessible_name == "The secret expires on" and page.in_view(page.focused())
    page.date("The secret expires on", LATER)
    page.look("connections-edit")
    page.click("button", "Save")
    page.one("h2", "Contoso")
    page.see_no_more(f"days, on {SOON}: replace it.")
    page.see(str(LATER))


def test_a_connection_is_paused_and_resumed(page):
    page.click("button", "Pause")
    page.until("it is paused", lambda: [tag.text for tag in page.all(".tag")] == ["paused"])
    page.look("connections-paused")
    page.click("button", "Resume")
    page.until("it is synced", lambda: [tag.text for tag in page.all(".tag")] == ["connected"])


def test_cancel_ends_the_wait_and_keeps_the_old_secret(page):
    page.click("button", "Replace the secret")
    page.type("New client secret (its Value)", NEXT)
    page.date("It expires on", LATER)
    page.click("button", "Test and replace")
    page.see("Waiting for the new secret")
    page.click("button", "Cancel")
    page.until("the buttons work again", lambda: all(button.is_enabled() for button in page.all(".card button")))
    page.click("button", "Test")
    page.see("The connection is good: the next sync works.")


def test_a_new_secret_is_waited_for_until_it_is_known_and_then_takes_the_old_ones_place(page, tenant):
    page.click("button", "Replace the secret")
    page.type("New client secret (its Value)", NEXT)
    page.date("It expires on", PAST)
    page.click("button", "Test and replace")
    page.see("This day is in the past.")
    page.date("It expires on", LATER)
    page.click("button", "Test and replace")
    page.see("The connection is not good yet.")
    page.see("Waiting for the new secret")
    page.look("connections-refused")
    tenant.replace_secret(NEXT)
    page.see("The secret is replaced.")
    assert marks(page) == ALL_TICKS
    page.see("connected")
    page.click("button", "Sync now")
    page.see("A sync begins.")
    page.look("connections-replaced")


def test_a_connection_goes_with_its_incidents_when_that_is_confirmed(page):
    page.click("button", "Remove")
    page.see("Remove Contoso?")
    page.look("connections-remove")
    page.press(Keys.ENTER)
    page.see_no_more("Remove Contoso?")
    page.click("button", "Remove")
    page.click("dialog button", "Remove")
    page.see("No connections.")
    page.click("nav a", "Incidents")
    page.see("No incidents: connect a tenant")
