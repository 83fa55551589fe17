"""The test kit: what a handler is given, what it reports, and how its attempts end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stepstile_host.session import MAX_RESULT_BYTES
from stepstile_host.testing import EndedStep, Progress

Run = Callable[..., EndedStep]


def _report(context: Any, **members: Any) -> None:
    context.report_custom_message({f"stepstile.{name}": value for name, value in members.items()})


def test_a_function_gets_its_input_by_JSON_and_its_result_comes_back(run_step: Run) -> None:
    def add(context: Any) -> None:
        own = context.extras["stepstile"]
        parts = [
            context.get_extra("a"),
            own["shared"]["b"],
            own["tags"]["c"],
            own["step_key"],
            own["attempt"],
        ]
        _report(context, result=parts)

    ended = run_step(add, {"a": (1, 2)}, shared={"b": 3}, tags={"c": "4"}, key="sum")
    assert (ended.state, ended.value) == ("SUCCEEDED", [[1, 2], 3, "4", "sum", 1])


def test_a_command_runs_as_a_process(run_step: Run, tmp_path: Path) -> None:
    (tmp_path / "report.py").write_text(
        "from dagster_pipes import open_dagster_pipes\n"
        "import os, sys\n"
        "with open_dagster_pipes() as context:\n"
        "    print('reading', context.get_extra('input'))\n"
        "    print('slowly', file=sys.stderr)\n"
        "    context.log.warning('little is left')\n"
        "    context.report_custom_message({'stepstile.progress': {'fraction': 0.5, 'note': 'half'}})\n"
        "    context.report_custom_message({'stepstile.result': os.environ['MODE']})\n"
    )
    ended = run_step([sys.executable, "report.py"], "a day", directory=tmp_path, environment={"MODE": "test"})
    assert ended.value == "test"
    assert ended.output == ("reading a day",)
    assert ended.progress == (Progress(0.5, "half"),)
    [attempt] = ended.attempts
    assert attempt.errors == ("slowly",)
    assert attempt.log == (("WARNING", "little is left"),)


def test_what_a_function_prints_is_kept_with_its_attempt(run_step: Run) -> None:
    def talk(context: Any) -> None:
        print("attempt", context.retry_number + 1)
        os.write(1, b"without an end")
        if context.retry_number == 0:
            raise ValueError("once more")

    first, second = run_step(talk).attempts
    assert first.output == ("attempt 1", "without an end")
    assert any("ValueError: once more" in line for line in first.errors)
    assert (first.failure, second.failure) == ("HANDLER_FAILED", None)
    assert "once more" in first.message
    assert second.output == ("attempt 2", "without an end")


def test_a_retry_after_ten_minutes_takes_no_time(run_step: Run) -> None:
    def later(context: Any) -> None:
        if context.retry_number == 0:
            _report(context, retry_after={"seconds": 600, "message": "not yet"})

    began = time.monotonic()
    ended = run_step(later)
    assert ended.state == "SUCCEEDED"
    assert (ended.attempts[0].failure, ended.attempts[0].retry_after) == ("HANDLER_FAILED", 600)
    assert time.monotonic() - began < 60


def test_a_failure_that_is_terminal_is_not_retried(run_step: Run) -> None:
    def fail(context: Any) -> None:
        _report(context, fail={"message": "no such image"})

    ended = run_step(fail)
    assert (ended.state, ended.error, len(ended.attempts)) == ("FAILED", "no such image", 1)


def test_a_handler_that_always_fails_is_dead_when_its_budget_is_spent(run_step: Run) -> None:
    def leave(_: Any) -> None:
        sys.exit(3)

    ended = run_step(leave, max_attempts=2)
    assert (ended.state, len(ended.attempts)) == ("DEAD", 2)
    assert "status 3" in ended.error or "SystemExit: 3" in ended.error


def test_a_process_that_is_killed_or_never_opens_a_session_has_failed(run_step: Run) -> None:
    def crash(_: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    killed = run_step(crash, max_attempts=1)
    assert "signal 9" in killed.error
    silent = run_step([sys.executable, "-c", "import sys; sys.exit('no session')"], max_attempts=1)
    assert (
        "status 1 before it closed its Pipes session; the end of its standard error: no session"
        in silent.error
    )


def test_a_process_that_ends_with_status_0_and_sends_no_message_has_no_result(run_step: Run) -> None:
    silent = run_step([sys.executable, "-c", "print('done')"])
    assert (silent.state, silent.value, list(silent.output)) == ("SUCCEEDED", None, ["done"])


def test_a_handler_that_hangs_is_stopped_with_what_it_started(run_step: Run, tmp_path: Path) -> None:
    def hang(context: Any) -> None:
        if os.fork() == 0:
            time.sleep(3)
            (tmp_path / "left behind").touch()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)

    ended = run_step(hang, timeout=0.5, grace=0.5, max_attempts=1)
    assert (ended.state, ended.attempts[0].failure) == ("DEAD", "TIMEOUT")
    assert not (tmp_path / "left behind").exists()


def test_a_lost_worker_repeats_what_the_handler_has_done(run_step: Run, tmp_path: Path) -> None:
    def charge(context: Any) -> None:
        with (tmp_path / "charges").open("a") as file:
            file.write("charged\n")

    ended = run_step(charge, lose_worker=[1])
    assert [attempt.failure for attempt in ended.attempts] == ["WORKER_LOST", None]
    assert (tmp_path / "charges").read_text() == "charged\n" * 2


def test_what_the_test_has_patched_is_seen_by_the_function(
    run_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRICE", "7")

    def price(context: Any) -> None:
        _report(context, result=os.environ["PRICE"])

    assert run_step(price).value == "7"


def test_messages_that_may_have_been_the_result_fail_the_attempt(run_step: Run) -> None:
    def misspell(context: Any) -> None:
        _report(context, reslt=1)

    ended = run_step(misspell, max_attempts=1)
    assert "has a member that Stepstile does not know" in ended.error


def test_reports_are_a_part_of_the_result(run_step: Run) -> None:
    def materialize(context: Any) -> None:
        context.report_asset_materialization(asset_key="flights", metadata={"rows": 3})
        context.report_custom_message({"mine": 1})

    ended = run_step(materialize, shared={"dagster.pipes": {"asset_keys": ["flights"]}})
    assert ended.value is None
    assert [message["method"] for message in ended.messages] == [
        "report_asset_materialization",
        "report_custom_message",
    ]


def test_an_input_that_is_not_JSON_and_a_limit_that_a_dispatch_refuses_are_refused(run_step: Run) -> None:
    with pytest.raises(ValueError, match="does not become JSON"):
        run_step(print, {"now": object()})
    with pytest.raises(ValueError, match="from 1 to 100"):
        run_step(print, max_attempts=101)


def test_the_limit_of_a_result_is_that_of_the_protocol() -> None:
    page = (Path(__file__).parents[3] / "docs/protocol.md").read_text()
    assert f"| a result | {MAX_RESULT_BYTES} bytes of JSON |" in page


def test_a_report_beyond_the_limit_of_a_result_is_not_retried(run_step: Run) -> None:
    def report(context: Any) -> None:
        for _ in range(2):
            context.report_custom_message({"mine": "x" * (MAX_RESULT_BYTES // 2)})

    ended = run_step(report)
    assert (ended.state, ended.attempts[0].failure) == ("FAILED", "TERMINAL_FAILURE")
    assert f"more than {MAX_RESULT_BYTES} bytes" in ended.error


def test_a_value_beyond_the_limit_of_a_result_is_not_retried(run_step: Run) -> None:
    def report(context: Any) -> None:
        _report(context, result="x" * MAX_RESULT_BYTES)

    ended = run_step(report)
    assert (ended.state, ended.attempts[0].failure) == ("FAILED", "RESULT_TOO_LARGE")
