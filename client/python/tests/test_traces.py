"""Dispatches in a trace. What both clients do with one that is given is in the conversations."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from scripted_api import Answer, Call, api

from stepstile import Request, Step, StepstileClient, attempt_span_id

TRACER = TracerProvider().get_tracer("test")
GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
STEPS = [Step("a", "h")]
ACCEPTED = Answer(202, {"dispatchId": "d", "acceptedCount": 1, "attachedCount": 0})


class Sent(list[Mapping[str, str]]):
    """The headers of the calls, with their names in lower case."""

    def answer(self, call: Call) -> Answer:
        self.append({name.lower(): value for name, value in call.headers.items()})
        return ACCEPTED


def traceparent_of(span: trace.Span) -> str:
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def test_a_dispatch_goes_on_with_the_current_span_of_OpenTelemetry_unless_it_is_given_another() -> None:
    sent = Sent()
    with api(sent.answer) as endpoint, StepstileClient(endpoint) as client:
        client.dispatch("r", STEPS)
        with TRACER.start_as_current_span("caller") as span:
            client.dispatch("r", STEPS)
            client.dispatch("r", STEPS, traceparent=GIVEN)
            client.dispatch("r", STEPS, traceparent="")
        client.dispatch("r", STEPS)
    assert [call.get("traceparent") for call in sent] == [None, traceparent_of(span), GIVEN, None, None]


def test_the_state_of_the_current_trace_goes_along() -> None:
    sent = Sent()
    state = trace.TraceState([("congo", "t61rcWkgMzE")])
    context = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1), trace_state=state)
    with (
        api(sent.answer) as endpoint,
        StepstileClient(endpoint) as client,
        trace.use_span(trace.NonRecordingSpan(context)),
    ):
        client.dispatch("r", STEPS)
    assert sent[0]["traceparent"] == f"00-{1:032x}-{2:016x}-01"
    assert sent[0]["tracestate"] == "congo=t61rcWkgMzE"


def test_what_is_signed_has_nothing_of_the_trace_as_others_may_change_it_on_the_way() -> None:
    sent = Sent()
    signed: list[Request] = []

    def sign(request: Request) -> Mapping[str, str]:
        signed.append(request)
        return {**request.headers, "authorization": "mine"}

    with api(sent.answer) as endpoint, StepstileClient(endpoint, sign=sign) as client:
        client.dispatch("r", STEPS, traceparent=GIVEN)
    assert "traceparent" not in signed[0].headers
    assert (sent[0]["traceparent"], sent[0]["authorization"]) == (GIVEN, "mine")


@pytest.mark.parametrize(
    ("run", "key", "attempt", "span_id"),
    [("nightly", "a/b é", 1, "9af74d82f71b69c8"), ("r", "s[1]", 12, "ec9d9bfbbc702de4")],
)
def test_the_span_of_an_attempt_has_an_id_that_is_known(
    run: str, key: str, attempt: int, span_id: str
) -> None:
    assert attempt_span_id(run, key, attempt) == span_id


@pytest.mark.parametrize("installed", [True, False])
def test_a_program_that_does_not_use_OpenTelemetry_imports_nothing_of_it(installed: bool) -> None:
    program = (
        "import sys\n"
        f"if not {installed}: sys.modules['opentelemetry'] = None\n"
        "from stepstile import Step, StepstileClient\n"
        "with StepstileClient(sys.argv[1]) as client: client.dispatch('r', [Step('a', 'h')])\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry.')]\n"
    )
    sent = Sent()
    source = Path(__file__).parents[1] / "src"
    with api(sent.answer) as endpoint:
        subprocess.run(
            [sys.executable, "-c", program, endpoint], check=True, env={"PYTHONPATH": str(source)}, timeout=60
        )
    assert "traceparent" not in sent[0]
