"""The conversations that both clients have: read from files, held by this one.

What they say is described beside the files, in `testing/contracts/src/main/resources/conversations`.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from operator import itemgetter
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import pytest
from scripted_api import HANG_UP, Answer, Call, problem

import stepstile
from stepstile import (
    DeadLetter,
    Defaults,
    LogPage,
    NotifyEvent,
    NotifyWebhook,
    Overrides,
    Retry,
    RunFilter,
    Step,
    StepEnded,
    StepFilter,
    StepRecord,
    StepstileClient,
)
from stepstile.records import instant

FILES = Path(__file__).parents[3] / "testing/contracts/src/main/resources/conversations"
ANY = "…"
AS_IT_IS = ("result", "input")
"""JSON of the caller's own, in which nothing may be left out."""


def conversations(folder: str) -> dict[str, Any]:
    """Those of a folder, by title."""
    found = [
        one for file in sorted((FILES / folder).glob("*.json")) for one in json.loads(file.read_text("utf-8"))
    ]
    return {one["title"]: one for one in found}


class Server:
    """Answers as a conversation's `server` says, at the time that the client's waits make."""

    def __init__(self, told: Mapping[str, Any], within: float) -> None:
        self.now = 0.0
        self._within = within
        self.unexpected: list[str] = []
        self.script = list(told.get("script", []))
        self._always = {_sorted(target): answer for target, answer in told.get("always", {}).items()}
        self._feed = told.get("feed")
        self._records = told.get("records", {})

    def answer(self, call: Call) -> Answer:
        request = _sorted(f"{call.method} {call.target}")
        if self.now > self._within:
            self.unexpected.append(f"{request} after {self.now} s")
            return problem("too-late", 400)
        path = request.split("?")[0]
        if self.script and _sorted(self.script[0]["request"]) == request:
            next_ = self.script.pop(0)
            if ("body" not in next_ or matches(next_["body"], call.json)) and _has_headers(
                call, next_.get("headers", {})
            ):
                return _answer(next_["answer"])
        elif request in self._always:
            return _answer(self._always[request])
        elif self._feed is not None and path.endswith("/feed"):
            return Answer(200, self._page(dict(parse_qsl(urlsplit(call.target).query)).get("cursor", "0")))
        elif path.endswith("/steps/lookup") and self._records:
            asked = call.json["keys"]
            entries = [self._records[key] for key in asked if key in self._records]
            return Answer(
                200, {"entries": entries, "absentKeys": [k for k in asked if k not in self._records]}
            )
        self.unexpected.append(f"{request} {call.body.decode()}")
        return problem("unexpected", 400)

    def _page(self, cursor: str) -> dict[str, Any]:
        """What is seen of the feed behind a position: an entry may come to be seen when later ones were already read."""
        assert self._feed is not None
        seen = [at for at, one in enumerate(self._feed) if at >= int(cursor) and one["from"] <= self.now]
        return {
            "entries": [self._feed[at]["entry"] for at in seen],
            "cursor": str(seen[-1] + 1 if seen else int(cursor)),
            "caughtUp": True,
        }


def _has_headers(call: Call, expected: Mapping[str, str | None]) -> bool:
    sent = {name.lower(): value for name, value in call.headers.items()}
    return all(sent.get(name) == value for name, value in expected.items())


def _answer(told: Any) -> Answer:
    if told == "hang up":
        return HANG_UP
    headers = told.get("headers", {})
    if "problem" in told:
        shown = problem(told["problem"], told["status"])
        return Answer(shown.status, shown.body, headers)
    return Answer(told["status"], told.get("text", "").encode() or told.get("body", {}), headers)


def _sorted(request: str) -> str:
    path, mark, query = request.partition("?")
    return path + mark + "&".join(sorted(query.split("&")))


def hold(client: StepstileClient, conversation: Mapping[str, Any], run: Callable[[str], str]) -> None:
    """Makes a conversation's calls, and compares what they return or raise.

    :param run: the run that a conversation's name of a run stands for.
    """
    for told in conversation["calls"]:
        call = _repeated(told)
        call["run"] = run(call["run"])
        if "raises" in call:
            _raises(client, call)
            continue
        returned = said(perform(client, call))
        expected = said(call["returns"])
        if call.get("inAnyOrder"):
            returned, expected = (sorted(each, key=itemgetter("key")) for each in (returned, expected))
        assert matches(expected, returned), (
            f"{call['call']} returned {_short(returned)}, not {_short(expected)}"
        )


