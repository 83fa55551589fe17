"""A run of 100,000 steps of a real stack: how long the page takes to read it, and to filter it."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from conftest import LAUNCHER, TEXTS, Tab, filtered, run_address
from playwright.sync_api import Browser, expect

from stepstile import Step, StepstileClient
from stepstile.local_stack import LocalStack

STEPS = 100_000
A_CALL = 10_000
ENDED, FAILED = 10_000, 100
WORKED_WITHIN = 300.0


def step(n: int) -> Step:
    """Each tenth runs at once, and of these each hundredth fails: its handler is not there. The others wait for an hour."""
    key = f"images/2026-11-{n % 28 + 1:02d}/{n:06d}.png"
    if n % 10 != 7:
        return Step(key, "stepstile.echo", not_before=timedelta(hours=1))
    return Step(key, "no.such.handler" if n % 1000 == 7 else "stepstile.echo")


def test_a_hundred_thousand_steps_of_a_real_stack_are_filtered_within_200_ms(
    browser: Browser, tmp_path: Path
) -> None:
    with LocalStack(LAUNCHER, tmp_path / "stack") as stack, StepstileClient(stack.endpoint) as client:
        steps = [step(n) for n in range(STEPS)]
        keys = [each.key for each in steps]
        began = time.monotonic()
        for n in range(0, STEPS, A_CALL):
            client.dispatch("nightly", steps[n : n + A_CALL], dispatch_id=f"d-{n}")
        dispatched = time.monotonic() - began
        tab = Tab(browser.new_context(viewport={"width": 1280, "height": 860}).new_page(), stack.endpoint)
        began = time.monotonic()
        page = tab.show(run_address("nightly"))
        expect(page.locator(".shown-count")).to_have_text("100,000 steps shown", timeout=300_000)
        read = time.monotonic() - began
        expect(page.locator(".chip.FAILED")).to_have_text(f"{FAILED:,} FAILED", timeout=WORKED_WITHIN * 1000)
        expect(page.locator(".chip.SUCCEEDED")).to_have_text(
            f"{ENDED - FAILED:,} SUCCEEDED", timeout=WORKED_WITHIN * 1000
        )
        assert page.locator(".rows .row").count() < 60, "only what is in sight is an element"
        print(f"\n{STEPS:,} steps of a real stack: dispatched in {dispatched:.1f} s, read in {read:.1f} s")
        for text, took in filtered(page, {text: sum(text in key for key in keys) for text in TEXTS}).items():
            print(f"filtered by '{text}': {took}")
            assert took.is_within_the_limit(), text
        page.locator(".chip.FAILED").click()
        expect(page.locator(".shown-count")).to_have_text(f"{FAILED:,} steps shown")
        page.get_by_role("button", name="Show all").click()
        expect(page.locator(".groups li")).to_have_count(1)
        page.locator(".groups a").click()  # the API searches for these
        expect(page.locator(".shown-count")).to_have_text(f"{FAILED:,} steps shown", timeout=120_000)
        page.context.close()
        assert tab.reported() == []
