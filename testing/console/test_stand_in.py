"""What the stand-in shows can happen."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from document import Document
from stand_in import BUDGET, ENDED, Api, Json, Step, moment

pytestmark = pytest.mark.quick

DOCUMENT = Document()
WAITS = ("QUEUED", "RETRYING")
FINAL = {"TERMINAL_FAILURE": "FAILED", "CANCELLED": "CANCELLED"}  # what a step is after such an attempt


def wrong_of(step: Step, now: float) -> Iterator[str]:
    """What cannot be, of a step with a budget of three attempts; docs/protocol.md, "States and error kinds"."""
    shown, notes = step.listed(), [note for note in step.attempts if note["kind"] != "REDRIVEN"]
    redriven = step.redriven_by != ""
    if (shown["attempt"] == 0) != ("startedAt" not in shown) or (
        step.state == "QUEUED" and shown["attempt"] > 0
    ):
        yield "has an attempt that did not start, or the other way round"
    if shown["attempt"] > BUDGET and not redriven:
        yield "has more attempts than its budget"
    if step.state == "DEAD" and not redriven and shown["attempt"] != BUDGET:
        yield "is DEAD with attempts left"
    if [note["attempt"] for note in notes] != list(range(1, len(notes) + 1)):
        yield "has attempts that are not numbered"
    ran = shown["attempt"] - (step.state in ("SUCCEEDED", "RUNNING"))
    if len(notes) != ran:
        yield f"has {len(notes)} notes of {ran} attempts that failed"
    for note in notes[:-1] if not redriven else []:
        if note["kind"] in FINAL:
            yield f"goes on after {note['kind']}"
    if notes and notes[-1]["kind"] in FINAL and step.state != FINAL[notes[-1]["kind"]] and not redriven:
        yield f"is {step.state} after {notes[-1]['kind']}"
    if step.state == "FAILED" and notes[-1]["kind"] not in FINAL:
        yield "is FAILED by a failure that is retried"
    if step.state in ("FAILED", "DEAD") and step.error != {
        name: notes[-1][name] for name in ("kind", "message")
    }:
        yield "has another error than its last attempt"
    times = [time for note in notes for time in (note["startedAt"], note["endedAt"])]
    times += [shown["startedAt"]] if step.state in ("SUCCEEDED", "RUNNING") else []
    times += [shown["finishedAt"]] if step.state in ENDED else []
    if times != sorted(times) or any(each > moment(now) for each in times):
        yield f"has times that are not in order: {times}"
    if times and times[0] < moment(step.queued):
        yield "started before it was dispatched"
    if notes and shown["attempt"] == notes[-1]["attempt"] and shown["startedAt"] != notes[-1]["startedAt"]:
        yield "started its last attempt twice"
    for note in notes:
        took = seconds_of(note["endedAt"]) - seconds_of(note["startedAt"])
        if (note["kind"] == "TIMEOUT" and took < 60) or (note["kind"] == "WORKER_LOST" and took < 15):
            yield f"has {note['kind']} after {took} s"
    for name, states in {"queuedSince": WAITS, "worker": ("RUNNING",), "finishedAt": ENDED}.items():
        if (name in shown) != (step.state in states):
            yield f"is {step.state}, and {name} is {shown.get(name)}"


def seconds_of(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()


def wrong(api: Api) -> list[str]:
    now = time.time() + 1
    found = [
        f"{step.state} step {step.key} {each}"
        for run in api.runs.values()
        for step in run.steps.values()
        for each in wrong_of(step, now)
    ]
    for run in api.runs.values():
        at = [when for when, _ in run.entries]
        if at != sorted(at):
            found.append(f"the feed of {run.run_id} is not in order")
        ended = {entry["key"]: entry["state"] for _, entry in run.entries if "state" in entry}
        for step in run.steps.values():
            if step.state in ENDED and ended.get(step.key) != step.state:
                found.append(f"the feed does not say that {step.key} is {step.state}")
    dead = {
        (run.run_id, step.key)
        for run in api.runs.values()
        for step in run.steps.values()
        if step.state == "DEAD"
    }
    if dead - {(letter.run.run_id, letter.step.key) for letter in api.letters}:
        found.append("a DEAD step has no dead letter")
    for run in api.runs.values():
        for entry in api.running(run):
            shown = run.steps[entry["key"]].listed()
            if any(entry[name] != shown.get(name) for name in ("worker", "attempt", "startedAt")):
                found.append(f"what runs of {entry['key']} differs from its record")
    return found


@pytest.fixture
def api() -> Api:
    api = Api()
    api.fill(2000)
    return api


def test_what_it_holds_can_be(api: Api) -> None:
    assert {step.state for step in api.runs["nightly"].steps.values()} == {
        "SUCCEEDED", "FAILED", "DEAD", "QUEUED", "RUNNING", "RETRYING",
    }  # fmt: skip
    assert wrong(api) == []


SEEDED: list[Callable[[Step], Any]] = [
    lambda step: step.attempts.append(step.attempts[-1]),
    lambda step: setattr(step, "state", "DEAD"),
    lambda step: setattr(step, "attempt", 4),
    lambda step: step.attempts.pop(0),
    lambda step: step.attempts.reverse(),
    lambda step: setattr(step, "error", None),
    lambda step: step.attempts[0].update(kind="TERMINAL_FAILURE"),
    lambda step: step.attempts[0].update(kind="TIMEOUT"),
    lambda step: setattr(step, "finished", step.queued),
    lambda step: setattr(step, "started", 0.0),
]


@pytest.mark.parametrize("seeded", SEEDED)
def test_what_cannot_be_is_found(api: Api, seeded: Callable[[Step], Any]) -> None:
    step = next(step for step in api.runs["nightly"].steps.values() if step.state == "FAILED")
    seeded(step)
    assert any(step.key in each for each in wrong(api))


def call(api: Api, method: str, path: str, query: Json | None = None, body: Json | None = None) -> Json:
    answer = api.answer(method, path, query or {}, body or {})
    assert DOCUMENT.wrong(method, path, query or {}, body or {}, 200, answer) == []
    return answer


def test_what_becomes_of_it_can_be(api: Api) -> None:
    api.succeed("nightly", 5)
    call(api, "POST", "/v1/runs/nightly/redrive", body={"states": ["FAILED"], "redriveId": "r-1"})
    overrides: Json = {"overrides": {"maxAttempts": 5}, "redriveId": "r-2"}
    call(api, "POST", "/v1/dead-letters/redrive", body={"kind": "TIMEOUT"} | overrides)
    call(api, "POST", "/v1/runs/nightly/cancel", body={})
    deadline = time.monotonic() + 10
    while any(step.state == "RUNNING" for step in api.runs["nightly"].steps.values()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert wrong(api) == []
    page = call(api, "GET", "/v1/runs/nightly/steps", {"limit": "1000"})
    assert {"CANCELLED", "SUCCEEDED", "DEAD"} <= {step["state"] for step in page["steps"]}
    for step in page["steps"]:
        if step["state"] != "QUEUED":
            call(api, "GET", "/v1/runs/nightly/step", {"key": step["key"], "log": "true", "input": "true"})


def test_the_document_finds_an_answer_and_a_request_that_are_not_as_it_says(api: Api) -> None:
    path = "/v1/runs/nightly/steps"
    answer = api.answer("GET", path, {"limit": "3"}, {})
    assert DOCUMENT.wrong("GET", path, {"limit": "3"}, {}, 200, answer) == []
    assert DOCUMENT.wrong("GET", path, {"limits": "3"}, {}, 200, answer)
    assert DOCUMENT.wrong("GET", path, {}, {}, 418, {})
    answer["steps"][0]["state"] = "ASLEEP"
    assert DOCUMENT.wrong("GET", path, {}, {}, 200, answer)
    assert DOCUMENT.wrong("GET", path, {}, {}, 403, {"message": "Forbidden"}) == []
    assert DOCUMENT.wrong("GET", path, {}, {}, 403, {"message": "Forbidden", "detail": "of no type"})
    assert DOCUMENT.wrong("GET", path, {}, {}, 404, {"message": "Not found"})
    done = {"cancelledCount": 0, "stoppingCount": 0}
    assert DOCUMENT.wrong("POST", "/v1/runs/nightly/cancel", {}, {"steps": []}, 200, done)
