"""What a worker without a database can say of materializations."""

from types import SimpleNamespace
from typing import Any

import pytest
from dagster import (
    AssetCheckKey,
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    DagsterInstance,
)

from dagster_stepstile import _versions

NO_JOB = SimpleNamespace(asset_layer=None)
KEY = AssetKey("checked")
CHECKING = SimpleNamespace(
    step_outputs=[
        SimpleNamespace(properties=SimpleNamespace(asset_key=None, asset_check_key=AssetCheckKey(KEY, "c")))
    ]
)


def refusing(name: str) -> Any:
    def refuse() -> Any:
        raise LookupError(name)

    return refuse


def worker_of(gathered: Any) -> Any:
    """An instance that answers from what was gathered for a step."""
    instance: Any = SimpleNamespace(event_log_storage=SimpleNamespace())
    _versions.KnownVersions(gathered).answer_for(instance, refusing)
    return instance


def test_a_check_in_a_partition_finds_the_newest_materialization_of_that_partition() -> None:
    with DagsterInstance.ephemeral() as host:
        for partition, rows in (("x", 1), ("x", 2), ("y", 3)):
            host.report_runless_asset_event(
                AssetMaterialization(KEY, partition=partition, metadata={"rows": rows})
            )
        worker = worker_of(_versions.gather(host, NO_JOB, CHECKING, ["x"]))
        wanted = AssetRecordsFilter(KEY, asset_partitions=["x"])
        expected = host.fetch_materializations(wanted, limit=1).records[0]
        (found,) = worker.fetch_materializations(wanted, limit=1).records
    assert found.storage_id == expected.storage_id
    assert found.asset_materialization.metadata["rows"].value == 2


def test_what_nobody_asked_the_run_worker_for_is_refused() -> None:
    with DagsterInstance.ephemeral() as host:
        worker = worker_of(_versions.gather(host, NO_JOB, CHECKING, ["x"]))
    assert (
        worker.fetch_materializations(AssetRecordsFilter(KEY, asset_partitions=["x"]), limit=1).records == []
    )
    for other in (
        AssetRecordsFilter(AssetKey("other"), asset_partitions=["x"]),
        AssetRecordsFilter(KEY),
        KEY,
    ):
        with pytest.raises(LookupError):
            worker.fetch_materializations(other, limit=1)
    with pytest.raises(LookupError):
        worker.fetch_materializations(AssetRecordsFilter(KEY, asset_partitions=["x"]), limit=2)
