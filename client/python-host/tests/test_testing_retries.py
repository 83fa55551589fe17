"""The test kit: failures that are not retried, and a run that is cancelled."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest

from stepstile_host.testing import EndedStep

Run = Callable[..., EndedStep]


def _decline(_: Any) -> None:
    raise ValueError("card declined")


def _later(context: Any) -> None:
    context.report_custom_message({"stepstile.retry_after": {"seconds": 5}})


def test_an_exception_that_retry_never_names_ends_the_step(run_step: Run) -> None:
    ended = run_step(_decline, retry_never=["KeyError", "ValueError"])
    assert (ended.state, len(ended.attempts)) == ("FAILED", 1)
    assert ended.error.endswith("(not retried: retry.never names ValueError)")
    assert run_step(_decline, retry_never=["KeyError"]).state == "DEAD"


def test_only_what_retry_on_names_is_retried(run_step: Run) -> None:
    assert run_step(_decline, retry_on=["ValueError"]).state == "DEAD"
    ended = run_step(_decline, retry_on=["TIMEOUT"])
    assert (ended.state, ended.refusal) == ("FAILED", "retry.on does not name it")
    assert run_step(_decline, retry_on=["ValueError"], retry_never=["HANDLER_FAILED"]).state == "FAILED"


def test_retry_on_does_not_concern_a_retry_that_was_asked_for_or_a_lost_worker(run_step: Run) -> None:
    assert run_step(_later, retry_on=["ValueError"]).state == "DEAD"
    assert len(run_step(print, retry_on=["ValueError"], lose_worker=[1]).attempts) == 2
    assert run_step(_later, retry_never=["RetryAfter"]).state == "FAILED"
    lost = run_step(print, retry_never=["WORKER_LOST"], lose_worker=[1])
    assert (lost.state, lost.refusal) == ("FAILED", "retry.never names WORKER_LOST")


def test_lists_that_a_dispatch_refuses_are_refused(run_step: Run) -> None:
    for wrong in (["NO_SUCH_KIND"], ["TERMINAL_FAILURE"], [""], ["a b"], ["x"] * 11, "ValueError"):
        with pytest.raises(ValueError, match="retry_never must"):
            run_step(print, retry_never=wrong)
    with pytest.raises(ValueError, match="retry_on must not be empty"):
        run_step(print, retry_on=[])


def test_a_handler_that_is_cancelled_is_told_and_not_retried(run_step: Run) -> None:
    def wait(_: Any) -> None:
        def tidy(*_: Any) -> None:
            os.write(1, b"tidied\n")  # as print may be under way
            sys.exit(0)

        signal.signal(signal.SIGTERM, tidy)
        print("waiting for the lock")
        time.sleep(60)

    began = time.monotonic()
    ended = run_step(wait, cancel="waiting")
    assert (ended.state, [attempt.failure for attempt in ended.attempts]) == ("CANCELLED", ["CANCELLED"])
    assert ended.output == ("waiting for the lock", "tidied")
    assert time.monotonic() - began < 50


def test_a_handler_that_does_not_listen_is_killed_after_its_grace(run_step: Run) -> None:
    ended = run_step(
        ["bash", "-c", "trap '' TERM; echo waiting >&2; while true; do sleep 0.1; done"],
        protocol="plain",
        cancel="waiting",
        grace=0.3,
    )
    assert ended.state == "CANCELLED"


def test_a_cancelled_handler_that_finishes_in_its_grace_has_succeeded(run_step: Run) -> None:
    def finish(context: Any) -> None:
        def end(*_: Any) -> None:
            context.report_custom_message({"stepstile.result": "finished"})
            sys.exit(0)

        signal.signal(signal.SIGTERM, end)
        print("waiting", flush=True)
        time.sleep(60)

    assert run_step(finish, cancel="waiting").value == "finished"
    plain = "trap 'echo 7; exit 0' TERM; echo waiting; while true; do sleep 0.1; done"
    assert run_step(["bash", "-c", plain], protocol="plain", cancel="waiting").value == 7


def test_what_fails_after_the_cancel_is_cancelled_and_not_retried(run_step: Run) -> None:
    ended = run_step(["bash", "-c", "echo leaving; exit 3"], protocol="plain", cancel="leaving")
    assert (ended.state, len(ended.attempts)) == ("CANCELLED", 1)


def test_a_fault_whose_moment_never_comes_fails_the_test(run_step: Run) -> None:
    with pytest.raises(AssertionError, match="printed no line with 'waiting'"):
        run_step(print, cancel="waiting")
    with pytest.raises(AssertionError, match="no attempt"):
        run_step(print, lose_worker=[2])
