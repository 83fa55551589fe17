"""The event log entries of one step on a worker: packed into its result and, once the step has run for a while, reported
live."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

from dagster import DagsterEventType, EventLogEntry, Failure
from dagster_pipes import PipesContext

from dagster_stepstile import _wire
from dagster_stepstile._known_records import KnownRecords
from stepstile_host import messages

LIVE_AFTER_SECONDS = 1.0
"""Steps shorter than this report once, with their result. What a longer one logs can be followed."""

QUICK_RESOURCES_SECONDS = 0.1
"""If a step's resources are ready within this time, the two events of their initialization are left out. In process, a run
has these events once; here, each step would have them."""

LARGEST_RESULT = 10_485_760
"""The size in bytes of the largest result that Stepstile accepts (docs/protocol.md, Limits)."""

_FOR_THE_END = 500_000
"""The part of it that is reserved for the event that ends the step, and for its hooks."""

_LARGEST_LIVE_TEXT = 3_000

_USUAL_EVENTS = frozenset(
    {
        DagsterEventType.STEP_START,
        DagsterEventType.STEP_RESTARTED,
        DagsterEventType.STEP_INPUT,
        DagsterEventType.LOADED_INPUT,
    }
)
"""Each step has these. They go live together with the first entry that is not one of them, not alone: that would write a
page of the step's log, and the run worker sees from Stepstile that the step has started."""

_LIVE_EVENTS = _USUAL_EVENTS | frozenset(
    {
        DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
    }
)


class StepEntries:
    """The log entries of one step, in order."""

    def __init__(self, pipes: PipesContext, known: KnownRecords) -> None:
        self._pipes = pipes
        self._known = known
        self._texts: list[str] = []
        self._packer = _wire.Packer()
        self._packed = 0
        self._left_out = ""
        self._measured_calls = 0
        self._size_of_calls = 0
        self._waiting: dict[int, bool] | None = {}
        self._may_begin_live = False
        self._resources_begun = (-1, 0.0)
        self._lock = threading.Lock()
        self._timer = threading.Timer(LIVE_AFTER_SECONDS, self._begin_live)
        self._timer.daemon = True
        self._timer.start()
        self.calls: list[dict[str, Any]] = []
        self.note: str | None = None
        self.too_much: Callable[[str], BaseException] = Failure
        self.has_end = False

    def add(self, entry: EventLogEntry) -> None:
        if _is_of_the_worker(entry):
            return
        with self._lock:
            if self._ends_quick_resources(entry):
                self._texts.pop()
                return
            number = len(self._texts)
            if not self._take(entry):
                return
            self.has_end = self.has_end or _is_end(entry)
            self._known.note(number, entry)
            if not _may_be_live(entry):
                return
            if self._waiting is None:
                self._report_live(number)
            else:
                self._waiting[number] = _is_news(entry)
                self._report_waiting()

    def result(self) -> dict[str, Any]:
        self._timer.cancel()
        with self._lock:
            self._pack_held()
            value: dict[str, Any] = {"v": _wire.VERSION, "entries": self._packer.text()}
            if self.calls:
                value["calls"] = self.calls
            if self.note:
                value["notes"] = [self.note]
            return value

    def _take(self, entry: EventLogEntry) -> bool:
        """Whether there was room for the entry. A step with an event that does not fit does not succeed."""
        text = _wire.entry_text(entry)
        if _is(entry, DagsterEventType.RESOURCE_INIT_STARTED):  # it may be removed again
            self._texts.append(text)
            return True
        self._pack_held()
        if self._measured_calls != len(self.calls):
            self._measured_calls, self._size_of_calls = len(self.calls), len(json.dumps(self.calls))
        most = LARGEST_RESULT - 1000 - self._size_of_calls
        if not _belongs_to_the_end(entry):
            most -= _FOR_THE_END
        event = entry.dagster_event
        succeeds = event is not None and (event.is_successful_output or event.is_step_success)
        if (self._left_out and succeeds) or not self._packer.add(text, most):
            self._left_out = self._left_out or _description(entry, len(text))
            if self.has_end:
                return False
            raise self.too_much(self._left_out)
        self._texts.append(text)
        self._packed += 1
        return True

    def _pack_held(self) -> None:
        for text in self._texts[self._packed :]:
            self._packer.add(text)
        self._packed = len(self._texts)

    def _ends_quick_resources(self, entry: EventLogEntry) -> bool:
        """Whether this is the second of the two entries that are left out, directly after the first."""
        if _is(entry, DagsterEventType.RESOURCE_INIT_STARTED):
            self._resources_begun = (len(self._texts), entry.timestamp)
            return False
        if self._waiting is None or not _is(entry, DagsterEventType.RESOURCE_INIT_SUCCESS):
            return False
        number, begun = self._resources_begun
        if number != len(self._texts) - 1 or entry.timestamp - begun > QUICK_RESOURCES_SECONDS:
            return False
        del self._waiting[number]
        return True

    def _begin_live(self) -> None:
        with self._lock:
            self._may_begin_live = True
            self._report_waiting()

    def _report_waiting(self) -> None:
        if self._waiting is not None and self._may_begin_live and any(self._waiting.values()):
            for number in self._waiting:
                self._report_live(number)
            self._waiting = None

    def _report_live(self, number: int) -> None:
        live = _wire.live_entry(number, self._texts[number])
        if len(live["entry"]) <= _LARGEST_LIVE_TEXT:
            self._pipes.report_custom_message({messages.LIVE: live})


def _is(entry: EventLogEntry, event_type: DagsterEventType) -> bool:
    return entry.dagster_event is not None and entry.dagster_event.event_type == event_type


def _is_of_the_worker(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is not None and (
        event.event_type == DagsterEventType.LOGS_CAPTURED
        or (event.event_type == DagsterEventType.ENGINE_EVENT and event.step_key is None)
    )


def _is_end(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is not None and (
        event.is_step_success
        or event.is_step_failure
        or event.is_step_up_for_retry
        or event.is_resource_init_failure
    )


def _belongs_to_the_end(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return _is_end(entry) or (event is not None and event.is_hook_event)


def _description(entry: EventLogEntry, size: int) -> str:
    event = entry.dagster_event
    kind = "a log line" if event is None else f"an event {event.event_type_value}"
    of = f" of {event.asset_key.to_user_string()}" if event is not None and event.asset_key else ""
    return f"{kind}{of} of {size:,} bytes"


def _may_be_live(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is None or event.event_type in _LIVE_EVENTS


def _is_news(entry: EventLogEntry) -> bool:
    event = entry.dagster_event
    return event is None or event.event_type not in _USUAL_EVENTS
