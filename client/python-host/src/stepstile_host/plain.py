"""The plain protocol of one attempt in a test: as ``docs/process-handlers.md`` describes it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from stepstile_host.session import MAX_RESULT_BYTES, Malformed, Outcome, described_end, retry_after, tail

TERMINAL = 65
"""``EX_DATAERR`` of sysexits.h: with this input, trying again is pointless."""

RETRY_LATER = 75
"""``EX_TEMPFAIL`` of sysexits.h: to be tried again later."""

_HINTS = {
    126: " (a program may not be executed: run chmod +x on it)",
    127: " (a program was not found: see the first line of the script, and the PATH)",
}
_VARIABLE_BYTES = 32 * 1024
"""A larger input is in its file alone."""

_NO_RESULT = (
    "The process printed a JSON object and then text, so the step has no result. If the object was the result, print it"
    " last, or write it to the file named by STEPSTILE_RESULT."
)

Found = Literal["value", "none", "before", "broken", "too long"]

_KEPT_BEYOND = 1024 * 1024
"""So much more than a result may have is kept of what is printed."""


class Step(NamedTuple):
    """Which attempt it is, as its process is told. ``deadline`` is in seconds since 1970."""

    run_id: str
    key: str
    tenant: str
    attempt: int
    deadline: float
    tags: Mapping[str, str]


def write(folder: Path, text: str, shared: Mapping[str, Any], step: Step) -> dict[str, str | None]:
    """Writes the attempt's files, and returns its variables; those that are None are not set.

    :param text: the input as JSON
    """
    given = input_file(folder)
    given.write_text(text + "\n")  # so that a shell's `read` succeeds
    shared_file = folder / "shared.json"
    if shared:
        shared_file.write_text(json.dumps(shared) + "\n")
    return {
        "STEPSTILE_INPUT": text if len(text.encode()) <= _VARIABLE_BYTES else None,
        "STEPSTILE_INPUT_FILE": str(given),
        "STEPSTILE_SHARED_FILE": str(shared_file) if shared else None,
        "STEPSTILE_RESULT": str(folder / "result.json"),
        "STEPSTILE_RUN_ID": step.run_id,
        "STEPSTILE_STEP_KEY": step.key,
        "STEPSTILE_TENANT": step.tenant,
        "STEPSTILE_ATTEMPT": str(step.attempt),
        "STEPSTILE_TAGS": json.dumps(dict(sorted(step.tags.items()))),
        "STEPSTILE_DEADLINE": str(int(step.deadline)),
        "STEPSTILE_SECONDS_LEFT": str(max(0, int(step.deadline - time.time()))),
    }


def input_file(folder: Path) -> Path:
    """The attempt's standard input."""
    return folder / "input.json"


