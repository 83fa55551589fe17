"""The job of a run, loaded and planned once on a worker for all of the run's steps."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import dagster
from dagster import (
    DagsterEvent,
    DagsterExecutionStepNotFoundError,
    DagsterInvalidConfigError,
    DagsterInvariantViolationError,
    Executor,
    Failure,
    RetryRequested,
    deserialize_value,
    execute_job,
)

from dagster_stepstile import _code, _dagster, _defaults, _environment, _wire, executor
from dagster_stepstile._known_records import KnownRecords
from dagster_stepstile._step_entries import StepEntries
from dagster_stepstile._worker_instance import InstanceGuard, new_instance


class StepRefused(Exception):
    """This worker cannot run the step, and another attempt would not help."""


class _PlanCapture(Executor):
    """Replaces the executor while a job is prepared: it keeps the plan that Dagster made, and runs nothing."""

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
    """Shared by all steps of a run in this process: the loaded job, its plan, and an instance in memory."""

    def __init__(self, shared: Mapping[str, Any]):
        _check_versions(shared)
        self.run = deserialize_value(shared["run"], dagster.DagsterRun)
        self.retries = _dagster.retry_mode(shared["retries"])
        if "loggers" not in self.run.run_config:
            _dagster.quieten_console()
        self.instance = new_instance(shared["storage_root"], shared["python_logs"])
        self._have_partitions(shared["dynamic_partitions"])
        self._capture = _PlanCapture()
        self._environment = _environment.of_run(shared)
        with _environment.having(self._environment):
            self._prepare(shared)
        self._inner = _dagster.in_process(self._capture.plan_context, self.instance)

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
                " and its dependencies with the worker, at the same path or as a module on its PYTHONPATH."
            ) from problem
        if not executor.is_ours(definition.executor_def):
            raise StepRefused(
                f"On the worker the job '{definition.name}' has the executor '{definition.executor_def.name}', not"
                " stepstile_executor. Deploy the same code to both; the choice of the executor must not depend on the"
                " environment."
            )
        refusal, self._note = _code.compare(_dagster.code_pointer(job), shared["code"])
        if refusal:
            raise StepRefused(refusal)
        run_config = self.run.run_config
        differing = _defaults.differing(shared["defaults"], definition, run_config)
        if differing:
            raise StepRefused(
                f"The config of {', '.join(map(repr, differing))} is computed when the code is loaded, and differs between"
                " the worker and the run worker. Give both the same environment, or use an EnvVar in the resource, which"
                " the worker reads from its own environment. If the config may differ, list the resource in"
                " 'resources_may_differ' in the executor's config."
            )
        run_config = _defaults.completed(definition, run_config, shared["defaults"])
        try:
            with executor.standing_in(self._capture):
                result = execute_job(job, self.instance, run_config=run_config, tags=self.run.tags)
        except DagsterInvalidConfigError as problem:
            raise StepRefused(_environment.missing(problem) or str(problem)) from problem
        if self._capture.plan is None:
            raise StepRefused(
                f"The worker cannot plan the job '{self.run.job_name}': {result.all_events[-1]}"
            )

    def execute(
        self,
        step_key: str,
        state_text: str,
        shape: Mapping[str, str],
        *,
        partitions: Mapping[str, Sequence[str]],
        entries: StepEntries,
        known: KnownRecords,
    ) -> None:
        """Runs the step, with the dynamic partitions that existed when it was sent; its events are added to ``entries``."""
        os.environ.update(self._environment)
        self._have_partitions(partitions)
        context = self._capture.plan_context
        state = deserialize_value(state_text)
        definition = context.job.get_definition()
        plan = self._plan_of(step_key, state, shape, definition)
        guard = InstanceGuard(self.instance, entries.add, known, self.run)
        guard.apply(list(partitions))
        entries.calls = guard.calls
        entries.note = self._note
        entries.too_much = self._too_much(plan, step_key, state, definition)
        own_context = _dagster.worker_context(context, plan, self.run, self.retries, self._inner)
        try:
            for _ in self._inner.execute(own_context, plan):
                pass
        except (Exception, KeyboardInterrupt):
            # A resource that fails to start or to close raises after the events that report it; these are the result. An
            # op may raise KeyboardInterrupt itself, which is a failure like any other.
            if not entries.has_end:
                raise
            traceback.print_exc()

    def _too_much(
        self, plan: Any, step_key: str, state: Any, definition: Any
    ) -> Callable[[str], BaseException]:
        """Makes the error to raise when the step's events are too large: Dagster treats it as the op's own failure."""
        policy = definition.get_retry_policy_for_handle(plan.get_step_by_key(step_key).node_handle)
        attempt = state.get_retry_state().get_attempt_count(step_key) + 1

        def failure(left_out: str) -> BaseException:
            failed = Failure(
                f"The events of step {step_key} are over the 10 MiB, compressed, that a step's result may have on"
                f" Stepstile; the first that did not fit: {left_out}. Write large values (metadata, logs) to storage of"
                " your own, and report where they are."
            )
            if policy is None:
                return failed
            again = RetryRequested(policy.max_retries, policy.calculate_delay(attempt))
            again.__cause__ = failed
            return again

        return failure

    def _plan_of(self, step_key: str, state: Any, shape: Mapping[str, str], definition: Any) -> Any:
        """The plan of the step, if it is the same step as on the run worker."""
        try:
            plan = _dagster.step_plan(self._capture.plan, step_key, state, definition)
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
            " code to both and launch the run again; if both have the same files, the job must not depend on the"
            " environment."
        )


def _check_versions(shared: Mapping[str, Any]) -> None:
    if shared["v"] != _wire.VERSION:
        raise StepRefused(
            f"The run worker has version {shared['v']} of dagster-stepstile's wire format, this worker {_wire.VERSION}."
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
