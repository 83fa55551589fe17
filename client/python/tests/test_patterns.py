"""The patterns of `examples/patterns`. Each runs twice: a program that died and runs again goes on where it was."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stacks import CHECKOUT, LAUNCHER

from stepstile import StepstileClient
from stepstile.local_stack import LocalStack

PATTERNS = CHECKOUT / "examples/patterns/python"
TEXTS = {"a": "One, two!", "b": "three", "empty": ""}

sys.path.append(str(PATTERNS))

import fan_out_then_one  # noqa: E402
import map_over_pages  # noqa: E402
import stages  # noqa: E402


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepstileClient]:
    """A stack with the handlers of the example, run by this Python."""
    handlers = json.loads((PATTERNS / "handlers.json").read_text())["handlers"]
    for handler in handlers.values():
        handler["command"] = [sys.executable, str(PATTERNS / handler["command"][1])]
    folder = tmp_path_factory.mktemp("patterns")
    with (
        LocalStack(LAUNCHER, folder, handlers=handlers) as stack,
        StepstileClient(stack.endpoint) as client,
    ):
        yield client


def attempts(client: StepstileClient, run_id: str) -> set[int]:
    return {step.attempt for step in client.steps(run_id)}


def test_the_results_of_many_steps_are_the_input_of_one(client: StepstileClient) -> None:
    for _ in range(2):
        assert fan_out_then_one.run(client, "fan", TEXTS) == 3
    assert attempts(client, "fan") == {1}


def test_each_text_goes_through_its_stages(client: StepstileClient) -> None:
    for _ in range(2):
        assert stages.run(client, "stages", TEXTS) == {"a": 2, "b": 1, "empty": 0}
    assert attempts(client, "stages") == {1}


def test_each_item_of_each_page_is_a_step(client: StepstileClient) -> None:
    for _ in range(2):
        assert map_over_pages.run(client, "pages") == {
            "count/page/1/0": 1,
            "count/page/1/1": 2,
            "count/page/2/0": 3,
        }
    assert attempts(client, "pages") == {1}


def test_what_the_page_shows_is_in_these_programs() -> None:
    sources = "".join(file.read_text() for file in sorted(PATTERNS.glob("*.py")))
    page = (Path(CHECKOUT) / "docs/patterns.md").read_text()
    shown = re.findall("```python\n(.*?)```", page, re.DOTALL)
    assert len(shown) == 3
    for example in shown:
        assert unindented(example) in unindented(sources)


def unindented(text: str) -> str:
    return re.sub("(?m)^ +", "", text)
