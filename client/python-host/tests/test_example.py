"""The example of README.md and docs/testing.md for a process handler; a test here compares them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[3]
PAGES = (CHECKOUT / "README.md", CHECKOUT / "docs" / "testing.md")


def report(context: Any) -> None:
    day = context.get_extra("day")
    if context.retry_number == 0:
        later = {"seconds": 600, "message": f"{day} is not there yet"}
        context.report_custom_message({"stepstile.retry_after": later})
        return
    print("reading", day)
    context.report_custom_message({"stepstile.result": {"rows": 842}})


def test_a_report_waits_for_its_day(run_step: Any) -> None:
    ended = run_step(report, {"day": "2026-11-24"}, timeout=30)
    assert ended.state == "SUCCEEDED"
    assert ended.value == {"rows": 842}
    assert ended.attempts[0].retry_after == 600
    assert ended.output == ("reading 2026-11-24",)


def test_the_pages_show_this_test() -> None:
    for page in PAGES:
        blocks = re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
        handlers = [block for block in blocks if "run_step" in block]
        assert handlers
        assert all(block in Path(__file__).read_text() for block in handlers)
