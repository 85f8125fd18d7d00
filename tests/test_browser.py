"""One walk through a real browser: pages, filters, address, themes, a narrow screen, and no word to another host."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from metrics import OpenCompany
from pages._theme import DARK, LIGHT, Theme
from tests.conftest import BRIGHTWATER, PROJECT
from tests.depth import deep
from tests.keyboard import Keyboard, a_proposal, a_verdict, a_workshop

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Page

# As the menu lists them.
_APP = (PROJECT / "app.py").read_text(encoding="utf-8")
_NAMED = dict(re.findall(r'^(\w+) = ("[^"]+")$', _APP, re.MULTILINE))
_TITLES = re.findall(r'st\.Page\("pages/\w+\.py", title=([^,]+),', _APP)
PAGES = [_NAMED.get(title, title).strip('"') for title in _TITLES]
CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
SECONDS = 60
MILLISECONDS = SECONDS * 1000


@dataclass
class Walk:
    """A tab of its own, and what it asked for, complained of and failed at."""

    page: Page
    address: str
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str, pictures: int) -> None:
        """Go to a page and wait until all of its pictures are drawn: they are what comes last."""
        self.page.goto(f"{self.address}/{path}", timeout=MILLISECONDS)
        self.wait(pictures)

    def wait(self, pictures: int) -> None:
        self.page.locator(".stPlotlyChart svg.main-svg").nth(2 * pictures - 1).wait_for(timeout=MILLISECONDS)
        self.page.locator('.stApp[data-test-script-state="notRunning"]').wait_for(timeout=MILLISECONDS)

    def choose(self, box: str, option: str) -> None:
        """Open a list and take an option. A run of the page that was still under way closes it: then once more."""
        wanted = self.page.get_by_role("option", name=option)
        for _ in range(10):
            self.page.get_by_role("combobox", name=box).click()
            self.page.wait_for_timeout(500)
            self.page.locator('.stApp[data-test-script-state="notRunning"]').wait_for(timeout=MILLISECONDS)
            if wanted.is_visible():
                break
        wanted.click()

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)

    @property
    def title(self) -> str:
        return self.page.locator(".stMain h1").inner_text()

    @property
    def period(self) -> str:
        return self.page.get_by_role("combobox", name="Period").input_value()

    def complain(self, told: ConsoleMessage) -> None:
        """An error of the console. Streamlit finds out where a page's server is by asking in two places."""
        if told.type == "error" and not told.location["url"].endswith(("/_stcore/health", "/_stcore/host-config")):
            self.complaints.append(told.text)


@pytest.fixture(scope="module")
def chromium() -> Iterator[BrowserContext]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: no walk in a browser.")
    if CHROMIUM is None:
        pytest.skip("There is no chromium on this machine: no walk in a browser. On Debian: apt-get install chromium")
    with playwright.sync_playwright() as started:
        launched = started.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        # One context, so that what every page loads is loaded once.
        yield launched.new_context()
        launched.close()


