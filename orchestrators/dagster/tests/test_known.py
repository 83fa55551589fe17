"""What a worker without a database can say of the instance, and what of it is sent."""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest
from dagster import AssetKey, AssetRecordsFilter

from dagster_stepstile import _dagster, _reads
from dagster_stepstile._asset_records import gather
from dagster_stepstile._known_records import ANSWERED_BY_STORAGE, KnownRecords, NotSent
from dagster_stepstile._worker_instance import InstanceGuard, methods_of

KEY = AssetKey("checked")
DOCUMENT = Path(__file__).parents[3] / "docs" / "dagster-executor.md"


class Layer:
    """An asset layer: which parents an asset has, and which partitions."""

    def __init__(self, parents: dict[AssetKey, list[AssetKey]], partitions: Any = None) -> None:
        self._parents = parents
        self._partitions = partitions

    def has(self, key: AssetKey) -> bool:
        return True

    def get(self, key: AssetKey) -> Any:
        partitions = self._partitions if key == KEY else None
        return SimpleNamespace(parent_keys=self._parents.get(key, []), partitions_def=partitions)


def job(parents: dict[AssetKey, list[AssetKey]] | None = None, partitions: Any = None) -> Any:
    return SimpleNamespace(asset_layer=Layer(parents or {}, partitions))


def step_of(*, writes: AssetKey | None = None, checks: AssetKey | None = None) -> Any:
    check = dg.AssetCheckKey(checks, "c") if checks else None
    properties = SimpleNamespace(asset_key=writes, asset_check_key=check)
    return SimpleNamespace(step_outputs=[SimpleNamespace(properties=properties)])


CHECKING = step_of(checks=KEY)


@pytest.fixture
def host() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def guarded(gathered: Any, run: Any = None, partitions: dict[str, list[str]] | None = None) -> Any:
    """The instance that an op meets on a worker to which this was sent."""
    instance = dg.DagsterInstance.ephemeral()
    for name, keys in (partitions or {}).items():
        instance.add_dynamic_partitions(name, keys)
    sent = json.loads(json.dumps(gathered))
    InstanceGuard(instance, lambda _: None, KnownRecords(sent), run).apply(list(partitions or {}))
    return instance


def ids(result: Any) -> list[int]:
    return [record.storage_id for record in result.records]


@pytest.mark.lowest
def test_the_input_of_a_step_does_not_grow_with_the_metadata_of_what_it_reads(
    host: dg.DagsterInstance,
) -> None:
    parents = [AssetKey(f"parent_{number}") for number in range(200)]
    large = "x" + os.urandom(500_000).hex()
    for parent in parents:
        host.report_runless_asset_event(
            dg.AssetMaterialization(
                parent, metadata={"plot": large, "rows": 5}, tags={"dagster/data_version": f"of {parent}"}
            )
        )
    child = AssetKey("child")
    sent = gather(host, job({child: parents}), step_of(writes=child), {})
    assert len(json.dumps(sent)) < 40_000
    worker = guarded(sent)
    for parent, record in zip(parents, worker.get_asset_records(parents), strict=True):
        entry = record.asset_entry.last_materialization
        assert entry.asset_materialization.tags["dagster/data_version"] == f"of {parent}"
        assert entry.asset_materialization.metadata["rows"].value == 5
        with pytest.raises(NotSent, match="metadata 'plot' of parent_"):
            _ = entry.asset_materialization.metadata["plot"].value


def test_the_input_has_a_bound_whatever_the_metadata_are(host: dg.DagsterInstance) -> None:
    parents = [AssetKey(f"parent_{number}") for number in range(50)]
    many = {f"name_{number}": os.urandom(400).hex() for number in range(500)}
    for parent in parents:
        host.report_runless_asset_event(
            dg.AssetMaterialization(parent, metadata=many, description="d" * 100_000)
        )
    child = AssetKey("child")
    sent = gather(host, job({child: parents}), step_of(writes=child), {})
    assert len(json.dumps(sent)) < 60_000
    [event] = guarded(sent).get_latest_materialization_events([parents[0]]).values()
    metadata = event.asset_materialization.metadata
    for read in (
        lambda: metadata["name_1"],
        lambda: metadata.get("name_499"),
        lambda: "other" in metadata,
        lambda: metadata.items(),
        lambda: [*metadata],
    ):
        with pytest.raises(NotSent):
            read()


