"""The records of materializations and observations that a step may read: gathered by the run worker and sent with the step.

Their size does not grow with what the assets' events hold. See
docs/adr/012-a-worker-answers-reads-from-what-came-with-its-step.md; the worker's side is :mod:`_known_records`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    EventLogEntry,
    EventLogRecord,
    serialize_value,
)

from dagster_stepstile import _dagster, _wire

DATA_VERSION = "dagster/data_version"
MATERIALIZED = "materialized"
OBSERVED = "observed"

LARGEST_OF_A_CHECKED_ASSET, SENT_OF_CHECKED_ASSETS = 64 * 1024, 1024 * 1024
LARGEST_OF_ANOTHER_ASSET, SENT_OF_OTHER_ASSETS = 1024, 32 * 1024
"""The size of the largest metadata value that is sent, before compression, and of all such values of a step."""

_LARGEST_NAMES, _SENT_NAMES = 3_000, 256 * 1024
"""The size of the names of metadata whose values are not sent: of one event, and of all events of a step."""

_LATEST_OF_A_CHECKED_ASSET = 2
"""As many as Dagster's own checks compare."""

_PARTITIONS_OF_CHECKED_ASSETS = 400
"""Of all assets that a step checks together, so that its input stays small however many they are."""

_OF_INPUTS = "dagster/input_"


def gather(instance: DagsterInstance, job_def: Any, step: Any, run_tags: Mapping[str, str]) -> str | None:
    """The records that may be read of the assets that a step writes, reads or checks, compressed; None if it has none."""
    outputs = _dagster.output_assets(step)
    parents = _dagster.parents_of(job_def, outputs)
    checked = _dagster.checked_assets(step)
    keys = list(dict.fromkeys([*checked, *outputs, *parents]))
    if not keys:
        return None
    records = _Records(instance, checked, {*checked, *outputs})
    for key in checked:
        _add_checked(records, job_def, key, run_tags.get("dagster/partition"), len(checked))
    _add_others(records, [key for key in keys if key not in checked])
    for key in parents:
        if _dagster.is_partitioned(job_def, key):
            records.add_versions(key, _versions_of_partitions(instance, job_def, outputs, key, run_tags))
    return records.packed()


