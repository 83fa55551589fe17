"""What steps read of the instance on workers: the measure is what in-process execution finds."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import dagster as dg
import project_events
import pytest
from homes import instance_in
from test_executor import endpoint, errors, events, instance, messages, run

__all__ = ["endpoint", "instance"]  # fixtures


def job_of(name: str, where: str) -> Any:
    return getattr(project_events, f"{name}_{where}")


def evaluated(instance: dg.DagsterInstance, where: str) -> list[Any]:
    """What Dagster's own checks say of assets that were materialized twice, some time ago or just now."""
    parts = dg.AssetKey("parts")
    for partition in ("2024-02-27", "2024-02-29"):
        instance.report_runless_asset_event(dg.AssetMaterialization(parts, partition=partition))
    found: list[Any] = []
    for name in ("materialized", *project_events.CHECKED):
        done = run(job_of(name, where), instance)
        assert done.is_success, f"{name}: {errors(events(instance, done))}"
        for event in events(instance, done):
            if event.event_type_value == "ASSET_CHECK_EVALUATION":
                data = event.asset_check_evaluation_data
                has_target = data.target_materialization_data is not None
                found.append((name, data.asset_key, data.check_name, data.passed, has_target))
    return sorted(found)


@pytest.mark.lowest
def test_the_check_factories_of_dagster_find_what_they_find_in_process(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    ours = evaluated(instance, "on_stepstile")
    with instance_in(tmp_path / "other") as other:
        theirs = evaluated(other, "in_process")
    assert ours == theirs
    assert {name for name, *_ in ours} == {"with_its_checks", *project_events.CHECKS}
    assert {passed for name, _, _, passed, _ in ours if name == "too_low"} == {False}
    assert {passed for name, _, _, passed, _ in ours if name in ("schema", "bounds", "fresh")} == {True}


def test_large_metadata_of_parents_do_not_matter_to_a_step(instance: dg.DagsterInstance) -> None:
    picture = os.urandom(300_000).hex()
    for number in range(20):
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                dg.AssetKey(f"chart_{number}"), metadata={"plot": dg.MetadataValue.md(picture)}
            )
        )
    begun = time.monotonic()
    done = run(job_of("reported", "on_stepstile"), instance)
    assert done.is_success, errors(events(instance, done))
    assert time.monotonic() - begun < 60
    event = instance.get_latest_materialization_event(dg.AssetKey("report"))
    assert event is not None
    assert event.asset_materialization is not None
    tags = event.asset_materialization.tags or {}
    assert sum(name.startswith("dagster/input_event_pointer/") for name in tags) == project_events.PARENTS


@pytest.mark.lowest
def test_a_step_sees_the_dynamic_partitions_that_earlier_steps_of_its_run_added_and_deleted(
    instance: dg.DagsterInstance,
) -> None:
    done = run(project_events.towns, instance)
    assert done.is_success, errors(events(instance, done))
    told = messages(instance, done)
    assert "towns: ['bath', 'york']" in told
    assert "bath: False, run of towns" in told
    assert list(instance.get_dynamic_partitions("towns")) == ["york"]


def test_a_read_that_is_not_answered_fails_its_step_with_its_name(instance: dg.DagsterInstance) -> None:
    failed = run(project_events.reading, instance)
    assert "'instance.get_runs' would return nothing" in errors(events(instance, failed))
