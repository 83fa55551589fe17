"""The client of Stepstile: dispatches steps, follows them to their ends, cancels and redrives them.

Needs only Python and, to sign requests to AWS, botocore (`pip install 'stepstile[aws]'`).
"""

from stepstile.client import Cancelled, Dispatched, StepstileClient
from stepstile.errors import Refused, StepstileError, Unauthorised, Unreachable
from stepstile.follower import Follower
from stepstile.records import (
    CANCELLED,
    DEAD,
    ENDED,
    FAILED,
    SUCCEEDED,
    UNKNOWN,
    Attempt,
    Defaults,
    LogPage,
    Overrides,
    ResultLocation,
    Retry,
    RunningStep,
    RunStatus,
    Step,
    StepEnded,
    StepFault,
    StepRecord,
)
from stepstile.signing import Request, Sign

__all__ = [
    "CANCELLED",
    "DEAD",
    "ENDED",
    "FAILED",
    "SUCCEEDED",
    "UNKNOWN",
    "Attempt",
    "Cancelled",
    "Defaults",
    "Dispatched",
    "Follower",
    "LogPage",
    "Overrides",
    "Refused",
    "Request",
    "ResultLocation",
    "Retry",
    "RunStatus",
    "RunningStep",
    "Sign",
    "Step",
    "StepEnded",
    "StepFault",
    "StepRecord",
    "StepstileClient",
    "StepstileError",
    "Unauthorised",
    "Unreachable",
]