class Report:
    """What a process wrote and printed, and the outcome that this is with its exit status."""

    messages: Sequence[Mapping[str, Any]] = ()
    progress: Sequence[tuple[float, str]] = ()

    def __init__(self, folder: Path, output: Sequence[str]) -> None:
        self.value: Any = None
        self.log: list[tuple[str, str]] = []
        self._output = output
        self._file = folder / "result.json"
        self._written: bytes | None = None
        if self._file.exists():
            with self._file.open("rb") as file:
                self._written = file.read(MAX_RESULT_BYTES + 1)

    def outcome(self, status: int, errors: Sequence[str]) -> Outcome:
        """How the attempt ended.

        :param status: of the process, negative for a signal
        :param errors: its standard error
        """
        said = self._said(errors)
        if status == 0:
            self.value, failed = self._reported()
            return failed or Outcome(None)
        if status == TERMINAL:
            told = f"The process ended with status {TERMINAL}, by which it says that retrying is pointless"
            return Outcome("TERMINAL_FAILURE", told + said)
        if status == RETRY_LATER:
            return self._retry_later(said)
        return Outcome("HANDLER_FAILED", f"The process {described_end(status)}{_HINTS.get(status, '')}{said}")

    def stopped(self, status: int) -> bool:
        """Whether a process that was asked to stop had a result all the same."""
        return self.outcome(status, ()).failure is None and self.value is not None

    def _retry_later(self, said: str) -> Outcome:
        asks = f"The process ended with status {RETRY_LATER}, by which it asks for a retry"
        delay, _ = self._reported()
        given = delay if isinstance(delay, dict) else {"seconds": delay}
        if not isinstance(delay, dict | int | float) or isinstance(delay, bool) or "seconds" not in given:
            return Outcome("HANDLER_FAILED", asks + said)
        message = given.get("message")
        try:
            seconds, message = retry_after(
                {"seconds": given["seconds"], "message": message if isinstance(message, str) else asks + said}
            )
        except Malformed:
            return Outcome(
                "HANDLER_FAILED",
                f"{asks} after a time that is not a number of seconds from 0 to a year; print the seconds alone, such"
                " as 30. Its policy says when it is retried.",
            )
        return Outcome("HANDLER_FAILED", message, seconds)

    def _reported(self) -> tuple[Any, Outcome | None]:
        if self._written is not None:
            return _of_file(self._written)
        printed = "\n".join(self._output)
        kept = printed.encode(errors="replace")
        cut = len(kept) > MAX_RESULT_BYTES + _KEPT_BEYOND
        if cut:
            printed = kept[-MAX_RESULT_BYTES:].decode(errors="replace")
        value, found = last_json(printed, cut)
        match found:
            case "broken":
                return None, Outcome(
                    "HANDLER_FAILED",
                    "The process ended with status 0, and what it printed last looks like JSON but is not. Print the"
                    " result as one JSON value, or other text after it, or write the result to the file named by"
                    " STEPSTILE_RESULT.",
                )
            case "too long":
                return None, _too_long("The JSON that the process printed last")
            case "before":
                self.log = [("WARNING", _NO_RESULT)]
            case "value" | "none":
                pass
        return value, None

    def _said(self, errors: Sequence[str]) -> str:
        if told := tail(errors):
            return f"; the end of its standard error: {told}"
        if told := tail(self._output):
            return f"; the end of its output: {told}"
        return ", and printed nothing; print the reason on standard error."


def _of_file(written: bytes) -> tuple[Any, Outcome | None]:
    if len(written) > MAX_RESULT_BYTES:
        return None, _too_long("The file named by STEPSTILE_RESULT")
    try:
        return _parsed(written.decode()), None
    except (ValueError, RecursionError):
        return None, Outcome(
            "HANDLER_FAILED",
            "The file named by STEPSTILE_RESULT is not one JSON value in UTF-8; write the whole result to it as JSON, or"
            " do not create it.",
        )


def _too_long(what: str) -> Outcome:
    return Outcome(
        "TERMINAL_FAILURE",
        f"{what} has more than {MAX_RESULT_BYTES} bytes; report less, or write it to your own storage and report where"
        " it is.",
    )


def last_json(printed: str, cut: bool) -> tuple[Any, Found]:
    """The JSON that was printed last, and what was found: ``value``, ``none``, or what stands in its place.

    :param cut: whether there was more before it
    :returns: ``before``: a JSON object, and text after it; ``broken``: what was meant as JSON, and is not; ``too long``:
        it is longer than what is kept
    """
    lines = printed.rstrip().split("\n")
    last = lines[-1].strip()
    starts = [len(lines) - 1]
    if last.endswith(("}", "]")):
        starts += [at for at in range(len(lines) - 2, -1, -1) if _may_begin(lines[at].rstrip())]
    for start in starts:
        try:
            return _parsed("\n".join(lines[start:])), "value"
        except (ValueError, RecursionError):
            continue
    closes = last in ("}", "]")
    if cut and (closes or len(lines) == 1):
        return None, "too long"
    if last.startswith("{") or closes:
        return None, "broken"
    return None, "before" if _has_object(lines) else "none"


def _may_begin(line: str) -> bool:
    """Whether a value may begin with this line, and not end with it."""
    return line.startswith(("{", "[")) and line.endswith(("{", "[", ",", ":"))


def _has_object(lines: Sequence[str]) -> bool:
    """Whether a line is a JSON object: the last that begins as one."""
    begun = next((line for line in reversed(lines) if line.startswith("{")), None)
    try:
        return begun is not None and _parsed(begun) is not None
    except (ValueError, RecursionError):
        return False


def _parsed(text: str) -> Any:
    return json.loads(text, parse_constant=str)  # NaN and infinities become strings
