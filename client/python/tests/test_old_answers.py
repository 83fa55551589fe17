"""Today's client reads what the servers of released versions answer: the examples of their protocol's page."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import Any, cast

import pytest
from scripted_api import Answer, Call, api, problem

from stepstile import Dispatched, Redriven, Refused, Step, StepstileClient

FIXTURES = Path(__file__).parents[3] / "testing/contracts/src/main/resources/formats"
EXAMPLE = re.compile(r"```http\n(\S+ [^\n?]*)\S*\n.*?```\s*```json (\d+)\n(.*?)\n```", re.DOTALL)
ANY = "…"
NIGHT = "2026-11-24T08:00:00Z"
SHOWN = {"at": NIGHT, "startedAt": NIGHT, "endedAt": NIGHT, "notBefore": NIGHT, "state": "CANCELLED"}


def filled(node: Any) -> Any:
    """An example with something in the place of each '…'; the pages of lists are the last ones."""
    if isinstance(node, list):
        return [filled(each) for each in cast("list[Any]", node)]
    if not isinstance(node, dict):
        return node
    members = cast("dict[str, Any]", node)
    whole = {
        name: SHOWN.get(name, "0") if value == ANY else filled(value)
        for name, value in members.items()
        if name not in ("cursor", ANY)
    }
    if "content" in whole:
        whole["sha256"] = hashlib.sha256(base64.b64decode(whole["content"])).hexdigest()
    return whole


@pytest.mark.parametrize("version", ["1-lease-of-a-step", "2-lease-of-a-worker"])
def test_answers_of_each_call_are_read(version: str) -> None:
    page = (FIXTURES / version / "protocol.txt").read_text(encoding="utf-8")
    first: dict[str, Answer] = {}
    for line, status, body in EXAMPLE.findall(page):
        first.setdefault(line, Answer(int(status), filled(json.loads(body))))

    def answer(call: Call) -> Answer:
        return first.get(f"{call.method} {call.target.split('?')[0]}") or problem("no-such-call", 404)

    with api(answer) as endpoint:
        client = StepstileClient(endpoint)
        assert client.dispatch("nightly", [Step("extract", "h")], dispatch_id="d") == Dispatched(
            4, 0, "nightly-1"
        )
        assert client.status("nightly").counts == {"QUEUED": 4}
        assert [step.key for step in client.steps("nightly")] == ["extract", "load[eu]", "charge"]
        step = client.step("nightly", "load[eu]")
        assert step is not None
        assert step.result == {"region": "eu"}
        assert client.cancel("nightly").cancelled_count == 1
        assert client.redrive("nightly") == Redriven(1, False, ("chrage",))
        if version == "2-lease-of-a-worker":
            assert [running.key for running in client.running("nightly")] == ["extract"]
        else:
            with pytest.raises(Refused, match="no-such-call"):
                list(client.running("nightly"))
