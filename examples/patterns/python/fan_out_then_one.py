"""Many steps, and one that gets all their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stepstile import Step, StepstileClient


def run(client: StepstileClient, run_id: str, texts: Mapping[str, str]) -> Any:
    """Returns what the last step returned."""
    counts = [Step(f"count/{name}", "words.count", {"text": text}) for name, text in texts.items()]
    client.dispatch(run_id, counts, dispatch_id="counts")

    results: dict[str, Any] = {}
    for end in client.follow(run_id, [step.key for step in counts]):
        results[end.key] = end.result_or_raise()

    # Sorted, as steps end in any order, and other content would be another dispatch.
    shared = {"counts": [results[key] for key in sorted(results)]}
    client.dispatch(run_id, [Step("sum", "words.sum")], dispatch_id="sum", shared_inputs=shared)
    return next(iter(client.follow(run_id, ["sum"]))).result_or_raise()