def _add_checked(
    records: _Records, job_def: Any, key: AssetKey, partition: str | None, number_of_checked: int
) -> None:
    records.add_newest(key, None, MATERIALIZED, _LATEST_OF_A_CHECKED_ASSET)
    records.add_newest(key, None, OBSERVED, 1)
    if partition is not None:
        records.add_newest(key, partition, MATERIALIZED, 1)
        records.add_newest(key, partition, OBSERVED, 1)
        return
    recent = _dagster.recent_time_partitions(job_def, key)
    records.add_partitions(key, recent[-max(2, _PARTITIONS_OF_CHECKED_ASSETS // number_of_checked) :])


def _add_others(records: _Records, keys: Sequence[AssetKey]) -> None:
    """The newest record of each of these assets, which the storage keeps beside the asset."""
    storage: Any = records.instance.event_log_storage
    found = records.instance.get_asset_records(keys)
    entries = {asset.asset_entry.asset_key: asset.asset_entry for asset in found}
    for key in keys:
        entry: Any = entries.get(key)
        materialized = entry.last_materialization_record if entry else None
        records.add_last(key, None, MATERIALIZED, materialized)
        if entry is None or storage.asset_records_have_last_observation:
            records.add_last(key, None, OBSERVED, entry.last_observation_record if entry else None)
        elif materialized is None:
            records.add_newest(key, None, OBSERVED, 1)


def _versions_of_partitions(
    instance: DagsterInstance,
    job_def: Any,
    outputs: Sequence[AssetKey],
    parent: AssetKey,
    run_tags: Mapping[str, str],
) -> dict[str, str]:
    """The data versions of the partitions of a parent that a step reads."""
    try:
        read = _dagster.read_partitions(job_def, outputs, parent, run_tags, instance)
    except Exception:
        read = []  # the user's mapping, or the partition, is wrong: the step finds that too, and fails alone
    if not read:
        return {}
    storage: Any = instance.event_log_storage
    materialized = DagsterEventType.ASSET_MATERIALIZATION
    found = storage.get_latest_tags_by_partition(parent, materialized, [DATA_VERSION], asset_partitions=read)
    return {partition: tags[DATA_VERSION] for partition, tags in found.items() if DATA_VERSION in tags}


class _Records:
    """Records to be sent to a worker, each once, without metadata that is too large."""

    def __init__(
        self, instance: DagsterInstance, checked: Iterable[AssetKey], with_provenance: Iterable[AssetKey]
    ) -> None:
        self.instance = instance
        self._checked = set(checked)
        self._with_provenance = set(with_provenance)
        self._of_checked = _Budget(LARGEST_OF_A_CHECKED_ASSET, SENT_OF_CHECKED_ASSETS)
        self._of_others = _Budget(LARGEST_OF_ANOTHER_ASSET, SENT_OF_OTHER_ASSETS)
        self._names = _Budget(_LARGEST_NAMES, _SENT_NAMES)
        self._ids: list[int] = []
        self._places: dict[int, int] = {}
        self._texts: list[str] = []
        self._not_sent: dict[str, list[str] | None] = {}
        self._lists: list[Any] = []
        self._versions: dict[str, dict[str, str]] = {}

    def add_newest(self, key: AssetKey, partition: str | None, kind: str, limit: int) -> None:
        """The newest records of an asset, or of one of its partitions."""
        wanted = AssetRecordsFilter(key, asset_partitions=None if partition is None else [partition])
        records = self._fetch(kind)(wanted, limit=limit).records
        self._add_list(key, partition, kind, records, are_all=len(records) < limit)

    def add_last(
        self, key: AssetKey, partition: str | None, kind: str, record: EventLogRecord | None
    ) -> None:
        """The newest record, or that there is none."""
        self._add_list(key, partition, kind, [record] if record else [], are_all=record is None)

    def add_partitions(self, key: AssetKey, partitions: Sequence[str]) -> None:
        """The newest record of each of these partitions."""
        storage: Any = self.instance.event_log_storage
        for kind, of_type in (
            (MATERIALIZED, DagsterEventType.ASSET_MATERIALIZATION),
            (OBSERVED, DagsterEventType.ASSET_OBSERVATION),
        ):
            ids: Mapping[str, int] = {}
            if partitions:
                ids = storage.get_latest_storage_id_by_partition(key, of_type, set(partitions))
            wanted = AssetRecordsFilter(key, storage_ids=list(ids.values()))
            records = self._fetch(kind)(wanted, limit=len(ids)).records if ids else ()
            by_partition = {record.partition_key: record for record in records}
            for partition in partitions:
                self.add_last(key, partition, kind, by_partition.get(partition))

    def add_versions(self, key: AssetKey, of_partitions: dict[str, str]) -> None:
        self._versions[key.to_user_string()] = of_partitions

    def _fetch(self, kind: str) -> Any:
        instance = self.instance
        return instance.fetch_materializations if kind == MATERIALIZED else instance.fetch_observations

    def _add_list(
        self,
        key: AssetKey,
        partition: str | None,
        kind: str,
        records: Sequence[EventLogRecord],
        *,
        are_all: bool,
    ) -> None:
        places = [self._place(key, record) for record in records]
        self._lists.append([list(key.path), partition, kind, places, are_all])

    def _place(self, key: AssetKey, record: EventLogRecord) -> int:
        if record.storage_id in self._places:
            return self._places[record.storage_id]
        budget = self._of_checked if key in self._checked else self._of_others
        entry, not_sent = _without_large(record.event_log_entry, budget, key in self._with_provenance)
        if not_sent:
            named = self._names.takes(sum(map(len, not_sent)))
            self._not_sent[str(len(self._ids))] = not_sent if named else None
        self._places[record.storage_id] = len(self._ids)
        self._ids.append(record.storage_id)
        self._texts.append(_wire.entry_text(entry))
        return len(self._ids) - 1

    def packed(self) -> str:
        index = {
            "lists": self._lists,
            "ids": self._ids,
            "not_sent": self._not_sent,
            "versions": self._versions,
        }
        return _wire.pack_texts([json.dumps(index), *self._texts])


class _Budget:
    """A limit of each value, and of all values together."""

    def __init__(self, largest: int, total: int) -> None:
        self._largest = largest
        self._left = total

    def takes(self, size: int) -> bool:
        if size > min(self._largest, self._left):
            return False
        self._left -= size
        return True


def _without_large(
    entry: EventLogEntry, budget: _Budget, with_provenance: bool
) -> tuple[EventLogEntry, list[str]]:
    """The entry, and the names of its metadata that were left out."""
    event: Any = entry.dagster_event
    data: Any = event.event_specific_data
    reported: Any = reported_by(event)
    kept: dict[str, Any] = {}
    # Dagster's own metadata (schemas, times of updates) comes first.
    for name, value in sorted(reported.metadata.items(), key=lambda item: not item[0].startswith("dagster/")):
        if budget.takes(len(name) + len(serialize_value(value))):
            kept[name] = value
    not_sent = [name for name in reported.metadata if name not in kept]
    description = reported.description or ""
    reported = reported._replace(
        metadata={name: value for name, value in reported.metadata.items() if name in kept},
        tags={
            name: value
            for name, value in (reported.tags or {}).items()
            if with_provenance or not name.startswith(_OF_INPUTS)
        },
        description=reported.description if budget.takes(len(description)) else None,
    )
    message = f"{event.event_type_value} of {reported.asset_key.to_user_string()}"
    event = event._replace(
        event_specific_data=data._replace(**{field_of(data): reported}),
        message=message,
        logging_tags={},
        step_handle=None,
        node_handle=None,
    )
    return entry._replace(dagster_event=event, user_message=message), not_sent


def field_of(data: Any) -> str:
    """The name of the field that holds the AssetMaterialization or AssetObservation of an event's data."""
    return "materialization" if hasattr(data, "materialization") else "asset_observation"


def reported_by(event: Any) -> Any:
    """The AssetMaterialization or AssetObservation of an event."""
    return getattr(event.event_specific_data, field_of(event.event_specific_data))
