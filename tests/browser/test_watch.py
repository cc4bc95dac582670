"""Afterwards: what watched the page the whole time sees what it must, and no secret is left on the disk."""

import pytest

PLANTED = {
    "cookie": "document.cookie = 'planted=1'",
    "local storage": "localStorage.planted = 1",
    "session storage": "sessionStorage.planted = 1",
    "database": "indexedDB.open('planted')",
    "cache": "return caches.open('planted').then(() => null)",
}

REFUSED = {
    "inline style": "document.head.append(document.createElement('style'))",
    "inline script": "document.body.setAttribute('onclick', 'alert(1)')",
    "another host": "document.body.append(Object.assign(new Image(), { src: 'http://127.0.0.2:9/a.png' }))",
    "markup": "document.body.insertAdjacentHTML('beforeend', '<b>markup</b>')",
}


def test_nothing_was_asked_of_another_host_and_no_secret_stood_in_an_address(browser, desk, secrets):
    addresses = browser.requested()
    assert f"{desk.origin}/api/connections" in addresses
    assert [one for one in addresses if not one.startswith(f"{desk.origin}/")] == []
    assert [one for one in addresses if any(secret in one for secret in secrets)] == []


@pytest.mark.parametrize("where", PLANTED)
def test_what_is_left_with_the_browser_is_seen(browser, where):
    browser.driver.execute_script(PLANTED[where])
    assert browser.until(where, browser.kept)
    browser.forget()
    assert browser.kept() == []


@pytest.mark.parametrize("where", REFUSED)
def test_what_the_policy_refuses_is_complained_of(browser, where):
    browser.driver.execute_script(f"try {{ {REFUSED[where]} }} catch {{}}")
    complaint = browser.until(where, browser.complaints)[0]
    assert "Content Security Policy" in complaint or "requires 'Trusted" in complaint


def test_what_nobody_can_read_is_seen(browser):
    browser.driver.execute_script("document.querySelector('main').append(document.createElement('button'))")
    with pytest.raises(AssertionError, match="button-name"):
        browser.look("watched")


def test_no_secret_is_left_on_the_disk(browser, folder, secrets):
    """In the log, the store, what is beside it, and all that the browser keeps: the connection is removed."""
    browser.end()
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert {"serve.log", "store.db"} <= {path.name for path in files} and len(files) > 20
    written = [secret.encode(code) for secret in secrets for code in ["utf-8", "utf-16-le"]]
    assert [path for path, content in files.items() if any(one in content for one in written)] == []
