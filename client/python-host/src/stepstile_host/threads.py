"""Threads that are still running when a step's function returns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def finish_threads() -> None:
    """Waits for the threads that are not daemons, as an interpreter does before it exits: they may still log.

    Idle workers of pools are stopped first. The step's timeout bounds the wait.
    """
    at_exit: Any = getattr(threading, "_threading_atexits", ())
    callbacks: list[Callable[[], None]] = list(at_exit)
    for callback in reversed(callbacks):
        callback()
    while others := _others():
        for thread in others:
            thread.join()


def _others() -> list[threading.Thread]:
    return [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and not thread.daemon
    ]
