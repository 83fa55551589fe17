"""The process of one attempt in a test: started, read, and ended as a worker does it."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from stepstile_host import child
from stepstile_host.randomness import Generators

_KILLED_SECONDS = 60
"""How long to wait for a killed process to exit."""


class Exit(NamedTuple):
    """How a process ended. ``status`` is negative for a signal."""

    status: int
    timed_out: bool = False
    cancelled: bool = False
    """It printed what a cancel waited for; it has ended by itself all the same, unless ``stopped``."""
    stopped: bool = False
    """It was told to stop, by SIGTERM."""


class Running:
    """A process of an attempt, the leader of a process group of its own."""

    def __init__(self, pid: int, output: IO[bytes], errors: IO[bytes], held: Sequence[int] = ()) -> None:
        self._pid = pid
        self._held = held
        self._is_command = not held
        self._streams = {output: _Lines(), errors: _Lines()}
        self.output = self._streams[output].lines
        self.errors = self._streams[errors].lines

    @classmethod
    def command(
        cls, command: Sequence[str], directory: Any, environment: Mapping[str, str | None], stdin: Path | None
    ) -> Running:
        """Starts a program. A variable that is None is not passed on."""
        changed = {**os.environ, **environment}
        with open(stdin or os.devnull, "rb") as given:
            process = subprocess.Popen(
                list(command),
                cwd=directory,
                env={name: value for name, value in changed.items() if value is not None},
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        process.returncode = 0  # its status is waited for here
        assert process.stdout is not None
        assert process.stderr is not None
        return cls(process.pid, process.stdout, process.stderr)

    @classmethod
    def forked(cls, target: Callable[[Any], Any], folder: Path, environment: Mapping[str, str]) -> Running:
        """Calls a function in a child, as the warm host does."""
        streams: list[IO[bytes]] = []
        held: list[int] = []  # or a stream would seem to have ended before the child opens it
        for name in (child.STDOUT, child.STDERR):
            os.mkfifo(folder / name)
            streams.append(os.fdopen(os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0))
            held.append(os.open(folder / name, os.O_WRONLY))
        of_others = [*held, *(stream.fileno() for stream in streams)]
        generators = Generators()
        generators.look()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of threads, which a test runner may have
            pid = os.fork()
        if pid == 0:
            child.run(
                _Printing(target),
                str(folder),
                environment,
                None,
                None,
                of_others=of_others,
                generators=generators,
            )
        return cls(pid, *streams, held=held)

    def follow(self, timeout: float, grace: float, cancel: str | None) -> Exit:
        """Waits for its end, or ends it once its time is over or it has printed ``cancel``."""
        until = time.monotonic() + timeout
        status = self._wait(until, cancel)
        stopped = status is None
        timed_out = stopped and not self._has_printed(cancel)
        if status is None:
            self._signal(signal.SIGTERM)
            status = self._wait(time.monotonic() + grace)
        self._signal(signal.SIGKILL)  # also what it has left behind
        if status is None:
            status = self._wait(time.monotonic() + _KILLED_SECONDS) or -signal.SIGKILL
        for end in self._held:
            os.close(end)
        self._read(time.monotonic() + 1)
        for stream, lines in self._streams.items():
            lines.end()
            stream.close()
        return Exit(status, timed_out, not timed_out and self._has_printed(cancel), stopped)

    def _has_printed(self, text: str | None) -> bool:
        return text is not None and any(
            text in line for lines in self._streams.values() for line in lines.lines
        )

    def _wait(self, until: float, text: str | None = None) -> int | None:
        """The status; None if the process still runs at ``until``, or has printed this text."""
        while True:
            self._read(min(until, time.monotonic() + 0.02))
            ended, status = os.waitpid(self._pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                # A worker learns of a command's signal as shells do, who report their own child's in the same way.
                return 128 - code if self._is_command and 128 < code <= 192 else code
            if time.monotonic() >= until or self._has_printed(text):
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


class _Printing:
    """A target whose prints go to the step's own streams, and not to those of the test runner."""

    def __init__(self, target: Callable[[Any], Any]) -> None:
        self._target = target

    def __call__(self, context: Any) -> None:
        sys.stdout = open(1, "w", buffering=1, closefd=False)  # noqa: SIM115 (the process's own)
        sys.stderr = open(2, "w", buffering=1, closefd=False)  # noqa: SIM115 (the process's own)
        self._target(context)


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
        self.lines += map(_text, lines)

    def end(self) -> None:
        if self._rest:
            self.lines.append(_text(self._rest))
            self._rest = b""


def _text(line: bytes) -> str:
    return line.decode(errors="replace").removesuffix("\r")
