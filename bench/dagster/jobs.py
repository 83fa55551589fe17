"""The jobs that are measured, once for each executor: a fan-out with its collect, a chain, and an asset job."""

import importlib.util
import os
import time
from collections.abc import Callable
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetsDefinition,
    Definitions,
    DynamicOut,
    DynamicOutput,
    ExecutorDefinition,
    In,
    JobDefinition,
    OpExecutionContext,
    asset,
    define_asset_job,
    graph,
    in_process_executor,
    multiprocess_executor,
    op,
)

from dagster_stepstile import stepstile_executor

CHAIN = 20
ASSETS = 50
RUNS_FOLDER = "STEPSTILE_BENCH_RUNS"
"""The environment variable that names the folder where steps leave what is asked of them afterwards."""


def mark(context: AssetExecutionContext | OpExecutionContext, name: str) -> None:
    """When this step's code ran, and how often: a line in the run's file."""
    folder = os.environ[RUNS_FOLDER]
    with open(os.path.join(folder, context.run_id), "a") as file:
        file.write(f"{name} {time.time()} {os.getpid()}\n")


@op(config_schema={"steps": int}, out=DynamicOut(int))
def numbers(context: OpExecutionContext) -> Any:
    mark(context, "first")
    for number in range(context.op_config["steps"]):
        yield DynamicOutput(number, mapping_key=f"n{number}")


@op
def same(number: int) -> int:
    return number


@op(ins={"numbers": In(list)})
def total(numbers: list[int]) -> int:
    return sum(numbers)


@graph
def fan_out() -> None:
    total(numbers().map(same).collect())


@op
def begin(context: OpExecutionContext) -> int:
    mark(context, "first")
    return 0


@op
def following(number: int) -> int:
    return number + 1


@graph
def chain() -> None:
    number = begin()
    for link in range(1, CHAIN):
        number = following.alias(f"link_{link}")(number)


@op(config_schema={"seconds": float})
def sleeping(context: OpExecutionContext) -> int:
    """A step that takes long, and says how often it was begun."""
    mark(context, "begun")
    until = time.monotonic() + context.op_config["seconds"]
    while time.monotonic() < until:
        time.sleep(0.05)
    mark(context, "done")
    return 1


@graph
def long() -> None:
    following(sleeping())


def _assets() -> list[AssetsDefinition]:
    @asset(name="asset_0")
    def first(context: AssetExecutionContext) -> int:
        mark(context, "first")
        return 0

    def dependent(number: int) -> AssetsDefinition:
        @asset(name=f"asset_{number}", deps=[first])
        def made() -> int:
            return number

        return made

    return [first, *(dependent(number) for number in range(1, ASSETS))]


def _executors() -> dict[str, ExecutorDefinition]:
    two = {"max_concurrent": 2}
    executors = {
        "in_process": in_process_executor,
        "multiprocess_spawn": multiprocess_executor.configured({**two, "start_method": {"spawn": {}}}),
        "multiprocess_forkserver": multiprocess_executor.configured(
            {**two, "start_method": {"forkserver": {"preload_modules": ["dagster", "jobs"]}}}
        ),
        "stepstile": stepstile_executor,
    }
    if importlib.util.find_spec("dagster_celery"):
        from dagster_celery import celery_executor

        redis = os.environ.get("STEPSTILE_BENCH_REDIS", "redis://127.0.0.1:6379")
        executors["celery"] = celery_executor.configured(
            {"broker": f"{redis}/0", "backend": f"{redis}/1", "include": ["jobs"]}
        )
    return executors


EXECUTORS = _executors()


def _made(shape: str, side: str) -> JobDefinition:
    executor = EXECUTORS[side]
    if shape == "assets":
        job = define_asset_job("assets_" + side, executor_def=executor)
        return Definitions(assets=_assets(), jobs=[job]).resolve_job_def("assets_" + side)
    graphs = {"fan_out": fan_out, "chain": chain, "long": long}
    return graphs[shape].to_job(name=f"{shape}_{side}", executor_def=executor)


def _function(shape: str, side: str) -> Callable[[], JobDefinition]:
    def made() -> JobDefinition:
        return _made(shape, side)

    made.__name__ = made.__qualname__ = f"{shape}_{side}"
    return made


# dagster.reconstructable wants a function of a module by name, on every side.
for _shape in ("fan_out", "chain", "assets", "long"):
    for _side in EXECUTORS:
        globals()[f"{_shape}_{_side}"] = _function(_shape, _side)
