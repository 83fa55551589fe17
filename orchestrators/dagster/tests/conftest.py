"""The stack whose worker has the jobs of these tests, for all modules that run them: a run is kept apart by its id."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stacks import LAUNCHER, SOON_STOPPED, searched

from stepstile.local_stack import LocalStack


@pytest.fixture(scope="session")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    command = [
        *(sys.executable, "-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step"),
        *("--preload", "project"),
    ]
    environment = searched(Path(__file__).parent)
    handlers = {"dagster": {"command": command, "environment": environment, "warm": True}}
    state = tmp_path_factory.mktemp("workers")
    with LocalStack(LAUNCHER, state, handlers=handlers, lease_seconds=2, options=SOON_STOPPED) as stack:
        yield stack
