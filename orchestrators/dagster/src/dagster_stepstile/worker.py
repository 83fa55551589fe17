"""Runs one step of a Dagster job on a Stepstile worker; the warm host calls :func:`run_step` in a fork per step."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from tempfile import TemporaryDirectory
from typing import Any

from dagster import (
    DagsterExecutionInterruptedError,
    DagsterInstance,
    DynamicOut,
    DynamicOutput,
    FilesystemIOManager,
    job,
    op,
)
from dagster_pipes import PipesContext

from dagster_stepstile import _environment, _wire
from dagster_stepstile._known_records import KnownRecords
from dagster_stepstile._prepared_run import PreparedRun, StepRefused
from dagster_stepstile._step_entries import StepEntries
from dagster_stepstile._worker_instance import InstanceGuard
from stepstile_host import messages
from stepstile_host.threads import finish_threads

_RUNS_KEPT = 4
_TERMINATED = 128 + 15


def warm_up() -> None:
    """Runs a small job, so that each fork has the modules and caches that Dagster fills on first use."""

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
        InstanceGuard(instance, lambda _: None, KnownRecords(None), None).apply(())


def prepare(extras: Mapping[str, Any]) -> None:
    """Loads the job of the step's run, once per run and process; called by the warm host before it forks."""
    _prepared(extras["stepstile"]["shared"]["dagster.run"])


def run_step(pipes: PipesContext) -> None:
    """Runs the step that the Pipes context describes, and reports its events as the step's result."""
    own: Any = pipes.get_extra("stepstile")
    shared = own["shared"]["dagster.run"]
    prepared = _prepared(shared)
    if isinstance(prepared, StepRefused):  # the rest of the input may have the format of another version
        _fail(pipes, prepared)
        return
    known = KnownRecords(pipes.extras.get("known"))
    entries = StepEntries(pipes, known)
    try:
        prepared.execute(
            pipes.get_extra("step"),
            pipes.get_extra("state"),
            pipes.get_extra("shape"),
            partitions=shared["dynamic_partitions"],
            entries=entries,
            known=known,
        )
    except StepRefused as refusal:
        _fail(pipes, refusal)
        return
    except DagsterExecutionInterruptedError:
        # Terminated: the events end with the failure that Dagster reported. Before it, there is nothing to report.
        if not entries.has_end:
            raise SystemExit(_TERMINATED) from None
    finish_threads()  # their log lines belong to the step
    pipes.report_custom_message({messages.RESULT: entries.result()})


def _fail(pipes: PipesContext, refusal: StepRefused) -> None:
    pipes.report_custom_message({messages.FAIL: {"message": str(refusal)}})


run_step.read_environment = _environment.read_project_file  # type: ignore[attr-defined]
run_step.warm_up = warm_up  # type: ignore[attr-defined]
run_step.prepare = prepare  # type: ignore[attr-defined]

_runs: OrderedDict[str, PreparedRun | StepRefused] = OrderedDict()


def _prepared(shared: Mapping[str, Any]) -> PreparedRun | StepRefused:
    """The run's job, or why it is refused, which holds for each of the run's steps."""
    run = _runs.get(shared["id"])
    if run is None:
        try:
            run = PreparedRun(shared)
        except StepRefused as refusal:
            run = refusal
        _runs[shared["id"]] = run
        while len(_runs) > _RUNS_KEPT:
            _, oldest = _runs.popitem(last=False)
            if isinstance(oldest, PreparedRun):
                oldest.instance.dispose()
    else:
        _runs.move_to_end(shared["id"])
    return run
