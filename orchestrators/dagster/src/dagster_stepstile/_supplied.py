"""Entries of the event log that the run worker writes for a step, with the time at which what they say happened."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from dagster import DagsterEvent, EventLogEntry


def step_start(step_context: Any, retry: int, at: float) -> EventLogEntry:
    """That a step started, for a worker that ended before it could report that."""
    quiet = _without_log(step_context, step=step_context.step, event_tags=step_context.event_tags)
    event = DagsterEvent.step_restarted_event(quiet, retry) if retry else DagsterEvent.step_start_event(quiet)
    return _entry(step_context, event, at)


def logs_captured(step_context: Any, key: Sequence[str], at: float) -> EventLogEntry:
    """Where the output of a step is to be found."""
    where: Any = SimpleNamespace(
        external_url=None, external_stdout_url=None, external_stderr_url=None, shell_cmd=None
    )
    event = DagsterEvent.capture_logs(_without_log(step_context), [step_context.step.key], key, where)
    return _entry(step_context, event, at)


def _without_log(step_context: Any, **more: Any) -> Any:
    """Enough of a context to build an event, which Dagster would otherwise also log, with the current time."""
    log = SimpleNamespace(log_dagster_event=_ignored)
    return SimpleNamespace(job_name=step_context.job_name, log=log, **more)


def _ignored(**_: object) -> None:
    pass


def _entry(step_context: Any, event: DagsterEvent, at: float) -> EventLogEntry:
    return EventLogEntry(
        error_info=None,
        level=logging.DEBUG,
        user_message=event.message or "",
        run_id=step_context.run_id,
        timestamp=at,
        step_key=event.step_key,
        job_name=event.job_name,
        dagster_event=event,
    )
