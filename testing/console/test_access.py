"""What axe-core finds in each view and dialog, in light and in dark; and what a view costs."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Served, Tab, eventually, opened, run_address, step_address
from playwright.sync_api import Browser, Request, expect
from stand_in import Api

SERIOUS = ("serious", "critical")
# Where each view is, and what it has once it is read.
VIEWS = {
    "runs": ("/#/", "tbody th"),
    "run": (run_address("nightly"), ".groups li"),
    "step": (step_address("nightly", "images/2026-11-04/000003.png"), ".timeline li"),
    "running": ("/#/running", "section.worker"),
    "dead-letters": ("/#/dead-letters", "section.cause"),
}
# As docs/console.md says, with one open run.
CALLS_A_MINUTE = {"runs": 180, "run": 240, "step": 120, "running": 120, "dead-letters": 60}
COUNTED_MS, COUNTED_TIMES = 20_000, 4


def findings(tab: Tab) -> list[str]:
    result: dict[str, Any] = Axe().run(tab.page).response
    return [
        f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:5]}"
        for each in result["violations"]
        if each["impact"] in SERIOUS
    ]


@pytest.mark.quick
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding_in_any_view_or_dialog(
    browser: Browser, served: Served, api: Api, scheme: Literal["light", "dark"]
) -> None:
    api.pauses = [{"scope": "all", "pausedAt": "2026-11-24T08:00:00Z", "reason": "the database is down"}]
    tab = opened(browser, served, scheme)
    found: dict[str, list[str]] = {}
    for name, (address, read) in VIEWS.items():
        page = tab.show(address)
        expect(page.locator(read).first).to_be_visible()
        expect(page.locator("#paused")).to_be_visible()
        found[name] = findings(tab)
    page = tab.show(run_address("nightly"))
    expect(page.locator(".groups")).to_be_visible()
    for name in ("Redrive failed …", "Cancel run …", "Pauses (1)", "Keys"):
        page.get_by_role("button", name=name).click()
        dialog = page.get_by_role("dialog")
        expect(dialog.locator("button:disabled")).to_have_count(0)
        found[name] = findings(tab)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    api.violations = [{"kind": "DISPATCH_WRONG", "dispatchId": "d-1", "evidence": "2 steps, and 1 bit"}]
    page.get_by_role("button", name="Check").click()
    expect(page.locator(".violations")).to_be_visible()
    found["Check"] = findings(tab)
    tab.page.context.close()
    assert {name: each for name, each in found.items() if each} == {}


def test_axe_finds_what_is_seeded(tab: Tab) -> None:
    page = tab.show("/#/")
    page.evaluate("() => document.getElementById('prefix').removeAttribute('id')")
    assert any("label" in each for each in findings(tab))


def note(calls: list[str], request: Request) -> None:
    calls.append(request.url)


def test_each_view_makes_as_many_calls_a_minute_as_is_said(
    browser: Browser, served: Served, api: Api
) -> None:
    """All views at once, each in its own tab; counted once each has read what it shows."""
    tabs = {name: opened(browser, served) for name in VIEWS}
    calls: dict[str, list[str]] = {name: [] for name in VIEWS}
    for name, (address, read) in VIEWS.items():
        page = tabs[name].show(address)
        expect(page.locator(read).first).to_be_visible()
    nightly = tabs["run"].page
    expect(nightly.locator(".shown-count")).to_have_text("2,000 steps shown")
    nightly.wait_for_timeout(2000)
    for name, tab in tabs.items():
        tab.page.on("request", partial(note, calls[name]))
    fewer = list(calls)
    for _ in range(COUNTED_TIMES):
        for made in calls.values():
            made.clear()
        began = time.monotonic()
        nightly.wait_for_timeout(COUNTED_MS)
        minutes = (time.monotonic() - began) / 60
        a_minute = {name: len(made) / minutes for name, made in calls.items()}
        print("\n" + ", ".join(f"{name}: {each:.0f} calls a minute" for name, each in a_minute.items()))
        for name, most in CALLS_A_MINUTE.items():
            assert a_minute[name] <= most * 1.05 + 4, name
        fewer = [name for name, most in CALLS_A_MINUTE.items() if a_minute[name] + 2 < most * 0.5]
        if not fewer:
            break  # else other programs of the machine may have kept it from calling
    for tab in tabs.values():
        tab.page.context.close()
    assert not fewer, "the documents say more than is made"


def test_a_hidden_page_makes_no_calls(tab: Tab, api: Api) -> None:
    page = tab.show("/#/")
    expect(page.locator("tbody th").first).to_have_text("nightly")
    page.evaluate(
        """() => {
            Object.defineProperty(document, 'hidden', { configurable: true, get: () => window.covered });
            window.covered = true;
            document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    page.wait_for_timeout(1000)
    before = sum(api.calls.values())
    page.wait_for_timeout(4000)
    assert sum(api.calls.values()) == before
    page.evaluate("() => { window.covered = false; document.dispatchEvent(new Event('visibilitychange')); }")
    eventually(lambda: sum(api.calls.values()) > before, within=2)
