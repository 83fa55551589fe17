"""The client of Stepstile: dispatches steps, follows them to their ends, cancels and redrives them.

Needs only Python and, to sign requests to AWS, botocore (`pip install 'stepstile[aws]'`).
"""

from stepstile.client import Cancelled, Dispatched, Redriven, StepstileClient
from stepstile.dead_letters import (
    DeadLetter,
    DeadLetterList,
    DeadLetterPlan,
    DeadLetters,
    DeadLettersPurged,
    DeadLettersRedriven,
)
from stepstile.errors import (
    BadInput,
    DamagedResult,
    Refused,
    StepFailed,
    StepstileError,
    Unauthorised,
    Unreachable,
)
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
    NotificationStatus,
    NotifyEvent,
    NotifyWebhook,
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
from stepstile.traces import attempt_span_id

__all__ = [
    "CANCELLED",
    "DEAD",
    "ENDED",
    "FAILED",
    "SUCCEEDED",
    "UNKNOWN",
    "Attempt",
    "BadInput",
    "Cancelled",
    "DamagedResult",
    "DeadLetter",
    "DeadLetterList",
    "DeadLetterPlan",
    "DeadLetters",
    "DeadLettersPurged",
    "DeadLettersRedriven",
    "Defaults",
    "Dispatched",
    "Follower",
    "LogPage",
    "NotificationStatus",
    "NotifyEvent",
    "NotifyWebhook",
    "Overrides",
    "Redriven",
    "Refused",
    "Request",
    "ResultLocation",
    "Retry",
    "RunStatus",
    "RunningStep",
    "Sign",
    "Step",
    "StepEnded",
    "StepFailed",
    "StepFault",
    "StepRecord",
    "StepstileClient",
    "StepstileError",
    "Unauthorised",
    "Unreachable",
    "attempt_span_id",
]
