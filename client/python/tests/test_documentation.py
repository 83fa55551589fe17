"""The examples in `docs/client-python.md`, which run as they are."""

from __future__ import annotations

import re

import pytest
from opentelemetry import trace
from scripted_api import Answer, Call, api
from stacks import CHECKOUT

import stepstile
from stepstile import BadInput, Defaults, Step, StepFilter, StepstileClient
from stepstile.local_stack import LocalStack

PAGE = (CHECKOUT / "docs/client-python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall("```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_five_examples() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("number", [0, 2])
def test_an_example_prints_each_end(
    number: int, stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    source = EXAMPLES[number].replace("http://127.0.0.1:8787", stack.endpoint)
    exec(compile(source, f"example {number}", "exec"), {})
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "a SUCCEEDED {'width': 200}",
        "b SUCCEEDED text",
    ]


def test_a_dispatch_within_a_span_is_made_as_the_page_says() -> None:
    sent: list[str | None] = []

    def answer(call: Call) -> Answer:
        sent.append({name.lower(): value for name, value in call.headers.items()}.get("traceparent"))
        return Answer(202, {"acceptedCount": 1})

    context = trace.SpanContext(1, 2, is_remote=True, trace_flags=trace.TraceFlags(1))
    with api(answer) as endpoint, stepstile.StepstileClient(endpoint) as client:
        steps = [stepstile.Step("a", "stepstile.echo")]
        # Without a provider of tracers, a span is the one around it.
        with trace.use_span(trace.NonRecordingSpan(context)):
            exec(EXAMPLES[3], {"client": client, "steps": steps})
    assert sent == [f"00-{1:032x}-{2:016x}-01"]


def test_an_operator_runs_again_what_failed(
    client: StepstileClient, run_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    client.dispatch(run_id, [Step("s", "no.such.handler")])
    assert [end.state for end in client.follow(run_id, ["s"])] == ["FAILED"]
    names = {"client": client, "StepFilter": StepFilter}
    try:
        exec(EXAMPLES[1].replace('"nightly"', f'"{run_id}"'), names)
        assert "{'FAILED': 1}" in capsys.readouterr().out
        assert [(pause.handler, pause.reason) for pause in client.pauses()] == [
            ("payments.charge", "the bank is down")
        ]
    finally:
        client.resume(handler="payments.charge")


def test_a_client_for_aws_is_made_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    names = {"StepstileClient": stepstile.StepstileClient}
    exec(EXAMPLES[4], names)
    assert isinstance(names["client"], stepstile.StepstileClient)


def test_bad_input_reads_as_the_page_says() -> None:
    with pytest.raises(BadInput) as refused:
        Defaults(timeout_seconds=900)
    assert f"`{refused.value}`" in PAGE


def test_the_exceptions_of_the_page_are_those_of_the_package() -> None:
    named = set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE))
    kinds = [kind for name in stepstile.__all__ if isinstance(kind := getattr(stepstile, name), type)]
    assert named == {kind.__name__ for kind in kinds if issubclass(kind, Exception)} - {"StepstileError"}