@pytest.mark.lowest
def test_a_check_reads_what_is_known_of_its_asset_with_metadata_up_to_a_size(
    host: dg.DagsterInstance,
) -> None:
    for rows in (1, 2, 3):
        host.report_runless_asset_event(
            dg.AssetMaterialization(
                KEY, metadata={"rows": rows, "plot": "p" * 5_000_000, "note": "n" * 50_000}
            )
        )
    host.report_runless_asset_event(dg.AssetObservation(KEY, metadata={"seen": 4}))
    worker = guarded(gather(host, job(), CHECKING, {}))
    newest, before = worker.fetch_materializations(limit=2, records_filter=KEY).records
    assert [newest.storage_id, before.storage_id] == ids(host.fetch_materializations(KEY, limit=2))
    assert [record.asset_materialization.metadata["rows"].value for record in (newest, before)] == [3, 2]
    assert len(newest.asset_materialization.metadata["note"].value) == 50_000
    assert {*newest.asset_materialization.metadata} == {"rows", "plot", "note"}
    with pytest.raises(NotSent, match="64 KB"):
        _ = newest.asset_materialization.metadata["plot"].text
    seen = worker.fetch_observations(records_filter=AssetRecordsFilter(asset_key=KEY), limit=1).records[0]
    assert seen.asset_observation.metadata["seen"].value == 4
    event = worker.get_latest_materialization_event(asset_key=KEY)
    assert event.asset_materialization.metadata["rows"].value == 3
    assert worker.get_latest_data_version_record(key=KEY).storage_id == newest.storage_id
    assert worker.get_latest_materialization_code_versions(asset_keys=[KEY]) == {KEY: None}


def test_a_check_in_a_partition_finds_the_newest_materialization_of_that_partition(
    host: dg.DagsterInstance,
) -> None:
    for partition, rows in (("x", 1), ("x", 2), ("y", 3)):
        host.report_runless_asset_event(
            dg.AssetMaterialization(KEY, partition=partition, metadata={"rows": rows})
        )
    worker = guarded(gather(host, job(), CHECKING, {"dagster/partition": "x"}))
    wanted = AssetRecordsFilter(KEY, asset_partitions=["x"])
    expected = host.fetch_materializations(wanted, limit=1).records[0]
    (found,) = worker.fetch_materializations(wanted, limit=1).records
    assert found.storage_id == expected.storage_id
    assert found.asset_materialization.metadata["rows"].value == 2
    assert worker.fetch_observations(wanted, 1).records == []


@pytest.mark.lowest
def test_a_check_of_time_partitions_finds_the_newest_event_of_each_recent_one(
    host: dg.DagsterInstance,
) -> None:
    days = dg.DailyPartitionsDefinition("2024-01-01", end_date="2024-03-01")
    for partition in ("2024-01-01", "2024-02-28", "2024-02-28", "2024-02-29"):
        host.report_runless_asset_event(dg.AssetMaterialization(KEY, partition=partition))
    worker = guarded(gather(host, job(partitions=days), CHECKING, {}))
    for partition in ("2024-01-01", "2024-02-28", "2024-02-29", "2024-02-01"):
        wanted = AssetRecordsFilter(KEY, asset_partitions=[partition])
        expected = ids(host.fetch_materializations(wanted, limit=1))
        assert ids(worker.fetch_materializations(records_filter=wanted, limit=1)) == expected
        assert worker.fetch_observations(records_filter=wanted, limit=1).records == []
    hours = dg.HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2024-03-01-00:00")
    worker = guarded(gather(host, job(partitions=hours), CHECKING, {}))
    early = AssetRecordsFilter(KEY, asset_partitions=["2024-01-01-00:00"])
    with pytest.raises(dg.DagsterInvariantViolationError, match="partition '2024-01-01-00:00'"):
        worker.fetch_materializations(early, limit=1)


