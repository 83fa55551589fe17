"""What a local stack tells Prometheus, as Prometheus' own parsers read it."""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain
from waiting import eventually

from stepstile import Defaults, Step, StepstileClient
from stepstile.local_stack import LocalStack

TEXT = "text/plain"
OPEN = "application/openmetrics-text"
PROMETHEUS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
"""What Prometheus sends."""
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"
STEPS = 3


def scrape(stack: LocalStack, accept: str) -> tuple[str, str]:
    """Content type and text."""
    request = urllib.request.Request(f"{stack.endpoint}/metrics", headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def families(stack: LocalStack, accept: str) -> dict[str, Metric]:
    _, text = scrape(stack, accept)
    return {
        family.name: family
        for family in (openmetrics.text_string_to_metric_families(text) if accept == OPEN else plain(text))
    }


def values(family: Metric) -> dict[tuple[str, ...], float]:
    """By the sample's name and its labels' values."""
    return {(sample.name, *sample.labels.values()): sample.value for sample in family.samples}


def run(client: StepstileClient, run_id: str) -> None:
    """Some steps, to their ends, and until a sweep has found them."""
    client.dispatch(
        run_id,
        [Step(f"s{i}") for i in range(STEPS)],
        dispatch_id="d1",
        defaults=Defaults(handler="stepstile.echo"),
    )
    eventually(lambda: client.status(run_id).counts.get("SUCCEEDED") == STEPS, 60)


# Not on AWS, where each metric is paid for: docs/operations.md names it beside the audit of all runs.
OF_ONE_MACHINE = {"AUDIT_FAILING"}


def documented() -> set[str]:
    """The names in the tables of metrics, which are all that there are (OperationsTest), and those of one machine alone."""
    section = OPERATIONS.read_text().split("\n## Metrics\n")[1].split("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)} | OF_ONE_MACHINE


@pytest.mark.parametrize("accept", [TEXT, OPEN])
def test_each_metric_is_there_with_its_type_and_what_it_means(
    stack: LocalStack, client: StepstileClient, run_id: str, accept: str
) -> None:
    run(client, run_id)
    read = families(stack, accept)
    names = {name.removeprefix("stepstile_").removesuffix("_seconds").upper() for name in read}
    assert names == documented()
    types = {name: family.type for name, family in read.items()}
    assert types["stepstile_steps_succeeded"] == "counter"
    assert types["stepstile_handler_duration_seconds"] == "histogram"
    assert types["stepstile_oldest_wait_seconds"] == "gauge"
    assert types["stepstile_workers"] == "gauge"
    assert all(family.documentation.endswith(".") for family in read.values())
    assert all(family.samples for name, family in read.items() if "recovery" not in name)
    units = {family.unit for family in read.values()}
    assert units == ({"", "seconds"} if accept == OPEN else {""})


@pytest.mark.parametrize("accept", [TEXT, OPEN])
def test_what_runs_is_counted_and_measured_by_handler_and_no_sample_names_a_run(
    stack: LocalStack, client: StepstileClient, run_id: str, accept: str
) -> None:
    run(client, f"{run_id}-before")
    before = families(stack, accept)
    run(client, run_id)
    after = families(stack, accept)

    def grown(family: str, *sample: str) -> float:
        return values(after[family])[sample] - values(before[family])[sample]

    assert grown("stepstile_steps_succeeded", "stepstile_steps_succeeded_total") >= STEPS
    duration = "stepstile_handler_duration_seconds"
    assert grown(duration, f"{duration}_count", "stepstile.echo") >= STEPS
    assert grown(duration, f"{duration}_bucket", "stepstile.echo", "+Inf") >= STEPS
    assert grown(duration, f"{duration}_bucket", "stepstile.echo", "900.0") >= STEPS
    wait = "stepstile_step_wait_seconds"
    assert grown(wait, f"{wait}_count") >= STEPS
    assert grown(wait, f"{wait}_sum") > 0
    labels = {label for family in after.values() for sample in family.samples for label in sample.labels}
    assert labels == {"handler", "le"}
    assert run_id not in scrape(stack, accept)[1]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS, OPEN),
        ("application/openmetrics-text", OPEN),
        (f"{OPEN};q=0.1,text/plain", TEXT),
        (f"{OPEN};q=0, */*", TEXT),
        ("*/*", TEXT),
        ("application/json", TEXT),
    ],
)
def test_the_format_is_what_accept_likes_best(stack: LocalStack, accept: str, expected: str) -> None:
    kind, text = scrape(stack, accept)
    assert kind == f"{expected}; version={'1.0.0' if expected == OPEN else '0.0.4'}; charset=utf-8"
    assert text.endswith("# EOF\n") == (expected == OPEN)
