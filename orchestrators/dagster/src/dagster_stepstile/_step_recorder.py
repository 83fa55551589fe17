"""Records the log pages and results of steps in the run's event log and compute logs."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from dagster import DagsterEvent, DagsterEventType, EventLogEntry

from dagster_stepstile import _dagster, _supplied, _wire
from dagster_stepstile._compute_logs import ComputeLogs
from dagster_stepstile._run_log import RunLog
from stepstile import CANCELLED, SUCCEEDED, Attempt, LogPage, RunningStep, StepEnded, StepstileClient

SUPPLIED = -1
"""The number of an entry that the worker did not write."""


@dataclass
class SentStep:
    """One of Dagster's attempts of a step, which was dispatched or is about to be.

    :ivar name: its key on Stepstile.
    :ivar live: by attempt on Stepstile, the numbers of the entries that it reported live.
    :ivar announced: the lost attempts on Stepstile that are in the run's log.
    :ivar begun_ns: when it was taken up, in nanoseconds since 1970.
    :ivar end: what Stepstile said of its end.
    :ivar failure: the kind of the error that ended it.
    """

    name: str
    step: Any
    context: Any
    retry: int
    started: bool
    live: dict[int, set[int]] = field(default_factory=dict)
    announced: set[int] = field(default_factory=set)
    begun_ns: int = field(default_factory=time.time_ns)
    end: StepEnded | None = None
    failure: str | None = None


class StepRecorder:
    """Writes what the workers of one run report, and supplies the events that a lost worker could not report."""

    def __init__(self, client: StepstileClient, run_id: str, log: RunLog, compute_logs: ComputeLogs) -> None:
        self._client = client
        self._run_id = run_id
        self._log = log
        self._compute_logs = compute_logs

    def record_page(self, sent: SentStep, page: LogPage) -> Iterator[DagsterEvent]:
        """Writes a page of a step's log, while the step runs."""
        yield from self.announce_lost(sent, self._lost_before(sent, page.attempt), page.attempt)
        stdout, stderr, live = _wire.read_lines(page.lines)
        entries = [(number, _wire.entry_of(text)) for number, text in live]
        sent.live.setdefault(page.attempt, set()).update(number for number, _ in live)
        self._compute_logs.write(sent.name, stdout, stderr)
        if entries:
            yield from self._log.write(self._from_its_start(sent, entries)).result()

    def record_running(self, running: Iterable[tuple[SentStep, RunningStep]]) -> Iterator[DagsterEvent]:
        """Writes which steps have started, and which of their attempts were lost, unless the log has it."""
        seen: list[tuple[SentStep, int, Sequence[Attempt], Future[Sequence[DagsterEvent]] | None]] = []
        for sent, step in running:
            lost = self._lost_before(sent, step.attempt)
            start = self._start(sent, (*lost, step))
            seen.append((sent, step.attempt, lost, self._log.write(start) if start else None))
        for sent, attempt, lost, write in seen:
            yield from write.result() if write is not None else ()
            yield from self.announce_lost(sent, lost, attempt)

    def _lost_before(self, sent: SentStep, attempt: int) -> Sequence[Attempt]:
        """The attempts before one that have ended; none if they are in the run's log."""
        if sent.announced >= set(range(1, attempt)):
            return ()
        record = self._client.step(self._run_id, sent.name)
        return record.attempts if record is not None else ()

    def announce_lost(
        self, sent: SentStep, attempts: Iterable[Attempt], current: int
    ) -> Iterator[DagsterEvent]:
        """Reports the attempts before the current one that ended without a result, once each."""
        for lost in attempts:
            if lost.attempt in sent.announced or lost.attempt >= current:
                continue
            sent.announced.add(lost.attempt)
            event = self._log.report(
                f"Attempt {lost.attempt} of step {sent.step.key} on Stepstile ended without a result ({lost.kind}:"
                f" {lost.message}). Attempt {lost.attempt + 1} runs the step again.",
                sent.step.key,
            )
            if event is not None:
                yield event
        sent.announced.update(range(1, current))  # a record has only the last of many attempts

    def record_result(
        self, sent: SentStep, attempt: int, texts: Sequence[str]
    ) -> Future[Sequence[DagsterEvent]]:
        """Writes the entries of a step's result that were not reported live; the future has the events among them."""
        live = sent.live.get(attempt, set())
        entries = [(n, _wire.entry_of(text)) for n, text in enumerate(texts) if n not in live]
        if entries:
            entries = self._from_its_start(sent, entries, ended=True)
        return self._log.write(entries)

    def record_start(self, sent: SentStep, end: StepEnded | None = None) -> Sequence[DagsterEvent]:
        """Writes the start of a step whose worker did not report it, or, without an end, that was not dispatched."""
        return self._log.write(self._start(sent, None if end is None else end.attempts)).result()

    def _start(
        self, sent: SentStep, attempts: Sequence[Attempt | RunningStep] | None
    ) -> list[tuple[int, EventLogEntry]]:
        """The start of a step, with the time of its first attempt, unless the log has it; None if no attempt was made."""
        if sent.started:
            return []
        sent.started = True
        at = min([time.time(), *(each.started_at.timestamp() for each in attempts or () if each.started_at)])
        captured = None if attempts is None else self._compute_logs.begin(sent.name, sent.context, at)
        start = _supplied.step_start(sent.context, sent.retry, at)
        return [(SUPPLIED, entry) for entry in (captured, start) if entry is not None]

    def close_logs(self, sent: SentStep) -> None:
        self._compute_logs.end(sent.name)

    def _from_its_start(
        self, sent: SentStep, entries: Sequence[tuple[int, EventLogEntry]], ended: bool = False
    ) -> list[tuple[int, EventLogEntry]]:
        """The entries, with exactly one start of the step in the run's log.

        Each attempt on Stepstile reports a start; the first one counts, unless the step was seen to run before. If the step
        ended and no attempt reported its start, it is supplied. The event with the place of the step's output comes first,
        with the time of the next event.
        """
        kept: list[tuple[int, EventLogEntry]] = []
        begun = entries[0][1].timestamp
        captured = self._compute_logs.begin(sent.name, sent.context, begun)
        if captured is not None:
            kept.append((SUPPLIED, captured))
        if ended and not sent.started and not any(_is_start(entry) for _, entry in entries):
            sent.started = True
            kept.append((SUPPLIED, _supplied.step_start(sent.context, sent.retry, begun)))
        for number, entry in entries:
            if _is_start(entry):
                if sent.started:
                    continue
                sent.started = True
            kept.append((number, entry))
        return kept