def test_partition_keys_of_any_iterable_are_forwarded_and_kept_and_what_is_no_json_fails_the_op() -> None:
    worker = dg.DagsterInstance.ephemeral()
    guard = InstanceGuard(worker, lambda _: None, KnownRecords(None), None)
    guard.apply(["customers"])
    keys: Any = (name for name in ("acme", "globex"))
    worker.add_dynamic_partitions("customers", keys)
    no_json: Any = [b"bytes"]
    with pytest.raises(TypeError):
        worker.add_dynamic_partitions("customers", no_json)
    (call,) = guard.calls
    assert call["args"] == ["customers", ["acme", "globex"]]
    assert sorted(worker.get_dynamic_partitions("customers")) == ["acme", "globex"]


def test_a_step_of_many_checks_of_one_asset_asks_and_sends_once() -> None:
    checks = [
        SimpleNamespace(
            properties=SimpleNamespace(asset_key=None, asset_check_key=SimpleNamespace(asset_key=KEY))
        )
    ]
    assert _dagster.checked_assets(SimpleNamespace(step_outputs=checks * 300)) == [KEY]


def test_what_nobody_asked_the_run_worker_for_is_refused_by_name(host: dg.DagsterInstance) -> None:
    for _ in range(3):
        host.report_runless_asset_event(dg.AssetMaterialization(KEY))
    worker = guarded(gather(host, job(), CHECKING, {"dagster/partition": "x"}))
    of_x = AssetRecordsFilter(KEY, asset_partitions=["x"])
    assert worker.fetch_materializations(of_x, limit=5).records == [], "there are none"
    for asked, more in (
        (AssetRecordsFilter(AssetKey("other"), asset_partitions=["x"]), {"limit": 1}),
        (AssetKey("other"), {"limit": 1}),
        (AssetRecordsFilter(KEY, asset_partitions=["y"]), {"limit": 1}),
        (AssetRecordsFilter(KEY, asset_partitions=["x", "y"]), {"limit": 1}),
        (AssetRecordsFilter(KEY, after_timestamp=1.0), {"limit": 1}),
        (KEY, {"limit": 3}),
        (KEY, {"limit": 1, "ascending": True}),
        (KEY, {"limit": 1, "cursor": "a"}),
    ):
        with pytest.raises(dg.DagsterInvariantViolationError, match=r"instance\.fetch_materializations of "):
            worker.fetch_materializations(asked, **more)
    with pytest.raises(dg.DagsterInvariantViolationError, match="of other"):
        worker.get_latest_materialization_events([KEY, AssetKey("other")])
    with pytest.raises(dg.DagsterInvariantViolationError, match="of all assets"):
        worker.get_asset_records()


@pytest.mark.lowest
def test_the_stand_ins_take_their_parameters_by_the_names_that_dagster_gives_them() -> None:
    own, standing_in = dg.DagsterInstance.ephemeral(), guarded(None)
    for name in ANSWERED_BY_STORAGE:
        theirs = inspect.signature(getattr(own.event_log_storage, name)).parameters
        ours = inspect.signature(getattr(standing_in.event_log_storage, name)).parameters
        assert [*ours] == [*theirs], name
        assert [each.default for each in ours.values()] == [each.default for each in theirs.values()], name


LISTS = {
    "forwarded": _reads.FORWARDED,
    "reported": _reads.REPORTED,
    "answered": _reads.ANSWERED,
    "of the run": _reads.OF_THE_RUN,
    "dynamic partitions": _reads.DYNAMIC_PARTITIONS,
    "own": _reads.OWN,
    "refused": _reads.REFUSED,
}


@pytest.mark.lowest
def test_each_public_method_of_the_instance_is_in_one_list() -> None:
    listed = [name for names in LISTS.values() for name in names]
    assert len(listed) == len({*listed})
    new = {*methods_of(dg.DagsterInstance)} - {*listed}
    assert not new, "say in _reads.py and in docs/dagster-executor.md what a worker does with them"


def test_the_page_names_each_public_method_once() -> None:
    page = DOCUMENT.read_text()
    table = page.split("<!-- the instance's methods -->")[1].split("<!-- end -->")[0]
    named = re.findall(r"`(\w+)`", table)
    assert sorted(named) == sorted(name for names in LISTS.values() for name in names)


