"""Reports of drills in a real browser: Chromium, as Debian packages it, without a window."""

from __future__ import annotations

import base64
import json

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from kvmha.drills import report
from tests.drill_records import H1, H2, RECORDS, THREE, VIP, look

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-color-profile=srgb",
)
PHONE, DESK = 390, 1280
PAGES = (*RECORDS, "status")


class Browser:
    """One Chromium for all tests of this file, with the pages in a folder."""

    def __init__(self, driver, folder):
        self.driver = driver
        self.folder = folder

    def show(self, name, width, *, dark=False, script=True):
        """Open the page ``name`` at ``width`` pixels."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=844,
            deviceScaleFactor=1,
            mobile=width == PHONE,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.cdp("Emulation.setScriptExecutionDisabled", value=not script)
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)  # reading empties it
        self.driver.get((self.folder / f"{name}.html").as_uri())

    def run(self, script):
        """Return what ``script``, the body of a function, returns in the page."""
        return self.driver.execute_script(script)

    def cdp(self, command, **arguments):
        """Send a command of Chromium's own protocol."""
        return self.driver.execute_cdp_cmd(command, arguments)

    def requests(self):
        """Return the addresses that were asked for since the page was shown."""
        messages = [json.loads(one["message"]) for one in self.driver.get_log("performance")]
        return [
            message["message"]["params"]["request"]["url"]
            for message in messages
            if message["message"]["method"] == "Network.requestWillBeSent"
        ]


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, record in RECORDS.items():
        (folder / f"{name}.html").write_text(report.html(record()))
    standing = look(THREE, [THREE], {"db1": H1}, vips={VIP: H2})
    (folder / "status.html").write_text(report.html_of_snapshot(standing, "alpha", [VIP]))
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    yield Browser(driver, folder)
    driver.quit()


# What of a card's or the picture's words is drawn outside of it, by the browser's own measures.
SPILT = """
const out = [];
for (const text of document.querySelectorAll('svg.scaled text')) {
  const box = text.getBBox(), svg = text.ownerSVGElement.viewBox.baseVal;
  const card = text.parentNode.querySelector(':scope > rect.card');
  const frame = card ? card.getBBox() : svg;
  if (box.x < frame.x || box.x + box.width > frame.x + frame.width + 0.5
      || box.y + box.height > frame.y + frame.height + 4)
    out.push(text.textContent);
}
return out;
"""
# Lines of lanes and bars that lie upon each other.
LAID_OVER = """
const out = [];
for (const svg of document.querySelectorAll('svg.fluid')) {
  const boxes = [...svg.querySelectorAll('text.lane-name, text.away')]
    .map(text => [text.textContent, text.getBoundingClientRect()]);
  for (const [one, a] of boxes) for (const [other, b] of boxes)
    if (one < other && a.left < b.right && b.left < a.right && a.top < b.bottom - 2
        && b.top < a.bottom - 2) out.push([one, other]);
}
return out;
"""
SEEN = """
return [...document.querySelectorAll('h1, #verdict, article.step, figure > svg, table')]
  .filter(one => !one.closest('details'))
  .map(one => one.getBoundingClientRect())
  .filter(box => box.width < 40 || box.height < 15).length;
"""


@pytest.mark.parametrize("width", [PHONE, DESK])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_whole_quiet_and_not_too_wide(browser, name, width):
    browser.show(name, width)
    assert browser.run("return document.documentElement.scrollWidth") <= width
    assert browser.run(SPILT) == []
    assert browser.run(LAID_OVER) == []
    assert browser.run(SEEN) == 0
    steps = len(RECORDS[name]().steps) if name in RECORDS else 0
    assert browser.run("return document.querySelectorAll('article.step').length") == steps
    assert browser.driver.get_log("browser") == []
    assert [url for url in browser.requests() if not url.startswith(("file:", "data:"))] == []


def test_details_are_a_table_for_screen_readers(browser):
    browser.show("partition3_with_fencing", PHONE)
    browser.run("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert browser.run("return document.documentElement.scrollWidth") <= PHONE
    found = browser.cdp("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in found]
    tables = browser.run("return document.querySelectorAll('table').length")
    assert roles.count("table") == tables and roles.count("columnheader") > tables
    pictures = [
        node.get("name", {}).get("value", "")
        for node in found
        if node.get("role", {}).get("value") in {"image", "img"}
    ]
    assert any("Step 2, cut 1-3, as observed" in name for name in pictures)


def test_dark_is_dark_and_light_is_light(browser):
    ground = "return getComputedStyle(document.body).backgroundColor"
    browser.show("partition3_with_fencing", DESK, dark=True)
    assert browser.run(ground) == "rgb(20, 24, 29)"
    browser.show("partition3_with_fencing", DESK)
    assert browser.run(ground) == "rgb(246, 247, 249)"


def test_paper_has_a_page_for_each_step_and_is_white(browser):
    browser.show("partition3_with_fencing", DESK, dark=True)
    browser.cdp("Emulation.setEmulatedMedia", media="print", features=[])
    ground = "return getComputedStyle(document.body).backgroundColor"
    assert browser.run(ground) == "rgb(255, 255, 255)"
    told = browser.run("""return [...document.querySelectorAll('details table')]
        .filter(one => one.checkVisibility({contentVisibilityAuto: true})).length""")
    assert told == 5
    pdf = base64.b64decode(browser.cdp("Page.printToPDF", preferCSSPageSize=True)["data"])
    assert pdf.startswith(b"%PDF") and 6 <= pdf.count(b"/Type /Page\n") <= 14


def test_a_page_needs_no_script(browser):
    browser.show("vm_on_two_nodes", PHONE, script=False)
    shot = browser.cdp("Page.captureScreenshot", format="png")["data"]
    browser.show("vm_on_two_nodes", PHONE)
    assert browser.cdp("Page.captureScreenshot", format="png")["data"] == shot


def test_the_vm_that_runs_twice_is_said_in_the_picture_and_above(browser):
    browser.show("vm_on_two_nodes", PHONE)
    assert browser.run("return document.querySelector('#verdict').innerText").startswith("Broken")
    twice = browser.run("return [...document.querySelectorAll('.twice')].map(t => t.textContent)")
    assert twice == ["db1 twice!"] * 2
    assert {H1, H2} <= set(browser.run("return document.body.innerText").split())
