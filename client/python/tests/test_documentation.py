"""The examples in `docs/client-python.md`, which run as they are."""

from __future__ import annotations

import re

import pytest
from stacks import CHECKOUT

import stepstile
from stepstile import BadInput, Defaults
from stepstile.local_stack import LocalStack

PAGE = (CHECKOUT / "docs/client-python.md").read_text(encoding="utf-8")
EXAMPLES = re.findall("```python\n(.*?)```", PAGE, re.DOTALL)


def test_the_page_has_three_examples() -> None:
    assert len(EXAMPLES) == 3


@pytest.mark.parametrize("number", [0, 1])
def test_an_example_prints_each_end(
    number: int, stack: LocalStack, capsys: pytest.CaptureFixture[str]
) -> None:
    source = EXAMPLES[number].replace("http://127.0.0.1:8787", stack.endpoint)
    exec(compile(source, f"example {number}", "exec"), {})
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "a SUCCEEDED {'width': 200}",
        "b SUCCEEDED text",
    ]


def test_a_client_for_aws_is_made_as_the_page_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    names = {"StepstileClient": stepstile.StepstileClient}
    exec(EXAMPLES[2], names)
    assert isinstance(names["client"], stepstile.StepstileClient)


def test_bad_input_reads_as_the_page_says() -> None:
    with pytest.raises(BadInput) as refused:
        Defaults(timeout_seconds=900)
    assert f"`{refused.value}`" in PAGE


def test_the_exceptions_of_the_page_are_those_of_the_package() -> None:
    named = set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE))
    kinds = [kind for name in stepstile.__all__ if isinstance(kind := getattr(stepstile, name), type)]
    assert named == {kind.__name__ for kind in kinds if issubclass(kind, Exception)} - {"StepstileError"}
