"""The trace of a caller in the handlers of a stack, whatever is tried again or redriven."""

from __future__ import annotations

from pathlib import Path

from opentelemetry.sdk.trace import TracerProvider

from stepstile import Retry, Step, StepstileClient

SAY_IT = 'echo "\\"$TRACEPARENT $TRACESTATE\\""; '


def test_attempts_that_are_retried_and_redriven_are_in_the_trace_of_the_first_dispatch(
    client: StepstileClient, run_id: str, tmp_path: Path
) -> None:
    tracer = TracerProvider().get_tracer("test")
    scripts = {
        "retried": f"{SAY_IT} mkdir {tmp_path}/retried && exit 1; exit 0",
        "redriven": f"{SAY_IT} mkdir {tmp_path}/redriven && exit 65; exit 0",
    }
    steps = [Step(key, "plainly", {"script": script}, retry=Retry(0, 0)) for key, script in scripts.items()]
    with tracer.start_as_current_span("caller") as caller:
        client.dispatch(run_id, steps, dispatch_id="d")
    first = {end.key: end for end in client.follow(run_id, list(scripts))}
    with tracer.start_as_current_span("another caller"):
        assert client.dispatch(run_id, steps, dispatch_id="d").replayed
        client.redrive(run_id, keys=["redriven"])
    [second] = client.follow(run_id, ["redriven"])
    client.dispatch(run_id, [Step("untraced", "plainly", {"script": SAY_IT})], traceparent="")
    [untraced] = client.follow(run_id, ["untraced"])
    assert [first["redriven"].state, second.state] == ["FAILED", "SUCCEEDED"]
    assert [first["retried"].attempt, second.attempt] == [2, 2]
    context = caller.get_span_context()
    expected = f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x} "
    assert [first["retried"].result, second.result] == [expected, expected]
    assert untraced.result == " "
