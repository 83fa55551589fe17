"""The records of materializations and observations that a worker knows, and answers reads of the instance from.

They came with the step (:mod:`_asset_records`), or the step itself wrote them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInvariantViolationError,
    EventLogEntry,
    EventLogRecord,
    EventRecordsResult,
    MetadataValue,
)

from dagster_stepstile import _asset_records, _wire
from dagster_stepstile._asset_records import DATA_VERSION, MATERIALIZED, OBSERVED
from dagster_stepstile._reads import refuse

ANSWERED_BY_STORAGE = (
    "fetch_materializations",
    "fetch_observations",
    "get_asset_records",
    "get_latest_materialization_events",
    "get_latest_tags_by_partition",
)
"""The methods of an event log storage that :class:`KnownRecords` answers."""


class NotSent(DagsterInvariantViolationError):
    """An op read metadata that was not sent to the worker."""


class KnownRecords:
    """The records that came with a step, and those that the step itself wrote.

    Has the methods of an event log storage that are in ``ANSWERED_BY_STORAGE``. A read of anything else is refused.
    """

    def __init__(self, packed: str | None) -> None:
        index, *texts = _wire.unpack_texts(packed) if packed else [_NOTHING]
        sent: Mapping[str, Any] = json.loads(index)
        self._versions: Mapping[str, Mapping[str, str]] = sent["versions"]
        records = [
            EventLogRecord(storage_id, _wire.entry_of(text))
            for storage_id, text in zip(sent["ids"], texts, strict=True)
        ]
        for place, names in sent["not_sent"].items():
            records[int(place)] = _with_gaps(records[int(place)], names)
        self._lists: dict[tuple[AssetKey, str | None, str], tuple[list[EventLogRecord], bool]] = {
            (AssetKey(path), partition, kind): ([records[place] for place in places], are_all)
            for path, partition, kind, places, are_all in sent["lists"]
        }

    def note(self, number: int, entry: EventLogEntry) -> None:
        """Adds an entry of the step itself, whose id is not known yet: its number, negative, takes the id's place."""
        event = entry.dagster_event
        if (
            event is None
            or event.asset_key is None
            or not (event.is_step_materialization or _observes(event))
        ):
            return
        kind = MATERIALIZED if event.is_step_materialization else OBSERVED
        record = EventLogRecord(-1 - number, entry)
        for partition in dict.fromkeys((None, event.partition)):
            known, are_all = self._lists.setdefault((event.asset_key, partition, kind), ([], False))
            known.insert(0, record)
            self._lists[event.asset_key, partition, kind] = (known, are_all)

    def answer_for(self, storage: Any) -> None:
        """Replaces the methods of an event log storage by these."""
        for name in ANSWERED_BY_STORAGE:
            setattr(storage, name, getattr(self, name))

    def fetch_materializations(
        self, records_filter: Any, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> Any:
        self._only_newest("fetch_materializations", records_filter, cursor, ascending)
        return self._fetch("fetch_materializations", MATERIALIZED, records_filter, limit)

    def fetch_observations(
        self, records_filter: Any, limit: int, cursor: str | None = None, ascending: bool = False
    ) -> Any:
        self._only_newest("fetch_observations", records_filter, cursor, ascending)
        return self._fetch("fetch_observations", OBSERVED, records_filter, limit)

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[Any]:
        if asset_keys is None:
            refuse("get_asset_records of all assets")
        found: list[Any] = []
        for key in asset_keys:
            materialized = self._newest("get_asset_records", key)
            observed, _ = self._lists.get((key, None, OBSERVED), ([], False))
            if materialized or observed:
                found.append(_asset_record(key, materialized, observed[0] if observed else None))
        return found

    def get_latest_materialization_events(
        self, asset_keys: Iterable[AssetKey]
    ) -> Mapping[AssetKey, EventLogEntry | None]:
        found = {key: self._newest("get_latest_materialization_events", key) for key in asset_keys}
        return {key: record.event_log_entry if record else None for key, record in found.items()}

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        of_versions = event_type == DagsterEventType.ASSET_MATERIALIZATION and list(tag_keys) == [
            DATA_VERSION
        ]
        if not of_versions or before_cursor is not None or after_cursor is not None:
            refuse("event_log_storage.get_latest_tags_by_partition")
        versions = self._versions.get(asset_key.to_user_string(), {})
        return {
            partition: {DATA_VERSION: version}
            for partition, version in versions.items()
            if asset_partitions is None or partition in asset_partitions
        }

    def _newest(self, name: str, key: AssetKey) -> EventLogRecord | None:
        if (key, None, MATERIALIZED) not in self._lists:
            refuse(f"{name} of {key.to_user_string()}")
        records, _ = self._lists[key, None, MATERIALIZED]
        return records[0] if records else None

    def _only_newest(self, name: str, records_filter: Any, cursor: str | None, ascending: bool) -> None:
        of = _as_filter(records_filter)
        read = f"{name} of {of.asset_key.to_user_string()}"
        if of != AssetRecordsFilter(of.asset_key, asset_partitions=of.asset_partitions):
            refuse(f"{read} by time or storage id")
        if cursor is not None or ascending or len(of.asset_partitions or ()) > 1:
            refuse(f"{read} with a cursor, from the oldest on, or of several partitions")

    def _fetch(self, name: str, kind: str, records_filter: Any, limit: int) -> Any:
        of = _as_filter(records_filter)
        [partition] = of.asset_partitions or (None,)
        read = f"{name} of {of.asset_key.to_user_string()}"
        found = self._lists.get((of.asset_key, partition, kind))
        if found is None:
            refuse(read if partition is None else f"{read}, partition '{partition}'")
        records, are_all = found
        if limit > len(records) and not are_all:
            refuse(f"{read}, more than the newest {len(records)}")
        return EventRecordsResult(records[:limit], "", len(records) > limit)


_NOTHING = json.dumps({"lists": (), "ids": (), "not_sent": {}, "versions": {}})


def _as_filter(records_filter: Any) -> Any:
    return AssetRecordsFilter(records_filter) if isinstance(records_filter, AssetKey) else records_filter


def _observes(event: Any) -> bool:
    return event.event_type == DagsterEventType.ASSET_OBSERVATION


def _with_gaps(record: EventLogRecord, names: Sequence[str] | None) -> EventLogRecord:
    """The record, with a value that cannot be read in the place of each that was not sent."""
    entry: Any = record.event_log_entry
    event = entry.dagster_event
    data = event.event_specific_data
    reported = _asset_records.reported_by(event)
    asset = reported.asset_key.to_user_string()
    metadata: Mapping[str, Any] = (
        _NoMetadataSent(asset)
        if names is None
        else {**reported.metadata, **{name: _MetadataNotSent(name, asset) for name in names}}
    )
    data = data._replace(**{_asset_records.field_of(data): reported._replace(metadata=metadata)})
    return EventLogRecord(
        record.storage_id, entry._replace(dagster_event=event._replace(event_specific_data=data))
    )


class _MetadataNotSent(MetadataValue[Any]):
    """In the place of a value that was not sent: the name exists, and the value cannot be read."""

    def __init__(self, name: str, asset: str) -> None:
        self._of = (name, asset)

    @property
    def value(self) -> Any:
        raise _not_sent(*self._of)

    def __getattribute__(self, attribute: str) -> Any:
        if attribute.startswith("_"):
            return super().__getattribute__(attribute)
        raise _not_sent(*self._of)


class _NoMetadataSent(dict[str, Any]):
    """In the place of metadata of which not even the names were sent."""

    def __init__(self, asset: str) -> None:
        super().__init__()
        self._asset = asset

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise _not_sent("with more names than are sent", self._asset)

    __getitem__ = __contains__ = __iter__ = __len__ = __eq__ = get = keys = values = items = copy = _refuse  # type: ignore[assignment]
    __hash__ = None  # type: ignore[assignment]


def _not_sent(name: str, asset: str) -> NotSent:
    limits = _asset_records
    return NotSent(
        f"This step runs on a Stepstile worker, to which the metadata '{name}' of {asset} was not sent. Of an asset that a"
        f" step checks, values of up to {limits.LARGEST_OF_A_CHECKED_ASSET // 1024} KB are sent"
        f" ({limits.SENT_OF_CHECKED_ASSETS // 1024} KB for a step); of an asset that it reads, values of up to"
        f" {limits.LARGEST_OF_ANOTHER_ASSET} bytes ({limits.SENT_OF_OTHER_ASSETS // 1024} KB for a step). Keep data that"
        " steps read in the asset's value, or in storage that the metadata points to."
    )


def _asset_record(key: AssetKey, materialized: EventLogRecord | None, observed: EventLogRecord | None) -> Any:
    last: Any = materialized or observed
    return SimpleNamespace(
        storage_id=last.storage_id,
        asset_entry=SimpleNamespace(
            asset_key=key,
            last_materialization_record=materialized,
            last_materialization=materialized.event_log_entry if materialized else None,
            last_materialization_storage_id=materialized.storage_id if materialized else None,
            last_observation_record=observed,
            last_run_id=last.event_log_entry.run_id,
            last_event_timestamp=last.event_log_entry.timestamp,
        ),
    )
