"""Decides which ready steps may run: by the limits of the executor's config and the instance's pools."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import DagsterInstance, DagsterRun

_PRIORITY = "dagster/priority"
_POOL_TAG = "dagster/concurrency_key"
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 15.0
_REPORTED_AGAIN_AFTER = 300.0


class Gate:
    """Holds ready steps back until there is room; higher priority first, then in order of arrival.

    Steps wait here rather than in Dagster's own scheduler, so that a resumed run can replay its events without claiming
    room again.
    """

    def __init__(
        self, max_concurrent: int | None, tag_limits: Sequence[Mapping[str, Any]], pools: "Pools"
    ) -> None:
        self._max_concurrent = max_concurrent
        self._tag_limits = tag_limits
        self._pools = pools
        self._waiting: list[Any] = []
        self._running: dict[str, Any] = {}

    def offer(self, steps: Sequence[Any]) -> None:
        self._waiting.extend(steps)
        self._waiting.sort(key=_priority, reverse=True)

    def take(self) -> Sequence[Any]:
        """The steps that may run now; they count until they are done."""
        taken: list[Any] = []
        held: list[Any] = []
        for step in self._waiting:
            if self._has_room(step) and self._pools.claim(_pool(step), step.key, _priority(step)):
                self._running[step.key] = step
                taken.append(step)
            else:
                held.append(step)
        self._waiting = held
        return taken

    def done(self, step_key: str) -> None:
        self._running.pop(step_key, None)
        self._waiting = [waiting for waiting in self._waiting if waiting.key != step_key]
        self._pools.free(step_key)

    def newly_blocked(self) -> Sequence[tuple[Any, str, bool]]:
        """Steps that wait for a pool and must be reported: the step, its pool, and whether this is its first report."""
        by_key = {step.key: step for step in self._waiting}
        return [(by_key[key], pool, first) for key, pool, first in self._pools.to_report() if key in by_key]

    def _has_room(self, step: Any) -> bool:
        if self._max_concurrent is not None and len(self._running) >= self._max_concurrent:
            return False
        return not any(self._is_used_up(limit, step) for limit in self._tag_limits)

    def _is_used_up(self, limit: Mapping[str, Any], step: Any) -> bool:
        key, wanted = limit["key"], limit.get("value")
        own = step.tags.get(key)
        if own is None or (isinstance(wanted, str) and own != wanted):
            return False
        each_value = isinstance(wanted, str) or bool(wanted and wanted["applyLimitPerUniqueValue"])
        used = sum(
            1
            for other in self._running.values()
            if key in other.tags and (not each_value or other.tags[key] == own)
        )
        return used >= limit["limit"]


class Pools:
    """The slots of the instance's concurrency pools that this run holds or waits for."""

    def __init__(self, instance: DagsterInstance, run: DagsterRun) -> None:
        self._storage: Any = instance.event_log_storage
        self._run_id = run.run_id
        self._run_priority = _number(run.tags.get(_PRIORITY))
        self._supported = bool(self._storage.supports_global_concurrency_limits)
        self._config: Any = self._storage.get_pool_config() if self._supported else None
        self._known: dict[str, Any] | None = None
        self._held: set[str] = set()
        self._next_try: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._pool_of: dict[str, str] = {}
        self._reported_at: dict[str, float] = {}

    def claim(self, pool: str | None, step_key: str, priority: int) -> bool:
        if pool is None or not self._supported or self._is_per_run():
            return True
        now = time.monotonic()
        if now < self._next_try.get(step_key, 0.0):
            return False
        if not self._is_limited(pool, step_key in self._next_try):
            self._forget(step_key)
            return True
        claim = self._storage.claim_concurrency_slot(
            pool, self._run_id, step_key, self._run_priority + priority
        )
        if claim.is_claimed:
            self._forget(step_key)
            self._held.add(step_key)
            return True
        tries = self._tries[step_key] = self._tries.get(step_key, 0) + 1
        pause = claim.sleep_interval or min(_LONGEST_PAUSE, _FIRST_PAUSE + 1.1 ** min(tries - 1, 40) - 1)
        self._next_try[step_key] = now + pause
        self._pool_of[step_key] = pool
        return False

    def free(self, step_key: str) -> None:
        if step_key in self._held or step_key in self._next_try:
            self._storage.free_concurrency_slot_for_step(self._run_id, step_key)
        self._held.discard(step_key)
        self._forget(step_key)

    def give_up(self) -> None:
        """Cancels pending claims; the slots that are held belong to steps that may still run."""
        for step_key in list(self._next_try):
            self._storage.free_concurrency_slot_for_step(self._run_id, step_key)
            self._forget(step_key)

    def to_report(self) -> Sequence[tuple[str, str, bool]]:
        now = time.monotonic()
        due = [
            (key, pool, key not in self._reported_at)
            for key, pool in self._pool_of.items()
            if now - self._reported_at.get(key, -_REPORTED_AGAIN_AFTER) >= _REPORTED_AGAIN_AFTER
        ]
        for key, _, _ in due:
            self._reported_at[key] = now
        return due

    def _forget(self, step_key: str) -> None:
        for known in (self._next_try, self._tries, self._pool_of, self._reported_at):
            known.pop(step_key, None)

    def _is_per_run(self) -> bool:
        granularity = self._config.pool_granularity
        return granularity is not None and granularity.value == "run"

    def _is_limited(self, pool: str, again: bool) -> bool:
        if self._known is None or again:
            self._known = {info.name: info for info in self._storage.get_pool_limits()}
        info = self._known.get(pool)
        default = self._config.default_pool_limit
        if (info is None and default is not None) or (
            info is not None and info.from_default and info.limit != default
        ):
            self._storage.initialize_concurrency_limit_to_default(pool)
            self._known = {info.name: info for info in self._storage.get_pool_limits()}
            info = self._known.get(pool)
        return info is not None


def _pool(step: Any) -> str | None:
    return step.pool or step.tags.get(_POOL_TAG)


def _priority(step: Any) -> int:
    return _number(step.tags.get(_PRIORITY))


def _number(text: str | None) -> int:
    try:
        return int(text or 0)
    except ValueError:
        return 0