def value_of(end: StepEnded) -> Mapping[str, Any] | None:
    """The value that the worker returned; None if the step has no result, or the result of another handler."""
    result = end.result
    value = result.get("value") if isinstance(result, Mapping) else None
    return value if isinstance(value, Mapping) and isinstance(value.get("entries"), str) else None


def error_of(step_key: str, end: StepEnded, log_url: str) -> Any:
    """Dagster's error of a step that has no event of its end."""
    if end.state == SUCCEEDED:
        return _dagster.error_info(
            f"Step {step_key} returned from the handler without the events of its end. The handler named by the executor's"
            " 'handler' or the tag 'stepstile/handler' must run dagster_stepstile.worker:run_step.\n",
            "StepstileWithoutEvents",
        )
    history = "".join(f"\n  attempt {each.attempt}: {each.kind}: {each.message}" for each in end.attempts)
    verb = "was cancelled" if end.state == CANCELLED else f"ended {end.state}"
    cause = f"{end.error.kind}: {end.error.message}" if end.error else ""
    return _dagster.error_info(
        f"Step {step_key} {verb} on Stepstile. {cause}{history}\n  log: {log_url}\n",
        f"Stepstile{end.state.title()}",
    )


def _is_start(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    starts = (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED)
    return event is not None and event.event_type in starts
