"""Asks Stepstile which steps of a run are running, now and then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

from dagster_stepstile._step_recorder import SentStep
from stepstile import RunningStep, StepstileClient

STARTS_EVERY = 1.0
"""How often, in seconds, while steps are sent that have not started, as far as the run's log says."""

LOSSES_EVERY = 5.0
"""How often while all that are sent have started: the answer can only say that a worker was lost."""


class RunningSteps:
    """The running steps among those that were sent, by one call for all of them."""

    def __init__(
        self, client: StepstileClient, run_id: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._run_id = run_id
        self._clock = clock
        self._asked_at = -math.inf

    def ask(self, sent: Mapping[str, SentStep]) -> Sequence[tuple[SentStep, RunningStep]]:
        """What runs; nothing, and no call, if it is not time to ask again or nothing was sent."""
        now = self._clock()
        since = now - self._asked_at
        if not sent or since < STARTS_EVERY:
            return ()
        if since < LOSSES_EVERY and all(step.started for step in sent.values()):
            return ()
        self._asked_at = now
        return [(sent[step.key], step) for step in self._client.running(self._run_id) if step.key in sent]