@pytest.mark.lowest
def test_what_is_refused_says_its_name_and_what_to_do() -> None:
    worker = guarded(None)
    for name in _reads.REFUSED:
        if hasattr(worker, name):
            with pytest.raises(dg.DagsterInvariantViolationError, match=rf"instance\.{name}'.*sensor"):
                getattr(worker, name)()
    for store, name in (
        ("event_log_storage", "get_materialized_partitions"),
        ("event_log_storage", "get_logs_for_run"),
        ("event_log_storage", "store_event"),
        ("event_log_storage", "wipe"),
        ("run_storage", "get_runs"),
        ("run_storage", "set_cursor_values"),
    ):
        with pytest.raises(dg.DagsterInvariantViolationError, match=rf"instance\.{store}\.{name}'"):
            getattr(getattr(worker, store), name)()


def test_the_steps_own_run_and_known_dynamic_partitions_are_answered(host: dg.DagsterInstance) -> None:
    @dg.job
    def empty() -> None: ...

    run = host.create_run_for_job(empty, tags={"a": "b"})
    worker = guarded(None, run, {"cities": ["rome"]})
    assert worker.get_run_by_id(run.run_id).tags["a"] == "b"
    assert worker.has_run(run_id=run.run_id)
    assert list(worker.get_dynamic_partitions(partitions_def_name="cities")) == ["rome"]
    assert worker.has_dynamic_partition("cities", "rome")
    for refused in (
        lambda: worker.get_run_by_id("another"),
        lambda: worker.get_dynamic_partitions("towns"),
        lambda: worker.has_dynamic_partition("towns", "rome"),
    ):
        with pytest.raises(dg.DagsterInvariantViolationError):
            refused()


def partitioned(*assets: Any) -> Any:
    """The definition of a job that makes the last one of some assets."""
    of_last = dg.define_asset_job("of_last", dg.AssetSelection.assets(assets[-1]))
    return dg.Definitions(assets=assets, jobs=[of_last]).resolve_job_def("of_last")


HOURS = dg.HourlyPartitionsDefinition("2024-01-01-00:00", end_date="2025-01-01-00:00")
DAYS = dg.DailyPartitionsDefinition("2024-01-01", end_date="2025-01-01")
TOWNS = dg.DynamicPartitionsDefinition(name="towns")


def versions_of(worker: dg.DagsterInstance, key: AssetKey, partitions: list[str]) -> dict[str, str]:
    storage: Any = worker.event_log_storage
    of_type = dg.DagsterEventType.ASSET_MATERIALIZATION
    found = storage.get_latest_tags_by_partition(key, of_type, ["dagster/data_version"], partitions)
    return {partition: tags["dagster/data_version"] for partition, tags in found.items()}


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("tags", "read"),
    [
        ({"dagster/partition": "2024-02-01"}, ["2024-02-01-00:00", "2024-02-01-23:00"]),
        (
            {
                "dagster/asset_partition_range_start": "2024-01-31",
                "dagster/asset_partition_range_end": "2024-02-01",
            },
            ["2024-01-31-23:00", "2024-02-01-00:00", "2024-02-01-23:00"],
        ),
        ({}, []),
        ({"dagster/partition": "not a day"}, []),
    ],
)
def test_of_a_parent_in_other_partitions_the_versions_of_those_that_are_read_are_sent(
    host: dg.DagsterInstance, tags: dict[str, str], read: list[str]
) -> None:
    @dg.asset(partitions_def=HOURS)
    def hourly() -> None: ...

    @dg.asset(partitions_def=DAYS, deps=[hourly])
    def daily() -> None: ...

    written = [
        "2024-01-30-00:00",
        "2024-01-31-23:00",
        "2024-02-01-00:00",
        "2024-02-01-23:00",
        "2024-02-02-00:00",
    ]
    for hour in written:
        made = dg.AssetMaterialization("hourly", partition=hour, tags={"dagster/data_version": f"of {hour}"})
        host.report_runless_asset_event(made)
    sent = gather(host, partitioned(hourly, daily), step_of(writes=daily.key), tags)
    assert versions_of(guarded(sent), hourly.key, written) == {hour: f"of {hour}" for hour in read}


