"""Runs a step of a process handler in a test, as Stepstile does: its files, its messages, its retries, its output.

No Stepstile is needed: a handler is a command, or a function that is called in a forked child as the warm host calls it.
The fixture ``run_step`` of the pytest plugin is :func:`run_step`.
"""

from __future__ import annotations

import base64
import json
import os
import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal, NamedTuple

from stepstile_host import plain, traces
from stepstile_host.__main__ import load
from stepstile_host.processes import Exit, Running
from stepstile_host.retries import RetryRule
from stepstile_host.session import MAX_RESULT_BYTES, Outcome, Session

Handler = Sequence[str] | str | Callable[[Any], Any]
Protocol = Literal["pipes", "plain"]

MAX_INPUT_BYTES = 5 * 1024 * 1024
MAX_ATTEMPTS = 100


class Progress(NamedTuple):
    """One report of a handler's progress."""

    fraction: float
    note: str


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt.

    ``failure`` is None, or HANDLER_FAILED, TERMINAL_FAILURE, RESULT_TOO_LARGE, TIMEOUT, WORKER_LOST or CANCELLED.
    ``retry_after`` is the delay in seconds that the handler asked for, or None. ``output`` has the lines that it
    printed, ``errors`` those of its standard error, ``log`` what it logged by Pipes, as (level, message).
    """

    number: int
    failure: str | None = None
    message: str = ""
    retry_after: float | None = None
    progress: Sequence[Progress] = ()
    output: Sequence[str] = ()
    errors: Sequence[str] = ()
    log: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class EndedStep:
    """A step that has ended: SUCCEEDED, FAILED (not retried), DEAD (its attempts are used up) or CANCELLED."""

    state: str
    value: Any = None
    """What the handler reported as its result."""
    messages: Sequence[Mapping[str, Any]] = ()
    """Its materializations, checks and custom messages, which are a part of the result."""
    attempts: Sequence[Attempt] = field(default_factory=tuple)
    refusal: str = ""
    """Which list of the retry policy ended it, if one did: ``retry.never names ValueError``."""

    @property
    def output(self) -> Sequence[str]:
        """What the last attempt printed."""
        return self.attempts[-1].output

    @property
    def progress(self) -> Sequence[Progress]:
        """What the last attempt reported of its progress."""
        return self.attempts[-1].progress

    @property
    def error(self) -> str:
        """Why the step has not succeeded; empty if it has."""
        if self.state == "SUCCEEDED":
            return ""
        not_retried = f" (not retried: {self.refusal})" if self.refusal else ""
        return self.attempts[-1].message + not_retried


def run_step(
    handler: Handler,
    step_input: Any = None,
    *,
    protocol: Protocol = "pipes",
    shared: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    key: str = "step",
    run_id: str = "test",
    tenant: str | None = None,
    max_attempts: int = 3,
    retry_on: Sequence[str] | None = None,
    retry_never: Sequence[str] = (),
    timeout: float = 300,
    grace: float = 5,
    directory: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    traceparent: str | None = None,
    lose_worker: Iterable[int] = (),
    cancel: str | None = None,
) -> EndedStep:
    """Runs a step until it has ended. Waits between attempts are left out.

    :param handler: a command (``["python3", "report.py"]``), a function, or its name (``"flights.steps:run"``). A function
        runs in a forked child: what it changes in memory is not seen by the test, but what the test has patched is seen
        by it.
    :param step_input: what JSON can hold; the handler gets it as it is after it was JSON.
    :param protocol: ``"plain"`` for a command that reads standard input and prints its result.
    :param tenant: whose step it is; the run if None.
    :param retry_on: the failures that are retried, by kind or exception; all if None.
    :param retry_never: the failures that are not retried.
    :param timeout: how long an attempt may run, in seconds by the machine's clock.
    :param grace: how long a process may take to end after SIGTERM, before SIGKILL.
    :param directory: where a command runs; a function runs where the test does.
    :param environment: further variables.
    :param traceparent: the W3C Trace Context that the step was dispatched with: the variable ``TRACEPARENT`` and, for a
        function where OpenTelemetry is installed, its current context. If None, there is none.
    :param lose_worker: the attempts whose worker is lost after the handler has ended and before its result is recorded:
        what it has done to others is done, and another attempt follows.
    :param cancel: the run is cancelled once the handler prints a line that has this text, on either stream.
    :raises ValueError: if the input or a limit would be refused by a dispatch.
    :raises AssertionError: if an attempt of ``lose_worker`` never ran, or ``cancel`` was never printed.
    """
    text = _json(step_input)
    if not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise ValueError(f"max_attempts must be from 1 to {MAX_ATTEMPTS}.")
    if protocol == "plain" and (callable(handler) or isinstance(handler, str)):
        raise ValueError("A function speaks pipes; the plain protocol needs a command, as a list.")
    rule = RetryRule(retry_on, retry_never)
    given = _Given(
        text,
        json.loads(_json(dict(shared or {}))),
        dict(tags or {}),
        key,
        run_id,
        tenant or run_id,
        {**(environment or {}), **({"TRACEPARENT": traceparent} if traceparent else {})},
    )
    lost = frozenset(lose_worker)
    attempts: list[Attempt] = []
    ended: EndedStep | None = None
    cancelled = False
    while ended is None:
        number = len(attempts) + 1
        ran = _run(handler, given, protocol, number, directory, timeout, grace, cancel)
        cancelled = cancelled or ran.exit.cancelled
        outcome = _outcome(ran, timeout, number in lost)
        attempts.append(ran.attempt(number, outcome))
        refusal = rule.refusal(outcome)
        if outcome.failure is None:
            ended = EndedStep("SUCCEEDED", ran.report.value, tuple(ran.report.messages), tuple(attempts))
        elif cancelled:
            ended = EndedStep("CANCELLED", attempts=tuple(attempts))
        elif outcome.failure in ("TERMINAL_FAILURE", "RESULT_TOO_LARGE"):
            ended = EndedStep("FAILED", attempts=tuple(attempts))
        elif refusal:
            ended = EndedStep("FAILED", attempts=tuple(attempts), refusal=refusal)
        elif number == max_attempts:
            ended = EndedStep("DEAD", attempts=tuple(attempts))
    if cancel is not None and not cancelled:
        raise AssertionError(
            f"The handler printed no line with {cancel!r}, so that nothing was cancelled: {ended}"
        )
    if missed := sorted(lost - set(range(1, len(attempts) + 1))):
        raise AssertionError(f"The step had no attempt {missed}, so that its worker was not lost: {ended}")
    return ended


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as problem:
        raise ValueError(f"This input does not become JSON: {problem}") from problem
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise ValueError("The input is over 5 MiB; store the data, and pass its location.")
    return text


class _Given(NamedTuple):
    """What all attempts of the step are given."""

    text: str
    shared: Mapping[str, Any]
    tags: Mapping[str, str]
    key: str
    run_id: str
    tenant: str
    environment: Mapping[str, str]


class _Ran(NamedTuple):
    """An attempt's process has ended."""

    exit: Exit
    report: Session | plain.Report
    output: Sequence[str]
    errors: Sequence[str]

    def attempt(self, number: int, outcome: Outcome) -> Attempt:
        return Attempt(
            number,
            outcome.failure,
            outcome.message,
            outcome.retry_after,
            tuple(Progress(*each) for each in self.report.progress),
            tuple(self.output),
            tuple(self.errors),
            tuple(self.report.log),
        )


