"""Writes the screenshots of docs/console.md: the main views in light and in dark, on a wide screen and on a narrow one,
with nothing to show, and with a stack that is stopped."""

from __future__ import annotations

import io
import sys
import tempfile
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

from conftest import Served, Tab, launched, opened, run_address, step_address
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from stand_in import Api

FAILED = "images/2026-11-04/000003.png"
STEPS = 20_000
WIDE, NARROW = (1280, 860), (420, 860)
VIEWS = {
    "runs": "/#/",
    "run": run_address("nightly"),
    "step": step_address("nightly", FAILED),
    "running": "/#/running",
    "dead-letters": "/#/dead-letters",
}


def write(page: Page, file: Path) -> None:
    """A third of the bytes: the 128 most frequent colours as they are, and 128 that are near all others."""
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    counted: list[tuple[int, Any]] = sorted(picture.getcolors(1 << 24) or [], reverse=True)
    colours = [colour for _, colour in counted]
    others = Image.new("RGB", (max(1, len(colours) - 128), 1))
    others.putdata(colours[128:])
    palette = Image.new("P", (1, 1))
    frequent = [channel for colour in colours[:128] for channel in colour]
    palette.putpalette(frequent + (others.quantize(128).getpalette() or [])[:384])
    few = picture.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


@contextmanager
def work_that_goes_on(api: Api) -> Generator[None, None, None]:
    """Steps succeed and print, so that there is a rate and a log."""
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.5):
            api.succeed("nightly", 6)
            for step in [step for step in api.runs["nightly"].steps.values() if step.state == "RUNNING"][:4]:
                step.progress = min(99, step.progress + 1)
                api.print("nightly", step.key, f"page {step.progress} of 100 is resized")

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    yield
    stopped.set()
    worker.join()


def shown(tab: Tab, name: str) -> Page:
    page = tab.show(VIEWS[name])
    if name == "run":
        expect(page.locator(".shown-count")).to_have_text(f"{STEPS:,} steps shown", timeout=120_000)
    page.wait_for_timeout(6000)
    return page


def views(tab: Tab, folder: Path, of: str) -> None:
    for name in VIEWS:
        page = shown(tab, name)
        write(page, folder / f"{name}-{of}.png")
        if name == "run":
            run_in_detail(page, folder, of)


def run_in_detail(page: Page, folder: Path, of: str) -> None:
    page.get_by_role("button", name="Follow the log").click()
    page.locator(".chip.RUNNING").click()
    page.wait_for_timeout(6000)
    page.locator(".lines").scroll_into_view_if_needed()
    write(page, folder / f"log-{of}.png")
    page.evaluate("() => scrollTo(0, 0)")
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("button", name="Redrive failed …").click()
    expect(page.get_by_role("dialog")).to_contain_text("will run again")
    page.wait_for_timeout(500)
    write(page, folder / f"redrive-{of}.png")


def states(tab: Tab, served: Served, folder: Path, of: str) -> None:
    """Nothing yet; everything paused; and a stack that has stopped."""
    api = served.stand_in.api
    page = tab.show(VIEWS["runs"])
    api.pause("pause", {"reason": "the database is down, until the failover is over"})
    tab.show(VIEWS["runs"])
    page.wait_for_timeout(2500)
    served.stand_in.silent = True
    expect(page.locator("#banner")).to_contain_text("does not answer", timeout=30_000)
    write(page, folder / f"stopped-{of}.png")
    served.stand_in.silent, served.stand_in.api = False, Api()
    tab.show(VIEWS["runs"])
    page.wait_for_timeout(2500)
    write(page, folder / f"nothing-{of}.png")
    served.stand_in.api = api
    api.pauses = []


def shots(browser: Browser, served: Served, folder: Path, scheme: Literal["light", "dark"]) -> None:
    for of, size in {scheme: WIDE, f"narrow-{scheme}": NARROW}.items():
        served.stand_in.api = Api()
        served.stand_in.api.fill(STEPS)
        tab = opened(browser, served, scheme, size)
        with work_that_goes_on(served.stand_in.api):
            views(tab, folder, of)
        states(tab, served, folder, of)
        tab.page.context.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    with closing(Served(Path(tempfile.mkdtemp()))) as served, launched() as browser:
        shots(browser, served, folder, "light")
        shots(browser, served, folder, "dark")
