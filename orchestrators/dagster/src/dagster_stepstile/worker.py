"""Runs one step of a Dagster job on a Stepstile worker; the warm host calls :func:`run_step` in a fork per step."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from tempfile import TemporaryDirectory
from typing import Any

import dagster
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterExecutionInterruptedError,
    DagsterExecutionStepNotFoundError,
    DagsterInstance,
    DagsterInvalidConfigError,
    DagsterInvariantViolationError,
    DynamicOut,
    DynamicOutput,
    EventLogEntry,
    Executor,
    Failure,
    FilesystemIOManager,
    RetryRequested,
    deserialize_value,
    execute_job,
    job,
    op,
)
from dagster_pipes import PipesContext

from dagster_stepstile import _code, _dagster, _defaults, _environment, _wire, executor
from dagster_stepstile._known import Known
from dagster_stepstile._worker_instance import InstanceGuard, new_instance
from stepstile_host import messages
from stepstile_host.threads import finish_threads

LIVE_AFTER_SECONDS = 1.0
"""A step that is done sooner speaks once, with its result; of a longer one the log can be followed."""

QUICK_RESOURCES_SECONDS = 0.1
"""Resources that were there sooner are not worth two entries in the log of each step; in process they are two of a run."""

MOST_RESULT = 10_485_760
"""The size in bytes of the largest result that Stepstile takes (docs/protocol.md, Limits)."""

_FOR_THE_END = 500_000
"""Of that, what is kept for the event that says how the step ended, and for its hooks."""

_RUNS_KEPT = 4
_TERMINATED = 128 + 15
_LIVE_TEXT = 3_000

_LIVE_EVENTS = frozenset(
    {
        DagsterEventType.STEP_START,
        DagsterEventType.STEP_RESTARTED,
        DagsterEventType.STEP_INPUT,
        DagsterEventType.LOADED_INPUT,
        DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
    }
)


class StepRefused(Exception):
    """This worker cannot run the step, and no other attempt of it can."""


class _PlanTaken(Executor):
    """Stands in for the executor while a job is prepared: keeps the plan that Dagster made, and runs nothing."""

    def __init__(self) -> None:
        self.plan_context: Any = None
        self.plan: Any = None

    @property
    def retries(self) -> Any:
        return _dagster.retry_mode("DEFERRED")

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[DagsterEvent]:
        self.plan_context = plan_context
        self.plan = execution_plan
        yield from ()


class PreparedRun:
    """What all steps of a run share in this process: the loaded job, its whole plan and an instance in memory."""

    def __init__(self, shared: Mapping[str, Any]):
        _check_versions(shared)
        self.run = deserialize_value(shared["run"], dagster.DagsterRun)
        self.retries = _dagster.retry_mode(shared["retries"])
        if "loggers" not in self.run.run_config:
            _dagster.quieten_console()
        self.instance = new_instance(shared["storage_root"], shared["python_logs"])
        self._have_partitions(shared["dynamic_partitions"])
        self._taken = _PlanTaken()
        self._environment = _environment.of_run(shared)
        with _environment.having(self._environment):
            self._prepare(shared)
        self._inner = _dagster.in_process(self._taken.plan_context, self.instance)

    def _have_partitions(self, partitions: Mapping[str, Sequence[str]]) -> None:
        for name, keys in partitions.items():
            before = list(self.instance.get_dynamic_partitions(name))
            if before != keys[: len(before)]:  # they are in the order in which they were added
                for key in before:
                    self.instance.delete_dynamic_partition(name, key)
            if before != keys:
                self.instance.add_dynamic_partitions(name, keys)

    def _prepare(self, shared: Mapping[str, Any]) -> None:
        job: Any = deserialize_value(shared["job"])
        try:
            definition = job.get_definition()
        except Exception as problem:
            raise StepRefused(
                f"The worker cannot load {job.describe()}: {type(problem).__name__}: {problem} -- install your code"
                " and what it imports beside the worker, at the same place or as a module on its PYTHONPATH."
            ) from problem
        if not executor.is_ours(definition.executor_def):
            raise StepRefused(
                f"On the worker the job '{definition.name}' has the executor '{definition.executor_def.name}', not"
                " stepstile_executor. Let the same code run on both sides, and the executor not hang on the environment."
            )
        refusal, self._note = _code.compare(_dagster.code_pointer(job), shared["code"])
        if refusal:
            raise StepRefused(refusal)
        run_config = self.run.run_config
        differing = _defaults.differing(shared["defaults"], definition, run_config)
        if differing:
            raise StepRefused(
                f"The config of {', '.join(map(repr, differing))} is worked out when the code is loaded, and came to"
                " something else on the worker than on the run worker. Give both the same environment, or let the resource"
                " take an EnvVar, which the worker then looks up in its own; if it may differ, name it in"
                " 'resources_may_differ' in the executor's config."
            )
        run_config = _defaults.completed(definition, run_config, shared["defaults"])
        try:
            with executor.standing_in(self._taken):
                result = execute_job(job, self.instance, run_config=run_config, tags=self.run.tags)
        except DagsterInvalidConfigError as problem:
            raise StepRefused(_environment.missing(problem) or str(problem)) from problem
        if self._taken.plan is None:
            raise StepRefused(
                f"The worker cannot plan the job '{self.run.job_name}': {result.all_events[-1]}"
            )

    def execute(
        self,
        step_key: str,
        state_text: str,
        shape: Mapping[str, str],
        partitions: Mapping[str, Sequence[str]],
        collected: Collected,
        known: Known,
    ) -> None:
        """Runs the step, with the dynamic partitions that there were when it was sent; everything Dagster says about it
        goes to ``collected``."""
        os.environ.update(self._environment)
        self._have_partitions(partitions)
        context = self._taken.plan_context
        state = deserialize_value(state_text)
        definition = context.job.get_definition()
        plan = self._plan_of(step_key, state, shape, definition)
        guard = InstanceGuard(self.instance, collected.add, known, self.run)
        guard.apply(list(partitions))
        collected.calls = guard.calls
        collected.note = self._note
        collected.too_much = self._too_much(plan, step_key, state, definition)
        own_context = _dagster.worker_context(context, plan, self.run, self.retries, self._inner)
        try:
            for _ in self._inner.execute(own_context, plan):
                pass
        except (Exception, KeyboardInterrupt):
            # Resources that cannot be made or ended raise behind the events that say so; those are the result. An op
            # may raise KeyboardInterrupt itself, which is a failure as any other.
            if not collected.has_end:
                raise
            traceback.print_exc()

    def _too_much(
        self, plan: Any, step_key: str, state: Any, definition: Any
    ) -> Callable[[str], BaseException]:
        """What to raise when the step says more than can be carried: what Dagster takes for the op's own failure."""
        policy = definition.get_retry_policy_for_handle(plan.get_step_by_key(step_key).node_handle)
        attempt = state.get_retry_state().get_attempt_count(step_key) + 1

        def failure(said: str) -> BaseException:
            failed = Failure(
                f"The events of step {step_key} are over the 10 MB, compressed, that a step's result may have on"
                f" Stepstile; what did not fit any more: {said}. Write large values (metadata, logs) to storage of your"
                " own, and report where they are."
            )
            if policy is None:
                return failed
            again = RetryRequested(policy.max_retries, policy.calculate_delay(attempt))
            again.__cause__ = failed
            return again

        return failure

    def _plan_of(self, step_key: str, state: Any, shape: Mapping[str, str], definition: Any) -> Any:
        """The plan of the step, if it is the step that the run worker means."""
        try:
            plan = _dagster.step_plan(self._taken.plan, step_key, state, definition)
            own = _dagster.shape_of(definition, plan.get_step_by_key(step_key))
        except (DagsterExecutionStepNotFoundError, DagsterInvariantViolationError) as missing:
            raise self._another_version(f"it has no step {step_key}") from missing
        others = [part for part in shape if own[part] != shape[part]]
        if others:
            raise self._another_version(f"step {step_key} has other {' and '.join(others)}")
        return plan

    def _another_version(self, how: str) -> StepRefused:
        return StepRefused(
            f"The worker has another version of the job '{self.run.job_name}' than the run worker: {how}. Deploy the same"
            " code to both and launch the run again; where both have the same files, let the job not hang on the"
            " environment."
        )