@pytest.mark.lowest
def test_of_a_parent_with_all_its_partitions_the_versions_are_sent_unless_dagster_does_not_ask_for_them(
    host: dg.DagsterInstance,
) -> None:
    @dg.asset(partitions_def=TOWNS)
    def by_town() -> None: ...

    @dg.asset(deps=[by_town])
    def of_all() -> None: ...

    job_def = partitioned(by_town, of_all)
    for number in range(100):
        name, version = f"town {number}", os.urandom(32).hex()
        host.add_dynamic_partitions("towns", [name])
        made = dg.AssetMaterialization("by_town", partition=name, tags={"dagster/data_version": version})
        host.report_runless_asset_event(made)
    few = gather(host, job_def, step_of(writes=of_all.key), {})
    assert len(versions_of(guarded(few), by_town.key, [f"town {number}" for number in range(100)])) == 100
    assert len(json.dumps(few)) < 10_000
    host.add_dynamic_partitions("towns", [f"another {number}" for number in range(100)])
    many = gather(host, job_def, step_of(writes=of_all.key), {})
    assert len(json.dumps(many)) < 2_000


class AllDaily(Layer):
    """Of assets that all have a partition for each day."""

    def get(self, key: AssetKey) -> Any:
        return SimpleNamespace(parent_keys=[], partitions_def=DAYS)


def test_a_step_that_checks_many_assets_in_partitions_has_a_small_input(host: dg.DagsterInstance) -> None:
    keys = [AssetKey(["warehouse", "staging", f"table_number_{number}"]) for number in range(200)]
    many = SimpleNamespace(asset_layer=AllDaily({}))
    checks = [step_of(checks=key).step_outputs[0] for key in keys]
    sent = gather(host, many, SimpleNamespace(step_outputs=checks), {})
    worker = guarded(sent)
    for key in keys:
        of_last = AssetRecordsFilter(key, asset_partitions=["2024-12-31"])
        assert worker.fetch_materializations(of_last, limit=1).records == []
    assert len(json.dumps(sent)) < 20_000


def test_the_names_of_metadata_that_is_not_sent_have_a_bound_in_all(host: dg.DagsterInstance) -> None:
    parents = [AssetKey(f"parent_{number}") for number in range(150)]
    large = {os.urandom(14).hex(): "x" * 2_000 for _ in range(100)}
    for parent in parents:
        names = {f"{name}{parent.path[0][-3:]}": value for name, value in large.items()}
        host.report_runless_asset_event(dg.AssetMaterialization(parent, metadata=names))
    child = AssetKey("child")
    sent = gather(host, job({child: parents}), step_of(writes=child), {})
    assert len(json.dumps(sent)) < 300_000


@pytest.mark.parametrize("materialized", [True, False])
def test_of_an_asset_that_is_read_the_newest_materialization_is_sent_else_the_newest_observation(
    host: dg.DagsterInstance, materialized: bool
) -> None:
    parent, child = AssetKey("parent"), AssetKey("child")
    if materialized:
        host.report_runless_asset_event(dg.AssetMaterialization(parent))
    host.report_runless_asset_event(dg.AssetObservation(parent))
    worker = guarded(gather(host, job({child: [parent]}), step_of(writes=child), {}))
    found = worker.fetch_materializations(parent, limit=1).records
    assert len(found) == materialized
    if materialized:
        with pytest.raises(dg.DagsterInvariantViolationError, match="fetch_observations of parent"):
            worker.fetch_observations(parent, limit=1)
    else:
        assert len(worker.fetch_observations(parent, limit=1).records) == 1


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("add_dynamic_partitions", ("towns", "bath")),
        ("add_dynamic_partitions", (None, ["bath"])),
        ("add_run_tags", ("run", {"rows": 1})),
        ("add_run_tags", ("run", {1: "rows"})),
        ("add_run_tags", (None, {"rows": "1"})),
        ("add_run_tags", ("run",)),
    ],
)
def test_a_write_that_dagster_does_not_take_fails_in_the_op_and_is_not_forwarded(
    host: dg.DagsterInstance, method: str, given: tuple[Any, ...]
) -> None:
    """The op may catch it; the run worker, on which it is made again, must not meet it."""
    worker = dg.DagsterInstance.ephemeral()
    guard = InstanceGuard(worker, lambda _: None, KnownRecords(None), None)
    guard.apply(["towns"])
    for instance in (worker, host):
        with pytest.raises(Exception, match=r"."):
            getattr(instance, method)(*given)
    assert guard.calls == []
