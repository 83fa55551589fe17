"""A job whose ops make spans: loaded by the test's run worker, which has tracers of its own, and by the host, whose tracers
this module sets, as a project of a user would."""

import os
from pathlib import Path

import dagster as dg
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor
from spans import Lines

from dagster_stepstile.executor import stepstile_executor
from dagster_stepstile.resource import StepstileResource
from stepstile import Defaults, Step

if "TRACED_TO" in os.environ:
    provider = TracerProvider()
    folder = Path(os.environ["TRACED_TO"])
    provider.add_span_processor(SimpleSpanProcessor(Lines(folder / "at-once")))
    provider.add_span_processor(BatchSpanProcessor(Lines(folder / "at-the-end")))
    trace.set_tracer_provider(provider)


class Where(dg.Config):
    folder: str
    endpoint: str = ""


def work(name: str, of: str) -> None:
    with trace.get_tracer("traced").start_as_current_span(name, attributes={"of": of}):
        pass


def is_first(folder: str, name: str) -> bool:
    """Whether this is the first call, of all processes."""
    try:
        Path(folder, name).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


@dg.op
def dies_once(context: dg.OpExecutionContext, config: Where) -> int:
    first = is_first(config.folder, "crashed")
    work("crashed" if first else "kept", context.op.name)
    if first:
        os._exit(9)
    return 1


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def fans_out(context: dg.OpExecutionContext, config: Where, number: int) -> int:
    """Its step is DEAD in the op's first try, and redriven in the second."""
    work("fans out", context.op.name)
    script = f'echo "\\"$TRACEPARENT\\""; mkdir {config.folder}/again || exit 0; exit 1'
    steps = [Step("fanned", "plainly", {"script": script})]
    stepstile = StepstileResource(endpoint=config.endpoint)
    done = stepstile.run_steps(context, steps, defaults=Defaults(max_attempts=1))
    Path(config.folder, "fanned").write_text(done.values["fanned"])
    return number


@dg.job(executor_def=stepstile_executor)
def traced() -> None:
    fans_out(dies_once())
