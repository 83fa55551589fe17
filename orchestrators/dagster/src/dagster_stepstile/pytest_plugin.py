"""A pytest plugin: jobs of a test run by the real executor, on a stack of the test session.

In ``conftest.py``: ``pytest_plugins = ["dagster_stepstile.pytest_plugin"]``. It is not loaded by itself, because importing
Dagster takes seconds, which tests of other things should not pay.

The stack is started by the command ``stepstile`` (``pip install stepstile-local``). ``STEPSTILE_TEST_COMMAND`` names
another one, such as the launcher of a checkout; with ``STEPSTILE_TEST_ENDPOINT``, the stack at that address is used
instead, whose workers must find the code of the tests. ``STEPSTILE_ENDPOINT`` is not looked at: a test must not run on a
stack that is in use.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from stepstile.local_stack import LocalStack

_WORKER = ("-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step")


@pytest.fixture(scope="session")
def stepstile_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the session's stack is. Its workers import what the tests can import."""
    given = os.environ.get("STEPSTILE_TEST_ENDPOINT")
    if given:
        yield given
        return
    command = os.environ.get("STEPSTILE_TEST_COMMAND") or shutil.which("stepstile")
    if command is None:
        pytest.fail(
            "There is no command `stepstile` to start a stack with: pip install stepstile-local, or set"
            " STEPSTILE_TEST_ENDPOINT to the address of a stack for tests.",
            pytrace=False,
        )
    searched = os.pathsep.join(path for path in sys.path if path)
    dagster = {"command": [sys.executable, *_WORKER], "environment": {"PYTHONPATH": searched}, "warm": True}
    state = tmp_path_factory.mktemp("stepstile")
    with LocalStack(Path(command), state, handlers={"dagster": dagster}, lease_seconds=3) as stack:
        yield stack.endpoint


RunJob = Callable[..., dg.JobExecutionResult]


@pytest.fixture
def run_on_stepstile(
    stepstile_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RunJob]:
    """Runs a job by its executor, which is ``stepstile_executor``, and returns Dagster's ``JobExecutionResult``.

    ``run_on_stepstile(job, **options)``: the job, or the function that makes it, is a global of a module, because the
    workers import it; the options are those of ``dagster.execute_job``, such as ``run_config``. An op that fails does not
    raise here, as it ran elsewhere: look at ``result.success``. Each test has a Dagster instance of its own, or names one
    (``instance=``).
    """
    monkeypatch.setenv("STEPSTILE_ENDPOINT", stepstile_endpoint)
    with ExitStack() as open_until_the_test_ends:

        def run(job: Any, **options: Any) -> dg.JobExecutionResult:
            if "instance" not in options:
                home = tmp_path / "dagster"
                home.mkdir(exist_ok=True)
                options["instance"] = open_until_the_test_ends.enter_context(
                    dg.DagsterInstance.local_temp(str(home), {"telemetry": {"enabled": False}})
                )
            executed = dg.execute_job(dg.reconstructable(job), **options)
            return open_until_the_test_ends.enter_context(executed)

        yield run
