"""A browser, and the console in it: before a stand-in for an API, and before a real stack."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal
from urllib.parse import quote

import pytest
from document import Document
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from stand_in import Api, StandIn

CHECKOUT = Path(__file__).parents[2]
LAUNCHER = CHECKOUT / "stepstile"
sys.path.insert(0, str(CHECKOUT / "client/python/src"))

FLAGS = [
    "--no-sandbox",  # Chromium's own sandbox needs a user other than root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A name of an attacker's that leads to this machine, for the tests of DNS rebinding.
    "--host-resolver-rules=MAP rebound.example 127.0.0.1",
]
PATIENCE = int(
    os.environ.get("P", 60_000)
)  # milliseconds; the machine may be busy with everything else that verify does
expect.set_options(timeout=PATIENCE)


# The first is the same engine without windows, and starts fewer processes.
CHROMIUM = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


@contextmanager
def launched() -> Generator[Browser, None, None]:
    """One browser for all tests; each tab is in a context of its own, and so has nothing of another's."""
    chromium = next((path for name in CHROMIUM if (path := shutil.which(name))), None)
    assert chromium, "Chromium is needed (Debian: chromium-headless-shell); build/console-check installs it."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched() as browser:
        yield browser


class Console:
    """`./stepstile console`, in a process of its own."""

    def __init__(self, endpoint: str, home: Path, options: Sequence[str] = (), **variables: str) -> None:
        command = [str(LAUNCHER), "console", "--endpoint", endpoint, "--port", "0", *options]
        environment = os.environ | {"STEPSTILE_HOME": str(home)} | variables
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        assert self.process.stdout
        printed = ""
        while "#token=" not in printed:
            line = self.process.stdout.readline()
            assert line, f"the console ended: {printed}"
            printed += line
        self.link = re.search(r"http://\S+#token=\S+", printed).group(0)  # type: ignore[union-attr]
        self.url, self.token = self.link.split("/#token=")

    def close(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Tab:
    """A page that shows the console. What its scripts report as an error fails the test that closes it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.errors: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def show(self, address: str) -> Page:
        """Opens a view. A machine whose network changes ends requests of a browser; then the page is opened again."""
        for _ in range(5):
            self.page.goto("about:blank")
            self.page.goto(self.url + address)
            if self.appears("main h1"):
                break
        return self.page

    def appears(self, selector: str) -> bool:
        try:
            self.page.locator(selector).first.wait_for(timeout=20_000)
        except Exception:
            return False
        return True

    def reported(self) -> list[str]:
        return [error for error in self.errors if "ERR_NETWORK_CHANGED" not in error]


def run_address(run_id: str, query: str = "") -> str:
    return f"/#/run/{quote(run_id, safe='')}{query}"


def step_address(run_id: str, key: str) -> str:
    return f"/#/run/{quote(run_id, safe='')}/step?key={quote(key, safe='')}"


def eventually(holds: Callable[[], bool], within: float = 15.0) -> float:
    """Waits until it holds; after how many seconds it did."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < within, "it does not come to that"
        time.sleep(0.02)
    return time.monotonic() - began


FILTER_LIMIT_MS = 200  # docs/console.md, "How current it is, and what that costs"
TEXTS = ("0", "099", "0999", "nothing has this", "")
REPEATS, MOST_REPEATS = 5, 20  # the latter while another program has delayed each frame so far


@dataclass(frozen=True)
class Filtering:
    """What it takes to filter by a text, in milliseconds: of several times, each from the key's event to the frame that
    shows what is found.

    :ivar waited: by the clock, in which other programs of the machine have their share too.
    :ivar computed: CPU time of the page's main thread.
    """

    waited: Sequence[float]
    computed: Sequence[float]

    def is_within_the_limit(self) -> bool:
        """Whether it never computes for longer, and came to the frame within it when nothing kept it waiting."""
        return max(self.computed) < FILTER_LIMIT_MS and min(self.waited) < FILTER_LIMIT_MS

    def __str__(self) -> str:
        return (
            f"{median(self.waited):.0f} ms ({min(self.waited):.0f} to {max(self.waited):.0f}),"
            f" of which {max(self.computed):.0f} ms at most are computing"
        )


def filtered(page: Page, texts: Mapping[str, int]) -> dict[str, Filtering]:
    """Filters the steps of a run by each text, several times in turn.

    :param texts: with how many steps are shown then.
    """
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def cpu() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration") * 1000

    took: dict[str, tuple[list[float], list[float]]] = {text: ([], []) for text in texts}
    for text, many in [each for _ in range(MOST_REPEATS) for each in texts.items()]:
        if len(took[text][0]) >= REPEATS and min(took[text][0]) < FILTER_LIMIT_MS:
            continue
        before = cpu()
        waited = page.evaluate(
            """async (text) => {
                const input = document.getElementById('text');
                const began = performance.now();
                input.value = text;
                input.dispatchEvent(new Event('input', { bubbles: true }));
                await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
                return performance.now() - began;
            }""",
            text,
        )
        took[text][0].append(float(waited))
        took[text][1].append(cpu() - before)
        expect(page.locator(".shown-count")).to_have_text(f"{many:,} step{'' if many == 1 else 's'} shown")
    devtools.detach()
    return {text: Filtering(waited, computed) for text, (waited, computed) in took.items()}


class Served:
    """A stand-in with a console before it. What the stand-in holds is changed; the console's process stays."""

    def __init__(self, home: Path) -> None:
        self.stand_in = StandIn()
        self.stand_in.watch = self._check
        self._document = Document()
        self.wrong: list[str] = []
        self.console = Console(self.stand_in.endpoint, home)

    def _check(self, *call: Any) -> None:
        self.wrong += self._document.wrong(*call)

    def close(self) -> None:
        self.console.close()
        self.stand_in.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("home"))
    yield served
    served.close()


@pytest.fixture
def api(served: Served, request: pytest.FixtureRequest) -> Iterator[Api]:
    """What the stand-in holds for this test: 2,000 steps, unless the test says how many.

    What is asked and answered meanwhile is as the OpenAPI document says, unless the test is about an API that lies.
    """
    marker = request.node.get_closest_marker("steps")
    served.stand_in.silent, served.stand_in.letters_take = False, 0.0
    served.stand_in.api = Api()
    served.stand_in.api.fill(marker.args[0] if marker else 2000)
    served.wrong.clear()
    yield served.stand_in.api
    assert request.node.get_closest_marker("lies") or served.wrong == []


@pytest.fixture
def tab(browser: Browser, served: Served, api: Api) -> Iterator[Tab]:
    """A new tab of a browser in which the link that the command printed was opened before."""
    tab = opened(browser, served)
    yield tab
    tab.page.context.close()
    assert tab.reported() == []


def opened(
    browser: Browser,
    served: Served,
    scheme: Literal["light", "dark"] = "light",
    size: tuple[int, int] = (1280, 860),
) -> Tab:
    url, token = served.console.url, served.console.token
    context = browser.new_context(
        color_scheme=scheme,
        viewport={"width": size[0], "height": size[1]},
        storage_state={
            "cookies": [],
            "origins": [{"origin": url, "localStorage": [{"name": "stepstile-token", "value": token}]}],
        },
    )
    return Tab(context.new_page(), url)
