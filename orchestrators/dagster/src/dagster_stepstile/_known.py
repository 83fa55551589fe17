"""What Dagster and an op ask the instance of materializations and observations: gathered by the run worker for one
step, in a size that does not grow with what the assets' events hold, and answered on the worker.

See docs/adr/012-a-worker-answers-reads-from-what-came-with-its-step.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any, NoReturn

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterInvariantViolationError,
    EventLogEntry,
    EventLogRecord,
    EventRecordsResult,
    MetadataValue,
    serialize_value,
)

from dagster_stepstile import _dagster, _wire

_DATA_VERSION = "dagster/data_version"
_OF_INPUTS = "dagster/input_"
_MATERIALIZED = "materialized"
_OBSERVED = "observed"

_OF_A_CHECKED_ASSET = (64 * 1024, 1024 * 1024)
_OF_ANOTHER_ASSET = (1024, 32 * 1024)
"""Of the metadata of events: the largest value that is sent, and how much in all; before it is compressed."""

_NAMES_NOT_SENT = (3_000, 256 * 1024)
"""The names of metadata that is not sent: of an event, and in all."""

_LATEST_OF_A_CHECKED_ASSET = 2
"""As many as Dagster's own checks compare."""

_PARTITIONS_OF_CHECKED_ASSETS = 400
"""Of all assets that a step checks together, so that its input stays small however many they are."""


class NotSent(DagsterInvariantViolationError):
    """An op asked for metadata that stayed with the run worker."""


