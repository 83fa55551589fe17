"""The names of custom messages: in Python, in the worker that reads them, and in the documentation."""

from __future__ import annotations

import re
from pathlib import Path

from stepstile_host import messages

CHECKOUT = Path(__file__).parents[3]
NAMES = {value for name, value in vars(messages).items() if name.isupper()}


def test_each_name_is_documented_and_each_that_is_documented_exists() -> None:
    text = (CHECKOUT / "docs" / "process-handlers.md").read_text()
    rows = re.findall(r'^\| `(?:…|report_custom_message`) `?\{"(stepstile\.\w+)"', text, re.MULTILINE)
    assert len(rows) == len(NAMES)
    assert set(rows) == NAMES


def test_the_worker_reads_the_same_names() -> None:
    [reader] = (CHECKOUT / "shared").glob("**/process/PipesSession.java")
    assert set(re.findall(r'"(stepstile\.\w+)"', reader.read_text())) == NAMES
