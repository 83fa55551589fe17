"""Jobs for the tests of what the run's event log holds, and of what ops read through their instance."""

import datetime
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
from project import Folder, note

from dagster_stepstile.executor import stepstile_executor

# -- steps that end early


@dg.op(tags={"stepstile/max_attempts": "1"})
def dies() -> None:
    os._exit(0)


@dg.op(tags={"stepstile/max_attempts": "1"}, retry_policy=dg.RetryPolicy(max_retries=1))
def dies_twice() -> None:
    os._exit(1)


@dg.op
def takes_a_while(context: dg.OpExecutionContext) -> None:
    time.sleep(2)
    context.log.info("a while later")


@dg.op(config_schema={"folder": str})
def silent(context: dg.OpExecutionContext) -> None:
    """Waits for a file `go`, and says nothing."""
    folder = Path(context.op_config["folder"])
    with (folder / "notes").open("a") as notes:
        notes.write(f"pid {os.getpid()}\n")
    while not (folder / "go").exists():
        time.sleep(0.05)


@dg.job(executor_def=stepstile_executor)
def keeping_silent() -> None:
    silent()


@dg.job(executor_def=stepstile_executor)
def dying() -> None:
    dies()
    dies_twice()


@dg.job(executor_def=stepstile_executor)
def lasting() -> None:
    takes_a_while()


# -- steps that say too much


@dg.failure_hook(required_resource_keys={"folder"})
def told(context: dg.HookContext) -> None:
    note(context.resources.folder, f"hook of {context.op.name}")


def _report(size: int) -> Iterator[Any]:
    picture = dg.MetadataValue.md(os.urandom(size).hex())
    yield dg.AssetMaterialization("picture", metadata={"plot": picture})
    yield dg.Output(1)


@dg.op
def heavy() -> Iterator[Any]:
    yield from _report(4_500_000)


@dg.op
def too_heavy() -> Iterator[Any]:
    yield from _report(9_000_000)


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def too_heavy_again() -> Iterator[Any]:
    yield from _report(9_000_000)


@dg.op
def logs_too_much(context: dg.OpExecutionContext) -> None:
    for _ in range(12):
        context.log.info(os.urandom(500_000).hex() + os.urandom(500_000).hex())


@dg.op
def after_it(number: int) -> int:
    return number


@dg.op
def beside() -> None:
    time.sleep(3)


@dg.job(executor_def=stepstile_executor)
def weighty() -> None:
    after_it(heavy())


@dg.job(
    executor_def=stepstile_executor,
    resource_defs={
        "folder": dg.ResourceDefinition(
            lambda context: context.resource_config["folder"], config_schema={"folder": str}
        )
    },
)
def too_weighty() -> None:
    too_heavy.with_hooks({told})()
    too_heavy_again.with_hooks({told})()
    logs_too_much()
    beside()


# -- steps that cannot be sent, or whose handler does not know them


@dg.op(tags={"stepstile/timeout_seconds": "5000"})
def too_long() -> None: ...


@dg.op(tags={"stepstile/max_attempts": "many"})
def no_number() -> None: ...


@dg.op(tags={"stepstile/handler": "stepstile.echo"})
def to_another_handler() -> None: ...


@dg.job(executor_def=stepstile_executor)
def refused_alone() -> None:
    too_long()
    no_number()
    to_another_handler()
    beside()


# -- a step that is interrupted


@dg.op
def interrupted(config: Folder) -> None:
    note(config.folder, f"pid {os.getpid()}")
    try:
        time.sleep(60)
    finally:
        note(config.folder, f"told {time.time()}")


@dg.job(executor_def=stepstile_executor)
def interruptible() -> None:
    interrupted()


# -- many parents with large metadata

PARENTS = 200


def _chart(number: int) -> dg.AssetsDefinition:
    @dg.asset(name=f"chart_{number}")
    def chart() -> None: ...

    return chart


charts = [_chart(number) for number in range(PARENTS)]


@dg.asset(deps=charts)
def report() -> None: ...


