"""Data versions of a step's inputs, which Dagster reads from its instance: gathered by the run worker, answered on the
worker."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    EventLogEntry,
    EventLogRecord,
)

from dagster_stepstile import _dagster, _wire

_DATA_VERSION = "dagster/data_version"
_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))(-\d+)')
_ANY_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))[^",}]*')


def gather(
    instance: DagsterInstance, job_def: Any, step: Any, run_keys: Sequence[str] | None
) -> dict[str, Any] | None:
    """What Dagster will want to know of the assets that a step writes, reads or checks; None if it has none."""
    outputs = _dagster.output_assets(step)
    parents = _dagster.parents_of(job_def, outputs)
    checked = _dagster.checked_assets(step)
    keys = list(dict.fromkeys([*outputs, *parents, *checked]))
    if not keys:
        return None
    records = [_packed(key, record) for key, record in _latest(instance, keys)]
    # A check says which materialization of its partition it looked at.
    of_partition = [
        _packed(key, record)
        for key in (checked if run_keys else ())
        for record in instance.fetch_materializations(
            AssetRecordsFilter(key, asset_partitions=run_keys), limit=1
        ).records
    ]
    storage: Any = instance.event_log_storage
    tags = {
        key.to_user_string(): {
            partition: found[_DATA_VERSION]
            for partition, found in storage.get_latest_tags_by_partition(
                key,
                DagsterEventType.ASSET_MATERIALIZATION,
                [_DATA_VERSION],
                asset_partitions=run_keys if _dagster.same_partitions(job_def, outputs, key) else None,
            ).items()
            if _DATA_VERSION in found
        }
        for key in parents
        if _dagster.is_partitioned(job_def, key)
    }
    return {
        "keys": [list(key.path) for key in keys],
        "records": records,
        "of_partition": of_partition,
        "tags": tags,
    }


def _packed(key: AssetKey, record: EventLogRecord) -> list[Any]:
    return [list(key.path), record.storage_id, _wire.pack_texts([_wire.entry_text(record.event_log_entry)])]


def _unpacked(packed: Iterable[Any]) -> dict[AssetKey, EventLogRecord]:
    return {
        AssetKey(path): EventLogRecord(storage_id, _wire.entry_of(text))
        for path, storage_id, texts in packed
        for text in _wire.unpack_texts(texts)
    }


def _latest(instance: DagsterInstance, keys: Sequence[AssetKey]) -> Iterable[tuple[AssetKey, EventLogRecord]]:
    """The newest materialization of each asset or, where there is none, the newest observation."""
    storage: Any = instance.event_log_storage
    for asset in instance.get_asset_records(keys):
        entry: Any = asset.asset_entry
        record = entry.last_materialization_record
        if record is None and storage.asset_records_have_last_observation:
            record = entry.last_observation_record
        if record is None and not storage.asset_records_have_last_observation:
            record = next(iter(instance.fetch_observations(entry.asset_key, limit=1).records), None)
        if record is not None:
            yield entry.asset_key, record


class KnownVersions:
    """On the worker: answers the questions that were foreseen, and those about what the step itself wrote."""

    def __init__(self, gathered: Mapping[str, Any] | None) -> None:
        gathered = gathered or {"keys": [], "records": [], "of_partition": [], "tags": {}}
        self._keys = {AssetKey(path) for path in gathered["keys"]}
        self._tags: Mapping[str, Mapping[str, str]] = gathered["tags"]
        self._records = _unpacked(gathered["records"])
        self._of_partition = _unpacked(gathered["of_partition"])

    def note(self, number: int, entry: EventLogEntry) -> None:
        """An entry of the step itself: its id in the log is not known yet, so it goes by its number, negative."""
        event = entry.dagster_event
        if event is not None and event.asset_key is not None and event.is_step_materialization:
            self._keys.add(event.asset_key)
            self._records[event.asset_key] = EventLogRecord(-1 - number, entry)
            self._of_partition[event.asset_key] = self._records[event.asset_key]

    def answer_for(self, instance: Any, refusing: Callable[[str], Callable[..., Any]]) -> None:
        """Lets the instance answer from here, and refuse what nobody asked the run worker for."""

        def known(name: str, key: AssetKey, record_wanted: bool = True) -> EventLogRecord | None:
            if key not in self._keys or not record_wanted:
                refusing(name)()
            return self._records.get(key)

        def get_asset_records(asset_keys: Sequence[AssetKey] | None = None) -> Sequence[Any]:
            if asset_keys is None:
                refusing("get_asset_records")()
            found = [(key, known("get_asset_records", key)) for key in asset_keys or ()]
            return [_asset_record(key, record) for key, record in found if record is not None]

        def fetch_observations(key: Any, limit: int = 1, *_: Any, **__: Any) -> Any:
            record = known("fetch_observations", key, limit == 1) if isinstance(key, AssetKey) else None
            is_one = record is not None and not _is_materialization(record)
            return SimpleNamespace(records=[record] if is_one else [], cursor="", has_more=False)

        def fetch_materializations(of: Any, limit: int = 1, *_: Any, **__: Any) -> Any:
            partitions = of.asset_partitions if isinstance(of, AssetRecordsFilter) else None
            if not partitions or len(partitions) != 1 or limit != 1 or of.asset_key not in self._keys:
                return refusing("fetch_materializations")()
            record = self._of_partition.get(of.asset_key)
            is_one = record is not None and record.partition_key == partitions[0]
            return SimpleNamespace(records=[record] if is_one else [], cursor="", has_more=False)

        def get_latest_data_version_record(
            key: AssetKey, is_source: bool | None = None, partition_key: str | None = None, **_: Any
        ) -> EventLogRecord | None:
            return known("get_latest_data_version_record", key, partition_key is None)

        def get_latest_materialization_event(asset_key: AssetKey) -> EventLogEntry | None:
            record = known("get_latest_materialization_event", asset_key)
            return record.event_log_entry if record and _is_materialization(record) else None

        def get_latest_tags_by_partition(
            asset_key: AssetKey,
            event_type: DagsterEventType,
            tag_keys: Sequence[str],
            asset_partitions: Sequence[str] | None = None,
            **_: Any,
        ) -> Mapping[str, Mapping[str, str]]:
            versions = self._tags.get(asset_key.to_user_string(), {})
            return {
                partition: {_DATA_VERSION: version}
                for partition, version in versions.items()
                if asset_partitions is None or partition in asset_partitions
            }

        for answer in (
            get_asset_records,
            fetch_observations,
            fetch_materializations,
            get_latest_data_version_record,
            get_latest_materialization_event,
        ):
            setattr(instance, answer.__name__, answer)
        instance.event_log_storage.get_latest_tags_by_partition = get_latest_tags_by_partition


def _asset_record(key: AssetKey, record: EventLogRecord) -> Any:
    is_materialization = _is_materialization(record)
    return SimpleNamespace(
        storage_id=record.storage_id,
        asset_entry=SimpleNamespace(
            asset_key=key,
            last_materialization_record=record if is_materialization else None,
            last_materialization=record.event_log_entry if is_materialization else None,
            last_materialization_storage_id=record.storage_id if is_materialization else None,
            last_observation_record=None if is_materialization else record,
            last_run_id=record.event_log_entry.run_id,
            last_event_timestamp=record.event_log_entry.timestamp,
        ),
    )


def _is_materialization(record: EventLogRecord) -> bool:
    event = record.event_log_entry.dagster_event
    return event is not None and event.event_type == DagsterEventType.ASSET_MATERIALIZATION


def with_pointers(entry: EventLogEntry, ids: Callable[[int], int | None]) -> EventLogEntry:
    """The entry, with the ids in the log of those entries of its step that it names by number."""

    def filled_in(found: re.Match[str]) -> str:
        known = ids(-1 - int(found[2]))
        return found[0] if known is None else f"{found[1]}{known}"

    text = _wire.entry_text(entry)
    return _wire.entry_of(_POINTER.sub(filled_in, text)) if _POINTER.search(text) else entry


def identity(entry: EventLogEntry) -> str:
    """What two copies of an entry have in common, whether or not their pointers were filled in."""
    return _ANY_POINTER.sub(r"\1", _wire.entry_text(entry))
