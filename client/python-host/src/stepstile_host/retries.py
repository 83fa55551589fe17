"""Which failures of a step are followed by another attempt: ``retry.on`` and ``.never`` of ``docs/protocol.md``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stepstile_host.session import Outcome

KINDS = frozenset({"HANDLER_FAILED", "TIMEOUT", "WORKER_LOST", "WORKER_STOPPED"})
"""The kinds of error that another attempt may follow."""

MAX_NAMES = 10

_NAME = re.compile(r"\S{1,200}")
_LOOKS_LIKE_A_KIND = re.compile(r"[A-Z][A-Z0-9_]*")

_REQUESTED = ("RetryAfter", "dev.stepstile.api.RetryAfter")
"""What a worker throws for a handler that asks for a retry."""


class RetryRule:
    """``on``: if it is given, only these are retried. ``never``: these are not, whatever ``on`` has.

    :raises ValueError: if a dispatch would be refused with these lists.
    """

    def __init__(self, on: Sequence[str] | None, never: Sequence[str]) -> None:
        self._on = None if on is None else _checked("retry_on", on)
        self._never = _checked("retry_never", never)
        if on is not None and not self._on:
            raise ValueError("retry_on must not be empty; omit it, or name what is retried.")

    def refusal(self, outcome: Outcome) -> str:
        """Why no attempt follows this failure; empty if one does."""
        requested = outcome.retry_after is not None
        names = {outcome.failure, *(_REQUESTED if requested else outcome.names)}
        for listed in self._never:
            if listed in names:
                return f"retry.never names {listed}"
        passing = requested or outcome.failure == "WORKER_LOST"  # this says nothing about the step
        if self._on is None or passing or not names.isdisjoint(self._on):
            return ""
        return "retry.on does not name it"


def _checked(field: str, names: Sequence[str]) -> Sequence[str]:
    if isinstance(names, str) or len(names) > MAX_NAMES:
        raise ValueError(f"{field} must be a list of at most {MAX_NAMES} names.")
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{field} must have names of 1 to 200 characters without blanks, and has {name!r}."
            )
        if _LOOKS_LIKE_A_KIND.fullmatch(name) and name not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise ValueError(f"{field} must name exceptions, or kinds of {known}, and has {name}.")
    return tuple(names)
