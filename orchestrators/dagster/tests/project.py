"""Jobs and assets for the executor's tests, loaded by the tests, by run workers and by the worker's host alike."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
from waiting import eventually

from dagster_stepstile.executor import stepstile_executor


def note(folder: str, text: str) -> None:
    """What a step did, for the test to read: a line in a file that all processes share."""
    with Path(folder, "notes").open("a") as notes:
        notes.write(text + "\n")


class Folder(dg.Config):
    folder: str


def wait_for(folder: str, name: str) -> None:
    eventually(Path(folder, name).exists, 60)


# -- a graph with a bit of everything

FOLDER_SCHEMA = {"folder": str}


@dg.resource(config_schema=FOLDER_SCHEMA)
def open_file(context: dg.InitResourceContext) -> Iterator[str]:
    folder = context.resource_config["folder"]
    note(folder, "open")
    yield folder
    note(folder, "close")


@dg.success_hook(required_resource_keys={"file"})
def noted(context: dg.HookContext) -> None:
    note(context.resources.file, "hook")


@dg.op(required_resource_keys={"file"})
def with_resource(context: dg.OpExecutionContext) -> int:
    note(context.resources.file, "op")
    context.log.info("a line of the log")
    return 3


@dg.op(out=dg.DynamicOut(int))
def fan_out(count: int) -> Iterator[dg.DynamicOutput[int]]:
    for number in range(count):
        yield dg.DynamicOutput(number, mapping_key=f"k{number}")


@dg.op
def double(number: int) -> int:
    return number * 2


@dg.graph
def nested(number: int) -> int:
    return double(double(number))


@dg.op
def collected(numbers: list[int]) -> int:
    return sum(numbers)


@dg.op(out={"yes": dg.Out(int, is_required=False), "no": dg.Out(int, is_required=False)})
def fork(number: int) -> Iterator[dg.Output[int]]:
    yield dg.Output(number, "yes")


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2), required_resource_keys={"file"})
def fails_once(context: dg.OpExecutionContext, number: int) -> int:
    if context.retry_number == 0:
        raise ValueError("the first time")
    return number


@dg.graph
def everything() -> None:
    count = with_resource.with_hooks({noted})()
    total = collected(fan_out(count).map(nested).collect())
    yes, no = fork(total)
    fails_once(yes)
    double.alias("skipped")(no)


def _everything(executor: dg.ExecutorDefinition) -> dg.JobDefinition:
    return everything.to_job("everything", executor_def=executor, resource_defs={"file": open_file})


def everything_on_stepstile() -> dg.JobDefinition:
    return _everything(stepstile_executor)


def everything_in_process() -> dg.JobDefinition:
    return _everything(dg.in_process_executor)


# -- failures


@dg.op
def fails() -> int:
    raise dg.Failure("on purpose", metadata={"why": "a test"})


@dg.resource
def broken() -> Any:
    raise RuntimeError("no resource today")


@dg.job(executor_def=stepstile_executor)
def failing() -> None:
    double(fails())


@dg.op(required_resource_keys={"broken"})
def needs_broken() -> None: ...


@dg.job(executor_def=stepstile_executor, resource_defs={"broken": broken})
def broken_job() -> None:
    needs_broken()


@dg.op(tags={"stepstile/max_attempts": "1"}, retry_policy=dg.RetryPolicy(max_retries=1))
def dies_once(config: Folder) -> None:
    died = Path(config.folder, "died")
    if not died.exists():
        died.touch()
        os.kill(os.getpid(), signal.SIGKILL)


@dg.op(tags={"stepstile/max_attempts": "2"})
def dies() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@dg.job(executor_def=stepstile_executor)
def dying() -> None:
    dies_once()
    dies()


# -- a step that takes as long as the test wants


@dg.op
def waits(context: dg.OpExecutionContext, config: Folder) -> int:
    print("to stdout")
    context.log.info("waiting")
    note(config.folder, f"pid {os.getpid()} run {context.run_id}")
    try:
        wait_for(config.folder, "go")
    except dg.DagsterExecutionInterruptedError:
        note(config.folder, "interrupted")
        raise
    return 1


@dg.op
def after(context: dg.OpExecutionContext, number: int) -> int:
    context.log_event(dg.AssetMaterialization("after"))
    return number


@dg.job(executor_def=stepstile_executor)
def waiting() -> None:
    after(waits())


@dg.op
def slow(context: dg.OpExecutionContext, number: int, config: Folder) -> None:
    note(config.folder, f"pid {os.getpid()} run {context.run_id}")
    wait_for(config.folder, f"go{number}")
    context.log_event(dg.AssetMaterialization("slow", partition=str(number)))


@dg.op
def ten() -> int:
    return 10


@dg.job(executor_def=stepstile_executor, resource_defs={"io_manager": dg.fs_io_manager})
def many() -> None:
    fan_out(ten()).map(slow)


# -- what an op writes through its instance


@dg.op
def writes(context: dg.OpExecutionContext) -> None:
    context.instance.add_dynamic_partitions("cities", ["rome"])
    context.instance.add_run_tags(context.run_id, {"wrote": "yes"})
    context.instance.report_runless_asset_event(dg.AssetMaterialization("elsewhere"))
    for forbidden in (
        lambda: context.instance.wipe_assets([dg.AssetKey("elsewhere")]),
        lambda: context.instance.get_latest_materialization_event(dg.AssetKey("unknown")),
        lambda: context.instance.run_storage.set_cursor_values({"a": "b"}),
    ):
        try:
            forbidden()
        except dg.DagsterInvariantViolationError as refusal:
            context.log.info(f"refused: {refusal}")


@dg.job(executor_def=stepstile_executor)
def writing() -> None:
    writes()


@dg.op
def with_number() -> int:
    return 1


@dg.job(executor_def=stepstile_executor, resource_defs={"io_manager": dg.fs_io_manager})
def small() -> None:
    double.alias("last")(with_number())


@dg.op
def recovers(number: int, config: Folder) -> int:
    if not Path(config.folder, "repaired").exists():
        raise ValueError("not yet")
    return number


@dg.job(executor_def=stepstile_executor)
def repairable() -> None:
    double(recovers(with_number()))


@dg.op(out={"first": dg.Out(int), "second": dg.Out(int)})
def fails_after_an_output() -> Iterator[Any]:
    yield dg.Output(1, "first")
    raise ValueError("after the first")


@dg.graph
def needs_one_output() -> None:
    first, second = fails_after_an_output()
    double.alias("of_first")(first)
    double.alias("of_second")(second)


def needs_one_output_on_stepstile() -> dg.JobDefinition:
    return needs_one_output.to_job(executor_def=stepstile_executor)


def needs_one_output_in_process() -> dg.JobDefinition:
    return needs_one_output.to_job(executor_def=dg.in_process_executor)


# -- steps that must not run at the same time


@dg.op(pool="one")
def alone(config: Folder) -> None:
    note(config.folder, "begins")
    time.sleep(0.05)
    note(config.folder, "ends")


@dg.job(executor_def=stepstile_executor)
def one_at_a_time() -> None:
    for number in range(3):
        alone.alias(f"alone_{number}")()


@dg.op(config_schema=str)
def configured() -> None: ...


@dg.job(executor_def=stepstile_executor)
def large() -> None:
    configured()


# -- assets

days = dg.DailyPartitionsDefinition("2024-01-01")
cities = dg.DynamicPartitionsDefinition(name="cities")


@dg.asset(code_version="1", partitions_def=days)
def raw(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset(code_version="1", partitions_def=days)
def clean(raw: str) -> str:
    return raw.strip()


@dg.asset(code_version="1", deps=[dg.AssetDep(clean, partition_mapping=dg.AllPartitionMapping())])
def summary() -> int:
    return 1


@dg.multi_asset(
    specs=[
        dg.AssetSpec("first", skippable=True, code_version="1"),
        dg.AssetSpec("second", skippable=True, code_version="1", deps=["first", "summary"]),
    ],
    check_specs=[dg.AssetCheckSpec("right", asset="first")],
    can_subset=True,
)
def both(context: dg.AssetExecutionContext) -> Iterator[Any]:
    for key in sorted(context.op_execution_context.selected_asset_keys, key=str):
        yield dg.MaterializeResult(asset_key=key)
    if context.op_execution_context.selected_asset_check_keys:
        yield dg.AssetCheckResult(asset_key="first", check_name="right", passed=True)


@dg.asset(code_version="1", partitions_def=cities)
def city(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset(partitions_def=days, backfill_policy=dg.BackfillPolicy.single_run())
def ranged(context: dg.AssetExecutionContext) -> None:
    context.log.info(f"from {context.partition_key_range.start} to {context.partition_key_range.end}")


@dg.asset(
    partitions_def=dg.MultiPartitionsDefinition(
        {"day": days, "place": dg.StaticPartitionsDefinition(["north", "south"])}
    )
)
def grid(context: dg.AssetExecutionContext) -> str:
    return context.partition_key


@dg.asset
def checked() -> int:
    return 1


@dg.asset_check(asset=checked, blocking=True)
def never_right() -> dg.AssetCheckResult:
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.ERROR)


@dg.asset(deps=[checked])
def after_the_check() -> int:
    return 1


def _definitions(executor: dg.ExecutorDefinition) -> dg.Definitions:
    return dg.Definitions(
        assets=[raw, clean, summary, both, city, ranged, grid, checked, after_the_check],
        asset_checks=[never_right],
        jobs=[
            dg.define_asset_job("days", selection=["raw", "clean"]),
            dg.define_asset_job("whole", selection=["summary", "first", "second"]),
            dg.define_asset_job("by_city", selection=["city"]),
            dg.define_asset_job("by_range", selection=["ranged"]),
            dg.define_asset_job("by_grid", selection=["grid"]),
            dg.define_asset_job("blocked", selection=["checked", "after_the_check"]),
        ],
        executor=executor,
    )


_ours = _definitions(stepstile_executor)
_in_process = _definitions(dg.in_process_executor)


def days_on_stepstile() -> dg.JobDefinition:
    return _ours.resolve_job_def("days")


def days_in_process() -> dg.JobDefinition:
    return _in_process.resolve_job_def("days")


def whole_on_stepstile() -> dg.JobDefinition:
    return _ours.resolve_job_def("whole")


def whole_in_process() -> dg.JobDefinition:
    return _in_process.resolve_job_def("whole")


def by_range_on_stepstile() -> dg.JobDefinition:
    return _ours.resolve_job_def("by_range")


def by_range_in_process() -> dg.JobDefinition:
    return _in_process.resolve_job_def("by_range")


def by_grid_on_stepstile() -> dg.JobDefinition:
    return _ours.resolve_job_def("by_grid")


def by_grid_in_process() -> dg.JobDefinition:
    return _in_process.resolve_job_def("by_grid")


def by_city() -> dg.JobDefinition:
    return _ours.resolve_job_def("by_city")


def blocked() -> dg.JobDefinition:
    return _ours.resolve_job_def("blocked")


# -- ends of its own


@dg.op
def interrupted(config: Folder) -> None:
    note(config.folder, "interrupted")
    raise KeyboardInterrupt("by the op itself")


@dg.op
def left(config: Folder) -> None:
    note(config.folder, "left")
    raise SystemExit(3)


@dg.op
def leaves_a_thread(context: dg.OpExecutionContext) -> None:
    def late() -> None:
        time.sleep(0.5)
        context.log.info("late in the log")

    threading.Thread(target=late).start()


@dg.job(executor_def=stepstile_executor)
def ends_of_its_own() -> None:
    interrupted()
    left()
    leaves_a_thread()


# -- defaults


class Defaulted(dg.Config):
    folder: str = "made here"


class Awkward(dg.Config):
    since: str = "worked out"
    limit: float = float("nan")  # no JSON


class Store(dg.ConfigurableResource[Any]):
    folder: str = "a secret"


@dg.op
def defaulted(config: Defaulted) -> None: ...


@dg.op
def awkward(config: Awkward) -> None: ...


@dg.op
def stores(config: Defaulted, store: Store) -> None: ...


@dg.job(executor_def=stepstile_executor, resource_defs={"store": Store()})
def storing() -> None:
    stores()


@dg.job(executor_def=stepstile_executor)
def with_an_awkward_default() -> None:
    defaulted()
    awkward()