class Collected:
    """The log entries of one step, in order; told live, as far as they may be, once the step has run a while."""

    def __init__(self, pipes: PipesContext, known: Known) -> None:
        self._pipes = pipes
        self._known = known
        self._begun = time.monotonic()
        self._texts: list[str] = []
        self._packer = _wire.Packer()
        self._packed = 0
        self._left_out = ""
        self._measured_calls = 0
        self._size_of_calls = 0
        self._waiting: list[int] | None = []
        self._resources_begun = (-1, 0.0)
        self._lock = threading.Lock()
        self._timer = threading.Timer(LIVE_AFTER_SECONDS, self._begin_live)
        self._timer.daemon = True
        self._timer.start()
        self.calls: list[dict[str, Any]] = []
        self.note: str | None = None
        self.too_much: Callable[[str], BaseException] = Failure
        self.has_end = False

    def add(self, entry: EventLogEntry) -> None:
        if _is_of_the_machinery(entry):
            return
        with self._lock:
            if self._resources_were_quick(entry):
                self._texts.pop()
                return
            number = len(self._texts)
            if not self._take(entry):
                return
            self.has_end = self.has_end or _is_end(entry)
            self._known.note(number, entry)
            if not _may_be_told_live(entry):
                return
            if self._waiting is None:
                self._tell(number)
            else:
                self._waiting.append(number)

    def result(self) -> dict[str, Any]:
        self._timer.cancel()
        with self._lock:
            self._pack_held()
            value: dict[str, Any] = {"v": _wire.VERSION, "entries": self._packer.text()}
            if self.calls:
                value["calls"] = self.calls
            if self.note:
                value["notes"] = [self.note]
            return value

    def _take(self, entry: EventLogEntry) -> bool:
        """Whether there was room for the entry. A step that said what could not be carried does not succeed."""
        text = _wire.entry_text(entry)
        if _is(entry, DagsterEventType.RESOURCE_INIT_STARTED):  # which may be taken back
            self._texts.append(text)
            return True
        self._pack_held()
        if self._measured_calls != len(self.calls):
            self._measured_calls, self._size_of_calls = len(self.calls), len(json.dumps(self.calls))
        most = MOST_RESULT - 1000 - self._size_of_calls
        if not _is_of_the_end(entry):
            most -= _FOR_THE_END
        event = entry.dagster_event
        succeeds = event is not None and (event.is_successful_output or event.is_step_success)
        if (self._left_out and succeeds) or not self._packer.add(text, most):
            self._left_out = self._left_out or _what(entry, len(text))
            if self.has_end:
                return False
            raise self.too_much(self._left_out)
        self._texts.append(text)
        self._packed += 1
        return True

    def _pack_held(self) -> None:
        for text in self._texts[self._packed :]:
            self._packer.add(text)
        self._packed = len(self._texts)

    def _resources_were_quick(self, entry: EventLogEntry) -> bool:
        """Whether this is the second of two entries that may be left out, and the first is the last one so far."""
        if _is(entry, DagsterEventType.RESOURCE_INIT_STARTED):
            self._resources_begun = (len(self._texts), entry.timestamp)
            return False
        if self._waiting is None or not _is(entry, DagsterEventType.RESOURCE_INIT_SUCCESS):
            return False
        number, begun = self._resources_begun
        if number != len(self._texts) - 1 or entry.timestamp - begun > QUICK_RESOURCES_SECONDS:
            return False
        self._waiting.remove(number)
        return True

    def _begin_live(self) -> None:
        with self._lock:
            for number in self._waiting or ():
                self._tell(number)
            self._waiting = None

    def _tell(self, number: int) -> None:
        live = _wire.live_entry(number, self._texts[number])
        if len(live["entry"]) <= _LIVE_TEXT:
            self._pipes.report_custom_message({messages.LIVE: live})


