"""One trace from a caller through Dagster's run worker, dispatches, attempts and ops to the steps of a fan-out and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
import traced
from homes import instance_in
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from spans import Span, in_lines, of_sdk, of_stack
from stacks import HANDLERS, LAUNCHER, searched

from stepstile import attempt_span_id
from stepstile.local_stack import LocalStack

pytestmark = pytest.mark.lowest


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[LocalStack]:
    command = [
        *(sys.executable, "-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step"),
        *("--preload", "traced"),
    ]
    environment = searched(Path(__file__).parent) | {"TRACED_TO": str(tmp_path)}
    dagster = {"command": command, "environment": environment, "warm": True}
    options = ["--traces", str(tmp_path / "stack")]
    handlers = {"dagster": dagster, "plainly": HANDLERS["plainly"]}
    with LocalStack(
        LAUNCHER, tmp_path / "state", handlers=handlers, lease_seconds=2, options=options
    ) as stack:
        yield stack


def test_each_span_of_a_run_with_a_crash_a_retry_and_a_redrive_has_its_place_in_one_trace(
    stack: LocalStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    monkeypatch.setenv("STEPSTILE_ENDPOINT", stack.endpoint)
    where = {"config": {"folder": str(tmp_path), "endpoint": stack.endpoint}}
    config = {"ops": {"dies_once": where, "fans_out": where}}
    with (
        instance_in(tmp_path / "home") as instance,
        provider.get_tracer("test").start_as_current_span("caller") as caller,
    ):
        done = dg.execute_job(dg.reconstructable(traced.traced), instance, run_config=config)
        assert done.success
        run = done.run_id
        tags = instance.get_run_by_id(run).tags  # type: ignore[union-attr]
    stack.stop()

    of_run_worker = of_sdk(exporter.get_finished_spans())
    of_ops = in_lines(tmp_path / "at-once")
    of_the_stack = of_stack(tmp_path / "stack")
    trace_id = f"{caller.get_span_context().trace_id:032x}"
    everything = [*of_run_worker, *of_ops, *of_the_stack]
    assert {span.trace for span in everything} == {trace_id}
    assert len({span.id for span in everything}) == len(everything)
    assert all(
        span.parent in {other.id for other in everything} for span in everything if span.name != "caller"
    )

    [whole] = named(of_run_worker, "run traced")
    assert whole.parent == f"{caller.get_span_context().span_id:016x}"
    assert tags["stepstile/trace"].split("-")[1:3] == [trace_id, whole.id]
    dispatches = named(of_run_worker, "dispatch")
    assert [span.parent for span in dispatches] == [whole.id] * 3, "of each step, and of its retry by Dagster"

    fan = f"{run}:fans_out"
    of_fan = named(of_ops, "dispatch")
    attempts = [
        (run, "dies_once", 1, dispatches[0]),
        (run, "dies_once", 2, dispatches[0]),
        (run, "fans_out", 1, dispatches[1]),
        (run, "fans_out~1", 1, dispatches[2]),
        (fan, "fanned", 1, of_fan[0]),
        (fan, "fanned", 2, of_fan[0]),  # redriven, and dispatched again, in the op's second try
    ]
    sends = {span.parent: span for span in of_the_stack if span.name == "send stepstile"}
    assert sends.keys() == {span.id for span in (*dispatches, *of_fan)}
    assert {span.attributes["stepstile.tag.dagster.run_id"] for span in sends.values()} == {run}
    processed = {span.id: span for span in of_the_stack if span.name.startswith("process ")}
    assert len(processed) == len(attempts) == len(of_the_stack) - len(sends)
    for of_run, key, number, dispatch in attempts:
        span = processed[attempt_span_id(of_run, key, number)]
        assert (span.parent, span.links) == (sends[dispatch.id].id, [(trace_id, sends[dispatch.id].id)])
        assert [span.attributes[f"stepstile.{name}"] for name in ("run.id", "step.key", "attempt")] == [
            of_run,
            key,
            number,
        ]
        op = "dies_once" if key == "dies_once" else "fans_out"
        assert [span.attributes[f"stepstile.tag.dagster.{name}"] for name in ("run_id", "step_key")] == [
            run,
            op,
        ]

    assert parents(of_ops, "crashed") == [attempt_span_id(run, "dies_once", 1)]
    assert parents(of_ops, "kept") == [attempt_span_id(run, "dies_once", 2)]
    tries = [attempt_span_id(run, "fans_out", 1), attempt_span_id(run, "fans_out~1", 1)]
    assert parents(of_ops, "fans out") == tries
    assert parents(of_ops, "run_steps") == tries
    assert (tmp_path / "fanned").read_text().split("-")[1:3] == [trace_id, attempt_span_id(fan, "fanned", 2)]

    steps = [span for span in of_run_worker if span.name.startswith("step ")]
    assert [(span.parent, span.links) for span in steps] == [
        (whole.id, [(trace_id, attempt_span_id(run, key, number))])
        for key, number in (("dies_once", 2), ("fans_out", 1), ("fans_out~1", 1))
    ]
    assert [span.attributes.get("error.type") for span in steps] == [None, "StepsFailed", None]
    [first, _] = named(of_ops, "step")
    assert first.links == [(trace_id, attempt_span_id(fan, "fanned", 1))]

    flushed = {span.id for span in in_lines(tmp_path / "at-the-end")}
    assert flushed == {span.id for span in of_ops if span.name != "crashed"}, "that one's process was killed"


def named(spans: list[Span], name: str) -> list[Span]:
    return [span for span in spans if span.name == name]


def parents(spans: list[Span], name: str) -> list[str]:
    return [span.parent for span in named(spans, name)]
