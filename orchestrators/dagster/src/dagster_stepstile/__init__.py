"""Dagster on Stepstile: an executor for jobs, and a resource for fan-outs from inside an asset or op.

Each is imported when it is first asked for: a worker does not need the resource, nor an asset the executor.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stepstile import Defaults, Retry, Step, StepstileClient

if TYPE_CHECKING:
    from dagster_stepstile.executor import stepstile_executor
    from dagster_stepstile.resource import CompletedSteps, StepOutcome, StepsFailed, StepstileResource

__all__ = [
    "CompletedSteps",
    "Defaults",
    "Retry",
    "Step",
    "StepOutcome",
    "StepsFailed",
    "StepstileClient",
    "StepstileResource",
    "stepstile_executor",
]

_FROM = {
    "executor": ("stepstile_executor",),
    "resource": ("CompletedSteps", "StepOutcome", "StepsFailed", "StepstileResource"),
}


def __getattr__(name: str) -> Any:
    for module, names in _FROM.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