def warm_up() -> None:
    """Runs a small job, so that each fork has what Dagster loads, compiles and looks up when it is first used."""

    @op(out=DynamicOut(int))
    def numbers() -> Iterator[DynamicOutput[int]]:
        yield DynamicOutput(1, mapping_key="one")

    @op
    def same(number: int) -> int:
        return number

    @job(resource_defs={"io_manager": FilesystemIOManager()})
    def small() -> None:
        numbers().map(same)

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with TemporaryDirectory() as folder, DagsterInstance.ephemeral(tempdir=folder) as instance:
        ran = small.execute_in_process(quiet, instance=instance)
        _wire.pack_texts(map(_wire.entry_text, instance.all_logs(ran.run_id)))
        InstanceGuard(instance, lambda _: None, Known(None), None).apply(())


def prepare(extras: Mapping[str, Any]) -> None:
    """Loads the job of the step's run, once per run and process; called by the warm host before it forks."""
    _prepared(extras["stepstile"]["shared"]["dagster.run"])


def run_step(pipes: PipesContext) -> None:
    """Runs the step that the Pipes context describes, and reports its events as the step's result."""
    own: Any = pipes.get_extra("stepstile")
    shared = own["shared"]["dagster.run"]
    prepared = _prepared(shared)
    if isinstance(prepared, StepRefused):  # what else came may be in the form of another version
        _fail(pipes, prepared)
        return
    known = Known(pipes.extras.get("known"))
    collected = Collected(pipes, known)
    try:
        prepared.execute(
            pipes.get_extra("step"),
            pipes.get_extra("state"),
            pipes.get_extra("shape"),
            shared["dynamic_partitions"],
            collected,
            known,
        )
    except StepRefused as refusal:
        _fail(pipes, refusal)
        return
    except DagsterExecutionInterruptedError:
        # The step was told to end, and Dagster has said so; before that there is nothing to say.
        if not collected.has_end:
            raise SystemExit(_TERMINATED) from None
    finish_threads()  # what they log belongs to the step
    pipes.report_custom_message({messages.RESULT: collected.result()})