def gather(instance: DagsterInstance, job_def: Any, step: Any, run_tags: Mapping[str, str]) -> str | None:
    """What may be asked of the assets that a step writes, reads or checks, compressed; None if it has none."""
    outputs = _dagster.output_assets(step)
    parents = _dagster.parents_of(job_def, outputs)
    checked = _dagster.checked_assets(step)
    keys = list(dict.fromkeys([*checked, *outputs, *parents]))
    if not keys:
        return None
    storage: Any = instance.event_log_storage
    sent = _Sent(checked, {*checked, *outputs})
    for key in checked:
        of = AssetRecordsFilter(key)
        sent.newest(key, None, _MATERIALIZED, instance.fetch_materializations, of, _LATEST_OF_A_CHECKED_ASSET)
        sent.newest(key, None, _OBSERVED, instance.fetch_observations, of, 1)
        partition = run_tags.get("dagster/partition")
        if partition is not None:
            of = AssetRecordsFilter(key, asset_partitions=[partition])
            sent.newest(key, partition, _MATERIALIZED, instance.fetch_materializations, of, 1)
            sent.newest(key, partition, _OBSERVED, instance.fetch_observations, of, 1)
        else:
            recent = _dagster.recent_time_partitions(job_def, key)
            most = max(2, _PARTITIONS_OF_CHECKED_ASSETS // len(checked))
            sent.recent_partitions(instance, key, recent[-most:])
    others = [key for key in keys if key not in checked]
    entries = {asset.asset_entry.asset_key: asset.asset_entry for asset in instance.get_asset_records(others)}
    for key in others:
        entry: Any = entries.get(key)
        materialized = entry.last_materialization_record if entry else None
        sent.last(key, _MATERIALIZED, materialized)
        if entry is None or storage.asset_records_have_last_observation:
            sent.last(key, _OBSERVED, entry.last_observation_record if entry else None)
        elif materialized is None:
            sent.newest(key, None, _OBSERVED, instance.fetch_observations, AssetRecordsFilter(key), 1)
    for key in parents:
        if _dagster.is_partitioned(job_def, key):
            sent.versions(key, _versions_of_partitions(instance, job_def, outputs, key, run_tags))
    return sent.packed()


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
    found = storage.get_latest_tags_by_partition(parent, materialized, [_DATA_VERSION], asset_partitions=read)
    return {partition: tags[_DATA_VERSION] for partition, tags in found.items() if _DATA_VERSION in tags}


class _Sent:
    """Records on their way to a worker, each once, without what is too large in them."""

    def __init__(self, checked: Iterable[AssetKey], with_provenance: Iterable[AssetKey]) -> None:
        self._checked = set(checked)
        self._with_provenance = set(with_provenance)
        self._of_checked = _Budget(*_OF_A_CHECKED_ASSET)
        self._of_others = _Budget(*_OF_ANOTHER_ASSET)
        self._names = _Budget(*_NAMES_NOT_SENT)
        self._ids: list[int] = []
        self._places: dict[int, int] = {}
        self._texts: list[str] = []
        self._not_sent: dict[str, list[str] | None] = {}
        self._lists: list[Any] = []
        self._versions: dict[str, dict[str, str]] = {}

    def newest(
        self, key: AssetKey, partition: str | None, kind: str, fetch: Any, of: AssetRecordsFilter, limit: int
    ) -> None:
        records = fetch(of, limit=limit).records
        self._listed(key, partition, kind, records, len(records) < limit)

    def last(self, key: AssetKey, kind: str, record: EventLogRecord | None) -> None:
        self._listed(key, None, kind, [record] if record else [], record is None)

    def recent_partitions(self, instance: DagsterInstance, key: AssetKey, partitions: Sequence[str]) -> None:
        """The newest record of each of these partitions."""
        storage: Any = instance.event_log_storage
        for kind, of_type, fetch in (
            (_MATERIALIZED, DagsterEventType.ASSET_MATERIALIZATION, instance.fetch_materializations),
            (_OBSERVED, DagsterEventType.ASSET_OBSERVATION, instance.fetch_observations),
        ):
            ids = (
                storage.get_latest_storage_id_by_partition(key, of_type, set(partitions))
                if partitions
                else {}
            )
            wanted = AssetRecordsFilter(key, storage_ids=list(ids.values()))
            records: Any = fetch(wanted, limit=len(ids)).records if ids else ()
            by_partition = {record.partition_key: record for record in records}
            for partition in partitions:
                found = by_partition.get(partition)
                self._listed(key, partition, kind, [found] if found else [], found is None)

    def versions(self, key: AssetKey, of_partitions: dict[str, str]) -> None:
        self._versions[key.to_user_string()] = of_partitions

    def _listed(
        self,
        key: AssetKey,
        partition: str | None,
        kind: str,
        records: Sequence[EventLogRecord],
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
        told = {
            "lists": self._lists,
            "ids": self._ids,
            "not_sent": self._not_sent,
            "versions": self._versions,
        }
        return _wire.pack_texts([json.dumps(told), *self._texts])


class _Budget:
    def __init__(self, value: int, total: int) -> None:
        self._value = value
        self._left = total

    def takes(self, size: int) -> bool:
        if size > min(self._value, self._left):
            return False
        self._left -= size
        return True


def _without_large(
    entry: EventLogEntry, budget: _Budget, with_provenance: bool
) -> tuple[EventLogEntry, list[str]]:
    """The entry, and the names of its metadata that is not in it any more."""
    event: Any = entry.dagster_event
    data: Any = event.event_specific_data
    said: Any = _said(event)
    kept: dict[str, Any] = {}
    # What Dagster itself keeps in metadata (schemas, times of updates) comes first.
    for name, value in sorted(said.metadata.items(), key=lambda item: not item[0].startswith("dagster/")):
        if budget.takes(len(name) + len(serialize_value(value))):
            kept[name] = value
    not_sent = [name for name in said.metadata if name not in kept]
    description = said.description or ""
    said = said._replace(
        metadata={name: value for name, value in said.metadata.items() if name in kept},
        tags={
            name: value
            for name, value in (said.tags or {}).items()
            if with_provenance or not name.startswith(_OF_INPUTS)
        },
        description=said.description if budget.takes(len(description)) else None,
    )
    message = f"{event.event_type_value} of {said.asset_key.to_user_string()}"
    data = data._replace(**{_field_of(data): said})
    event = event._replace(
        event_specific_data=data, message=message, logging_tags={}, step_handle=None, node_handle=None
    )
    return entry._replace(dagster_event=event, user_message=message), not_sent


def _field_of(data: Any) -> str:
    return "materialization" if hasattr(data, "materialization") else "asset_observation"


def _said(event: Any) -> Any:
    """The AssetMaterialization or AssetObservation of an event."""
    return getattr(event.event_specific_data, _field_of(event.event_specific_data))


class _MetadataNotSent(MetadataValue[Any]):
    """In the place of a value that stayed with the run worker: it is there, and cannot be read."""

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
    return NotSent(
        f"This step runs on a Stepstile worker, to which the metadata '{name}' of {asset} was not sent: of an asset that"
        f" a step checks, values of up to {_OF_A_CHECKED_ASSET[0] // 1024} KB are ({_OF_A_CHECKED_ASSET[1] // 1024} KB"
        f" for a step), of one that it reads, up to {_OF_ANOTHER_ASSET[0]} bytes ({_OF_ANOTHER_ASSET[1] // 1024} KB for a"
        " step). Keep what steps are to read in an asset's value, or in storage that the metadata names."
    )


_NOTHING = json.dumps({"lists": (), "ids": (), "not_sent": {}, "versions": {}})


class Known:
    """On the worker: answers the questions that were foreseen, and those about what the step itself wrote."""

    def __init__(self, packed: str | None) -> None:
        told, *texts = _wire.unpack_texts(packed) if packed else [_NOTHING]
        gathered: Mapping[str, Any] = json.loads(told)
        self._versions: Mapping[str, Mapping[str, str]] = gathered["versions"]
        records = [
            EventLogRecord(storage_id, _wire.entry_of(text))
            for storage_id, text in zip(gathered["ids"], texts, strict=True)
        ]
        for place, names in gathered["not_sent"].items():
            records[int(place)] = _with_gaps(records[int(place)], names)
        self._lists: dict[tuple[AssetKey, str | None, str], tuple[list[EventLogRecord], bool]] = {
            (AssetKey(path), partition, kind): ([records[place] for place in places], are_all)
            for path, partition, kind, places, are_all in gathered["lists"]
        }

    def note(self, number: int, entry: EventLogEntry) -> None:
        """An entry of the step itself: its id in the log is not known yet, so it goes by its number, negative."""
        event = entry.dagster_event
        if (
            event is None
            or event.asset_key is None
            or not (event.is_step_materialization or _observes(event))
        ):
            return
        kind = _MATERIALIZED if event.is_step_materialization else _OBSERVED
        record = EventLogRecord(-1 - number, entry)
        for partition in dict.fromkeys((None, event.partition)):
            known, are_all = self._lists.setdefault((event.asset_key, partition, kind), ([], False))
            known.insert(0, record)
            self._lists[event.asset_key, partition, kind] = (known, are_all)

    def answer_for(self, storage: Any, refusing: Callable[[str], Callable[..., Any]]) -> None:
        """Lets an event log storage answer from here, and refuse what nobody asked the run worker for."""

        def newest(name: str, key: AssetKey, kind: str) -> EventLogRecord | None:
            if (key, None, kind) not in self._lists:
                refusing(f"{name} of {key.to_user_string()}")()
            records, _ = self._lists[key, None, kind]
            return records[0] if records else None

        def fetch(name: str, kind: str, asked: Any, limit: int, cursor: Any, ascending: bool) -> Any:
            of = AssetRecordsFilter(asked) if isinstance(asked, AssetKey) else asked
            told = f"{name} of {of.asset_key.to_user_string()}"
            partitions = of.asset_partitions or (None,)
            if of != AssetRecordsFilter(of.asset_key, asset_partitions=of.asset_partitions):
                refusing(f"{told} by time or storage id")()
            if cursor is not None or ascending or len(partitions) > 1:
                refusing(f"{told} with a cursor, from the oldest on, or of several partitions")()
            found = self._lists.get((of.asset_key, partitions[0], kind))
            if found is None:
                refusing(told if partitions[0] is None else f"{told}, partition '{partitions[0]}'")()
            records, are_all = found or ([], True)
            if limit > len(records) and not are_all:
                refusing(f"{told}, more than the newest {len(records)}")()
            return EventRecordsResult(records[:limit], "", len(records) > limit)

        def fetch_materializations(
            records_filter: Any, limit: int, cursor: str | None = None, ascending: bool = False
        ) -> Any:
            return fetch("fetch_materializations", _MATERIALIZED, records_filter, limit, cursor, ascending)

        def fetch_observations(
            records_filter: Any, limit: int, cursor: str | None = None, ascending: bool = False
        ) -> Any:
            return fetch("fetch_observations", _OBSERVED, records_filter, limit, cursor, ascending)

        def get_asset_records(asset_keys: Sequence[AssetKey] | None = None) -> Sequence[Any]:
            if asset_keys is None:
                refusing("get_asset_records of all assets")()
            found: list[Any] = []
            for key in asset_keys or ():
                materialized = newest("get_asset_records", key, _MATERIALIZED)
                observed, _ = self._lists.get((key, None, _OBSERVED), ([], False))
                if materialized or observed:
                    found.append(_asset_record(key, materialized, observed[0] if observed else None))
            return found

        def get_latest_materialization_events(
            asset_keys: Iterable[AssetKey],
        ) -> Mapping[AssetKey, EventLogEntry | None]:
            found = {
                key: newest("get_latest_materialization_events", key, _MATERIALIZED) for key in asset_keys
            }
            return {key: record.event_log_entry if record else None for key, record in found.items()}

        def get_latest_tags_by_partition(
            asset_key: AssetKey,
            event_type: DagsterEventType,
            tag_keys: Sequence[str],
            asset_partitions: Sequence[str] | None = None,
            before_cursor: int | None = None,
            after_cursor: int | None = None,
        ) -> Mapping[str, Mapping[str, str]]:
            foreseen = event_type == DagsterEventType.ASSET_MATERIALIZATION and list(tag_keys) == [
                _DATA_VERSION
            ]
            if not foreseen or before_cursor is not None or after_cursor is not None:
                refusing("event_log_storage.get_latest_tags_by_partition")()
            versions = self._versions.get(asset_key.to_user_string(), {})
            return {
                partition: {_DATA_VERSION: version}
                for partition, version in versions.items()
                if asset_partitions is None or partition in asset_partitions
            }

        for answer in (
            fetch_materializations,
            fetch_observations,
            get_asset_records,
            get_latest_materialization_events,
            get_latest_tags_by_partition,
        ):
            setattr(storage, answer.__name__, answer)


ANSWERED_BY_STORAGE = (
    "fetch_materializations",
    "fetch_observations",
    "get_asset_records",
    "get_latest_materialization_events",
    "get_latest_tags_by_partition",
)


def _observes(event: Any) -> bool:
    return event.event_type == DagsterEventType.ASSET_OBSERVATION


def _with_gaps(record: EventLogRecord, names: Sequence[str] | None) -> EventLogRecord:
    """The record, with something in the place of the metadata that was not sent."""
    entry: Any = record.event_log_entry
    event = entry.dagster_event
    data = event.event_specific_data
    said = _said(event)
    asset = said.asset_key.to_user_string()
    metadata: Mapping[str, Any] = (
        _NoMetadataSent(asset)
        if names is None
        else {**said.metadata, **{name: _MetadataNotSent(name, asset) for name in names}}
    )
    data = data._replace(**{_field_of(data): said._replace(metadata=metadata)})
    return EventLogRecord(
        record.storage_id, entry._replace(dagster_event=event._replace(event_specific_data=data))
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
