"""What can go wrong between a caller and Stepstile. Each message says what to do."""

from __future__ import annotations


class StepstileError(Exception):
    """Base of the errors of this package."""


class Unreachable(StepstileError):
    """No answer, or only answers that mean "again later", for as long as the client was to be patient."""


class Unauthorised(StepstileError):
    """The endpoint does not know the caller, or does not allow it this call."""


class Refused(StepstileError):
    """The call was understood and refused: the same call again would be too.

    :ivar type: the last part of the problem's type, as `docs/protocol.md` lists it: `run-cancelled`.
    :ivar detail: what is wrong and what to do instead, in Stepstile's words.
    """

    def __init__(self, type: str, detail: str, status: int) -> None:  # noqa: A002 - the wire's word
        super().__init__(f"{detail} ({type})" if detail else f"{type} (HTTP {status})")
        self.type = type
        self.detail = detail
        self.status = status
