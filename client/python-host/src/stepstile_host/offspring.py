"""Processes that left their step's group: whoever adopts them can end them. On Linux only."""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36


def adopt() -> None:
    """From now on, what this process's descendants leave behind becomes its own child, and not that of the system's first.

    Each step does so, so that what it has started stays with it while it runs; its host does, so that it gets the rest.
    """
    with suppress(AttributeError, OSError, ValueError):  # another system
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> set[int]:
    """The ids of this process's children; none where the system does not tell."""
    found: set[int] = set()
    with suppress(OSError):
        for thread in list(Path("/proc/self/task").iterdir()):
            with suppress(OSError):  # this thread has ended meanwhile; its children are another's now
                found.update(map(int, (thread / "children").read_text(encoding="ascii").split()))
    return found


def has_ended(child: int) -> bool:
    """Whether a child has ended, which stays to be noted."""
    try:
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody has noted it
        return True


def is_in_own_group(child: int) -> bool:
    """Whether a child is in this process's group, as what it starts is unless it is told otherwise."""
    try:
        return os.getpgid(child) == os.getpgrp()
    except OSError:  # it is gone
        return False


def end(children: set[int]) -> None:
    """Kills these, and takes note of those that have ended. The end of each makes its parent look again."""
    for pid in children:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
        with suppress(OSError):
            os.waitpid(pid, os.WNOHANG)
