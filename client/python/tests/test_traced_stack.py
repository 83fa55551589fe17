"""The trace of a caller in a stack and in its handlers, whatever is tried again or redriven."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider
from spans import of_stack
from stacks import HANDLERS, LAUNCHER

from stepstile import Retry, Step, StepEnded, StepstileClient, attempt_span_id
from stepstile.local_stack import LocalStack

TRACER = TracerProvider().get_tracer("test")
SAY_IT = 'echo "\\"$TRACEPARENT $TRACESTATE\\""; '


def work(client: StepstileClient, run_id: str, folder: Path) -> tuple[str, str, dict[str, StepEnded]]:
    """Dispatches a step that fails and is retried, and one that is redriven in another trace; returns the ids of the
    caller's trace and span, and the ends."""
    scripts = {
        "retried": f"{SAY_IT} mkdir {folder}/retried && exit 1; exit 0",
        "redriven": f"{SAY_IT} mkdir {folder}/redriven && exit 65; exit 0",
    }
    steps = [Step(key, "plainly", {"script": script}, retry=Retry(0, 0)) for key, script in scripts.items()]
    with TRACER.start_as_current_span("caller") as caller:
        client.dispatch(run_id, steps, dispatch_id="d")
    ends = {end.key: end for end in client.follow(run_id, list(scripts))}
    assert ends["redriven"].state == "FAILED"
    with TRACER.start_as_current_span("another caller"):
        assert client.dispatch(run_id, steps, dispatch_id="d").replayed
        client.redrive(run_id, keys=["redriven"])
    [ends["redriven"]] = client.follow(run_id, ["redriven"])
    assert [(end.state, end.attempt) for end in ends.values()] == [("SUCCEEDED", 2)] * 2
    context = caller.get_span_context()
    return f"{context.trace_id:032x}", f"{context.span_id:016x}", ends


def test_handlers_go_on_with_the_trace_of_the_first_dispatch(
    client: StepstileClient, run_id: str, tmp_path: Path
) -> None:
    trace, parent, ends = work(client, run_id, tmp_path)
    assert {end.result.split("-")[1:3] == [trace, parent] for end in ends.values()} == {True}
    client.dispatch(run_id, [Step("untraced", "plainly", {"script": SAY_IT})], traceparent="")
    [untraced] = client.follow(run_id, ["untraced"])
    assert untraced.result == " "


def test_each_attempt_is_a_span_below_the_dispatch_and_handlers_go_on_with_it(tmp_path: Path) -> None:
    file = tmp_path / "spans"
    options = ["--traces", str(file)]
    with (
        LocalStack(
            LAUNCHER, tmp_path / "state", handlers=HANDLERS, lease_seconds=5, options=options
        ) as stack,
        StepstileClient(stack.endpoint) as client,
    ):
        trace, parent, ends = work(client, "r", tmp_path)
    said = {key: end.result.split("-")[1:3] for key, end in ends.items()}
    assert said == {key: [trace, attempt_span_id("r", key, 2)] for key in ends}
    spans = {span.id: span for span in of_stack(file)}
    assert {span.trace for span in spans.values()} == {trace}, "the second caller's is of no span"
    [send] = [span for span in spans.values() if span.parent == parent]
    attempts = {attempt_span_id("r", key, attempt): (key, attempt) for key in ends for attempt in (1, 2)}
    assert spans.keys() == {send.id, *attempts}
    for span_id, (key, attempt) in attempts.items():
        span = spans[span_id]
        assert (span.parent, list(span.links)) == (send.id, [(trace, send.id)])
        assert (span.attributes["stepstile.step.key"], span.attributes["stepstile.attempt"]) == (key, attempt)
