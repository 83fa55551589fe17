"""The spans of a run and of a `run_steps`, and what is tagged and sent because of them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from stacks import searched

from dagster_stepstile import _traces
from dagster_stepstile._traces import GIVEN, OWN, RUN_ID, STEP_KEY, Traces
from stepstile import Defaults, Dispatched, Step, StepEnded, StepFault, attempt_span_id

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STEP = Step("a", "h")
ALL_NEW = Dispatched(1, 0)


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the process's tracers have made."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return exporter


def named(spans: InMemorySpanExporter) -> Mapping[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def ids(span: ReadableSpan) -> tuple[int, int]:
    assert span.context is not None
    return span.context.trace_id, span.context.span_id


def parent_of(span: ReadableSpan) -> tuple[int, int] | None:
    return (span.parent.trace_id, span.parent.span_id) if span.parent else None


class Instance:
    """Of a Dagster instance, what keeps the tags of a run."""

    def __init__(self, **tags: str) -> None:
        self.tags = {name.replace("_", "/", 1): value for name, value in tags.items()}

    def add_run_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        assert run_id == "r"
        self.tags.update(tags)

    def traces(self, resumed: bool = False) -> Traces:
        run = SimpleNamespace(run_id="r", job_name="nightly", tags=dict(self.tags))
        return _traces.of_run(self, run, resumed)


def ended(key: str, state: str = "SUCCEEDED", attempt: int = 1, error: StepFault | None = None) -> StepEnded:
    return StepEnded(key=key, state=state, attempt=attempt, error=error)


@pytest.mark.lowest
def test_dispatches_and_steps_are_below_their_run_and_steps_are_linked_to_their_attempts(
    spans: InMemorySpanExporter,
) -> None:
    with trace.get_tracer("test").start_as_current_span("caller"):
        traces = Instance().traces()
    with traces.dispatching():
        current = trace.get_current_span().get_span_context()
    traces.dispatched(ALL_NEW, [STEP])
    dead = ended("a~1", "DEAD", 3, StepFault("WORKER_LOST", "the message"))
    traces.step_ended("step load", "load", 1_000, dead, "WORKER_LOST")
    traces.step_ended("step refused", "refused", 2_000, None, "StepstileRefused")
    traces.end("WORKER_LOST")
    found = named(spans)
    whole = found["run nightly"]
    assert parent_of(whole) == ids(found["caller"])
    assert {parent_of(found[name]) for name in ("dispatch", "step load", "step refused")} == {ids(whole)}
    assert ids(found["dispatch"]) == (current.trace_id, current.span_id)
    assert found["dispatch"].kind == trace.SpanKind.CLIENT
    [link] = found["step load"].links
    assert f"{link.context.span_id:016x}" == attempt_span_id("r", "a~1", 3)
    assert link.context.trace_id == ids(whole)[0]
    assert found["step refused"].links == ()
    assert found["step load"].start_time == 1_000
    assert dict(found["step load"].attributes or {}) == {
        "dagster.run_id": "r",
        "dagster.job_name": "nightly",
        "dagster.step_key": "load",
        "stepstile.run.id": "r",
        "stepstile.step.key": "a~1",
        "stepstile.state": "DEAD",
        "stepstile.attempt": 3,
        "error.type": "WORKER_LOST",
    }
    assert [span.status.status_code.name for span in (whole, found["step load"])] == ["ERROR", "ERROR"]


@pytest.mark.lowest
def test_no_message_of_an_error_is_in_a_span(spans: InMemorySpanExporter) -> None:
    traces = Instance().traces()
    with pytest.raises(ValueError, match="secret"), traces.dispatching():
        raise ValueError("a secret of an input")
    traces.end()
    failed = named(spans)["dispatch"]
    assert (failed.attributes or {})["error.type"] == "ValueError"
    assert "secret" not in failed.to_json()


@pytest.mark.lowest
def test_a_run_goes_on_with_the_trace_in_its_tags_and_a_resumed_one_with_its_own(
    spans: InMemorySpanExporter,
) -> None:
    instance = Instance(stepstile_traceparent=PARENT)
    assert instance.tags == {GIVEN: PARENT}
    first = instance.traces()
    assert instance.tags[OWN] == first.traceparent
    first.end()
    resumed = instance.traces(resumed=True)
    resumed.dispatched(Dispatched(1, 1), [STEP])
    resumed.step_ended("step", "a", 0, ended("a"), None)
    resumed.end()
    assert instance.tags[OWN] == first.traceparent
    before, step, after = spans.get_finished_spans()
    assert before.parent is not None
    assert f"{before.parent.trace_id:032x}-{before.parent.span_id:016x}" in PARENT
    assert parent_of(after) == ids(before)
    assert len(step.links) == 1, "a step of the first run worker is in the same trace"
    again = instance.traces()  # a re-execution has the tags of the run before
    assert instance.tags[OWN] == again.traceparent


@pytest.mark.lowest
def test_a_step_that_was_dispatched_before_in_another_trace_has_no_link(spans: InMemorySpanExporter) -> None:
    """The trace that it had then is not known here."""
    fresh, resumed, of_op = (
        Instance().traces(),
        Instance().traces(resumed=True),
        Traces("run_steps", "r:op", {}),
    )
    for traces in (fresh, resumed, of_op):
        traces.dispatched(Dispatched(2, 1), [STEP, Step("b", "h")])
        traces.dispatched(ALL_NEW, [Step("c", "h")])
        for key in "abc":
            traces.step_ended(f"step {key}", key, 0, ended(key), None)
    linked = [len(span.links) for span in spans.get_finished_spans()]
    assert linked == [1, 1, 1, 0, 0, 1, 0, 0, 1]


@pytest.mark.lowest
def test_steps_are_tagged_with_the_ids_of_Dagster_unless_they_have_twenty_tags(
    spans: InMemorySpanExporter,
) -> None:
    traces = Traces("run_steps", "r:op", {RUN_ID: "r", STEP_KEY: "x" * 300})
    assert traces.defaults(None, [STEP]) == Defaults(tags={RUN_ID: "r", STEP_KEY: "x" * 200})
    given = Defaults(max_attempts=2, tags={"team": "data", RUN_ID: "mine"})
    made = traces.defaults(given, [STEP])
    assert made == Defaults(max_attempts=2, tags={"team": "data", RUN_ID: "mine", STEP_KEY: "x" * 200})
    full = Step("b", "h", tags={f"t{number}": "" for number in range(19)})
    assert traces.defaults(None, [STEP, full]) is None
    assert traces.defaults(given, [full]) is given


@pytest.mark.lowest
def test_a_step_of_a_run_is_tagged_with_the_key_that_it_has_in_Dagster(spans: InMemorySpanExporter) -> None:
    assert Instance().traces().tagged(STEP, "load") == replace(STEP, tags={STEP_KEY: "load"})


@pytest.mark.lowest
@pytest.mark.parametrize("sampled", [None, False])
def test_without_a_trace_that_is_exported_nothing_is_tagged(
    monkeypatch: pytest.MonkeyPatch, sampled: bool | None
) -> None:
    if sampled is False:
        monkeypatch.setattr(trace, "get_tracer", TracerProvider(sampler=ALWAYS_OFF).get_tracer)
    instance = Instance()
    traces = instance.traces()
    assert instance.tags == {}
    assert traces.defaults(None, [STEP]) is None
    assert traces.tagged(STEP, "load") is STEP
    with traces.dispatching():
        assert trace.get_current_span().get_span_context().is_valid == (sampled is False)
    traces.step_ended("step", "load", 0, ended("a"), None)
    traces.end()


@pytest.mark.parametrize("installed", [True, False])
def test_nothing_of_OpenTelemetry_is_imported_where_nobody_uses_it(installed: bool) -> None:
    program = (
        "import sys\n"
        f"if not {installed}: sys.modules['opentelemetry'] = None\n"
        "from types import SimpleNamespace\n"
        "from dagster_stepstile import _traces, executor, resource, worker\n"
        "run = SimpleNamespace(run_id='r', job_name='j', tags={'stepstile/traceparent': sys.argv[1]})\n"
        "traces = _traces.of_run(None, run, False)\n"
        "with traces.dispatching(): pass\n"
        "traces.end()\n"
        "_traces.flush()\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.')]\n"
    )
    subprocess.run([sys.executable, "-c", program, PARENT], check=True, env=searched(), timeout=100)
