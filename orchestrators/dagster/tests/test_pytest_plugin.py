"""The fixtures for users' tests: a job of this module, by the real executor, on a stack that the plugin starts."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from stacks import LAUNCHER

from dagster_stepstile import stepstile_executor

pytest_plugins = ["pytester"]


@pytest.fixture(scope="session", autouse=True)
def command() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEPSTILE_TEST_COMMAND", str(LAUNCHER))
        yield


@dg.op
def numbers() -> list[int]:
    return [1, 2, 3]


@dg.op
def total(context: dg.OpExecutionContext, values: list[int]) -> int:
    context.log.info("adding %d numbers", len(values))
    return sum(values)


@dg.op
def refuses() -> None:
    raise dg.Failure("no more of this", allow_retries=False)


@dg.job(executor_def=stepstile_executor)
def sums() -> None:
    total(numbers())


@dg.job(executor_def=stepstile_executor)
def fails() -> None:
    refuses()


def test_a_job_adds_up(run_on_stepstile: Any) -> None:
    result = run_on_stepstile(sums)
    assert result.success
    assert result.output_for_node("total") == 6


def test_an_op_that_fails_is_shown_in_the_result(
    run_on_stepstile: Callable[..., dg.JobExecutionResult],
) -> None:
    result = run_on_stepstile(fails)
    assert not result.success
    assert [event.step_key for event in result.get_step_failure_events()] == ["refuses"]


def test_the_page_shows_a_test_of_this_module() -> None:
    page = (Path(__file__).parents[3] / "docs" / "testing.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    jobs = [block for block in blocks if "run_on_stepstile" in block]
    assert jobs
    assert all(block in Path(__file__).read_text() for block in jobs)


def test_without_a_command_and_an_address_a_test_fails_with_what_to_do(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STEPSTILE_TEST_COMMAND")
    monkeypatch.setenv("PATH", "/nowhere")
    pytester.makepyfile("def test_mine(stepstile_endpoint): pass")
    result = pytester.runpytest("-p", "dagster_stepstile.pytest_plugin")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*pip install stepstile-local*"])


def test_a_stack_that_is_named_is_used(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTILE_TEST_ENDPOINT", "http://127.0.0.1:1")
    pytester.makepyfile(
        "def test_mine(stepstile_endpoint): assert stepstile_endpoint == 'http://127.0.0.1:1'"
    )
    pytester.runpytest("-p", "dagster_stepstile.pytest_plugin").assert_outcomes(passed=1)
