"""Writes the entries of steps to the run's event log, each entry once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from dagster import AssetKey, DagsterEvent, DagsterEventType, DagsterInstance, DagsterRun, EventLogEntry
from sqlalchemy.exc import DBAPIError

from dagster_stepstile import _dagster, _versions

_WRITERS = 8
_POINTING = (DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_CHECK_EVALUATION)


class RunLog:
    """The event log of one run, as its run worker writes it.

    Entries of one step are written in their order; those of different steps concurrently, if the storage supports it.
    """

    def __init__(self, instance: DagsterInstance, run: DagsterRun, resumed: bool) -> None:
        self._instance = instance
        self._run = run
        _dagster.keep_connections(instance)
        self.prior: Sequence[DagsterEvent] = []
        self._known: set[str] = set()
        if resumed:
            self._read_prior()
        self._pool = (
            ThreadPoolExecutor(_WRITERS, "stepstile-events") if _takes_parallel_writes(instance) else None
        )

    def _read_prior(self) -> None:
        entries = self._instance.all_logs(self._run.run_id)
        self._known = {_versions.identity(entry) for entry in entries}
        self.prior = [entry.dagster_event for entry in entries if entry.dagster_event is not None]

    def write(self, entries: Sequence[tuple[int, EventLogEntry]]) -> Future[Sequence[DagsterEvent]]:
        """Writes entries of one step, each with its number in the step. The future has the events among them, also those
        that were in the log already."""
        return self._submit(lambda: self._write(entries))

    def _submit(self, work: Callable[[], Any]) -> Future[Any]:
        if self._pool is not None:
            return self._pool.submit(work)
        future: Future[Any] = Future()
        future.set_result(work())
        return future

    def _write(self, entries: Sequence[tuple[int, EventLogEntry]]) -> Sequence[DagsterEvent]:
        materialized: dict[int, AssetKey] = {}
        events: list[DagsterEvent] = []
        for number, numbered in entries:
            entry = numbered
            event = entry.dagster_event
            if event is not None and event.event_type in _POINTING:
                entry = _versions.with_pointers(entry, lambda other: self._id_of(materialized.get(other)))
            if event is not None and event.is_step_materialization and event.asset_key is not None:
                materialized[number] = event.asset_key
            if not self._known or _versions.identity(entry) not in self._known:
                self._store(entry)
            if entry.dagster_event is not None:
                events.append(entry.dagster_event)
        return events

    def _store(self, entry: EventLogEntry) -> None:
        """Writes an entry. If the connection is lost, it is written again, unless it is in the log."""
        try:
            self._instance.handle_new_event(entry)
        except DBAPIError as lost:
            if not lost.connection_invalidated:
                raise
            written = {_versions.identity(each) for each in self._instance.all_logs(self._run.run_id)}
            if _versions.identity(entry) not in written:
                self._instance.handle_new_event(entry)
            elif entry.dagster_event is not None and entry.dagster_event.asset_key is not None:
                raise  # the record of its asset may be missing

    def _id_of(self, key: AssetKey | None) -> int | None:
        """The id of the last entry of this step about an asset."""
        return (
            None if key is None else self._instance.fetch_materializations(key, limit=1).records[0].storage_id
        )

    def starts_of(self, step_key: str) -> int:
        """How many starts of the step the previous run worker wrote."""
        starts = (DagsterEventType.STEP_START, DagsterEventType.STEP_RESTARTED)
        return sum(event.step_key == step_key and event.event_type in starts for event in self.prior)

    def has(self, event_type: DagsterEventType, step_key: str, message: str | None = None) -> bool:
        """Whether the previous run worker wrote such an event."""
        return any(
            event.event_type == event_type
            and event.step_key == step_key
            and (message is None or event.message == message)
            for event in self.prior
        )

    def report(self, message: str, step_key: str | None = None) -> DagsterEvent | None:
        """Writes an engine event, once per step and text even if the run is resumed."""
        if step_key is not None and self.has(DagsterEventType.ENGINE_EVENT, step_key, message):
            return None
        return self._instance.report_engine_event(message, self._run, step_key=step_key)

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True)


def _takes_parallel_writes(instance: DagsterInstance) -> bool:
    """False for SQLite, which has one writer at a time."""
    return "sqlite" not in type(instance.event_log_storage).__name__.lower() and instance.is_persistent
