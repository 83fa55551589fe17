"""A step for each item of a source that is read page by page.

How many pages there are is known when the last one is read.
"""

from __future__ import annotations

from typing import Any

from stepstile import Step, StepstileClient


def run(client: StepstileClient, run_id: str) -> dict[str, Any]:
    """Returns what the step of each item returned, by its key."""
    client.dispatch(run_id, [page(1)])

    results: dict[str, Any] = {}
    follower = client.follow(run_id, [page(1).key])
    for end in follower:
        if end.key.startswith("page/"):
            more = following(end.key, end.result_or_raise())
            if more:
                client.dispatch(run_id, more)
                follower.add([step.key for step in more])
        else:
            results[end.key] = end.result_or_raise()
    return results


def page(number: int) -> Step:
    return Step(f"page/{number}", "words.page", {"page": number})


def following(key: str, result: dict[str, Any]) -> list[Step]:
    """A step for each item of a page, and one that reads the next page meanwhile."""
    items = enumerate(result["texts"])
    steps = [Step(f"count/{key}/{item}", "words.count", {"text": text}) for item, text in items]
    return [*steps, page(result["next"])] if result["next"] else steps
