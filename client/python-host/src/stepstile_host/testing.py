"""Runs a step of a process handler in a test, as Stepstile does: its files, its messages, its retries, its output.

No Stepstile is needed: a handler is a command, or a function that is called in a forked child as the warm host calls it.
The fixture ``run_step`` of the pytest plugin is :func:`run_step`.
"""

from __future__ import annotations

import base64
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import IO, Any, NamedTuple

from stepstile_host import child
from stepstile_host.__main__ import load
from stepstile_host.randomness import Generators
from stepstile_host.session import Outcome, Session

Handler = Sequence[str] | str | Callable[[Any], Any]

MAX_INPUT_BYTES = 5 * 1024 * 1024
MAX_ATTEMPTS = 100


class Progress(NamedTuple):
    """One report of a handler's progress."""

    fraction: float
    note: str


@dataclass(frozen=True)
class Attempt:
    """What became of one attempt.

    ``failure`` is None, or HANDLER_FAILED, TERMINAL_FAILURE, TIMEOUT or WORKER_LOST. ``retry_after`` is the delay in
    seconds that the handler asked for, or None. ``output`` has the lines that it printed, ``errors`` those of its
    standard error, ``log`` what it logged by Pipes, as (level, message).
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
    """A step that has ended: SUCCEEDED, FAILED (retrying is pointless) or DEAD (its attempts are used up)."""

    state: str
    value: Any = None
    """What the handler reported as its result."""
    messages: Sequence[Mapping[str, Any]] = ()
    """Its materializations, checks and custom messages, which are a part of the result."""
    attempts: Sequence[Attempt] = field(default_factory=tuple)

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
        return "" if self.state == "SUCCEEDED" else self.attempts[-1].message


def run_step(
    handler: Handler,
    step_input: Any = None,
    *,
    shared: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    key: str = "step",
    run_id: str = "test",
    max_attempts: int = 3,
    timeout: float = 300,
    grace: float = 5,
    directory: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] | None = None,
    lose_worker: Iterable[int] = (),
) -> EndedStep:
    """Runs a step until it has ended. Waits between attempts are left out.

    :param handler: a command (``["python3", "report.py"]``), a function, or its name (``"flights.steps:run"``). A function
        runs in a forked child: what it changes in memory is not seen by the test, but what the test has patched is seen
        by it.
    :param step_input: what JSON can hold; the handler gets it as it is after it was JSON.
    :param timeout: how long an attempt may run, in seconds by the machine's clock.
    :param grace: how long a process may take to end after SIGTERM, before SIGKILL.
    :param directory: where a command runs; a function runs where the test does.
    :param environment: further variables.
    :param lose_worker: the attempts whose worker is lost after the handler has ended and before its result is recorded:
        what it has done to others is done, and another attempt follows.
    :raises ValueError: if the input or a limit would be refused by a dispatch.
    """
    text = _json(step_input)
    if not 1 <= max_attempts <= MAX_ATTEMPTS:
        raise ValueError(f"max_attempts must be from 1 to {MAX_ATTEMPTS}.")
    given: Any = json.loads(text)
    lost = frozenset(lose_worker)
    attempts: list[Attempt] = []
    for number in range(1, max_attempts + 1):
        deadline = datetime.now(timezone.utc) + timedelta(seconds=timeout)
        context = _context(
            given, run_id, key, number, deadline, dict(tags or {}), json.loads(_json(dict(shared or {})))
        )
        with _Folder(context) as folder:
            process = _Running.of(handler, folder, directory, dict(environment or {}))
            status, timed_out = process.follow(timeout, grace)
            session = Session(folder.messages())
        outcome = _outcome(session, status, timed_out, timeout, process.errors, number in lost)
        attempts.append(
            Attempt(
                number,
                outcome.failure,
                outcome.message,
                outcome.retry_after,
                tuple(Progress(*each) for each in session.progress),
                tuple(process.output),
                tuple(process.errors),
                tuple(session.log),
            )
        )
        if outcome.failure is None:
            return EndedStep("SUCCEEDED", session.value, tuple(session.messages), tuple(attempts))
        if outcome.failure == "TERMINAL_FAILURE":
            return EndedStep("FAILED", attempts=tuple(attempts))
    return EndedStep("DEAD", attempts=tuple(attempts))


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as problem:
        raise ValueError(f"This input does not become JSON: {problem}") from problem
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise ValueError("The input is over 5 MiB; store the data, and pass its location.")
    return text


def _outcome(
    session: Session, status: int, timed_out: bool, timeout: float, errors: Sequence[str], lost: bool
) -> Outcome:
    if lost:
        return Outcome("WORKER_LOST", "The worker was lost, as the test says.")
    if timed_out:
        return Outcome("TIMEOUT", f"The attempt took longer than its timeout of {timeout:g} s.")
    return session.outcome(status, "\n".join(errors[-20:]))


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


def _context(
    given: Any,
    run_id: str,
    key: str,
    attempt: int,
    deadline: datetime,
    tags: Mapping[str, str],
    shared: Mapping[str, Any],
) -> dict[str, Any]:
    """The context of an attempt, as Stepstile writes it."""
    own = {
        "run_id": run_id,
        "step_key": key,
        "attempt": attempt,
        "deadline": deadline.isoformat().replace("+00:00", "Z"),
        "tags": tags,
        "shared": shared,
    }
    fields = dict.fromkeys(_FIELDS) | {
        name: value for name, value in shared.get("dagster.pipes", {}).items() if name in _FIELDS
    }
    extras = dict(given) if isinstance(given, dict) else {"input": given}
    extras["stepstile"] = own
    return fields | {
        "run_id": fields["run_id"] or run_id,
        "retry_number": attempt - 1,
        "extras": extras,
    }


class _Folder:
    """The files of one attempt, deleted after it."""

    def __init__(self, context: Mapping[str, Any]) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="stepstile-step-"))
        (self.path / "context.json").write_text(json.dumps(context))
        (self.path / "messages").touch()
        self.environment = {
            "DAGSTER_PIPES_CONTEXT": _pipes(self.path / "context.json"),
            "DAGSTER_PIPES_MESSAGES": _pipes(self.path / "messages"),
        }

    def messages(self) -> list[str]:
        return (self.path / "messages").read_text(errors="replace").splitlines()

    def __enter__(self) -> _Folder:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)


def _pipes(path: Path) -> str:
    return base64.b64encode(zlib.compress(json.dumps({"path": str(path)}).encode())).decode()


class _Printing:
    """A target whose prints go to the step's own streams, and not to those of the test runner."""

    def __init__(self, target: Callable[[Any], Any]) -> None:
        self._target = target

    def __call__(self, context: Any) -> None:
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 (the process's own)
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 (the process's own)
        self._target(context)


class _Running:
    """A process of an attempt, the leader of a process group of its own."""

    def __init__(self, pid: int, output: IO[bytes], errors: IO[bytes], held: Sequence[int] = ()) -> None:
        self._pid = pid
        self._held = held
        self._streams = {output: _Lines(), errors: _Lines()}
        self.output = self._streams[output].lines
        self.errors = self._streams[errors].lines

    @classmethod
    def of(
        cls, handler: Handler, folder: _Folder, directory: Any, environment: Mapping[str, str]
    ) -> _Running:
        variables = {**environment, **folder.environment}
        if isinstance(handler, str):
            handler = load(handler)
        if callable(handler):
            return cls._forked(handler, folder, variables)
        process = subprocess.Popen(
            list(handler),
            cwd=directory,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        process.returncode = 0  # its status is waited for here
        assert process.stdout is not None
        assert process.stderr is not None
        return cls(process.pid, process.stdout, process.stderr)

    @classmethod
    def _forked(
        cls, target: Callable[[Any], Any], folder: _Folder, environment: Mapping[str, str]
    ) -> _Running:
        streams: list[IO[bytes]] = []
        held: list[int] = []  # or a stream would seem to have ended before the child opens it
        for name in (child.STDOUT, child.STDERR):
            os.mkfifo(folder.path / name)
            streams.append(
                os.fdopen(os.open(folder.path / name, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0)
            )
            held.append(os.open(folder.path / name, os.O_WRONLY))
        of_others = [*held, *(stream.fileno() for stream in streams)]
        generators = Generators()
        generators.look()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which a test runner may have
            pid = os.fork()
        if pid == 0:
            child.run(
                _Printing(target),
                str(folder.path),
                environment,
                None,
                None,
                of_others=of_others,
                generators=generators,
            )
        return cls(pid, *streams, held=held)

    def follow(self, timeout: float, grace: float) -> tuple[int, bool]:
        """Its status, negative for a signal, and whether its time was over."""
        until = time.monotonic() + timeout
        status = self._wait(until)
        timed_out = status is None
        if status is None:
            self._signal(signal.SIGTERM)
            status = self._wait(time.monotonic() + grace)
        self._signal(signal.SIGKILL)  # also what it has left behind
        if status is None:
            status = self._wait(time.monotonic() + 60) or -signal.SIGKILL
        for end in self._held:
            os.close(end)
        self._read(time.monotonic() + 1)
        for stream, lines in self._streams.items():
            lines.end()
            stream.close()
        return status, timed_out

    def _wait(self, until: float) -> int | None:
        """The status; None if the process still runs at ``until``."""
        while True:
            self._read(min(until, time.monotonic() + 0.02))
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            if time.monotonic() >= until:
                return None

    def _read(self, until: float) -> None:
        """Reads what is printed until then, or until both streams have ended."""
        with selectors.DefaultSelector() as selector:
            open_streams = [stream for stream, lines in self._streams.items() if not lines.ended]
            for stream in open_streams:
                selector.register(stream, selectors.EVENT_READ)
            if not open_streams:
                time.sleep(max(0, min(0.005, until - time.monotonic())))
            while selector.get_map() and (left := until - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    ready: Any = key.fileobj
                    read = os.read(ready.fileno(), 1 << 16)
                    self._streams[ready].add(read)
                    if not read:
                        selector.unregister(ready)

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._pid, number)


class _Lines:
    """Lines of a stream, as they come in."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ended = False
        self._rest = b""

    def add(self, read: bytes) -> None:
        if not read:
            self.ended = True
            return
        *lines, self._rest = (self._rest + read).split(b"\n")
        self.lines += [line.decode(errors="replace") for line in lines]

    def end(self) -> None:
        if self._rest:
            self.lines.append(self._rest.decode(errors="replace"))
            self._rest = b""
