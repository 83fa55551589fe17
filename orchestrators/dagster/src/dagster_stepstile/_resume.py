"""Resumes a run whose run worker was lost: brings Dagster's scheduler to where that one left it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagster import DagsterEvent

from dagster_stepstile._gate import Gate


def replay(
    plan_context: Any, active: Any, prior: Sequence[DagsterEvent], gate: Gate
) -> Iterator[DagsterEvent]:
    """Replays the events in the run's log; the steps that were in flight are offered to the gate. Nothing is written."""
    in_flight: dict[str, Any] = {}

    def look_for_steps() -> None:
        in_flight.update((step.key, step) for step in active.get_steps_to_execute())

    skipped = {event.step_key for event in prior if event.is_step_skipped}
    look_for_steps()
    for event in prior:
        yield event
        yield from _replay_skips(plan_context, active, skipped)
        if event.step_key is None or event.is_step_skipped or event.step_key not in in_flight:
            continue
        active.handle_event(event)
        if event.is_step_success or event.is_step_failure or event.is_step_up_for_retry:
            in_flight.pop(event.step_key)
        look_for_steps()
    yield from _replay_skips(plan_context, active, skipped)
    look_for_steps()
    gate.offer(list(in_flight.values()))


def _replay_skips(plan_context: Any, active: Any, skipped: set[str | None]) -> Iterator[DagsterEvent]:
    for step in active.get_steps_to_skip():
        if step.key not in skipped:
            yield DagsterEvent.step_skipped_event(plan_context.for_step(step))
        active.mark_skipped(step.key)