def _raises(client: StepstileClient, call: Mapping[str, Any]) -> None:
    with pytest.raises(getattr(stepstile, call["raises"])) as raised:
        perform(client, call)
    error: stepstile.StepstileError = raised.value
    assert type(error).__name__ == call["raises"]
    if "field" in call:
        field = call["field"] if isinstance(call["field"], str) else call["field"]["python"]
        assert str(error).startswith(re.sub("[A-Z]", lambda c: "_" + c[0].lower(), field) + " must ")
        assert str(error).endswith(".")
    for part in call.get("says", []):
        assert part in str(error)
    if isinstance(error, stepstile.Refused):
        assert (error.type, error.status) == (call["type"], call["status"])


def perform(client: StepstileClient, call: Mapping[str, Any]) -> Any:
    """Makes a call; what it returns is in the form of the wire."""
    run = call["run"]
    match call["call"]:
        case "dispatch":
            done = client.dispatch(
                run,
                [_step(step) for step in call["steps"]],
                dispatch_id=call.get("dispatchId"),
                tenant=call.get("tenant"),
                notify=_notify(call.get("notify")),
                deadline=_moment(call["deadline"]) if "deadline" in call else None,
                shared_inputs=call.get("sharedInputs"),
                defaults=Defaults(**_settings(call["defaults"])) if "defaults" in call else None,
                traceparent=call.get("traceparent"),
                tracestate=call.get("tracestate"),
            )
            return wire(done)
        case "status":
            return wire(client.status(run, exact=call.get("exact", False)))
        case "runs":
            return [wire(one) for one in client.runs(_run_filter(run, call))]
        case "steps":
            found = client.steps(run, _filter(call), state=call.get("state"))
            return [record_as_answered(one) for one in found]
        case "failures":
            return wire(client.failures(run, _filter(call)))
        case "running":
            return [wire(one) for one in client.running(run)]
        case "runningEverywhere":
            found = client.running_everywhere(worker=call.get("worker"))
            return [wire(one) for one in found if not call.get("ofRun") or one.run_id == run]
        case "step":
            return record_as_answered(
                client.step(run, call["key"], attempt=call.get("attempt"), input=call.get("input", False))
            )
        case "lookup":
            return {key: record_as_answered(one) for key, one in client.lookup(run, call["keys"]).items()}
        case "result":
            return client.result(run, call["key"])
        case "cancel":
            return wire(client.cancel(run))
        case "cancelSteps" if call.get("dryRun"):
            return wire(client.plan_cancel(run, keys=call.get("keys", ()), filter=_filter(call)))
        case "cancelSteps":
            return wire(client.cancel_steps(run, keys=call.get("keys", ()), filter=_filter(call)))
        case "planCancel":
            return wire(client.plan_cancel(run))
        case "pause":
            return wire(client.pause(**_scope(run, call), reason=call.get("reason", "")))
        case "resume":
            return wire(client.resume(**_scope(run, call)))
        case "pauses":
            return [wire(one) for one in client.pauses()]
        case "audit":
            return wire(client.audit(run))
        case "redrive" if call.get("dryRun"):
            return wire(client.plan_redrive(run, keys=call.get("keys"), filter=_filter(call)))
        case "redrive":
            changes = call.get("overrides")
            return wire(
                client.redrive(
                    run,
                    redrive_id=call.get("redriveId"),
                    keys=call.get("keys"),
                    filter=_filter(call),
                    overrides=None if changes is None else Overrides(**_settings(changes)),
                )
            )
        case "deadLetters":
            return [wire(letter) for letter in _dead_letters(client, call)]
        case "redriveDeadLetters" if call.get("dryRun"):
            return wire(client.dead_letters.plan_redrive(**_letters(call)))
        case "redriveDeadLetters":
            changes = call.get("overrides")
            return wire(
                client.dead_letters.redrive(
                    **_letters(call),
                    redrive_id=call.get("redriveId"),
                    overrides=None if changes is None else Overrides(**_settings(changes)),
                )
            )
        case "purgeDeadLetters" if call.get("dryRun"):
            return wire(client.dead_letters.plan_purge(**_letters(call)))
        case "purgeDeadLetters":
            return wire(client.dead_letters.purge(**_letters(call)))
        case "follow":
            return [_item(item) for item in client.follow(run, call["keys"], logs=call.get("logs", False))]
        case other:
            raise AssertionError(f"no such call: {other}")


def _filter(call: Mapping[str, Any]) -> StepFilter:
    told = {**call.get("filter", {}), "states": call.get("states", ())}
    if "tag" in told:
        told["tag"] = (told["tag"]["name"], told["tag"]["value"])
    return StepFilter(**_span(told))


def _run_filter(run: str, call: Mapping[str, Any]) -> RunFilter:
    """With the run's own name as the prefix, if it is to have one."""
    told = _span(call.get("filter", {}))
    own: dict[str, Any] = {"prefix": run} if call.get("ofRun") else {}
    return RunFilter(**{**own, **told})


def _span(told: Mapping[str, Any]) -> dict[str, Any]:
    return {**told, **{name: instant(told[name]) for name in ("since", "until") if name in told}}


