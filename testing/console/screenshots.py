"""Writes the screenshots of docs/console.md: the main views, in light and in dark, as small PNGs."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from conftest import Served, opened, run_address, step_address
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

FAILED = "images/2026-11-04/000003.png"


def small(png: bytes) -> Image.Image:
    """A third of the bytes: 64 colours are as many as the console has."""
    return Image.open(io.BytesIO(png)).convert("RGB").quantize(64, dither=Image.Dither.NONE)


def redrive(page: Page) -> None:
    page.get_by_role("button", name="Redrive failed …").click()
    expect(page.get_by_role("dialog")).to_contain_text("will run again")


def shots(browser: Browser, served: Served, folder: Path, scheme: str) -> None:
    tab = opened(browser, served, color_scheme=scheme)
    views = {"runs": "/#/", "run": run_address("nightly"), "step": step_address("nightly", FAILED)}
    views |= {"running": "/#/running", "dead-letters": "/#/dead-letters", "redrive": run_address("nightly")}
    for name, address in views.items():
        page = tab.show(address)
        if address == run_address("nightly"):
            expect(page.locator(".shown-count")).to_have_text("100,000 steps shown", timeout=120_000)
        if name == "redrive":
            redrive(page)
        page.wait_for_timeout(3000)
        small(page.screenshot()).save(folder / f"{name}-{scheme}.png", optimize=True)
    tab.page.context.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True)
    served = Served(Path(tempfile.mkdtemp()))
    served.stand_in.api.fill()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        for scheme in ("light", "dark"):
            shots(browser, served, folder, scheme)
        browser.close()
    served.close()
