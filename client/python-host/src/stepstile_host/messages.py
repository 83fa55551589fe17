"""The custom messages of Pipes by which a step tells Stepstile something, as `docs/process-handlers.md` lists them."""

from typing import Final

RESULT: Final = "stepstile.result"
"""The value of the step's result."""

LIVE: Final = "stepstile.live"
"""Put into the attempt's log at once."""

PROGRESS: Final = "stepstile.progress"
"""Reported with the next heartbeat: `fraction` and `note`."""

FAIL: Final = "stepstile.fail"
"""The step is FAILED, as trying again is pointless: `message`."""

RETRY_AFTER: Final = "stepstile.retry_after"
"""To be tried again after a while: `seconds` and `message`."""