def _fail(pipes: PipesContext, refusal: StepRefused) -> None:
    pipes.report_custom_message({messages.FAIL: {"message": str(refusal)}})


run_step.read_environment = _environment.read_project_file  # type: ignore[attr-defined]
run_step.warm_up = warm_up  # type: ignore[attr-defined]
run_step.prepare = prepare  # type: ignore[attr-defined]

_runs: OrderedDict[str, PreparedRun | StepRefused] = OrderedDict()


def _prepared(shared: Mapping[str, Any]) -> PreparedRun | StepRefused:
    """By what was sent for all steps of the run; a refusal is kept too, as it is the same for each of the run's steps."""
    known = _runs.get(shared["id"])
    if known is None:
        try:
            known = PreparedRun(shared)
        except StepRefused as refusal:
            known = refusal
        _runs[shared["id"]] = known
        while len(_runs) > _RUNS_KEPT:
            _, oldest = _runs.popitem(last=False)
            if isinstance(oldest, PreparedRun):
                oldest.instance.dispose()
    else:
        _runs.move_to_end(shared["id"])
    return known


def _check_versions(shared: Mapping[str, Any]) -> None:
    if shared["v"] != _wire.VERSION:
        raise StepRefused(
            f"The run worker speaks version {shared['v']} of what dagster-stepstile sends, this worker {_wire.VERSION}."
            " Install the same version of dagster-stepstile on both."
        )
    if shared["dictionary"] != _wire.DICTIONARY:
        raise StepRefused(
            f"The run worker compresses with the dictionary {shared['dictionary'][:12]} of dagster-stepstile, this worker"
            f" with {_wire.DICTIONARY[:12]}. Install the same build of dagster-stepstile on both."
        )
    if shared["dagster"] != dagster.__version__:
        raise StepRefused(
            f"The run worker has dagster {shared['dagster']}, this worker {dagster.__version__}."
            " Install the same version of dagster on both."
        )


def _is(entry: EventLogEntry, event_type: DagsterEventType) -> bool:
    return entry.dagster_event is not None and entry.dagster_event.event_type == event_type


def _is_of_the_machinery(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is not None and (
        event.event_type == DagsterEventType.LOGS_CAPTURED
        or (event.event_type == DagsterEventType.ENGINE_EVENT and event.step_key is None)
    )


def _is_end(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is not None and (
        event.is_step_success
        or event.is_step_failure
        or event.is_step_up_for_retry
        or event.is_resource_init_failure
    )


def _is_of_the_end(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return _is_end(entry) or (event is not None and event.is_hook_event)


def _what(entry: EventLogEntry, size: int) -> str:
    event = entry.dagster_event
    kind = "a line of the log" if event is None else f"an event {event.event_type_value}"
    of = f" of {event.asset_key.to_user_string()}" if event is not None and event.asset_key else ""
    return f"{kind}{of} of {size:,} bytes"


def _may_be_told_live(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is None or event.event_type in _LIVE_EVENTS
