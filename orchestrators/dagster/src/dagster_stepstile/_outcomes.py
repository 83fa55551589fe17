"""How the steps of one `run_steps` ended, and the error that names those that did not succeed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagster import Failure

from stepstile import DEAD, SUCCEEDED, StepEnded

_NAMED_IN_A_FAILURE = 10


@dataclass(frozen=True)
class StepOutcome:
    """How one step ended.

    :ivar value: the value that its handler returned; for a process handler, the value that it reported as
        `stepstile.result`.
    :ivar messages: the Pipes messages that its handler reported, unchanged.
    """

    key: str
    ended: StepEnded
    value: Any = None
    messages: Sequence[Mapping[str, Any]] = ()

    @classmethod
    def of(cls, ended: StepEnded) -> StepOutcome:
        report = ended.result
        if isinstance(report, dict) and report.keys() <= {"value", "messages"}:
            return cls(ended.key, ended, report.get("value"), tuple(report.get("messages", ())))
        return cls(ended.key, ended, report)

    @property
    def succeeded(self) -> bool:
        return self.ended.state == SUCCEEDED

    @property
    def cause(self) -> str:
        """Why the step did not succeed."""
        if self.ended.error:
            return f"{self.ended.error.kind}: {self.ended.error.message}"
        return self.ended.state


class StepsFailed(Failure):
    """Some steps did not succeed. Names them with their causes, and has all outcomes.

    The op's retry policy applies if at least one of these steps is DEAD; the others reported that a retry is pointless. A
    retry of the op runs only the steps that did not succeed.
    """

    def __init__(self, outcomes: Mapping[str, StepOutcome], run: str) -> None:
        failed = {key: outcome for key, outcome in outcomes.items() if not outcome.succeeded}
        named = [
            f"{key}: {outcome.ended.state}, {outcome.cause}"
            for key, outcome in list(failed.items())[:_NAMED_IN_A_FAILURE]
        ]
        more = len(failed) - len(named)
        super().__init__(
            description=f"{len(failed)} of {len(outcomes)} steps did not succeed (Stepstile run {run}):\n"
            + "\n".join(named)
            + (f"\nand {more} more" if more else ""),
            metadata={
                "stepstile/run": run,
                "stepstile/failed": len(failed),
                "stepstile/causes": {key: outcome.cause for key, outcome in list(failed.items())[:1000]},
            },
            allow_retries=any(outcome.ended.state == DEAD for outcome in failed.values()),
        )
        self.outcomes = outcomes
