"""The run worker's side of a run: ready steps out in waves, their events back in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import dagster
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    EventLogEntry,
    Executor,
)

from dagster_stepstile import _dagster, _supplied, _wire
from dagster_stepstile._compute_logs import ComputeLogs
from dagster_stepstile._gate import Gate, Pools
from dagster_stepstile._outgoing import Outgoing, Settings
from dagster_stepstile._reads import FORWARDED
from dagster_stepstile._run_log import RunLog
from stepstile import (
    CANCELLED,
    SUCCEEDED,
    LogPage,
    Refused,
    Step,
    StepEnded,
    StepstileClient,
)

_LONGEST_PAUSE = 0.25
_SUPPLIED = -1
"""The number of an entry that the worker did not write."""

_SMALL = 100_000
"""An input of so few bytes is not what makes a request too large."""

_TOO_LARGE = ("request-too-large", "input-too-large")
_OF_ONE_STEP = (*_TOO_LARGE, "bad-handler", "bad-max-attempts", "bad-step-key", "bad-tags", "bad-timeout")
"""Refusals of a dispatch whose cause may be one of its steps."""

_STOPPING_SECONDS = 60.0


@dataclass
class _Sent:
    """A step that was handed over, or is to be: one of Dagster's attempts of it."""

    name: str
    step: Any
    context: Any
    told: dict[int, set[int]] = field(default_factory=dict)
    retry: int = 0
    started: bool = False
    announced: set[int] = field(default_factory=set)


