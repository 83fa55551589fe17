"""A pytest plugin for the tests in Python: a real embedded stack, and where the sources of the packages are."""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from stepstile import StepstileClient
from stepstile.local_stack import LocalStack

CHECKOUT = Path(__file__).parents[2]
LAUNCHER = CHECKOUT / "stepstile"
SOURCES = tuple(
    CHECKOUT / package / "src" for package in ("client/python", "client/python-host", "orchestrators/dagster")
)
# Nobody waits for what a test has left running.
SOON_STOPPED = ("--grace", "1")
HANDLERS = {
    name: {"command": [sys.executable, str(Path(__file__).parent / f"{name}.py")]}
    for name in ("reporter", "talkative", "scripted")
} | {
    "plainly": {
        "command": [sys.executable, str(Path(__file__).parent / "plainly.py")],
        "protocol": "plain",
        "graceSeconds": 1,
    }
}


def searched(*folders: Path) -> dict[str, str]:
    """The environment of a process that finds the packages, this folder's modules, and those in these folders."""
    return {"PYTHONPATH": os.pathsep.join(map(str, (*SOURCES, Path(__file__).parent, *folders)))}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One stack for all tests that do not break it. A lost worker is noticed within 8 s: lease, margin, two sweeps."""
    with LocalStack(
        LAUNCHER, tmp_path_factory.mktemp("stack"), lease_seconds=5, handlers=HANDLERS, options=SOON_STOPPED
    ) as stack:
        yield stack


@pytest.fixture
def client(stack: LocalStack) -> Iterator[StepstileClient]:
    client = StepstileClient(stack.endpoint, patience_seconds=5)
    yield client
    client.close()


@pytest.fixture
def run_id(request: pytest.FixtureRequest) -> str:
    """A run of the test's own."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", request.node.name)[:60]
    return f"{name}-{time.time_ns()}"
