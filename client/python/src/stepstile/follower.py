"""Reads a run's feed as described in `docs/protocol.md`, "Reading the feed"."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Generic, Protocol, TypeVar

from stepstile.records import ENDED, SUCCEEDED, UNKNOWN, LogPage, StepEnded, StepRecord

_OVERLAP = 15.0
_STEP_BACK = 0.5
_STEP_BACK_EVERY = 0.25
_FIRST_OVERLAP = 0.2
_REREAD_EVERY = 5.0
_LOOKUP_EVERY = 30.0
_NOTE_CURSOR_EVERY = 0.1
_SHORTEST_PAUSE = 0.01
_LONGEST_PAUSE = 0.5
_READERS = 8


class _Calls(Protocol):
    """The calls that a follower makes."""

    def feed(self, run_id: str, cursor: str | None = None) -> dict[str, Any]: ...

    def lookup(self, run_id: str, keys: Iterable[str]) -> dict[str, StepRecord]: ...

    def step(
        self, run_id: str, key: str, *, log: bool = False, attempt: int | None = None
    ) -> StepRecord | None: ...

    def result(self, run_id: str, key: str) -> Any: ...


Item = TypeVar("Item", bound="LogPage | StepEnded", covariant=True)
"""What a follower reports: ends, and log pages if asked for."""


class Follower(Generic[Item]):
    """Reports the end of each followed step once, and each page of their logs once, before the end.

    An entry of the feed may be read twice, and may appear late: a write gets its time before it is visible. So entries
    are identified by step key, attempt and page, and the follower rereads the feed: a little every quarter of a second
    while entries arrive; twice as far each time while none arrive, up to 15 s; and 15 s every 5 s in any case. Steps
    that are still missing are looked up every 30 s. A step whose record is damaged in two lookups is reported as
    UNKNOWN, with an error that says what to do. If a poll raises an error, it has reported nothing, and the next poll
    reports its items. A page that appears after the end of its step was reported is dropped. Not safe to use from
    several threads at once.

    A loop over a follower (`for`, or `async for`) waits for each item and ends when each step has ended. A loop that was
    left, or that an error ended, is continued by another: nothing is lost or reported twice.
    """

    def __init__(
        self,
        calls: _Calls,
        run_id: str,
        keys: Iterable[str],
        *,
        logs: bool,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = calls
        self._run_id = run_id
        self._logs = logs
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._ready: deque[Any] = deque()
        self._missing: dict[str, None] = dict.fromkeys(keys)
        self._followed = set(self._missing)
        self._not_followed: dict[str, list[Mapping[str, Any]]] = {}
        self._seen_ends: set[tuple[str, int]] = set()
        self._seen_pages: set[tuple[str, int, int]] = set()
        self._reported_pages: set[tuple[str, int, int]] = set()
        self._fresh: list[Mapping[str, Any]] = []
        self._damaged: frozenset[str] = frozenset()
        now = clock()
        self._cursor: str | None = None
        self._pasts: deque[tuple[float, str | None]] = deque([(now, None)])
        self._overlap = _FIRST_OVERLAP
        self._fresh_at = now
        self._step_back_at = now
        self._idle_reread_at = now + _FIRST_OVERLAP
        self._reread_at = now + _REREAD_EVERY
        self._lookup_at = now + _LOOKUP_EVERY
        self._pause = _SHORTEST_PAUSE

    @property
    def missing(self) -> frozenset[str]:
        """The keys of the steps whose end was not reported yet."""
        return frozenset(self._missing)

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next poll.

        Short while entries arrive, longer and longer while none do.
        """
        return self._pause

    def add(self, keys: Iterable[str]) -> None:
        """Follows more steps, or follows redriven ones again.

        Entries about them that were read before are not lost.
        """
        for key in keys:
            self._missing[key] = None
            self._followed.add(key)
            for entry in self._not_followed.pop(key, ()):
                self._take(entry)
        self._pause = _SHORTEST_PAUSE

    def __iter__(self) -> Iterator[Item]:
        """The items as they come."""
        while self._fetch():
            while self._ready:
                yield self._ready.popleft()
            if self._missing:
                self._wait(self._pause)

    async def __aiter__(self) -> AsyncIterator[Item]:
        """The items as they come; calls are made in another thread. A loop that is cancelled may be continued."""
        while await asyncio.to_thread(self._fetch):
            while self._ready:
                yield self._ready.popleft()
            if self._missing:
                await asyncio.sleep(self._pause)

    def wait(self, timeout_seconds: float, reported: Callable[[Item], object] = lambda _: None) -> bool:
        """Polls and pauses until each step has ended, or the time is over; tells which.

        :param reported: called with each item.
        """
        until = self._clock() + timeout_seconds
        while True:
            for item in self.poll():
                reported(item)
            if not self._missing:
                return True
            left = until - self._clock()
            if left <= 0:
                return False
            self._wait(min(left, self._pause))

    def poll(self) -> list[Item]:
        """Returns the new items without waiting: for each step, its pages in order, then its end."""
        with self._lock:
            items: list[Any] = list(self._ready) or [*self._poll()]
            self._ready.clear()
        return items

    def _fetch(self) -> bool:
        """Polls, unless a loop that was left has not come to all items; False if there is nothing more to come."""
        with self._lock:  # a cancelled `async for` leaves its thread behind
            if not self._ready and self._missing:
                self._ready.extend(self._poll())
            return bool(self._ready or self._missing)

    def _poll(self) -> list[LogPage | StepEnded]:
        known = len(self._fresh)
        self._go_on()
        now = self._clock()
        if len(self._fresh) > known:
            self._fresh_at = now
            self._overlap = _FIRST_OVERLAP
            self._idle_reread_at = now + self._overlap
            if now >= self._step_back_at:
                self._go_back(_STEP_BACK)
                self._step_back_at = self._clock() + _STEP_BACK_EVERY
        elif now >= self._idle_reread_at:
            self._go_back(self._overlap)
            self._idle_reread_at = now + self._overlap
            self._overlap = min(self._overlap * 2, _OVERLAP)
        if now >= self._reread_at:
            self._go_back(_OVERLAP)
            self._reread_at = now + _REREAD_EVERY
        if now >= self._lookup_at and self._missing:
            self._look_up_missing()
            self._lookup_at = now + _LOOKUP_EVERY
        items = self._new_items()
        self._pause = _SHORTEST_PAUSE if self._fresh else min(self._pause * 1.5, _LONGEST_PAUSE)
        self._fresh.clear()
        return items

    def _go_on(self) -> None:
        """Reads from the current position to the end, or until it is time to reread."""
        until = self._clock() + _STEP_BACK_EVERY
        while True:
            page = self._page(self._cursor)
            self._cursor = page.get("cursor")
            now = self._clock()
            self._remember(now)
            if page.get("caughtUp", True) or now >= until:
                return

    def _go_back(self, by: float) -> None:
        """Rereads from the position at a time before the last new entry up to the end."""
        at = self._cursor_at(self._fresh_at - by)
        while True:
            page = self._page(at)
            at = page.get("cursor")
            if page.get("caughtUp", True):
                return

    def _page(self, cursor: str | None) -> dict[str, Any]:
        page = self._calls.feed(self._run_id, cursor)
        for entry in page["entries"]:
            self._take(entry)
        return page

    def _take(self, entry: Mapping[str, Any]) -> None:
        key = entry["key"]
        if key not in self._followed:
            self._not_followed.setdefault(key, []).append(entry)
        elif "page" in entry:
            page = (key, entry["attempt"], entry["page"])
            if self._logs and key in self._missing and page not in self._seen_pages:
                self._seen_pages.add(page)
                self._fresh.append(entry)
        elif entry.get("state") in ENDED:
            end = (key, entry["attempt"])
            if end not in self._seen_ends:
                self._seen_ends.add(end)
                self._fresh.append(entry)

    def _remember(self, now: float) -> None:
        if self._pasts[-1][0] + _NOTE_CURSOR_EVERY <= now:
            self._pasts.append((now, self._cursor))
        # The second oldest is old enough too, so that the oldest is not needed.
        while len(self._pasts) > 1 and self._pasts[1][0] <= self._fresh_at - _OVERLAP:
            self._pasts.popleft()

    def _cursor_at(self, instant: float) -> str | None:
        """The position in the feed at that instant, or a little before it."""
        at = self._pasts[0][1]
        for when, cursor in self._pasts:
            if when > instant:
                break
            at = cursor
        return at

    def _look_up_missing(self) -> None:
        records = self._calls.lookup(self._run_id, self._missing)
        damaged = frozenset(key for key, record in records.items() if record.state == UNKNOWN)
        for key, record in records.items():
            entry = {
                "key": key,
                "attempt": record.attempt,
                "state": record.state,
                "logPageCount": record.log_page_count,
            }
            if key in damaged & self._damaged:
                self._fresh.append(entry)
            else:
                self._take(entry)
        self._damaged = damaged

    def _new_items(self) -> list[LogPage | StepEnded]:
        """The pages and ends of the fresh entries."""
        records, pages = self._look_up_fresh()
        items: list[LogPage | StepEnded] = []
        for entry in self._fresh:
            key = entry["key"]
            items.extend(self._unreported(pages.pop(key, ())))
            if "state" in entry:
                record = records.get(key)
                ended = _ended(entry, record)
                if record is not None and record.state == UNKNOWN:
                    self._seen_ends.discard((key, entry["attempt"]))  # reported if it is repaired
                if ended is not None:
                    self._missing.pop(key, None)
                    items.append(ended)
        return items

    def _look_up_fresh(self) -> tuple[dict[str, StepRecord], dict[str, list[LogPage]]]:
        """Records and log pages that are not in the fresh entries themselves, in as few calls as possible."""
        ends = [entry for entry in self._fresh if "state" in entry]
        records = self._calls.lookup(
            self._run_id,
            [
                entry["key"]
                for entry in ends
                if entry["state"] != SUCCEEDED or entry["attempt"] > 1 or "result" not in entry
            ],
        )
        large = [key for key, record in records.items() if record.result_location]
        logs = {(e["key"], e["attempt"]): None for e in self._fresh if "page" in e}
        for entry in ends if self._logs else []:
            written = {(entry["key"], entry["attempt"], n) for n in range(entry.get("logPageCount", 0))}
            if not written <= self._reported_pages:
                logs[(entry["key"], entry["attempt"])] = None
        calls: list[tuple[str, int | None]] = [*((key, None) for key in large), *logs]
        pages: dict[str, list[LogPage]] = {}
        for (key, attempt), record in zip(calls, self._read(calls), strict=True):
            if record is None:
                continue
            if attempt is None:
                records[key] = record
            else:
                pages.setdefault(key, []).extend(record.log_pages)
        return records, pages

    def _read(self, calls: Sequence[tuple[str, int | None]]) -> list[StepRecord | None]:
        def read(call: tuple[str, int | None]) -> StepRecord | None:
            key, attempt = call
            record = self._calls.step(self._run_id, key, log=attempt is not None, attempt=attempt)
            if record is not None and record.result_location and attempt is None:
                return replace(record, result=self._calls.result(self._run_id, key), result_location=None)
            return record

        if len(calls) < 2:
            return [read(call) for call in calls]
        with ThreadPoolExecutor(min(_READERS, len(calls))) as pool:
            return list(pool.map(read, calls))

    def _unreported(self, pages: Iterable[LogPage]) -> list[LogPage]:
        unreported: list[LogPage] = []
        for page in sorted(pages, key=lambda page: (page.attempt, page.number)):
            name = (page.key, page.attempt, page.number)
            if name not in self._reported_pages:
                self._reported_pages.add(name)
                self._seen_pages.add(name)
                unreported.append(page)
        return unreported


def _ended(entry: Mapping[str, Any], record: StepRecord | None) -> StepEnded | None:
    """The end that an entry reports; None if the step was redriven since, and will end again."""
    key, attempt = entry["key"], entry["attempt"]
    if record is None:
        return StepEnded(key, entry["state"], attempt, result=entry.get("result"))
    if record.state == UNKNOWN and entry["state"] == UNKNOWN:
        return StepEnded(key, UNKNOWN, attempt, error=record.error)
    if record.attempt != attempt or record.state not in ENDED:
        return None
    return StepEnded(
        key,
        record.state,
        attempt,
        result=record.result,
        error=record.error,
        attempts=record.attempts,
    )