class Orchestration:
    """One run of a plan."""

    def __init__(
        self, executor: Executor, settings: Settings, client: StepstileClient, plan_context: Any, plan: Any
    ) -> None:
        self._executor = executor
        self._settings = settings
        self._client = client
        self._context = plan_context
        self._plan = plan
        self._instance = plan_context.instance
        self._run = plan_context.dagster_run
        self._run_id: str = self._run.run_id
        self._job_def = plan_context.job.get_definition()
        self._log = RunLog(self._instance, self._run, plan_context.resume_from_failure)
        self._logs = ComputeLogs(self._instance, self._run_id, self._log)
        self._pools = Pools(self._instance, self._run)
        self._gate = Gate(settings.max_concurrent, settings.tag_concurrency_limits, self._pools)
        self._sent: dict[str, _Sent] = {}
        self._writing: list[tuple[_Sent, StepEnded, Future[Sequence[DagsterEvent]]]] = []
        self._noted: set[str] = set()
        self._follower = client.follow(self._run_id, [])
        self._outgoing = Outgoing(settings, plan_context, self._job_def)

    def events(self) -> Iterator[DagsterEvent]:
        """Runs the plan; its events, as they are written."""
        self._refuse_local_outputs()
        with self._plan.start(
            retry_mode=self._settings.retries, step_dependency_config=self._settings.step_dependencies
        ) as active:
            try:
                if self._context.resume_from_failure:
                    yield from self._replay(active)
                else:
                    yield from self._warn_of_left_out()
                yield from self._loop(active)
            except GeneratorExit:
                raise
            except DagsterExecutionInterruptedError:
                raise
            except Exception:
                self._abandon()
                raise
            finally:
                self._pools.give_up()
                self._log.close()

    def _refuse_local_outputs(self) -> None:
        outputs = [] if self._settings.local_storage else _dagster.local_outputs(self._job_def)
        if outputs:
            more = f" and {len(outputs) - 3} more" if len(outputs) > 3 else ""
            raise dagster.DagsterInvariantViolationError(
                f"The workers of {self._client.endpoint} are other machines, and the IO manager of"
                f" {', '.join(outputs[:3])}{more} keeps outputs in files or memory of one machine. Use an IO manager"
                " on shared storage, such as dagster_aws.s3.S3PickleIOManager; if the files are on a mount that run"
                " worker and workers share, say so by 'local_storage: true' in the executor's config."
            )

    def _warn_of_left_out(self) -> Iterator[DagsterEvent]:
        keys = _dagster.left_out(self._plan)
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            yield self._instance.report_engine_event(
                f"This run executes another one again, and leaves out {', '.join(keys[:5])}{more}: they have no output"
                " there, and Dagster did not choose them, since it chooses from what had begun. What collects them goes"
                " on without. To run them, execute again from the step that yields the dynamic output.",
                self._run,
            )

    def _loop(self, active: Any) -> Iterator[DagsterEvent]:
        pause = 0.0
        while True:
            if active.check_for_interrupts():
                active.mark_interrupted()
                yield from self._stop(active)
                return
            # This order matters: asking for steps is what resolves dynamic ones; before, all may seem to be done.
            self._gate.offer(active.get_steps_to_execute())
            yield from self._send(active)
            yield from active.plan_events_iterator(self._context)
            if active.is_complete:
                return
            told = self._follower.poll() if self._sent else []
            moved = False
            for item in told:
                moved = True
                yield from self._take(item, active)
            for event in self._finish_writes(active):
                moved = True
                yield event
            pause = 0.0 if moved else min(_LONGEST_PAUSE, self._follower.pause_seconds)
            if pause:
                time.sleep(0.02 if self._writing else pause)

    def _send(self, active: Any) -> Iterator[DagsterEvent]:
        steps = self._gate.take()
        for step, pool, first in self._gate.newly_blocked():
            yield DagsterEvent.step_concurrency_blocked(self._context.for_step(step), pool, initial=first)
        if not steps:
            return
        state = active.get_known_state()
        wave: list[Step] = []
        for step in steps:
            sent = self._begin(step, active)
            try:
                wave.append(self._outgoing.step(sent.name, step, state))
            except dagster.DagsterInvalidConfigError as problem:
                yield from self._fail_unsent(sent, active, str(problem))
        wave.sort(key=lambda step: step.key)
        yield from self._hand_over(wave, active)

    def _hand_over(self, wave: Sequence[Step], active: Any) -> Iterator[DagsterEvent]:
        """Dispatches steps; one that Stepstile does not take is found by halves, and fails alone."""
        if not wave:
            return
        try:
            self._client.dispatch(
                self._run_id,
                wave,
                dispatch_id=self._outgoing.dispatch_id(wave),
                shared_inputs={"dagster.run": self._outgoing.shared()},
            )
        except Refused as refusal:
            if refusal.type not in _OF_ONE_STEP:
                raise
            if len(wave) > 1:
                half = len(wave) // 2
                yield from self._hand_over(wave[:half], active)
                yield from self._hand_over(wave[half:], active)
                return
            [step] = wave
            size = len(json.dumps(step.input))
            if refusal.type in _TOO_LARGE and size < _SMALL:
                raise dagster.DagsterInvariantViolationError(
                    "What the run's steps share (its run config and tags, mostly) is over the 5 MB that Stepstile takes."
                    " Write large values to storage that the workers reach, and let the run config say where."
                    f" Stepstile said: {refusal}"
                ) from refusal
            told = f"Stepstile does not take this step: {refusal}"
            if refusal.type in _TOO_LARGE:
                told += f" What the step must know of the run is {size} bytes."
            yield from self._fail_unsent(self._sent[step.key], active, told)
        else:
            self._follower.add(step.key for step in wave)

    def _fail_unsent(self, sent: _Sent, active: Any, why: str) -> Iterator[DagsterEvent]:
        if not sent.started:
            sent.started = True
            start = _supplied.step_start(sent.context, sent.retry, time.time())
            yield from self._log.write([(_SUPPLIED, start)]).result()
        yield from self._fail(sent, active, _dagster.error_info(f"{why}\n", "StepstileRefused"))
        self._done(sent, active)

    def _begin(self, step: Any, active: Any) -> _Sent:
        retry = active.retry_state.get_attempt_count(step.key)
        name = _wire.step_name(step.key, retry)
        started = self._log.starts_of(step.key) > retry
        sent = _Sent(name, step, self._context.for_step(step), retry=retry, started=started)
        self._sent[name] = sent
        return sent

    def _take(self, item: LogPage | StepEnded, active: Any) -> Iterator[DagsterEvent]:
        sent = self._sent.get(item.key)
        if sent is None:
            return
        if isinstance(item, LogPage):
            yield from self._take_page(sent, item)
        else:
            yield from self._take_end(sent, item, active)

    def _take_page(self, sent: _Sent, page: LogPage) -> Iterator[DagsterEvent]:
        if page.attempt > 1 and not sent.announced >= set(range(1, page.attempt)):
            record = self._client.step(self._run_id, sent.name)
            if record is not None:
                yield from self._announce_lost(sent, record.attempts, page.attempt)
            sent.announced.update(range(1, page.attempt))  # of many attempts, only the last ones are known
        stdout, stderr, live = _wire.read_lines(page.lines)
        entries = [(number, _wire.entry_of(text)) for number, text in live]
        sent.told.setdefault(page.attempt, set()).update(number for number, _ in live)
        self._logs.write(sent.name, stdout, stderr)
        if entries:
            yield from self._log.write(self._from_its_start(sent, entries)).result()

    def _from_its_start(
        self, sent: _Sent, entries: Sequence[tuple[int, EventLogEntry]], ended: bool = False
    ) -> Sequence[tuple[int, EventLogEntry]]:
        """A step starts once in Dagster's eyes, whichever of our attempts said so first; where none did before the
        end, the start is supplied. Where its output is found comes first, with the time of what follows it."""
        kept: list[tuple[int, EventLogEntry]] = []
        captured = self._logs.begin(sent.name, sent.context, entries[0][1].timestamp)
        if captured is not None:
            kept.append((_SUPPLIED, captured))
        if ended and not sent.started and not any(map(_is_start, (entry for _, entry in entries))):
            sent.started = True
            kept.append((_SUPPLIED, _supplied.step_start(sent.context, sent.retry, entries[0][1].timestamp)))
        for number, entry in entries:
            if _is_start(entry):
                if sent.started:
                    continue
                sent.started = True
            kept.append((number, entry))
        return kept

    def _announce_lost(self, sent: _Sent, attempts: Sequence[Any], now: int) -> Iterator[DagsterEvent]:
        for lost in attempts:
            if lost.attempt in sent.announced or lost.attempt >= now:
                continue
            sent.announced.add(lost.attempt)
            event = self._log.report(
                f"Attempt {lost.attempt} of step {sent.step.key} on Stepstile ended without a result ({lost.kind}:"
                f" {lost.message}); attempt {lost.attempt + 1} runs it again.",
                sent.step.key,
            )
            if event is not None:
                yield event

    def _take_end(self, sent: _Sent, end: StepEnded, active: Any) -> Iterator[DagsterEvent]:
        self._logs.end(sent.name)
        if end.attempts:
            yield from self._announce_lost(sent, end.attempts, end.attempt)
        value = _value_of(end)
        if value is not None:
            told = sent.told.get(end.attempt, set())
            yield from self._notes(value.get("notes", ()))
            texts = _wire.unpack_texts(value["entries"])
            entries = [(n, _wire.entry_of(text)) for n, text in enumerate(texts) if n not in told]
            # Before its end is in the log: a run that is resumed in between makes them again, rather than never.
            self._forward(value.get("calls", ()))
            if entries:
                entries = self._from_its_start(sent, entries, ended=True)
            self._writing.append((sent, end, self._log.write(entries)))
            return
        if end.attempt and not sent.started:
            yield from self._log.write(self._supplied_start(sent, end)).result()
        yield from self._fail(sent, active, self._cause_of(sent, end))
        self._done(sent, active)

    def _supplied_start(self, sent: _Sent, end: StepEnded) -> Sequence[tuple[int, EventLogEntry]]:
        """The start of a step whose worker ended before it could report it."""
        sent.started = True
        begun = [each.started_at.timestamp() for each in end.attempts if each.started_at is not None]
        at = min([*begun, time.time()])
        captured = self._logs.begin(sent.name, sent.context, at)
        start = _supplied.step_start(sent.context, sent.retry, at)
        return [(_SUPPLIED, entry) for entry in (captured, start) if entry is not None]

    def _notes(self, notes: Sequence[str]) -> Iterator[DagsterEvent]:
        """What workers have to say of the run rather than of a step, once."""
        for note in notes:
            if note not in self._noted:
                self._noted.add(note)
                yield self._instance.report_engine_event(note, self._run)

    def _forward(self, calls: Sequence[Mapping[str, Any]]) -> None:
        """What user code wrote through ``context.instance``, now that the step has its one result."""
        for call in calls:
            if call["method"] in FORWARDED:
                getattr(self._instance, call["method"])(*call["args"], **call["kwargs"])
                if "partition" in call["method"]:
                    self._outgoing.partitions_changed(
                        call["args"][0] if call["args"] else call["kwargs"]["partitions_def_name"]
                    )

    def _finish_writes(self, active: Any) -> Iterator[DagsterEvent]:
        still: list[tuple[_Sent, StepEnded, Future[Sequence[DagsterEvent]]]] = []
        for sent, end, future in self._writing:
            if not future.done():
                still.append((sent, end, future))
                continue
            ended = False
            for event in future.result():
                yield event
                if event.step_key is None or event.is_step_skipped:
                    continue
                active.handle_event(event)
                ended = ended or event.is_step_success or event.is_step_failure or event.is_step_up_for_retry
                if event.is_resource_init_failure:
                    yield from self._fail(sent, active, event.engine_event_data.error)
                    ended = True
            if not ended:
                yield from self._fail(sent, active, self._cause_of(sent, end))
            self._done(sent, active)
        self._writing = still

    def _fail(self, sent: _Sent, active: Any, error: Any) -> Iterator[DagsterEvent]:
        event = _dagster.failure_event(self._executor, sent.context, error, active.get_known_state())
        yield event
        active.handle_event(event)

    def _cause_of(self, sent: _Sent, end: StepEnded) -> Any:
        history = "".join(f"\n  attempt {each.attempt}: {each.kind}: {each.message}" for each in end.attempts)
        if end.state == SUCCEEDED:
            return _dagster.error_info(
                f"Step {sent.step.key} came back from the handler without the events of its end. The handler that the"
                " executor's 'handler' or the tag 'stepstile/handler' names must run"
                " dagster_stepstile.worker:run_step.\n",
                "StepstileWithoutEvents",
            )
        what = "was cancelled" if end.state == CANCELLED else f"ended {end.state}"
        why = f"{end.error.kind}: {end.error.message}" if end.error else ""
        log = f"{self._client.endpoint}/v1/runs/{self._run_id}/steps/{sent.name}?log=true"
        return _dagster.error_info(
            f"Step {sent.step.key} {what} on Stepstile. {why}{history}\n  log: {log}\n",
            f"Stepstile{end.state.title()}",
        )

    def _done(self, sent: _Sent, active: Any) -> None:
        del self._sent[sent.name]
        self._gate.done(sent.step.key)
        # Fails the run if the step did not say how it ended.
        active.verify_complete(self._context, sent.step.key)

    def _stop(self, active: Any) -> Iterator[DagsterEvent]:
        """The run is to end: queued steps never start, running ones are asked to stop, their final events recorded."""
        if self._instance.run_will_resume(self._run_id):
            yield self._instance.report_engine_event(
                "The executor was told to stop; its steps go on, as the run will be resumed.", self._run
            )
            return
        keys = sorted(sent.step.key for sent in self._sent.values())
        yield self._instance.report_engine_event(
            f"The executor was told to stop, and cancels the run's steps on Stepstile: {', '.join(keys) or 'none'}.",
            self._run,
        )
        self._client.cancel(self._run_id)
        until = time.monotonic() + _STOPPING_SECONDS
        while self._sent and time.monotonic() < until:
            for item in self._follower.poll():
                if isinstance(item, StepEnded) and item.state == CANCELLED and item.attempt == 0:
                    sent = self._sent.pop(item.key, None)
                    if sent is not None:
                        self._gate.done(sent.step.key)
                    continue
                yield from self._take(item, active)
            yield from self._finish_writes(active)
            time.sleep(min(0.1, self._follower.pause_seconds))
        raise DagsterExecutionInterruptedError(
            "The run was told to stop; its steps on Stepstile are cancelled."
        )

    def _abandon(self) -> None:
        """The run fails: nothing of it may go on unseen. If Stepstile cannot be told, its own limits end the steps."""
        try:
            self._client.cancel(self._run_id)
        except Exception as problem:
            self._instance.report_engine_event(
                f"The run's steps could not be cancelled: {problem}", self._run
            )

    def _replay(self, active: Any) -> Iterator[DagsterEvent]:
        """Brings the scheduler to where the run worker before this one left it; nothing is sent or written."""
        yield self._instance.report_engine_event(
            "The executor goes on with a run that lost its run worker.", self._run
        )
        in_flight: dict[str, Any] = {}

        def see(steps: Sequence[Any]) -> None:
            in_flight.update((step.key, step) for step in steps)

        skipped = {event.step_key for event in self._log.prior if event.is_step_skipped}
        see(active.get_steps_to_execute())
        for event in self._log.prior:
            yield event
            yield from self._replay_skips(active, skipped)
            if event.step_key is None or event.is_step_skipped or event.step_key not in in_flight:
                continue
            active.handle_event(event)
            if event.is_step_success or event.is_step_failure or event.is_step_up_for_retry:
                in_flight.pop(event.step_key)
            see(active.get_steps_to_execute())
        yield from self._replay_skips(active, skipped)
        see(active.get_steps_to_execute())
        self._gate.offer(list(in_flight.values()))

    def _replay_skips(self, active: Any, skipped: set[str | None]) -> Iterator[DagsterEvent]:
        for step in active.get_steps_to_skip():
            if step.key not in skipped:
                yield DagsterEvent.step_skipped_event(self._context.for_step(step))
            active.mark_skipped(step.key)


def _value_of(end: StepEnded) -> Mapping[str, Any] | None:
    """What the worker returned; None if the step has no result, or another handler's."""
    result = end.result
    value = result.get("value") if isinstance(result, Mapping) else None
    return value if isinstance(value, Mapping) and isinstance(value.get("entries"), str) else None


def _is_start(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    starts = (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED)
    return event is not None and event.event_type in starts
