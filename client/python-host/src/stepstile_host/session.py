"""The Pipes messages of one attempt, and the outcome that they add up to: as ``docs/process-handlers.md`` describes it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

MAX_RESULT_BYTES = 10 * 1024 * 1024
"""Of a step's result as JSON, and of what a process reports beside it."""

_EARLIEST = -3_600
"""A retry time further in the past is a mistake, such as an absolute time where a delay is expected."""

_LATEST = 366 * 86_400

_TAIL_CHARACTERS = 300

_KNOWN = (
    "stepstile.result",
    "stepstile.live",
    "stepstile.progress",
    "stepstile.fail",
    "stepstile.retry_after",
)
_STATUS_0 = ("", "SystemExit", "SystemExit: 0", "SystemExit: None", "SystemExit: False")


class Outcome(NamedTuple):
    """How an attempt ended. ``failure`` is None if it has a result; ``names`` are those of the exception that ended it."""

    failure: str | None
    message: str = ""
    retry_after: float | None = None
    names: tuple[str, ...] = ()


class Malformed(Exception):
    """What a process has reported cannot be understood."""


class Session:
    """What a process reported. Of several outcomes the worst counts; of the same kind, the last one."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.value: Any = None
        self.messages: list[Mapping[str, Any]] = []
        self.progress: list[tuple[float, str]] = []
        self.log: list[tuple[str, str]] = []
        self._kept = 0
        self._fail: str | None = None
        self._retry_after: tuple[float, str] | None = None
        self._unreadable = ""
        self._heard = False
        self._closed = False
        self._exception: Mapping[str, Any] | None = None
        for line in lines:
            if line.strip():
                self._heard = True
                try:
                    self._accept(line)
                except Malformed as problem:
                    self._unreadable = str(problem)

    def _accept(self, line: str) -> None:
        try:
            message = json.loads(line, parse_constant=str)  # NaN and infinities become strings
        except (ValueError, RecursionError):
            raise Malformed("is not JSON") from None
        method = message.get("method") if isinstance(message, dict) else None
        if not isinstance(method, str):
            raise Malformed("has no method")
        if message.get("__dagster_pipes_version") != "0.1":
            raise Malformed("is not of Pipes 0.1")
        params = message.get("params") or {}
        match method:
            case "opened" | "log_external_stream":
                pass
            case "closed":
                self._closed = True
                self._exception = self._exception or params.get("exception")
            case "log":
                self.log.append((str(params.get("level", "INFO")), str(params.get("message", ""))))
            case "report_asset_materialization" | "report_asset_check":
                self._keep(message, line)
            case "report_custom_message":
                self._custom(params, message, line)
            case _:
                raise Malformed("has a method that Pipes 0.1 does not know")

    def _keep(self, message: Mapping[str, Any], line: str) -> None:
        self._kept += len(line)
        if self._kept <= MAX_RESULT_BYTES:
            self.messages.append(message)
        else:
            self.messages.clear()
            self._fail = (
                f"The process reported more than {MAX_RESULT_BYTES} bytes; report less, or write it to your own storage"
                " and report where it is."
            )

    def _custom(self, params: Mapping[str, Any], message: Mapping[str, Any], line: str) -> None:
        if "payload" not in params:
            raise Malformed("should have 'payload'")
        payload = params["payload"]
        own = (
            {name: value for name, value in payload.items() if name.startswith("stepstile.")}
            if isinstance(payload, dict)
            else {}
        )
        if not own:
            self._keep(message, line)
        for name, member in own.items():
            self._take(name, member)

    def _take(self, name: str, member: Any) -> None:
        match name:
            case "stepstile.result":
                self.value = member
            case "stepstile.live":
                pass  # for those who watch the step while it runs
            case "stepstile.progress":
                self.progress.append((float(member.get("fraction", 0)), str(member.get("note", ""))))
            case "stepstile.fail":
                self._fail = _message(member, name, "The handler reported a terminal failure.")
            case "stepstile.retry_after":
                self._retry_after = retry_after(member)
            case _:
                raise Malformed(f"has a member that Stepstile does not know; known: {', '.join(_KNOWN)}")

    def outcome(self, status: int, errors: Sequence[str]) -> Outcome:
        """How the attempt ended.

        :param status: of the process, negative for a signal
        :param errors: its standard error
        """
        if self._fail is not None:
            return Outcome("TERMINAL_FAILURE", self._fail)
        if self._retry_after is not None:
            seconds, message = self._retry_after
            return Outcome("HANDLER_FAILED", message, seconds)
        ended = described_end(status)
        told = tail(errors)
        told = f"; the end of its standard error: {told}" if told else "."
        if not self._heard and status == 0:  # as with Dagster's own client
            return Outcome(None)
        if not self._closed:
            return Outcome("HANDLER_FAILED", f"The process {ended} before it closed its Pipes session{told}")
        raised = self._exception
        if raised is not None and not (status == 0 and _is_exit_with_status_0(raised)):
            name = raised.get("name")
            return Outcome(
                "HANDLER_FAILED", _described(raised), names=(name,) if isinstance(name, str) else ()
            )
        if status != 0:
            return Outcome(
                "HANDLER_FAILED", f"The process {ended} after it had closed its Pipes session{told}"
            )
        if self._unreadable:
            return Outcome(
                "HANDLER_FAILED",
                "A Pipes message of the process cannot be read, and may have been its result: it"
                f" {self._unreadable}.",
            )
        return Outcome(None)

    def stopped(self, status: int) -> bool:
        """Whether a process that was asked to stop had finished all the same. One that only left has only stopped."""
        left = self._closed and self._exception is not None
        if not self._heard or (left and self.value is None):
            return False
        return self.outcome(status, ()).failure is None


def described_end(status: int) -> str:
    """How a process ended, by its status; negative for a signal."""
    return f"ended with status {status}" if status >= 0 else f"was ended by signal {_signal(-status)}"


def tail(lines: Sequence[str]) -> str:
    """The end of what was printed: as much as fits into a step's error."""
    kept: list[str] = []
    for line in reversed(lines):
        if line.strip():
            if kept and sum(map(len, kept)) + len(line) > _TAIL_CHARACTERS:
                break
            kept.insert(0, line)
    joined = "\n".join(kept)
    return "…" + joined[-_TAIL_CHARACTERS:] if len(joined) > _TAIL_CHARACTERS else joined


