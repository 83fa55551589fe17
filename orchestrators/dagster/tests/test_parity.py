"""The fixture ``run_step`` says of a process handler what a stack says of it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import stacks
from waiting import eventually

from stepstile import ENDED, Defaults, Retry, Step, StepRecord, StepstileClient
from stepstile_host.testing import EndedStep, run_step

SCRIPTED = [sys.executable, str(Path(stacks.__file__).parent / "scripted.py")]
PLAINLY = [sys.executable, str(Path(stacks.__file__).parent / "plainly.py")]

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

PLAIN = {
    "prints text": "echo done",
    "prints a result": "echo reading; echo '{\"rows\": 842}'",
    "prints several lines": "printf '{\\n  \"a\": [\\n    1\\n  ]\\n}\\n'",
    "prints null": "echo null",
    "prints what JSON lacks": "echo NaN",
    "writes a file": "echo '[1]'; echo '[7]' >\"$STEPSTILE_RESULT\"",
    "writes an empty file": ': >"$STEPSTILE_RESULT"',
    "prints half of it": "printf '{\\n  \"rows\": 8\\n}\\n]\\n'",
    "reads standard input": "cat",
    "fails": "echo no disk >&2; exit 3",
    "fails on standard output": "echo no disk; exit 1",
    "fails silently": "exit 1",
    "is killed": "kill -9 $$",
    "exits as shells do after a signal": "exit 137",
    "calls no program": "exec /no/such/program",
    "calls what is no program": "exec /etc/passwd",
    "refuses its input": "echo no such image >&2; exit 65",
    "asks for a retry": 'echo \'{"seconds": 0, "message": "quota"}\'; exit 75',
    "asks for a retry without a time": "echo busy >&2; exit 75",
    "asks for a retry at no time": 'echo \'{"seconds": "soon"}\'; exit 75',
    "succeeds at last": "[ $STEPSTILE_ATTEMPT = 2 ] && echo 2 && exit; echo 0; exit 75",
}

NOT_RETRIED: dict[str, tuple[list[dict[str, Any]], dict[str, list[str]]]] = {
    "never an exception": ([{"raise": "not today"}], {"never": ["ValueError"]}),
    "never another exception": ([{"raise": "not today"}], {"never": ["KeyError"]}),
    "never a kind": ([{"exit": 3}], {"never": ["HANDLER_FAILED"]}),
    "on an exception": ([{"raise": "not today"}], {"on": ["ValueError"]}),
    "on another exception": ([{"raise": "not today"}], {"on": ["KeyError"]}),
    "on and never": ([{"raise": "not today"}], {"on": ["ValueError"], "never": ["HANDLER_FAILED"]}),
    "on, and asks for a retry": ([{"retry_after": {"seconds": 0, "message": "x"}}], {"on": ["KeyError"]}),
    "never a retry": ([{"retry_after": {"seconds": 0, "message": "x"}}], {"never": ["RetryAfter"]}),
}

CANCELLED = {
    "is cancelled": "echo waiting; exec sleep 60",
    "tidies up": "trap 'exit 0' TERM; echo waiting; while true; do sleep 0.1; done",
    "is stubborn": "trap '' TERM; echo waiting; while true; do sleep 0.1; done",
    "finishes": "trap 'echo 7; exit 0' TERM; echo waiting; while true; do sleep 0.1; done",
}


@pytest.fixture(scope="module")
def on_a_stack(stack: Any) -> dict[str, StepRecord]:
    """Each case as a step of its run, by key."""
    client = StepstileClient(stack.endpoint)
    plain = [Step(name, "plainly", input={"script": script}) for name, script in PLAIN.items()]
    ruled = [
        Step(name, input={"acts": acts}, retry=Retry(0, 0, **lists))
        for name, (acts, lists) in NOT_RETRIED.items()
    ]
    steps = [Step(name, input=given) for name, given in INPUTS.items()]
    defaults = Defaults(handler="scripted", max_attempts=2, retry=Retry(0, 0))
    client.dispatch("parity", [*steps, *plain, *ruled], dispatch_id="parity", defaults=defaults)
    cancelled = [Step(name, "plainly", input={"script": script}) for name, script in CANCELLED.items()]
    client.dispatch("parity-cancelled", cancelled, dispatch_id="parity", defaults=defaults)
    eventually(
        lambda: (
            {step.key for step in client.running("parity-cancelled") if step.last_line == "waiting"}
            >= CANCELLED.keys()
        )
    )
    client.cancel("parity-cancelled")
    records: dict[str, StepRecord] = {}
    for run, keys in (("parity", [*INPUTS, *PLAIN, *NOT_RETRIED]), ("parity-cancelled", [*CANCELLED])):
        eventually(lambda run=run, keys=keys: _all_ended(client, run, keys))
        for key in keys:
            record = client.step(run, key, log=True)
            assert record
            records[key] = record
    client.close()
    return records


def _all_ended(client: StepstileClient, run: str, keys: list[str]) -> bool:
    return sum(record.state in ENDED for record in client.lookup(run, keys).values()) == len(keys)


@pytest.mark.parametrize("name", INPUTS)
def test_run_step_says_what_a_stack_says(name: str, on_a_stack: dict[str, StepRecord]) -> None:
    real = on_a_stack[name]
    ours = run_step(SCRIPTED, INPUTS[name], max_attempts=2)
    result: Any = real.result or {}
    assert (ours.value, list(ours.messages)) == (result.get("value"), result.get("messages", []))
    _assert_alike(ours, real)


@pytest.mark.parametrize("name", PLAIN)
def test_it_says_the_same_of_plain_programs(name: str, on_a_stack: dict[str, StepRecord]) -> None:
    real = on_a_stack[name]
    ours = run_step(PLAINLY, {"script": PLAIN[name]}, protocol="plain", max_attempts=2)
    assert ours.value == real.result
    assert ours.error == (real.error.message if real.error else "")
    _assert_alike(ours, real)


@pytest.mark.parametrize("name", NOT_RETRIED)
def test_it_retries_what_a_stack_retries(name: str, on_a_stack: dict[str, StepRecord]) -> None:
    acts, lists = NOT_RETRIED[name]
    rule: Mapping[str, Any] = {f"retry_{which}": names for which, names in lists.items()}
    ours = run_step(SCRIPTED, {"acts": acts}, max_attempts=2, **rule)
    real = on_a_stack[name]
    _assert_alike(ours, real)
    assert real.error
    assert ours.error.partition(" (not")[1:] == real.error.message.partition(" (not")[1:]


@pytest.mark.parametrize("name", CANCELLED)
def test_it_cancels_as_a_stack_does(name: str, on_a_stack: dict[str, StepRecord]) -> None:
    given = {"script": CANCELLED[name]}
    ours = run_step(PLAINLY, given, protocol="plain", max_attempts=2, grace=1, cancel="waiting")
    real = on_a_stack[name]
    assert ours.value == real.result
    _assert_alike(ours, real)


def _assert_alike(ours: EndedStep, real: StepRecord) -> None:
    printed = [line for page in real.log_pages for line in page.lines if not line.startswith("\x1e")]
    assert ours.state == real.state
    assert len(ours.attempts) == real.attempt
    assert list(ours.output) == printed
    failed = [attempt for attempt in ours.attempts if attempt.failure]
    assert [attempt.failure for attempt in failed] == [attempt.kind for attempt in real.attempts]
    for mine, its in zip(failed, real.attempts, strict=True):
        begins = its.message.split("…")[0][
            :40
        ]  # the history has them shortened, and the place of an exception differs
        assert mine.message.startswith(begins)
