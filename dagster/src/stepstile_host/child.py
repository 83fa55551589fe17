"""The forked child: one step, in a session of its own."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn

from dagster_pipes import open_dagster_pipes

STDOUT = "stdout"
STDERR = "stderr"


def run(
    target: Callable[..., Any],
    folder: str,
    environment: Mapping[str, str],
    failure: BaseException | None,
    of_others: Iterable[int],
) -> NoReturn:
    """Runs the step and ends the process, whatever happens: nothing of the host may run on in its copy."""
    status = 1
    try:
        _settle(folder, of_others)
        os.environ.update(environment)
        status = _run(target, failure)
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and not thread.daemon:
                thread.join()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _settle(folder: str, of_others: Iterable[int]) -> None:
    os.setsid()  # the whole group can be signalled, and nobody else with it
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name, descriptor in ((STDOUT, 1), (STDERR, 2)):
        pipe = os.open(os.path.join(folder, name), os.O_WRONLY)
        os.dup2(pipe, descriptor)
        os.close(pipe)
    for end in of_others:  # or their readers would wait for this step too
        os.close(end)
    # What the step has printed is seen while it runs.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    gc.enable()


def _run(target: Callable[..., Any], failure: BaseException | None) -> int:
    try:
        with open_dagster_pipes() as context:
            if failure is not None:
                raise failure
            target(context)
    except SystemExit as leaving:
        return _status(leaving)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _status(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        return leaving.code or 0
    sys.stderr.write(f"{leaving.code}\n")
    return 1