@dg.asset
def table() -> dg.MaterializeResult[Any]:
    columns = [dg.TableColumn("a", "int"), dg.TableColumn("b", os.environ.get("TYPE_OF_B", "int"))]
    return dg.MaterializeResult(
        metadata={"dagster/column_schema": dg.TableSchema(columns=columns), "rows": 5, "plot": "p" * 400_000}
    )


DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")


@dg.asset(partitions_def=DAYS)
def parts() -> None: ...


CHECKS: dict[str, Sequence[dg.AssetChecksDefinition]] = {
    "schema": dg.build_column_schema_change_checks(assets=[table]),
    "bounds": dg.build_metadata_bounds_checks(assets=[table], metadata_key="rows", min_value=1),
    "too_low": dg.build_metadata_bounds_checks(assets=[table], metadata_key="rows", min_value=6),
    "fresh": dg.build_last_update_freshness_checks(
        assets=[table], lower_bound_delta=datetime.timedelta(hours=1)
    ),
    "fresh_parts": dg.build_time_partition_freshness_checks(assets=[parts], deadline_cron="0 0 * * *"),
}
"""Dagster's own factories, which read the instance's event log."""

CHECKED = ("materialized", "with_its_checks", *CHECKS)


def _definitions(executor: dg.ExecutorDefinition, name: str) -> dg.Definitions:
    distinct = {id(check): check for kind, checks in CHECKS.items() if kind != "too_low" for check in checks}
    if name == "too_low":
        distinct = {id(check): check for check in CHECKS["too_low"]}
    assets = [*charts, report, table, parts]
    selections = {
        "materialized": dg.AssetSelection.assets(table).without_checks(),
        "with_its_checks": dg.AssetSelection.assets(table),
        "reported": dg.AssetSelection.assets(report),
    }
    if name in CHECKS:
        selections[name] = dg.AssetSelection.checks(*CHECKS[name])
    return dg.Definitions(
        assets=assets,
        asset_checks=list(distinct.values()),
        executor=executor,
        jobs=[dg.define_asset_job(name, selections[name])],
    )


def _asset_job(name: str, executor: dg.ExecutorDefinition, suffix: str) -> Any:
    def job() -> dg.JobDefinition:
        return _definitions(executor, name).resolve_job_def(name)

    job.__name__ = job.__qualname__ = f"{name}_{suffix}"
    return job


for _name in (*CHECKED, "reported"):
    for _executor, _suffix in ((stepstile_executor, "on_stepstile"), (dg.in_process_executor, "in_process")):
        globals()[f"{_name}_{_suffix}"] = _asset_job(_name, _executor, _suffix)


# -- what ops read of their instance


@dg.op(out=dg.Out(dg.Nothing))
def adds_towns(context: dg.OpExecutionContext) -> None:
    context.instance.add_dynamic_partitions("towns", ["york", "bath"])


@dg.op(ins={"after": dg.In(dg.Nothing)}, out=dg.Out(dg.Nothing))
def sees_towns(context: dg.OpExecutionContext) -> None:
    found = context.instance.get_dynamic_partitions(partitions_def_name="towns")
    context.log.info(f"towns: {sorted(found)}")
    context.instance.delete_dynamic_partition("towns", "bath")


@dg.op(ins={"after": dg.In(dg.Nothing)})
def sees_a_town_less(context: dg.OpExecutionContext) -> None:
    has_it = context.instance.has_dynamic_partition("towns", "bath")
    run = context.instance.get_run_by_id(context.run_id)
    context.log.info(f"bath: {has_it}, run of {run.job_name if run else None}")


@dg.job(executor_def=stepstile_executor)
def towns() -> None:
    sees_a_town_less(after=sees_towns(after=adds_towns()))


@dg.op
def reads_what_is_not_answered(context: dg.OpExecutionContext) -> None:
    context.instance.get_runs(limit=1)


@dg.job(executor_def=stepstile_executor)
def reading() -> None:
    reads_what_is_not_answered()