@pytest.fixture(scope="module")
def server(
    chromium: BrowserContext, demo_company: OpenCompany, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A server of its own on the demo, fresh after its start. Asked for after the browser, which may skip."""
    assert chromium.browser is not None
    # Not what other tests have typed; and what is typed here stays here.
    var, state = tmp_path_factory.mktemp("var"), demo_company.company.state
    shutil.copytree(state, var / state.name, ignore=shutil.ignore_patterns("ledger*", "entered"))
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log.txt"
    command = [sys.executable, "-m", "streamlit", "run", str(PROJECT / "app.py"), "--server.headless=true"]
    command += [f"--server.port={port}", "--server.address=localhost", "--server.fileWatcherType=none"]
    environment = {**os.environ, "TANDEM_COMPANY": str(BRIGHTWATER), "TANDEM_VAR": str(var)}
    with (
        log.open("w") as told,
        subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=told, stderr=told) as running,
    ):
        try:
            _wait_for(port, running, log)
            yield f"http://localhost:{port}"
        finally:
            running.terminate()
    assert "Traceback" not in log.read_text()


def _wait_for(port: int, running: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        asking = http.client.HTTPConnection("localhost", port, timeout=5)
        try:
            asking.request("GET", "/_stcore/health")
            if asking.getresponse().status == 200:
                return
        except OSError:
            assert running.poll() is None, log.read_text()
        finally:
            asking.close()
        time.sleep(0.1)
    pytest.fail(f"the server did not start: {log.read_text()}")


@contextmanager
def walking(chromium: BrowserContext, server: str, width: int = 1280, theme: Theme = LIGHT) -> Iterator[Walk]:
    """A walk that must not have asked another host for anything, nor made the browser complain."""
    walk = Walk(chromium.new_page(), server)
    walk.page.set_viewport_size({"width": width, "height": 900})
    walk.page.emulate_media(color_scheme="dark" if theme is DARK else "light")
    walk.page.on("request", lambda request: walk.asked.append(request.url))
    walk.page.on("websocket", lambda opened: walk.asked.append(opened.url))
    walk.page.on("pageerror", lambda error: walk.complaints.append(str(error)))
    walk.page.on("console", walk.complain)
    yield walk
    walk.page.close()
    hosts = {urlsplit(url).netloc for url in walk.asked if urlsplit(url).scheme not in ("data", "blob")}
    assert hosts == {urlsplit(server).netloc}
    assert walk.complaints == []


def the_first_link_to_a_fresh_server_leads_to_its_page(chromium: BrowserContext, server: str) -> None:
    with walking(chromium, server) as walk:
        walk.open("funnel?period=3months", pictures=3)
        assert (walk.title, walk.period) == ("Where do leads stop?", "Last 3 complete months")
        assert urlsplit(walk.page.url).path == "/funnel"
        links = walk.page.locator("[data-testid=stSidebarNavLink]").all_inner_texts()
        assert [link.split("\n")[-1] for link in links] == PAGES


def a_walk_over_both_pages_with_a_period_that_stays(chromium: BrowserContext, server: str) -> None:
    with walking(chromium, server) as walk:
        walk.open("", pictures=2)
        assert walk.title.startswith("Week of ")
        assert walk.page.locator(".tandem-tile").count() == 6
        assert walk.parameters == {}
        walk.choose("Period", "Last complete month")
        walk.page.get_by_role("heading", name="October 2026", level=1).wait_for(timeout=MILLISECONDS)
        walk.wait(pictures=2)
        assert set(walk.parameters) == {"period"}
        address = walk.page.url
        walk.page.get_by_role("link", name="Funnel").click()
        walk.page.get_by_role("heading", name="Where do leads stop?", level=1).wait_for(timeout=MILLISECONDS)
        walk.wait(pictures=3)
        assert urlsplit(walk.page.url).path == "/funnel"
        assert (set(walk.parameters), walk.period) == ({"period"}, "Last complete month")
        # The address is the whole choice: whoever gets it sees the same.
        walk.page.goto(address, timeout=MILLISECONDS)
        walk.wait(pictures=2)
        assert walk.title == "October 2026"


def a_short_name_in_a_link_sets_the_period_and_a_tile_leads_to_its_rows(chromium: BrowserContext, server: str) -> None:
    with walking(chromium, server) as walk:
        walk.open("?period=month", pictures=2)
        assert (walk.title, walk.period) == ("October 2026", "Last complete month")
        walk.page.locator(".st-key-rows_leads button").click()
        dialog = walk.page.get_by_role("dialog")
        dialog.get_by_text("The rows behind Leads").wait_for(timeout=MILLISECONDS)
        dialog.locator(".stDataFrame").wait_for(timeout=MILLISECONDS)


def a_telephone_shows_both_pages_in_light_and_in_dark_without_scrolling_to_the_side(
    chromium: BrowserContext, server: str
) -> None:
    for path, pictures, theme in (("", 2, LIGHT), ("funnel", 3, DARK)):
        with walking(chromium, server, width=390, theme=theme) as walk:
            walk.open(path, pictures)
            paper = walk.page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
            ink = walk.page.evaluate("getComputedStyle(document.querySelector('.stMain h1')).color")
            assert (paper, ink) == (_rgb(theme.paper), _rgb(theme.ink))
            wide = (
                "[...document.querySelectorAll('html, body, .stMain')].filter(box => box.scrollWidth > box.clientWidth)"
            )
            assert walk.page.evaluate(f"{wide}.map(box => box.className || box.tagName)") == []
            assert walk.page.evaluate("document.querySelector('.stMain').clientWidth") <= 390


def what_people_decide_is_written_by_keyboard_alone(chromium: BrowserContext, server: str) -> None:
    with walking(chromium, server) as walk:
        keys = Keyboard(walk.page, server)
        for act in (a_proposal, a_verdict, a_workshop):
            act(keys, "Jule Petersen")


def every_page_can_be_read_by_everybody(chromium: BrowserContext, server: str) -> None:
    """axe finds nothing on any page. The menu is left out: its list is Streamlit's own, and no list to axe."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed.").Axe()
    pages = sorted(page.stem for page in (PROJECT / "pages").glob("[!_]*.py"))
    addresses = ["", *(name for name in pages if name != "this_week")]
    # The pages on which people write, now with what was written, in the dark too.
    written = ["agreement", "handoff", "personas", "strategy", "aligned", "snapshots"]
    every = list(product((LIGHT, DARK), (1280, 390), [addresses]))
    for theme, width, seen in deep([(LIGHT, 1280, addresses), (DARK, 390, written)], every):
        with walking(chromium, server, width=width, theme=theme) as walk:
            for address in seen:
                walk.page.goto(f"{server}/{address}")
                walk.page.locator(".stMain h1").wait_for(timeout=MILLISECONDS)
                walk.page.get_by_text("Data through").first.wait_for(timeout=MILLISECONDS)
                walk.page.locator("[data-testid=stSkeleton]").first.wait_for(state="detached", timeout=MILLISECONDS)
                # What a run under way has yet to draw anew stands there in pale.
                walk.page.locator('.stApp[data-test-script-state="notRunning"]').wait_for(timeout=MILLISECONDS)
                found = axe.run(walk.page, context={"exclude": [["[data-testid=stSidebarNav]"]]}).response["violations"]
                assert [(address, one["id"], one["nodes"][0]["html"]) for one in found] == []


def _rgb(color: str) -> str:
    red, green, blue = (int(color[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


# In this order: the first of them is the first that its server is asked for.
STEPS = (
    the_first_link_to_a_fresh_server_leads_to_its_page,
    a_walk_over_both_pages_with_a_period_that_stays,
    a_short_name_in_a_link_sets_the_period_and_a_tile_leads_to_its_rows,
    a_telephone_shows_both_pages_in_light_and_in_dark_without_scrolling_to_the_side,
    what_people_decide_is_written_by_keyboard_alone,
    every_page_can_be_read_by_everybody,
)


def test_a_walk_through_a_browser(chromium: BrowserContext, server: str, subtests: pytest.Subtests) -> None:
    """One test, so that a run on several cores starts one browser and one server."""
    for step in STEPS:
        with subtests.test(step.__name__):
            step(chromium, server)
