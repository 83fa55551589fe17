"""The forked child: one step, in a process group of its own."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from dagster_pipes import PipesContextData, PipesContextLoader, PipesParams, open_dagster_pipes

from stepstile_host import offspring, traces
from stepstile_host.randomness import Generators
from stepstile_host.threads import finish_threads

STDOUT = "stdout"
STDERR = "stderr"


def run(
    target: Callable[..., Any],
    folder: str,
    environment: Mapping[str, str],
    context: PipesContextData | None,
    failure: BaseException | None,
    *,
    of_others: Iterable[int],
    generators: Generators,
) -> NoReturn:
    """Runs the step and ends the process, whatever happens: the host's code must not run in its copy.

    ``context`` is the step's context, if the host has read it; ``failure`` is the error of its preparation.
    """
    status = 1
    try:
        _settle(folder, of_others)
        for name in traces.VARIABLES:  # the host's own would be another trace
            os.environ.pop(name, None)
        os.environ.update(environment)
        generators.seed()
        traces.enter(environment)
        status = _run(target, context, failure)
        sys.stdout.flush()
        traces.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _settle(folder: str, of_others: Iterable[int]) -> None:
    os.setpgid(0, 0)  # a signal to the group reaches only this step's processes
    offspring.adopt()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for name, descriptor in ((STDOUT, 1), (STDERR, 2)):
        pipe = os.open(os.path.join(folder, name), os.O_WRONLY)
        os.dup2(pipe, descriptor)
        os.close(pipe)
    for end in of_others:  # or their readers would not see the end of the output before this step ends
        os.close(end)
    # Printed lines are visible while the step runs.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _run(target: Callable[..., Any], context: PipesContextData | None, failure: BaseException | None) -> int:
    loader = None if context is None else _LoadedContext(context)
    try:
        with open_dagster_pipes(context_loader=loader) as session:
            if failure is not None:
                raise failure
            try:
                target(session)
            finally:
                finish_threads()  # before the session is closed: threads may log
    except SystemExit as leaving:
        return _status(leaving)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _status(leaving: SystemExit) -> int:
    if leaving.code is None or isinstance(leaving.code, int):
        code = leaving.code or 0
        return code if 0 <= code <= 255 else (code & 255) or 1  # 256 is a failure, but not a possible status
    sys.stderr.write(f"{leaving.code}\n")
    return 1


class _LoadedContext(PipesContextLoader):
    """The context that the host has read; it may be large, and is not read again."""

    def __init__(self, context: PipesContextData) -> None:
        self._context = context

    @contextmanager
    def load_context(self, params: PipesParams) -> Generator[PipesContextData, None, None]:
        yield self._context
