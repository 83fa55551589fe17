"""When the executor asks which steps run, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from scripted_api import Answer, Call, api

from dagster_stepstile._running import RunningSteps
from dagster_stepstile._step_recorder import SentStep
from stepstile import StepstileClient


class Listing:
    """An API that lists what runs, one step a page, and counts the calls."""

    def __init__(self) -> None:
        self.now = 100.0
        self.keys = ["a", "of another executor", "b"]
        self.calls: list[float] = []

    def answer(self, call: Call) -> Answer:
        assert call.target.startswith("/v1/runs/r/running?limit=1000")
        self.calls.append(self.now)
        steps = [{"key": key, "attempt": 1, "startedAt": "2026-11-24T08:00:00Z"} for key in self.keys]
        return Answer(200, {"steps": steps})


@pytest.fixture
def listing() -> Listing:
    return Listing()


@pytest.fixture
def running(listing: Listing) -> Iterator[RunningSteps]:
    with api(listing.answer) as endpoint:
        yield RunningSteps(StepstileClient(endpoint), "r", lambda: listing.now)


def sent(*keys: str, started: bool = False) -> dict[str, SentStep]:
    nothing: Any = None
    return {key: SentStep(key, nothing, nothing, retry=0, started=started) for key in keys}


def ask(running: RunningSteps, listing: Listing, seconds: int, steps: dict[str, SentStep]) -> list[float]:
    """The times of the calls while it is asked ten times a second, from the first on."""
    listing.calls.clear()
    begin = listing.now
    for tick in range(10 * seconds):
        listing.now = begin + tick / 10
        running.ask(steps)
    return [round(at - begin, 1) for at in listing.calls]


def test_what_runs_of_what_was_sent_is_told(listing: Listing, running: RunningSteps) -> None:
    steps = sent("a", "b", "c")
    assert [(at.name, step.key) for at, step in running.ask(steps)] == [("a", "a"), ("b", "b")]


def test_is_asked_once_a_second_while_a_step_has_not_started(listing: Listing, running: RunningSteps) -> None:
    steps = {**sent("a", started=True), **sent("b")}
    assert ask(running, listing, 4, steps) == [0, 1, 2, 3]


def test_is_asked_every_five_seconds_once_all_have_started(listing: Listing, running: RunningSteps) -> None:
    assert ask(running, listing, 12, sent("a", started=True)) == [0, 5, 10]


def test_is_not_asked_while_nothing_is_open_and_at_once_when_something_is(
    listing: Listing, running: RunningSteps
) -> None:
    assert ask(running, listing, 10, {}) == []
    assert ask(running, listing, 1, sent("a")) == [0]