def _scope(run: str, call: Mapping[str, Any]) -> dict[str, Any]:
    """Of a handler, everything, or else the run."""
    if call.get("everything"):
        return {"everything": True}
    return {"handler": call["handler"]} if "handler" in call else {"run_id": run}


def _letters(call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run_id": call["run"],
        "keys": call.get("letterKeys"),
        "handler": call.get("handler"),
        "kind": call.get("kind"),
    }


def _dead_letters(client: StepstileClient, call: Mapping[str, Any]) -> list[DeadLetter]:
    """A letter is sent a moment after its step is seen DEAD, and may be hidden by another call."""
    selected = _letters(call)
    keys = selected.pop("keys")
    give_up = time.monotonic() + 60
    while True:
        key = keys[0] if keys else None
        found = client.dead_letters.list(**selected, key=key, bodies=call.get("body", False)).letters
        if len(found) >= call.get("atLeast", 0) or time.monotonic() > give_up:
            return list(found)
        time.sleep(0.1)


def _step(told: Mapping[str, Any]) -> Step:
    return Step(told["key"], **_settings({name: value for name, value in told.items() if name != "key"}))


def _settings(told: Mapping[str, Any]) -> dict[str, Any]:
    settings = {re.sub("[A-Z]", lambda c: "_" + c[0].lower(), name): value for name, value in told.items()}
    if "retry" in settings:
        settings["retry"] = Retry(
            settings["retry"].get("baseSeconds"),
            settings["retry"].get("capSeconds"),
            settings["retry"].get("on"),
            settings["retry"].get("never"),
        )
    for name in ("not_before", "deadline"):
        if name in settings:
            settings[name] = _moment(settings[name])
    return settings


def _moment(told: str | float) -> datetime | timedelta | None:
    return instant(told) if isinstance(told, str) else timedelta(seconds=told)


def record_as_answered(record: StepRecord | None) -> Any:
    if record is None:
        return None
    answered = wire(record)
    answered["logPages"] = [_page(page) for page in record.log_pages]
    if record.state == stepstile.UNKNOWN and record.error:
        answered["damage"] = record.error.message
        del answered["error"]
    return answered


def _item(item: LogPage | StepEnded) -> Any:
    if isinstance(item, LogPage):
        return {"key": item.key, **_page(item)}
    answered = wire(item)
    if item.state == stepstile.UNKNOWN and item.error:
        answered["damage"] = item.error.message
        del answered["error"]
    return answered


def _page(page: LogPage) -> dict[str, Any]:
    return {"attempt": page.attempt, "page": page.number, "at": page.at, "lines": page.lines}


def _notify(told: Any) -> NotifyEvent | NotifyWebhook | None:
    if told is None:
        return None
    return NotifyEvent() if "event" in told else NotifyWebhook(told["webhook"]["url"])


def wire(value: Any) -> Any:
    """A record as JSON, with the names of the wire."""
    if not hasattr(value, "__dataclass_fields__"):
        return [wire(each) for each in cast("list[Any]", value)] if isinstance(value, tuple) else value
    return {
        re.sub("_([a-z])", lambda c: c[1].upper(), name): wire(getattr(value, name))
        for name in value.__dataclass_fields__
    }


def said(value: Any) -> Any:
    """Without members that say nothing."""
    if isinstance(value, datetime):
        text = value.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        return re.sub(r"\.?0+$", "", text) + "Z" if value.microsecond else text[:19] + "Z"
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        shown = {name: each if name in AS_IT_IS else said(each) for name, each in members.items()}
        return {name: each for name, each in shown.items() if each}
    if isinstance(value, list | tuple):
        return [said(each) for each in cast("list[Any]", value)]
    return value


def matches(expected: Any, actual: Any) -> bool:
    if expected == ANY:
        return actual is not None
    if isinstance(expected, dict) and isinstance(actual, dict):
        wanted = cast("dict[str, Any]", expected)
        found = cast("dict[str, Any]", actual)
        return (ANY in wanted or wanted.keys() == found.keys()) and all(
            name == ANY or (name in found and matches(each, found[name])) for name, each in wanted.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(cast("list[Any]", expected), cast("list[Any]", actual), strict=False)
        return len(expected) == len(actual) and all(matches(each, other) for each, other in pairs)
    return expected == actual


def _repeated(value: Any) -> Any:
    """Writes out `{"repeat": text, "times": number}`."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if members.keys() == {"repeat", "times"}:
            return members["repeat"] * members["times"]
        return {name: _repeated(each) for name, each in members.items()}
    if isinstance(value, list):
        return [_repeated(each) for each in cast("list[Any]", value)]
    return value


def _short(value: Any) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) < 2000 else text[:2000] + "…"
