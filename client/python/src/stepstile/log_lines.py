"""The lines of an attempt's log: printed lines, and records (`docs/protocol.md`, "One step")."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

_RECORD = "\x1e"


@dataclass(frozen=True)
class Stdout:
    """A line of standard output."""

    text: str


@dataclass(frozen=True)
class Stderr:
    """A line of standard error."""

    text: str


@dataclass(frozen=True)
class Logged:
    """A message that the handler logged, with the name of its level as the handler wrote it."""

    level: str
    message: str


@dataclass(frozen=True)
class Live:
    """A value that the handler reported while it ran, as `stepstile.live`."""

    value: Any


@dataclass(frozen=True)
class UnknownRecord:
    """A record of a kind that this version does not know; readers skip it."""

    record: Any


LogLine = Stdout | Stderr | Logged | Live | UnknownRecord


def decode(line: str) -> LogLine:
    """Decodes one line of a page of a log. A record that is not JSON is returned as a line of standard error, so that it
    is not lost."""
    if not line.startswith(_RECORD):
        return Stdout(line)
    content = line[len(_RECORD) :]
    try:
        record = json.loads(content)
    except ValueError:
        return Stderr(content)
    if not isinstance(record, dict):
        return UnknownRecord(record)
    if "stderr" in record:
        return Stderr(str(record["stderr"]))
    if isinstance(log := record.get("log"), dict):
        return Logged(str(log.get("level", "INFO")), str(log.get("message")))
    if "live" in record:
        return Live(record["live"])
    return UnknownRecord(record)
