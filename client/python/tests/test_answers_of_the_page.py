"""What the examples in `docs/protocol.md` answer is in the records, every member of it."""

from __future__ import annotations

import json
import re
from typing import Any, cast

from conversations import ANY, record_as_answered, said, wire
from scripted_api import Answer, Call, api
from stacks import CHECKOUT

from stepstile import RunningStep, StepRecord, StepstileClient

EXAMPLE = re.compile(r"```http\nGET /v1/runs/([^/\s?]+)(\S*)\n```\s*```json 200\n(.*?)\n```", re.DOTALL)

# Of operators, who read them by the command line and the console; neither client has them so far.
NOT_IN_THE_RECORDS = ("queuedSince", "durationSeconds", "paused", "input", "inputLocation")


def test_every_member_of_every_answered_step_run_and_running_step_is_in_its_record() -> None:
    compared = 0
    for run, path, text in EXAMPLE.findall((CHECKOUT / "docs/protocol.md").read_text("utf-8")):
        body = _filled(json.loads(text))
        call = path.partition("?")[0]
        if call == "":
            assert said(_status(run, body)) == said(body)
            compared += 1
        elif call == "/running":
            assert [said(wire(RunningStep.from_json(each))) for each in body["steps"]] == said(body["steps"])
            compared += len(body["steps"])
        elif call.startswith("/step") and call != "/step/result":
            for shown in body.get("steps", [body]):
                assert said(record_as_answered(StepRecord.from_json(shown))) == said(shown)
                compared += 1
    assert compared > 10


def _status(run: str, body: Any) -> Any:
    def answer(_: Call) -> Answer:
        return Answer(200, body)

    with api(answer) as endpoint, StepstileClient(endpoint) as client:
        return wire(client.status(run))


def _filled(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {
            key: _filled(each, key)
            for key, each in members.items()
            if key not in {"cursor", ANY, *NOT_IN_THE_RECORDS}
        }
    if isinstance(value, list):
        whole = [each for each in cast("list[Any]", value) if not (isinstance(each, dict) and ANY in each)]
        return [_filled(each) for each in whole]
    if value != ANY:
        return value
    if re.fullmatch("at|.*At|notBefore|deadline|leaseUntil", name):
        return "2026-11-24T08:00:00Z"
    return 7 if name.endswith("Count") else "x"
