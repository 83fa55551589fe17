"""A stack on this machine as a process: for tests of your own jobs, and for demonstrations."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stepstile.errors import StepstileError

_UP = re.compile(r"Stepstile is up at (http://\S+)")


class LocalStack:
    """`./stepstile local`, started here and stopped by its pid. To be used as a context manager.

    :param launcher: the `stepstile` of a checkout.
    :param state: the folder that holds what was dispatched; the same folder again goes on with it.
    :param handlers: process handlers by name, in the form of `docs/process-handlers.md`.
    :param lease_seconds: how long a worker is believed to live without a heartbeat.
    :param options: more options of `./stepstile local`.
    """

    def __init__(
        self,
        launcher: Path,
        state: Path,
        *,
        handlers: Mapping[str, Any] | None = None,
        lease_seconds: int = 15,
        port: int = 0,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
        start_within_seconds: float = 600,
    ) -> None:
        self.state = state
        self.endpoint = ""
        self._environment = environment
        self._within = start_within_seconds
        self._output: list[str] = []
        self._port = port
        self._command = [
            str(launcher),
            "local",
            "--state",
            str(state),
            "--lease",
            str(lease_seconds),
            *options,
        ]
        if handlers is not None:
            state.mkdir(parents=True, exist_ok=True)
            file = state / "handlers.json"
            file.write_text(json.dumps({"handlers": handlers}, indent=2))
            self._command += ["--handlers", str(file)]
        self.start()

    def start(self) -> None:
        """Starts it, or starts it again on the same state and port. What is not built is built, which takes minutes."""
        self.endpoint = ""
        self.process = subprocess.Popen(
            [*self._command, "--port", str(self._port)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            env=self._environment,
        )
        up = threading.Event()
        threading.Thread(target=self._read, args=(self.process, up), daemon=True).start()
        if not up.wait(self._within) or not self.endpoint:
            self.stop()
            raise StepstileError("The stack did not start:\n" + "".join(self._output[-40:]))

    def kill(self) -> None:
        """As a crash: SIGKILL. The launcher becomes the stack's JVM, so its pid is the JVM's."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def __enter__(self) -> LocalStack:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _read(self, process: subprocess.Popen[str], up: threading.Event) -> None:
        output = process.stdout
        assert output is not None
        for line in output:
            self._output.append(line)
            found = _UP.search(line)
            if found:
                self.endpoint = found.group(1)
                self._port = int(self.endpoint.rsplit(":", 1)[1])
                up.set()
        up.set()  # it ended
