"""What axe-core finds in each view and dialog, in light and in dark; and what a view costs."""

from __future__ import annotations

import time
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import Served, Tab, opened, run_address, step_address
from playwright.sync_api import Browser, expect
from stand_in import Api

SERIOUS = ("serious", "critical")
VIEWS = {
    "runs": "/#/",
    "run": run_address("nightly"),
    "step": step_address("nightly", "images/2026-11-04/000003.png"),
    "running": "/#/running",
    "dead-letters": "/#/dead-letters",
}


def findings(tab: Tab) -> list[str]:
    result: dict[str, Any] = Axe().run(tab.page).response
    return [
        f"{each['id']}: {each['help']} {[node['target'] for node in each['nodes']][:5]}"
        for each in result["violations"]
        if each["impact"] in SERIOUS
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_serious_finding_in_any_view_or_dialog(
    browser: Browser, served: Served, api: Api, scheme: str
) -> None:
    tab = opened(browser, served, color_scheme=scheme)
    found: dict[str, list[str]] = {}
    for name, address in VIEWS.items():
        page = tab.show(address)
        page.wait_for_timeout(2500)
        found[name] = findings(tab)
    page = tab.show(run_address("nightly"))
    for name in ("Redrive failed …", "Cancel run …", "Pauses", "Keys"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.wait_for_timeout(600)
        found[name] = findings(tab)
        page.keyboard.press("Escape")
    tab.page.context.close()
    assert {name: each for name, each in found.items() if each} == {}


def test_axe_finds_what_is_seeded(tab: Tab) -> None:
    page = tab.show("/#/")
    page.evaluate("() => document.getElementById('prefix').removeAttribute('id')")
    assert any("label" in each for each in findings(tab))


@pytest.mark.parametrize(
    ("view", "most"), [("runs", 80), ("run", 120), ("step", 40), ("running", 40), ("dead-letters", 0)]
)
def test_a_view_makes_as_many_calls_a_minute_as_is_said(tab: Tab, api: Api, view: str, most: int) -> None:
    """Counted by the API, over half a minute after the view was read; that of a run reads it too."""
    page = tab.show(VIEWS[view])
    page.wait_for_timeout(6000)
    before = sum(api.calls.values())
    began = time.monotonic()
    page.wait_for_timeout(30_000)
    a_minute = (sum(api.calls.values()) - before) * 60 / (time.monotonic() - began)
    print(f"\n{view}: {a_minute:.0f} calls a minute")
    assert most * 0.5 <= a_minute <= most * 1.05 + 2


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
    page.wait_for_timeout(2000)
    before = sum(api.calls.values())
    page.wait_for_timeout(4000)
    assert sum(api.calls.values()) == before
    page.evaluate("() => { window.covered = false; document.dispatchEvent(new Event('visibilitychange')); }")
    page.wait_for_timeout(2000)
    assert sum(api.calls.values()) > before