def _signal(number: int) -> str:
    names = {6: "SIGABRT", 9: "SIGKILL; out of memory, or killed", 11: "SIGSEGV", 15: "SIGTERM"}
    return f"{number} ({names[number]})" if number in names else str(number)


def _described(raised: Mapping[str, Any]) -> str:
    """The exception's message, and where it was raised."""
    stack = raised.get("stack") or [""]
    frame = re.search(r'File "(?:[^"]*[/\\])?([^"/\\]+)", line (\d+)', str(stack[-1]))
    place = f" ({frame[1]}:{frame[2]})" if frame else ""
    return str(raised.get("message") or raised.get("name")).strip() + place


def _is_exit_with_status_0(raised: Mapping[str, Any]) -> bool:
    return raised.get("name") == "SystemExit" and str(raised.get("message", "")).strip() in _STATUS_0


def _message(member: Any, name: str, otherwise: str) -> str:
    if isinstance(member, str):
        return member
    message = member.get("message") if isinstance(member, dict) else member
    if isinstance(message, dict | list) or not isinstance(member, dict):
        raise Malformed(f"should have '{name}', an object with 'message'")
    return otherwise if message is None else str(message)


def retry_after(member: Any) -> tuple[float, str]:
    seconds = member.get("seconds") if isinstance(member, dict) else None
    if (
        isinstance(seconds, bool)
        or not isinstance(seconds, int | float)
        or not _EARLIEST <= seconds <= _LATEST
    ):
        raise Malformed(
            f"should have 'stepstile.retry_after' with 'seconds', a number from now on, {_LATEST} at most"
        )
    return max(0.0, float(seconds)), _message(
        member, "stepstile.retry_after", "The handler asked for a retry."
    )
