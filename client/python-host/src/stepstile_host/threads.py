"""Threads that outlive what started them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any


def finish_threads() -> None:
    """Waits for the threads that are no daemons, as an interpreter does before it ends: they have something left to say.

    Idle workers of pools are told first that there is nothing more to do. How long this takes is bounded by the step's own
    time.
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
