"""The fixture ``run_step`` says of a process handler what a stack says of it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import stacks
from waiting import eventually

from stepstile import ENDED, Defaults, Retry, Step, StepRecord, StepstileClient
from stepstile_host.testing import run_step

SCRIPTED = [sys.executable, str(Path(stacks.__file__).parent / "scripted.py")]

CASES: dict[str, list[dict[str, Any]]] = {
    "a result": [{"print": "one"}, {"result": {"a": 1}}, {"print": "two"}],
    "the last result": [{"result": 1}, {"result": 2}],
    "a result that JSON lacks": [{"result": float("inf")}],
    "no result": [{"print": "nothing"}],
    "a report": [{"materialize": "flights"}, {"result": "reported"}],
    "an exception": [{"result": 1}, {"raise": "not today"}],
    "a status": [{"result": 1}, {"exit": 3}],
    "status 0": [{"result": 1}, {"exit": 0}],
    "a signal": [{"kill": 9}],
    "a terminal failure": [{"fail": {"message": "no such image"}}],
    "a terminal failure and more": [{"fail": "gone"}, {"retry_after": {"seconds": 0}}, {"raise": "late"}],
    "a retry": [{"retry_after": {"seconds": 0, "message": "not yet"}}],
    "a retry and an exception": [{"retry_after": {"seconds": 0, "message": "soon"}}, {"raise": "late"}],
    "a retry without a time": [{"retry_after": {"message": "when?"}}],
    "an unknown member": [{"reslt": 1}],
    "progress": [{"progress": {"fraction": 0.5, "note": "half"}}, {"result": "done"}],
}

# What JSON lacks cannot be dispatched: the handler makes it itself.
INPUTS = {
    name: {"acts": [{"infinite": 0}] if name == "a result that JSON lacks" else acts}
    for name, acts in CASES.items()
}


@pytest.fixture(scope="module")
def on_a_stack(stack: Any) -> dict[str, StepRecord]:
    """Each case as a step of one dispatch."""
    client = StepstileClient(stack.endpoint)
    steps = [Step(name, input=given) for name, given in INPUTS.items()]
    client.dispatch(
        "parity",
        steps,
        dispatch_id="parity",
        defaults=Defaults(handler="scripted", max_attempts=2, retry=Retry(0, 0)),
    )

    def ended() -> dict[str, StepRecord]:
        found = client.lookup("parity", list(INPUTS))
        over = {key: record for key, record in found.items() if record.state in ENDED}
        return over if len(over) == len(INPUTS) else {}

    eventually(ended)
    records = {key: client.step("parity", key, log=True) for key in INPUTS}
    client.close()
    return {key: record for key, record in records.items() if record}


@pytest.mark.parametrize("name", INPUTS)
def test_run_step_says_what_a_stack_says(name: str, on_a_stack: dict[str, StepRecord]) -> None:
    real = on_a_stack[name]
    ours = run_step(SCRIPTED, INPUTS[name], max_attempts=2)
    printed = [line for page in real.log_pages for line in page.lines if not line.startswith("\x1e")]
    result: Any = real.result or {}
    assert ours.state == real.state
    assert len(ours.attempts) == real.attempt
    assert (ours.value, list(ours.messages)) == (result.get("value"), result.get("messages", []))
    assert list(ours.output) == printed
    failed = [attempt for attempt in ours.attempts if attempt.failure]
    assert [attempt.failure for attempt in failed] == [attempt.kind for attempt in real.attempts]
    for mine, its in zip(failed, real.attempts, strict=True):
        assert its.message.split("…")[0][:40] == mine.message[:40]
