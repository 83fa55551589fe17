"""Each text goes through two steps; the second begins when its own first one has ended, whatever the others do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepstile import Step, StepstileClient


def run(client: StepstileClient, run_id: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """Returns what the second step of each text returned, by the name of the text."""
    cleans = [Step(f"clean/{name}", "words.clean", {"text": text}) for name, text in texts.items()]
    client.dispatch(run_id, cleans, dispatch_id="clean")

    results: dict[str, Any] = {}
    follower = client.follow(run_id, [step.key for step in cleans])
    for end in follower:
        stage, _, name = end.key.partition("/")
        if stage == "clean":
            count = Step(f"count/{name}", "words.count", end.result_or_raise())
            client.dispatch(run_id, [count])
            follower.add([count.key])
        else:
            results[name] = end.result_or_raise()
    return results
