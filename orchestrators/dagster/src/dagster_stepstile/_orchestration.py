"""Runs a plan on Stepstile: dispatches steps in waves as they become ready, and handles their results."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from typing import Any

import dagster
from dagster import DagsterEvent, DagsterExecutionInterruptedError, Executor

from dagster_stepstile import _dagster, _resume, _traces, _wire
from dagster_stepstile._compute_logs import ComputeLogs
from dagster_stepstile._gate import Gate, Pools
from dagster_stepstile._outgoing import Outgoing, Settings
from dagster_stepstile._reads import FORWARDED
from dagster_stepstile._run_log import RunLog
from dagster_stepstile._running import RunningSteps
from dagster_stepstile._step_recorder import SentStep, StepRecorder, error_of, value_of
from stepstile import CANCELLED, BadInput, LogPage, Refused, Step, StepEnded, StepstileClient

_LONGEST_PAUSE = 0.25
_STOPPING_SECONDS = 60.0

_SMALL = 100_000
"""The size of an input below which it is not the cause of a request that is too large."""

_TOO_LARGE = ("request-too-large", "input-too-large")
_OF_ONE_STEP = (*_TOO_LARGE, "bad-handler", "bad-max-attempts", "bad-step-key", "bad-tags", "bad-timeout")
"""Rejections of a dispatch that may be caused by one of its steps."""


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
        compute_logs = ComputeLogs(self._instance, self._run_id, self._log)
        self._recorder = StepRecorder(client, self._run_id, self._log, compute_logs)
        self._pools = Pools(self._instance, self._run)
        self._gate = Gate(settings.max_concurrent, settings.tag_concurrency_limits, self._pools)
        self._sent: dict[str, SentStep] = {}
        self._writing: list[tuple[SentStep, StepEnded, Future[Sequence[DagsterEvent]]]] = []
        self._noted: set[str] = set()
        self._follower = client.follow(self._run_id, [], logs=True)
        self._running = RunningSteps(client, self._run_id)
        self._outgoing = Outgoing(settings, plan_context, self._job_def)
        self._traces = _traces.of_run(self._instance, self._run, plan_context.resume_from_failure)
        self._failure: str | None = None

    def events(self) -> Iterator[DagsterEvent]:
        """Runs the plan; yields its events as they are written."""
        self._refuse_local_outputs()
        with self._plan.start(
            retry_mode=self._settings.retries, step_dependency_config=self._settings.step_dependencies
        ) as active:
            try:
                if self._context.resume_from_failure:
                    yield self._report("The executor resumes a run that lost its run worker.")
                    yield from _resume.replay(self._context, active, self._log.prior, self._gate)
                else:
                    yield from self._warn_of_left_out()
                yield from self._loop(active)
            except GeneratorExit:
                raise
            except DagsterExecutionInterruptedError as interrupted:
                self._failure = type(interrupted).__name__
                raise
            except Exception as problem:
                self._failure = type(problem).__name__
                self._abandon()
                raise
            finally:
                self._pools.give_up()
                self._log.close()
                self._traces.end(self._failure)
                _traces.flush()

    def _report(self, message: str) -> DagsterEvent:
        return self._instance.report_engine_event(message, self._run)

    def _refuse_local_outputs(self) -> None:
        outputs = [] if self._settings.local_storage else _dagster.local_outputs(self._job_def)
        if outputs:
            more = f" and {len(outputs) - 3} more" if len(outputs) > 3 else ""
            raise dagster.DagsterInvariantViolationError(
                f"The workers of {self._client.endpoint} are other machines, and the IO manager of"
                f" {', '.join(outputs[:3])}{more} keeps outputs in files or memory of one machine. Use an IO manager"
                " on shared storage, such as dagster_aws.s3.S3PickleIOManager; if the files are on a mount that run"
                " worker and workers share, set 'local_storage: true' in the executor's config."
            )

    def _warn_of_left_out(self) -> Iterator[DagsterEvent]:
        keys = _dagster.left_out(self._plan)
        if keys:
            more = f" and {len(keys) - 5} more" if len(keys) > 5 else ""
            yield self._report(
                f"This re-execution leaves out {', '.join(keys[:5])}{more}: these steps have no output in the original run,"
                " and Dagster selects only from steps that had started there. Steps that collect their outputs run"
                " without them. To run them too, re-execute from the step that yields the dynamic output."
            )

    def _loop(self, active: Any) -> Iterator[DagsterEvent]:
        pause = 0.0
        while True:
            if active.check_for_interrupts():
                active.mark_interrupted()
                yield from self._stop(active)
                return
            # In this order: asking for steps resolves dynamic ones; before that, the plan may look complete.
            self._gate.offer(active.get_steps_to_execute())
            yield from self._send(active)
            yield from active.plan_events_iterator(self._context)
            if active.is_complete:
                return
            received = self._follower.poll() if self._sent else []
            moved = False
            for item in received:
                moved = True
                yield from self._take(item, active)
            for event in self._finish_writes(active):
                moved = True
                yield event
            yield from self._recorder.record_running(self._running.ask(self._sent))
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
                wave.append(self._traces.tagged(self._outgoing.step(sent.name, step, state), step.key))
            except (dagster.DagsterInvalidConfigError, BadInput) as problem:
                yield from self._fail_unsent(sent, active, str(problem))
        wave.sort(key=lambda step: step.key)
        yield from self._dispatch(wave, active)

    def _begin(self, step: Any, active: Any) -> SentStep:
        retry = active.retry_state.get_attempt_count(step.key)
        name = _wire.step_name(step.key, retry)
        started = self._log.starts_of(step.key) > retry
        sent = SentStep(name, step, self._context.for_step(step), retry=retry, started=started)
        self._sent[name] = sent
        return sent

    def _dispatch(self, wave: Sequence[Step], active: Any) -> Iterator[DagsterEvent]:
        """Dispatches steps. A step that Stepstile rejects is found by bisection, and fails alone."""
        if not wave:
            return
        try:
            with self._traces.dispatching():
                done = self._client.dispatch(
                    self._run_id,
                    wave,
                    dispatch_id=self._outgoing.dispatch_id(wave),
                    tenant=self._outgoing.tenant,
                    shared_inputs={"dagster.run": self._outgoing.shared()},
                    defaults=self._traces.defaults(None, wave),
                )
        except (BadInput, Refused) as refusal:
            if isinstance(refusal, BadInput) and refusal.field == "shared_inputs":
                raise _too_much_shared(refusal) from refusal
            if not _may_be_of_one_step(refusal):
                raise
            if len(wave) > 1:
                half = len(wave) // 2
                yield from self._dispatch(wave[:half], active)
                yield from self._dispatch(wave[half:], active)
                return
            yield from self._fail_unsent(self._sent[wave[0].key], active, _rejection_of(wave[0], refusal))
        else:
            self._traces.dispatched(done, wave)
            self._follower.add(step.key for step in wave)

    def _fail_unsent(self, sent: SentStep, active: Any, cause: str) -> Iterator[DagsterEvent]:
        yield from self._recorder.record_start(sent)
        yield from self._fail(sent, active, _dagster.error_info(f"{cause}\n", "StepstileRefused"))
        self._done(sent, active)

    def _take(self, item: LogPage | StepEnded, active: Any) -> Iterator[DagsterEvent]:
        sent = self._sent.get(item.key)
        if sent is None:
            return
        if isinstance(item, LogPage):
            yield from self._recorder.record_page(sent, item)
        else:
            yield from self._take_end(sent, item, active)

    def _take_end(self, sent: SentStep, end: StepEnded, active: Any) -> Iterator[DagsterEvent]:
        self._recorder.close_logs(sent)
        if end.attempts:
            yield from self._recorder.announce_lost(sent, end.attempts, end.attempt)
        value = value_of(end)
        if value is not None:
            yield from self._notes(value.get("notes", ()))
            texts = _wire.unpack_texts(value["entries"])
            # Before the step's end is in the log: a resumed run repeats the calls rather than losing them.
            self._forward(value.get("calls", ()))
            self._writing.append((sent, end, self._recorder.record_result(sent, end.attempt, texts)))
            return
        sent.end = end
        if end.attempt:
            yield from self._recorder.record_start(sent, end)
        yield from self._fail(sent, active, self._error_of(sent, end))
        self._done(sent, active)

    def _notes(self, notes: Sequence[str]) -> Iterator[DagsterEvent]:
        """Reports what workers note of the run rather than of a step, once."""
        for note in notes:
            if note not in self._noted:
                self._noted.add(note)
                yield self._report(note)

    def _forward(self, calls: Sequence[Mapping[str, Any]]) -> None:
        """Repeats the writes that user code made through ``context.instance``, now that the step has its one result."""
        for call in calls:
            if call["method"] in FORWARDED:
                getattr(self._instance, call["method"])(*call["args"], **call["kwargs"])
                if "partition" in call["method"]:
                    self._outgoing.partitions_changed(
                        call["args"][0] if call["args"] else call["kwargs"]["partitions_def_name"]
                    )

    def _finish_writes(self, active: Any) -> Iterator[DagsterEvent]:
        still: list[tuple[SentStep, StepEnded, Future[Sequence[DagsterEvent]]]] = []
        for sent, end, future in self._writing:
            if not future.done():
                still.append((sent, end, future))
                continue
            sent.end = end
            ended = False
            for event in future.result():
                yield event
                if event.step_key is None or event.is_step_skipped:
                    continue
                active.handle_event(event)
                self._note_failure(sent, event)
                ended = ended or event.is_step_success or event.is_step_failure or event.is_step_up_for_retry
                if event.is_resource_init_failure:
                    yield from self._fail(sent, active, event.engine_event_data.error)
                    ended = True
            if not ended:
                yield from self._fail(sent, active, self._error_of(sent, end))
            self._done(sent, active)
        self._writing = still

    def _fail(self, sent: SentStep, active: Any, error: Any) -> Iterator[DagsterEvent]:
        event = _dagster.failure_event(self._executor, sent.context, error, active.get_known_state())
        yield event
        active.handle_event(event)
        self._note_failure(sent, event)

    def _note_failure(self, sent: SentStep, event: DagsterEvent) -> None:
        """Keeps, for the step's span, the kind of its error."""
        if event.is_step_failure or event.is_step_up_for_retry:
            sent.failure = _dagster.kind_of_failure(event)
        if event.is_step_failure:
            self._failure = sent.failure

    def _error_of(self, sent: SentStep, end: StepEnded) -> Any:
        log = f"{self._client.endpoint}/v1/runs/{self._run_id}/steps/{sent.name}?log=true"
        return error_of(sent.step.key, end, log)

    def _done(self, sent: SentStep, active: Any) -> None:
        del self._sent[sent.name]
        self._gate.done(sent.step.key)
        self._traces.step_ended(
            f"step {sent.step.node_handle}", sent.step.key, sent.begun_ns, sent.end, sent.failure
        )
        # Fails the run if no event ended the step.
        active.verify_complete(self._context, sent.step.key)

    def _stop(self, active: Any) -> Iterator[DagsterEvent]:
        """Ends the run: queued steps never start, running ones are asked to stop, and their final events are recorded."""
        if self._instance.run_will_resume(self._run_id):
            yield self._report(
                "The executor was asked to stop; its steps continue, as the run will be resumed."
            )
            return
        keys = sorted(sent.step.key for sent in self._sent.values())
        yield self._report(
            f"The executor was asked to stop, and cancels the run's steps on Stepstile: {', '.join(keys) or 'none'}."
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
            "The run was asked to stop; its steps on Stepstile are cancelled."
        )

    def _abandon(self) -> None:
        """The run fails, so its steps are cancelled. If that fails too, their own time limits end them."""
        try:
            self._client.cancel(self._run_id)
        except Exception as problem:
            self._report(f"The run's steps could not be cancelled: {problem}")


def _may_be_of_one_step(refusal: BadInput | Refused) -> bool:
    return refusal.field == "input" if isinstance(refusal, BadInput) else refusal.type in _OF_ONE_STEP


def _too_much_shared(refusal: Exception) -> dagster.DagsterInvariantViolationError:
    return dagster.DagsterInvariantViolationError(
        "The input that all steps of the run share (mostly its run config and tags) is over the 5 MB that Stepstile"
        " accepts. Write large values to storage that the workers can reach, and refer to them in the run config."
        f" Stepstile's answer: {refusal}"
    )


def _rejection_of(step: Step, refusal: BadInput | Refused) -> str:
    """Why a step could not be dispatched; raises if all steps of the run are rejected for the same reason."""
    size = len(json.dumps(step.input))
    too_large = isinstance(refusal, BadInput) or refusal.type in _TOO_LARGE
    if too_large and size < _SMALL:
        raise _too_much_shared(refusal) from refusal
    rejection = f"Stepstile rejects this step: {refusal}"
    if too_large:
        rejection += f" The step's own input has {size} bytes."
    return rejection
