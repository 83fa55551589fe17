"""Processes that left their step's process group: a subreaper adopts them and can kill them. On Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """Makes this process the subreaper of its descendants: orphans become its children, not those of process 1.

    Each step does so, so that processes that it started stay below it while it runs; its host does, to adopt the others.
    """
    with suppress(AttributeError, OSError, ValueError):  # another system
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The ids of this process's children; none if the system does not list them."""
    found: set[int] = set()
    with suppress(OSError):
        for thread in list(Path("/proc/self/task").iterdir()):
            with suppress(OSError):  # this thread has ended; another thread has its children
                found.update(map(int, (thread / "children").read_text(encoding="ascii").split()))
    return found


def has_ended(child: int) -> bool:
    """Whether a child has ended; its status can still be waited for."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # its status was waited for
        return True


def is_in_own_group(child: int) -> bool:
    """Whether a child is in this process's group, which is the default for processes that it starts."""
    try:
        return os.getpgid(child) == os.getpgrp()
    except OSError:  # it has ended
        return False


def end(children: set[int]) -> None:
    """Kills these, and waits for those that have ended. The end of each wakes its parent."""
    for pid in children:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            os.waitpid(pid, os.WNOHANG)
