"""The host itself: forks a child for each step, and reports its end. One thread; it does not touch a step's data."""

from __future__ import annotations

import gc
import json
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from stepstile_host import child, offspring, traces
from stepstile_host.channel import Channel
from stepstile_host.randomness import Generators
from stepstile_host.sources import LoadedSources

if TYPE_CHECKING:
    from dagster_pipes import PipesContext, PipesContextData

Target = Callable[["PipesContext"], Any]

_GONE_SECONDS = 3
"""How long to wait for killed processes to exit."""

_BUILT_SECONDS = 0.05
"""A ``prepare`` that took longer has created objects and garbage, which is collected before the next fork keeps it."""


class Host:
    """Serves until the pipe of its commands is closed: its parent closes it, or dies. Its children are killed with it."""

    def __init__(self, channel: Channel, target: Target, sources: LoadedSources) -> None:
        self._channel = channel
        self._target = target
        self._sources = sources
        self._prepare: Callable[[Any], Any] | None = getattr(target, "prepare", None)
        self._generators = Generators()
        self._own: set[int] = set()  # processes that the host's own code started
        self._steps: dict[int, int] = {}  # by the child's process id
        self._held: dict[
            int, list[int]
        ] = {}  # by step: both ends of its output, until its reader has opened it
        self._woken, self._wake = os.pipe()

    def serve(self) -> None:
        with suppress(PermissionError):  # it leads a session already
            os.setsid()  # Ctrl-C in a terminal must reach only the stack, which stops its hosts itself
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _ignore)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)
        warm_up: Callable[[], None] | None = getattr(self._target, "warm_up", None)
        if warm_up is not None:
            warm_up()
        self._sources.loaded()
        self._generators.look()
        offspring.adopt()
        self._own = offspring.children()
        gc.collect()
        gc.freeze()
        _warn_of_threads()
        try:
            self._channel.send({"ready": os.getpid(), "memory": _memory()})
            self._loop()
        except (EOFError, BrokenPipeError):
            self._end()

    def _end(self) -> None:
        """Kills all steps and the processes that they started, which become the host's children."""
        for pid in self._steps:
            _kill_group(pid)
        deadline = time.monotonic() + _GONE_SECONDS
        while (left := offspring.children()) and time.monotonic() < deadline:
            offspring.end(left)
            time.sleep(0.005)

    def _loop(self) -> None:
        ready = select.poll()
        ready.register(self._channel.commands, select.POLLIN)
        ready.register(self._woken, select.POLLIN)
        while True:
            descriptors = {descriptor for descriptor, _ in ready.poll()}
            if self._woken in descriptors:
                with suppress(BlockingIOError):
                    os.read(self._woken, 4096)
                self._reap()
            if self._channel.commands in descriptors:
                for command in self._channel.receive():
                    if "release" in command:
                        self._release(command["release"])
                    elif "start" in command:
                        self._start(
                            command["start"],
                            command.get("folder"),
                            command.get("environment"),
                            command.get("anyway", False),
                        )

    def _start(self, step: int, folder: Any, environment: Any, anyway: bool) -> None:
        try:
            changed = None if anyway else self._sources.changed()
        except Exception as unreadable:  # a file system that fails, say; the host's other steps go on
            self._channel.send({"taken": step})
            self._release(step)
            self._channel.send({"refused": step, "reason": f"{type(unreadable).__name__}: {unreadable}"})
            return
        if changed is not None:
            self._channel.send({"stale": step, "changed": changed})
            return
        self._channel.send({"taken": step})
        try:
            pid = self._forked(step, folder, environment)
        except Exception as refusal:
            # No resources for a process or its output, or a limit of the interpreter: the step fails, the host continues.
            self._release(step)
            self._channel.send({"refused": step, "reason": f"{type(refusal).__name__}: {refusal}"})
            return
        self._steps[pid] = step
        self._channel.send({"started": step, "pid": pid})

    def _release(self, step: int) -> None:
        for end in self._held.pop(step, ()):
            os.close(end)

    def _forked(self, step: int, folder: str, environment: dict[str, str]) -> int:
        held = self._held.setdefault(step, [])
        for name in (child.STDOUT, child.STDERR):
            path = os.path.join(folder, name)
            os.mkfifo(path, 0o600)
            held.append(os.open(path, os.O_RDWR))
        context, failure = self._prepared(folder)
        traces.load(environment)
        gc.freeze()  # or a collection in the child would copy every page with an object
        pid = os.fork()
        if pid == 0:
            try:
                signal.set_wakeup_fd(-1)
                os.close(self._woken)
                os.close(self._wake)
                self._channel.close()
                child.run(
                    self._target,
                    folder,
                    environment,
                    context,
                    failure,
                    of_others=[end for ends in self._held.values() for end in ends],
                    generators=self._generators,
                )
            finally:
                os._exit(1)  # whatever happened: the child must not run the host's loop
        with suppress(OSError):  # the child does it too; the group must exist before it is signalled
            os.setpgid(pid, pid)
        return pid

    def _prepared(self, folder: str) -> tuple[PipesContextData | None, BaseException | None]:
        """Calls the target's ``prepare``, which builds what steps share. Its error is raised in the step."""
        if self._prepare is None:
            return None, None
        context: PipesContextData | None = None
        begun = time.monotonic()
        before = offspring.children()
        try:
            context = json.loads(Path(folder, "context.json").read_text(encoding="utf-8"))
            self._prepare(context["extras"])  # type: ignore[index]
        except BaseException as failure:  # KeyboardInterrupt too: the host itself is never interrupted
            return context, failure
        finally:
            self._own = self._own_of(before, offspring.children())
            self._sources.loaded()
            self._generators.look()
        if time.monotonic() - begun > _BUILT_SECONDS:
            gc.collect()
        return context, None

    def _own_of(self, before: set[int], now: set[int]) -> set[int]:
        """The children that the host's own code started. A process that an ended step left behind is a child too, not in
        the host's process group."""
        new = now - before
        if new and (before - self._own - self._steps.keys() or any(map(offspring.has_ended, self._steps))):
            new = {pid for pid in new if offspring.is_in_own_group(pid)}
        return (self._own & now) | new

    def _reap(self) -> None:
        for pid in list(self._steps):
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:  # code in the host has waited for it and taken its status
                ended, status = pid, None
            if ended:
                _kill_group(pid)  # processes that it left running would keep its output open
                self._channel.send({"ended": self._steps.pop(pid), "memory": _memory()} | _how(status))
        offspring.end(offspring.children() - self._own - self._steps.keys())


def _how(status: int | None) -> dict[str, int]:
    if status is None:
        return {}
    code = os.waitstatus_to_exitcode(status)
    return {"signal": -code} if code < 0 else {"status": code}


def _ignore(number: int, frame: FrameType | None) -> None:
    """Does nothing: the signal writes its number to the wake-up pipe, which wakes the loop."""


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _memory() -> int:
    """Resident bytes of this process; 0 if unknown."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def _warn_of_threads() -> None:
    others = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if others:
        sys.stderr.write(
            f"Preloaded code runs threads in the host ({', '.join(others)}). A forked child does not have these threads,"
            " and a lock that one of them held stays locked. Start threads in the step.\n"
        )
        sys.stderr.flush()
