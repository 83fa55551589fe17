"""What the examples in `docs/protocol.md` answer is in what the client returns, every member of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, cast

from conversations import ANY, matches, perform, said
from scripted_api import Answer, Call, api
from stacks import CHECKOUT

from stepstile import StepstileClient

EXAMPLE = re.compile(
    r"```http\n(?:GET|POST) (\S+?)(?:\?\S*)?\n([^`]*)```\s*```json 20\d\n(.*?)\n```", re.DOTALL
)
NAMES = {
    "": "status",
    "/dispatches": "dispatch",
    "/steps/lookup": "lookup",
    "/v1/running": "runningEverywhere",
    "/v1/dead-letters": "deadLetters",
    "/v1/dead-letters/redrive": "redriveDeadLetters",
    "/v1/dead-letters/purge": "purgeDeadLetters",
}
# The feed is read by followers; a result is compared with its digest.
READ_OTHERWISE = ("/feed", "/step/result")


def test_every_member_of_every_answer_is_in_what_the_client_returns() -> None:
    compared: set[str] = set()
    for path, body, text in EXAMPLE.findall((CHECKOUT / "docs/protocol.md").read_text("utf-8")):
        answer = _filled(json.loads(text))
        call = _call(path, json.loads(body) if body.strip() else {}, answer)
        if call is not None:
            _compare(call, answer)
            compared.add(call["call"])
    assert compared >= {
        *("audit", "cancel", "cancelSteps", "deadLetters", "dispatch", "failures", "lookup", "pause"),
        *("pauses", "purgeDeadLetters", "redrive", "redriveDeadLetters", "resume", "running"),
        *("runningEverywhere", "runs", "status", "step", "steps"),
    }


def _compare(call: Mapping[str, Any], answer: Any) -> None:
    def answered(_: Call) -> Answer:
        return Answer(200, answer)

    with api(answered) as endpoint, StepstileClient(endpoint) as client:
        read = said(perform(client, call))
    expected = said(_expected(call, answer))
    assert matches(expected, read), f"{call} is read as {read}, not {expected}"


def _call(path: str, body: dict[str, Any], answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """A documented call as a conversation has it; None for what is read otherwise."""
    of_run = re.fullmatch("/v1/runs/([^/]+)(/.*)?", path)
    of = (of_run[2] or "") if of_run else path
    if of in READ_OTHERWISE:
        return None
    name = NAMES.get(of) or ("step" if of.startswith("/steps/") else of.rpartition("/")[2])
    if name == "cancel" and body:
        name = "cancelSteps"
    if "keys" in body and path.startswith("/v1/dead-letters"):
        body["letterKeys"] = body.pop("keys")
    call = {**body, "call": name, "run": of_run[1] if of_run else body.get("runId", "letters")}
    if name == "step":
        call["key"] = answer["key"]
    if of_run is None and "handler" not in call:
        call["everything"] = True
    return call


def _expected(call: Mapping[str, Any], answer: dict[str, Any]) -> Any:
    match call["call"]:
        case "running":
            return [{**step, "runId": call["run"]} for step in answer["steps"]]
        case "lookup":
            return {entry["key"]: entry for entry in answer["entries"]}
        case "failures":
            return {name: value for name, value in answer.items() if name != "readCount"}
        case "runs" | "steps" | "pauses" | "deadLetters" as member:
            return answer[member]
        case "runningEverywhere":
            return answer["steps"]
        case _:
            return answer


def _filled(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {key: _filled(each, key) for key, each in members.items() if key != "cursor"}
    if isinstance(value, list):
        whole = [each for each in cast("list[Any]", value) if not (isinstance(each, dict) and ANY in each)]
        return [_filled(each) for each in whole]
    if value != ANY:
        return value
    if re.fullmatch("at|.*At|.*Since|notBefore|deadline|leaseUntil", name):
        return "2026-11-24T08:00:00Z"
    return 7 if re.fullmatch(".*(Count|Seconds)", name) else "x"
