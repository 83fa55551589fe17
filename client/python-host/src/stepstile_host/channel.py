"""The channel to the parent process: a line of JSON for each command and each event."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_CHUNK = 1 << 16


class Channel:
    """Reads commands from one descriptor and writes events to another. Children close both."""

    def __init__(self, commands: int, events: int) -> None:
        self.commands = commands
        self._events = events
        self._incomplete = b""

    @classmethod
    def over_standard_streams(cls) -> Channel:
        """Takes over standard input and output; what code prints in the host goes to standard error."""
        commands, events = os.dup(0), os.dup(1)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        sys.stdin = open(0, closefd=False)  # noqa: SIM115 (the process's own, for as long as it lives)
        return cls(commands, events)

    def receive(self) -> Iterator[dict[str, Any]]:
        """The commands of one read, which does not block once the descriptor is readable; EOFError at their end."""
        read = os.read(self.commands, _CHUNK)
        if not read:
            raise EOFError
        *lines, self._incomplete = (self._incomplete + read).split(b"\n")
        for line in lines:
            try:
                command = json.loads(line)
            except (ValueError, RecursionError) as problem:
                command = None
                sys.stderr.write(f"Skipped a command that is not JSON: {type(problem).__name__}: {problem}\n")
            if isinstance(command, dict):
                yield command  # type: ignore[misc]

    def send(self, event: Mapping[str, Any]) -> None:
        left = memoryview(json.dumps(event).encode() + b"\n")
        while left:
            left = left[os.write(self._events, left) :]

    def close(self) -> None:
        os.close(self.commands)
        os.close(self._events)
