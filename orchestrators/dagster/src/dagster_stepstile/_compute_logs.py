"""Writes what steps print to the instance's compute logs, where Dagster shows it."""

import hashlib
import inspect
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dagster import DagsterEventType, DagsterInstance, EventLogEntry

from dagster_stepstile import _supplied
from dagster_stepstile._run_log import RunLog


class ComputeLogs:
    """The stdout and stderr of a run's steps, a pair of files for each of Dagster's attempts of a step."""

    def __init__(self, instance: DagsterInstance, run_id: str, log: RunLog) -> None:
        self._manager: Any = instance.compute_log_manager
        # A manager of cloud storage keeps a local copy until a step's output is complete.
        self._local: Any = getattr(self._manager, "local_manager", self._manager)
        self._run_id = run_id
        self._log = log
        self._io_types = _io_types(self._local)
        self._captured: set[str] = set()
        self._of_a_resumed_run: dict[str, bool] = {}
        self._written: set[str] = set()

    def begin(self, name: str, step_context: Any, at: float) -> EventLogEntry | None:
        """The event with the place of the step's output, with the time ``at``; None if the log has it."""
        if name in self._captured:
            return None
        self._captured.add(name)
        if self._was_captured_before(name):
            return None
        return _supplied.logs_captured(step_context, self._key(name), at)

    def _was_captured_before(self, name: str) -> bool:
        """Whether the previous run worker wrote that event. If so, its output is deleted: it is read and written again."""
        if name not in self._of_a_resumed_run:
            key = self._key(name)
            before = any(
                event.event_type == DagsterEventType.LOGS_CAPTURED
                and event.logs_captured_data.file_key == key[-1]
                for event in self._log.prior
            )
            self._of_a_resumed_run[name] = before
            if before:
                self._local.delete_logs(log_key=key)
        return self._of_a_resumed_run[name]

    def write(self, name: str, stdout: Sequence[str], stderr: Sequence[str]) -> None:
        self._was_captured_before(name)
        first = bool(stdout or stderr) and name not in self._written
        for lines, io_type in ((stdout, "stdout"), (stderr, "stderr")):
            # Both files from the first line on: a manager of cloud storage uploads both.
            if (lines or first) and io_type in self._io_types:
                self._written.add(name)
                with self._local.open_log_stream(self._key(name), self._io_types[io_type]) as stream:
                    if stream is not None:
                        stream.write("".join(f"{line}\n" for line in lines))

    def end(self, name: str) -> None:
        """The step writes no more."""
        key = self._key(name)
        if self._local is not self._manager and name in self._written:
            for io_type in self._io_types.values():
                self._manager.upload_to_cloud_storage(key, io_type)
            self._local.delete_logs(log_key=key)
        elif hasattr(self._local, "complete_artifact_path"):
            done = Path(self._local.complete_artifact_path(key))
            done.parent.mkdir(parents=True, exist_ok=True)
            done.touch()

    def _key(self, name: str) -> Sequence[str]:
        file = re.sub(r"[^A-Za-z0-9_-]", "_", name)[:60]
        return self._manager.build_log_key_for_run(
            self._run_id, f"{file}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
        )


def _io_types(manager: Any) -> dict[str, Any]:
    """Dagster's enum of the two streams, which is not public: taken from the annotation of a parameter."""
    annotation: Any = (
        inspect.signature(manager.open_log_stream, eval_str=True).parameters["io_type"].annotation
    )
    return {member.value: member for member in annotation}
