"""The trace of a step, in a function that the warm host calls, and in a test that calls it as the host does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from test_host import Worker

from stepstile_host import traces
from stepstile_host.testing import EndedStep

Run = Callable[..., EndedStep]

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def says_its_trace(context: Any) -> None:
    current = trace.get_current_span().get_span_context()
    ids = f"{current.trace_id:032x} {current.span_id:016x}" if current.is_valid else None
    said = [os.environ.get(name) for name in traces.VARIABLES]
    context.report_custom_message({"stepstile.result": [ids, *said]})


def test_a_functions_trace_is_current_in_each_of_its_attempts(run_step: Run) -> None:
    def handler(context: Any) -> None:
        print(f"{trace.get_current_span().get_span_context().span_id:016x}")
        if context.extras["stepstile"]["attempt"] == 1:
            raise ConnectionError
        says_its_trace(context)

    ended = run_step(handler, traceparent=GIVEN, environment={"TRACESTATE": "congo=t61rcWkgMzE"})
    assert ended.value == ["0af7651916cd43dd8448eb211c80319c b7ad6b7169203331", GIVEN, "congo=t61rcWkgMzE"]
    assert [attempt.output for attempt in ended.attempts] == [("b7ad6b7169203331",)] * 2


@pytest.mark.parametrize(
    "malformed", ["", "no trace", GIVEN.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)]
)
def test_a_step_without_a_trace_has_none_whatever_its_process_was_started_in(
    run_step: Run, monkeypatch: pytest.MonkeyPatch, malformed: str
) -> None:
    monkeypatch.setenv("TRACEPARENT", OTHER)
    assert run_step(says_its_trace).value == [None, None, None]
    command = ["sh", "-c", 'echo \\"${TRACEPARENT:-none}\\"']
    assert run_step(command, protocol="plain").value == "none"
    assert run_step(command, protocol="plain", traceparent=GIVEN).value == GIVEN
    assert run_step(says_its_trace, traceparent=malformed).value[0] is None


def test_the_line_of_the_page_makes_the_context_of_another_python_process_the_current_one() -> None:
    page = (Path(__file__).parents[3] / "docs/process-handlers.md").read_text()
    [line] = re.findall(r"\| another Python process \| `(.+?)` \|", page)
    program = (
        "import os\n"
        "from opentelemetry import trace\n"
        "from opentelemetry.context import attach\n"
        "from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator\n"
        f"{line}\n"
        "print(f'{trace.get_current_span().get_span_context().trace_id:032x}')\n"
    )
    for given, trace_id in ((GIVEN, GIVEN.split("-")[1]), (None, "0" * 32)):
        environment = {name: value for name, value in os.environ.items() if name != "TRACEPARENT"}
        said = subprocess.run(
            [sys.executable, "-c", program],
            env=environment | ({"TRACEPARENT": given} if given else {}),
            check=True,
            capture_output=True,
            text=True,
            timeout=100,
        ).stdout
        assert said.strip() == trace_id


TARGET = """
import os, sys
from opentelemetry import trace

def run(context):
    current = trace.get_current_span().get_span_context()
    print(f"{current.span_id:016x}", os.environ.get("TRACEPARENT"), flush=True)
"""


@pytest.mark.lowest
def test_a_warm_host_has_the_trace_of_each_step_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACEPARENT", OTHER)
    worker = Worker(tmp_path, "traced:run", {"traced.py": TARGET})
    assert "ready" in worker.receive()
    said: list[str] = []
    for step, given in enumerate((GIVEN, None, OTHER)):
        folder = worker.start(step, _environment={"TRACEPARENT": given} if given else {})
        assert worker.receive()["started"] == step
        with open(folder / "stdout") as stdout:
            worker.send({"release": step})
            said.append(stdout.read().strip())
        assert worker.receive()["status"] == 0
    worker.close()
    assert said == [f"b7ad6b7169203331 {GIVEN}", "0000000000000000 None", f"00f067aa0ba902b7 {OTHER}"]


class ToFile(SpanExporter):
    """Writes the names of spans, with the ids of their traces and parents, after a time."""

    def __init__(self, file: Path, waits: Callable[[], object] = lambda: None) -> None:
        self.file = file
        self.waits = waits

    def export(self, spans: Any) -> SpanExportResult:
        self.waits()
        with self.file.open("a") as file:
            file.writelines(self.line(span) for span in spans)
        return SpanExportResult.SUCCESS

    @staticmethod
    def line(span: ReadableSpan) -> str:
        assert span.context is not None
        parent = span.parent.span_id if span.parent else 0
        return f"{span.name} {span.context.trace_id:032x} {parent:016x}\n"


def test_the_spans_of_a_step_are_exported_before_its_process_ends(
    run_step: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = TracerProvider()  # of the host: the children inherit it
    provider.add_span_processor(BatchSpanProcessor(ToFile(tmp_path / "spans")))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)

    def handler(context: Any) -> None:
        with provider.get_tracer("handler").start_as_current_span("work"):
            pass
        raise SystemExit(context.extras["status"])

    for status in (0, 65):
        run_step(handler, {"status": status}, traceparent=GIVEN, max_attempts=1)
    spans = (tmp_path / "spans").read_text().splitlines()
    assert spans == ["work 0af7651916cd43dd8448eb211c80319c b7ad6b7169203331"] * 2


def test_a_collector_that_does_not_answer_delays_a_step_by_two_seconds_at_most(
    run_step: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = TracerProvider()
    never = os.pipe()[0]
    provider.add_span_processor(BatchSpanProcessor(ToFile(tmp_path / "spans", lambda: os.read(never, 1))))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    monkeypatch.setattr(traces, "FLUSH_SECONDS", 0.2)

    def handler(context: Any) -> None:
        provider.get_tracer("handler").start_span("work").end()
        context.report_custom_message({"stepstile.result": "done"})

    ended = run_step(handler, traceparent=GIVEN, timeout=30)
    assert (ended.state, ended.value) == ("SUCCEEDED", "done")


@pytest.mark.parametrize("traced", [True, False])
@pytest.mark.parametrize("installed", [True, False])
def test_the_host_imports_OpenTelemetry_where_it_is_installed_and_a_step_has_a_trace(
    traced: bool, installed: bool
) -> None:
    program = (
        "import sys\n"
        f"if not {installed}: sys.modules['opentelemetry'] = None\n"
        "from stepstile_host import child, host, traces\n"
        f"environment = {{'TRACEPARENT': '{GIVEN}'}} if {traced} else {{}}\n"
        "traces.load(environment); traces.enter(environment); traces.flush()\n"
        "loaded = any(name.startswith('opentelemetry.') for name in sys.modules)\n"
        f"assert loaded == ({installed} and {traced}), loaded\n"
    )
    source = str(Path(__file__).parents[1] / "src")
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": source}, timeout=60)
