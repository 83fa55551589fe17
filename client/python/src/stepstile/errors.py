"""The errors of calls to Stepstile. Each message includes what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stepstile.records import StepEnded


class StepstileError(Exception):
    """Base of the errors of this package."""


class BadInput(StepstileError, ValueError):
    """An argument that Stepstile would refuse. Nothing was sent; the message names the argument and its limit.

    :ivar field: the argument: ``tenant``, ``input``.
    """

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class DamagedResult(StepstileError):
    """What was received is not what the step returned: its digest differs. To be fetched again once."""


class Unreachable(StepstileError):
    """No answer, or only answers that ask to retry later, for as long as the client retries."""


class Unauthorised(StepstileError):
    """The endpoint does not know the caller, or does not allow the call."""


class Refused(StepstileError):
    """Stepstile rejected the call; a repeated call would be rejected too.

    :ivar type: the last part of the problem's type, as `docs/protocol.md` lists it: `run-cancelled`.
    :ivar detail: what is wrong and what to do instead, as Stepstile returned it.
    """

    def __init__(self, type: str, detail: str, status: int) -> None:  # noqa: A002 - the wire's word
        super().__init__(f"{detail} ({type})" if detail else f"{type} (HTTP {status})")
        self.type = type
        self.detail = detail
        self.status = status


class StepFailed(StepstileError):
    """The result of a step was asked for, and the step ended without one.

    :ivar end: how it ended.
    """

    def __init__(self, end: StepEnded) -> None:
        why = f": {end.error.message}" if end.error else "."
        super().__init__(f"Step {end.key} ended {end.state} at attempt {end.attempt}{why}")
        self.end = end
