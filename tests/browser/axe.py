"""axe-core, which looks for what keeps people from reading a page (https://github.com/dequelabs/axe-core)."""

from importlib.resources import files

# Of that package only the script is used: it is the one on PyPI with a current axe-core.
SCRIPT = (files("axe_playwright_python") / "axe.min.js").read_text()

RUN = """
const [tags, done] = arguments;
axe.run({ runOnly: tags }).then(({ violations }) => done(violations.flatMap(({ id, nodes }) =>
  nodes.map(({ html, failureSummary }) => `${id}: ${html}: ${failureSummary}`))));
"""

# WCAG 2.2 A and AA, and what axe-core calls good practice.
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(driver):
    """Each as a line of text."""
    driver.execute_script(SCRIPT)
    return driver.execute_async_script(RUN, TAGS)
