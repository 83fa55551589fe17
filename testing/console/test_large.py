"""A run of 100,000 steps of a real stack: how long the page takes to read it, and to filter it."""

from __future__ import annotations

import time
from pathlib import Path

from conftest import LAUNCHER, Tab, run_address
from playwright.sync_api import Browser, Page, expect

from stepstile import Step, StepstileClient
from stepstile.local_stack import LocalStack

STEPS = 100_000
A_CALL = 10_000
FILTER_LIMIT_MS = 200
WORKED_WITHIN = 400.0


def worked(client: StepstileClient) -> None:
    """Each hundredth fails: its handler is not there. All others succeed."""
    for first in range(0, STEPS, A_CALL):
        steps = [
            Step(
                f"images/2026-11-{n % 28 + 1:02d}/{n:06d}.png",
                "no.such.handler" if n % 100 == 7 else "stepstile.echo",
            )
            for n in range(first, first + A_CALL)
        ]
        client.dispatch("nightly", steps, dispatch_id=f"d-{first}")
    began = time.monotonic()
    while client.status("nightly").open_dispatch_count > 0:
        assert time.monotonic() - began < WORKED_WITHIN, "the stack does not come to an end"
        time.sleep(1)


def filtered(page: Page, text: str) -> float:
    """How long it takes from a key's event to the frame that shows what is found, in milliseconds."""
    return float(
        page.evaluate(
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
    )


def test_a_hundred_thousand_steps_of_a_real_stack_are_filtered_within_200_ms(
    browser: Browser, tmp_path: Path
) -> None:
    with LocalStack(LAUNCHER, tmp_path / "stack") as stack:
        client = StepstileClient(stack.endpoint)
        worked(client)
        client.close()
        tab = Tab(browser.new_context(viewport={"width": 1280, "height": 860}).new_page(), stack.endpoint)
        began = time.monotonic()
        page = tab.show(run_address("nightly"))
        expect(page.locator(".shown-count")).to_have_text("100,000 steps shown", timeout=120_000)
        read = time.monotonic() - began
        assert page.locator(".rows .row").count() < 60, "only what is in sight is an element"
        expected = {"0": STEPS, "099": 1299, "0999": 120, "nothing has this": 0, "": STEPS}
        took: dict[str, float] = {}
        for text, many in expected.items():
            took[text] = filtered(page, text)
            expect(page.locator(".shown-count")).to_have_text(
                "1 step shown" if many == 1 else f"{many:,} steps shown"
            )
        page.locator(".chip.FAILED").click()
        expect(page.locator(".shown-count")).to_have_text("1,000 steps shown")
        page.get_by_role("button", name="Show all").click()
        expect(page.locator(".groups li")).to_have_count(1)
        print(
            f"\n{STEPS:,} steps of a real stack: read in {read:.1f} s,"
            f" from a key to the frame in {max(took.values()):.0f} ms at most"
        )
        page.locator(".groups a").click()  # the API searches for these
        expect(page.locator(".shown-count")).to_have_text("1,000 steps shown", timeout=120_000)
        page.context.close()
        assert tab.reported() == []
        assert max(took.values()) < FILTER_LIMIT_MS
