"""A real embedded stack for the tests."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_stepstile.client import StepstileClient

LAUNCHER = Path(__file__).parents[2] / "stepstile"
_UP = re.compile(r"Stepstile is up at (http://\S+)")


class LocalStack:
    """`./stepstile local` as a process, to be stopped by its pid. Builds nothing that is built.

    A worker that is lost is noticed within 8 s: lease 5, margin 1, two sweeps of 1 s.
    """

    def __init__(self, state: Path, *options: str) -> None:
        self.state = state
        self.endpoint = ""
        self._options = options
        self._port = "0"
        self._output: list[str] = []
        self.start()

    def start(self) -> None:
        """Starts it, or starts it again on the same state and port."""
        self.process = subprocess.Popen(
            [LAUNCHER, "local", "--lease", "5", "--port", self._port, "--state", self.state, *self._options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        up = threading.Event()
        output = self.process.stdout
        assert output is not None

        def read() -> None:
            for line in output:
                self._output.append(line)
                found = _UP.search(line)
                if found:
                    self.endpoint = found.group(1)
                    self._port = self.endpoint.rsplit(":", 1)[1]
                    up.set()
            up.set()  # it ended

        threading.Thread(target=read, daemon=True).start()
        # The launcher builds what is not built, which takes minutes.
        if not up.wait(300) or self.process.poll() is not None:
            raise RuntimeError("The stack did not start:\n" + "".join(self._output[-40:]))

    def kill(self) -> None:
        """As a crash: SIGKILL. The launcher has become the stack's JVM (exec), so the pid is the JVM's."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One stack for all tests that do not break it."""
    stack = LocalStack(tmp_path_factory.mktemp("stack"))
    yield stack
    stack.stop()


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