def _run(
    handler: Handler,
    given: _Given,
    protocol: Protocol,
    number: int,
    directory: Any,
    timeout: float,
    grace: float,
    cancel: str | None,
) -> _Ran:
    deadline = datetime.now(timezone.utc) + timedelta(seconds=timeout)
    with tempfile.TemporaryDirectory(prefix="stepstile-step-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if protocol == "plain":
            step = plain.Step(given.run_id, given.key, given.tenant, number, deadline.timestamp(), given.tags)
            variables = plain.write(folder, given.text, given.shared, step)
        else:
            variables = _write(folder, _context(given, number, deadline))
        stdin = plain.input_file(folder) if protocol == "plain" else None
        process = _started(handler, folder, directory, {**given.environment, **variables}, stdin)
        ended = process.follow(timeout, grace, cancel)
        report = (
            plain.Report(folder, process.output)
            if protocol == "plain"
            else Session((folder / "messages").read_text(errors="replace").splitlines())
        )
        return _Ran(ended, report, process.output, process.errors)


def _started(
    handler: Handler, folder: Path, directory: Any, variables: Mapping[str, Any], stdin: Path | None
) -> Running:
    if isinstance(handler, str):
        handler = load(handler)
    if callable(handler):
        return Running.forked(handler, folder, variables)
    # What the test runner was started with is no step's.
    return Running.command(handler, directory, {**dict.fromkeys(traces.VARIABLES), **variables}, stdin)


def _outcome(ran: _Ran, timeout: float, lost: bool) -> Outcome:
    if lost:
        return Outcome("WORKER_LOST", "The worker was lost, as the test says.")
    if ran.exit.timed_out:
        return Outcome("TIMEOUT", f"The attempt took longer than its timeout of {timeout:g} s.")
    if ran.exit.stopped and not ran.report.stopped(ran.exit.status):
        return Outcome("CANCELLED", "Cancelled while it ran.")
    outcome = ran.report.outcome(ran.exit.status, ran.errors)
    if (
        outcome.failure is None
        and (size := len(_result(ran.report).encode(errors="replace"))) > MAX_RESULT_BYTES
    ):
        return Outcome(
            "RESULT_TOO_LARGE",
            f"The result is {size} bytes of JSON, the limit is {MAX_RESULT_BYTES}; write it to your own storage and"
            " return where it is.",
        )
    return outcome


def _result(report: Session | plain.Report) -> str:
    if isinstance(report, plain.Report):
        return _compact(report.value)
    result: dict[str, Any] = {} if report.value is None else {"value": report.value}
    return _compact(result | ({"messages": report.messages} if report.messages else {}))


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


_FIELDS = (
    "asset_keys",
    "code_version_by_asset_key",
    "provenance_by_asset_key",
    "partition_key",
    "partition_key_range",
    "partition_time_window",
    "run_id",
    "job_name",
)


def _context(given: _Given, attempt: int, deadline: datetime) -> dict[str, Any]:
    """The context of an attempt, as Stepstile writes it."""
    own = {
        "run_id": given.run_id,
        "step_key": given.key,
        "attempt": attempt,
        "deadline": deadline.isoformat().replace("+00:00", "Z"),
        "tags": given.tags,
        "shared": given.shared,
    }
    fields = dict.fromkeys(_FIELDS) | {
        name: value for name, value in given.shared.get("dagster.pipes", {}).items() if name in _FIELDS
    }
    step_input = json.loads(given.text)
    extras = dict(step_input) if isinstance(step_input, dict) else {"input": step_input}
    extras["stepstile"] = own
    return fields | {
        "run_id": fields["run_id"] or given.run_id,
        "retry_number": attempt - 1,
        "extras": extras,
    }


def _write(folder: Path, context: Mapping[str, Any]) -> dict[str, str | None]:
    """Writes the attempt's files of Pipes, and returns its variables."""
    (folder / "context.json").write_text(json.dumps(context))
    (folder / "messages").touch()
    return {
        "DAGSTER_PIPES_CONTEXT": _pipes(folder / "context.json"),
        "DAGSTER_PIPES_MESSAGES": _pipes(folder / "messages"),
    }


def _pipes(path: Path) -> str:
    return base64.b64encode(zlib.compress(json.dumps({"path": str(path)}).encode())).decode()
