"""Jobs for the tests of what the run's event log holds, and of what ops read through their instance."""

import os
import time
from collections.abc import Iterator
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
    until = time.monotonic() + 60
    try:
        while time.monotonic() < until:
            time.sleep(0.02)
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
