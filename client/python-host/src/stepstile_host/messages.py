"""The custom messages of Pipes for Stepstile, as listed in `docs/process-handlers.md`."""

from typing import Final

RESULT: Final = "stepstile.result"
"""The value of the step's result."""

LIVE: Final = "stepstile.live"
"""Written to the attempt's log at once."""

PROGRESS: Final = "stepstile.progress"
"""Reported with the next heartbeat: `fraction` and `note`."""

FAIL: Final = "stepstile.fail"
"""Fails the step (FAILED) without retries: `message`."""

RETRY_AFTER: Final = "stepstile.retry_after"
"""Retries the step after a delay: `seconds` and `message`."""
