"""Dagster on Stepstile: an executor for jobs, and a resource for fan-outs from inside an asset or op.

Each is imported on first use: a worker does not need the resource, and an asset does not need the executor.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from stepstile import Defaults, Retry, Step, StepstileClient

if TYPE_CHECKING:
    from dagster_stepstile._completed_steps import CompletedSteps
    from dagster_stepstile._outcomes import StepOutcome, StepsFailed
    from dagster_stepstile.executor import stepstile_executor
    from dagster_stepstile.resource import StepstileResource

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
    "resource": ("StepstileResource",),
    "_completed_steps": ("CompletedSteps",),
    "_outcomes": ("StepOutcome", "StepsFailed"),
}


def __getattr__(name: str) -> Any:
    for module, names in _FROM.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
