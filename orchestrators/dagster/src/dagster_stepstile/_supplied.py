"""Entries of the event log that the run worker writes in place of a worker, with the times at which the events happened."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from dagster import DagsterEvent, EventLogEntry


def step_start(step_context: Any, retry: int, at: float) -> EventLogEntry:
    """The start of a step whose worker ended before it could report it."""
    quiet = _without_log(step_context, step=step_context.step, event_tags=step_context.event_tags)
    event = DagsterEvent.step_restarted_event(quiet, retry) if retry else DagsterEvent.step_start_event(quiet)
    return _entry(step_context, event, at)


def logs_captured(step_context: Any, key: Sequence[str], at: float) -> EventLogEntry:
    """The event with the place of a step's output."""
    where: Any = SimpleNamespace(
        external_url=None, external_stdout_url=None, external_stderr_url=None, shell_cmd=None
    )
    event = DagsterEvent.capture_logs(_without_log(step_context), [step_context.step.key], key, where)
    return _entry(step_context, event, at)


def _without_log(step_context: Any, **more: Any) -> Any:
    """The parts of a context that building an event needs, without the log, to which Dagster would write it at once."""
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
