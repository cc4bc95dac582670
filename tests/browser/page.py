"""A person before the page: what they see, click and type. Everything is found by what it is called."""

import json
import os
import shutil
import time
from contextlib import suppress

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome, ChromeOptions, ChromeService, Keys
from selenium.webdriver.common.by import By

import axe
from desk import HUNG, ROOT

SCREENSHOTS = ROOT / "target" / "screenshots"

# Without the last four Chromium asks Google's hosts for updates at every start.
FLAGS = """--headless --disable-gpu --no-first-run --lang=en-US --window-size=1440,1000
    --disable-quic --disable-background-networking --disable-component-update --disable-sync""".split()

# What is on the screen, as text: not what is hidden, and nothing that is typed.
TEXT = "return document.body.innerText"

# What is seen at the upper edge of an element is the element, or what it holds.
IN_VIEW = """
const { left, top, width } = arguments[0].getBoundingClientRect();
const there = document.elementFromPoint(left + Math.min(20, width / 2), top + 4);
return arguments[0].contains(there);
"""

# Whether a text has come to stand on the screen since.
NOTE = """
const [text] = arguments;
window.noted = false;
const look = (_, observer) => {
  if (!document.body.innerText.includes(text)) return;
  window.noted = true;
  observer.disconnect();
};
new MutationObserver(look).observe(document.body, { childList: true, subtree: true, characterData: true });
"""

# The names of all that the page has left with the browser.
KEPT = """
const done = arguments[0];
Promise.all([indexedDB.databases(), caches.keys()]).then(([databases, stores]) => done([document.cookie,
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...databases.map(({ name }) => name), ...stores]));
"""


class Page:
    def __init__(self, origin, profile):
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in [*FLAGS, f"--user-data-dir={profile}"]:
            options.add_argument(flag)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = Chrome(options, ChromeService(shutil.which("chromedriver")))
        self.driver.set_script_timeout(HUNG)
        self.origin = origin
        self.addresses = []

    def end(self):
        self.driver.quit()

    def open(self, view=""):
        self.driver.get(f"{self.origin}/{view}")

    # What is seen

    def until(self, what, look):
        """What `look` gives, as soon as it gives something. The page draws anew under our eyes."""
        until = time.monotonic() + HUNG
        while True:
            with suppress(StaleElementReferenceException):
                if found := look():
                    return found
            assert time.monotonic() < until, f"not within {HUNG} s: {what}\n\nThe page:\n{self.text()}"
            time.sleep(0.05)

    def text(self):
        return self.driver.execute_script(TEXT)

    def see(self, text):
        self.until(f"see {text!r}", lambda: text in self.text())

    def see_no_more(self, text):
        self.until(f"see {text!r} no more", lambda: text not in self.text())

    def see_in_passing(self, text, act):
        """What an act brings for a moment only: the page notes it, however slow this test is."""
        self.driver.execute_script(NOTE, text)
        act()
        self.until(f"see {text!r} in passing", lambda: self.driver.execute_script("return window.noted"))

    def all(self, css):
        return [one for one in self.driver.find_elements(By.CSS_SELECTOR, css) if one.is_displayed()]

    def one(self, css, called):
        """The element that a screen reader calls so."""
        def look():
            return next((one for one in self.all(css) if one.accessible_name == called), None)

        return self.until(f"{css} called {called!r}", look)

    def value(self, called):
        return self.one("input", called).get_attribute("value")

    def in_view(self, element):
        """Whether its upper edge can be seen: on the screen, and under nothing else, such as the header."""
        return self.driver.execute_script(IN_VIEW, element)

    def colour(self, css):
        return self.all(css)[0].value_of_css_property("background-color")

    def titles(self):
        """Those in the list of incidents."""
        script = "return [...document.querySelectorAll('tbody a.title')].map((title) => title.textContent)"
        return self.driver.execute_script(script)

    def focused(self):
        return self.driver.switch_to.active_element

    # What is done

    def click(self, css, called):
        self.click_on(f"{css} called {called!r}", lambda: self.one(css, called))

    def click_first(self, css):
        self.click_on(css, lambda: self.all(css)[0])

    def click_on(self, what, find):
        """Scrolls there as a person does, and clicks."""

        def click():
            element = find()
            self.driver.execute_script("arguments[0].scrollIntoView({ block: 'center' })", element)
            element.click()
            return True

        self.until(f"click on {what}", click)

    def type(self, called, text):
        """Over what is there."""
        self.click("input", called)
        self.press(Keys.CONTROL, "a")
        self.press(text)

    def date(self, called, date):
        """As en-US has it: month, day, year."""
        self.one("input", called).send_keys(date.strftime("%m%d%Y"))

    def press(self, *keys):
        """Keys that go to whatever has the focus."""
        self.focused().send_keys(*keys)

    def tab_to(self, called):
        """Tab until the focus is on the element called so."""
        passed = []
        for _ in range(40):
            # By the keyboard and not to an element: chromedriver would go back to the first part of a date each time.
            ActionChains(self.driver).send_keys(Keys.TAB).perform()
            name = self.focused().accessible_name
            if name == called:
                return
            passed.append(name)
        raise AssertionError(f"no tab leads to {called!r}, but to {passed}")

    # Beside the page

    def prefer(self, scheme):
        """Light or dark, as the system's setting has it."""
        preference = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [preference]})

    def allow(self, *permissions):
        self.driver.execute_cdp_cmd("Browser.grantPermissions", {"permissions": permissions})

    def look(self, name):
        """In light and dark: a screenshot, and axe-core's word that everyone can read it."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        for scheme in ["dark", "light"]:
            self.prefer(scheme)
            self.driver.save_screenshot(str(SCREENSHOTS / f"{name}-{scheme}.png"))
            # From the top: what has scrolled under the header is no smaller for it.
            scrolled = self.driver.execute_script("const y = scrollY; scrollTo(0, 0); return y")
            violations = axe.violations(self.driver)
            self.driver.execute_script("scrollTo(0, arguments[0])", scrolled)
            assert not violations, "\n".join([f"{name}, {scheme}:", *violations])

    def source(self):
        return self.driver.execute_script("return document.documentElement.outerHTML")

    def kept(self):
        """What the page has left with the browser: cookies, storage, databases, caches."""
        return [name for name in self.driver.execute_async_script(KEPT) if name] + self.driver.get_cookies()

    def forget(self):
        """Removes what was kept."""
        self.driver.delete_all_cookies()
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": self.origin, "storageTypes": "all"})
        # A tab's own, which is not the origin's.
        self.driver.execute_script("sessionStorage.clear()")

    def complaints(self):
        """What the browser has complained of since the last call: errors, warnings, refused by policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]

    def requested(self):
        """Every address on a network that was asked for so far."""
        for entry in self.driver.get_log("performance"):
            event = json.loads(entry["message"])["message"]
            if event["method"] == "Network.requestWillBeSent":
                self.addresses.append(event["params"]["request"]["url"])
        return [address for address in self.addresses if address.startswith(("http", "ws"))]
