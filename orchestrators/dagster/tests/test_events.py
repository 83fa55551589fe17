"""What the run's event log holds of steps that end early, say too much, cannot be sent, or are interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import project_events
import pytest
from test_executor import (
    RunWorker,
    counted,
    endpoint,
    errors,
    events,
    instance,
    messages,
    notes,
    run,
)
from waiting import eventually

__all__ = ["endpoint", "instance"]  # fixtures


def entries(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[tuple[str, str | None, float]]:
    """The events of a run: type, step, time."""
    return [
        (entry.dagster_event.event_type_value, entry.step_key, entry.timestamp)
        for entry in instance.all_logs(run.run_id)
        if entry.dagster_event
    ]


def of_step(instance: dg.DagsterInstance, run: dg.DagsterRun, step: str) -> list[str]:
    return [kind for kind, key, _ in entries(instance, run) if key == step and kind.startswith("STEP_")]


@pytest.mark.lowest
def test_a_step_that_dies_early_has_one_start_and_one_end_in_order_of_time(
    instance: dg.DagsterInstance,
) -> None:
    before = time.time()
    ended = run(project_events.dying, instance)
    assert of_step(instance, ended, "dies") == ["STEP_START", "STEP_FAILURE"]
    assert of_step(instance, ended, "dies_twice") == [
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_FAILURE",
    ]
    for step in ("dies", "dies_twice"):
        times = [at for _, key, at in entries(instance, ended) if key == step]
        assert times == sorted(times)
        assert before < times[0] < time.time()


@pytest.mark.lowest
def test_where_output_is_captured_is_told_with_a_time_not_after_the_start(
    instance: dg.DagsterInstance,
) -> None:
    for job in (project_events.lasting, project_events.dying):
        told = [
            (kind, at)
            for kind, _, at in entries(instance, run(job, instance))
            if kind in ("LOGS_CAPTURED", "STEP_START", "STEP_RESTARTED")
        ]
        kinds = [kind for kind, _ in told]
        assert kinds[::2] == ["LOGS_CAPTURED"] * (len(told) // 2)
        assert len(told) >= 2
        for (_, captured), (_, started) in zip(told[::2], told[1::2], strict=True):
            assert captured <= started


def test_events_of_nine_megabytes_come_back_whole(instance: dg.DagsterInstance) -> None:
    done = run(project_events.weighty, instance)
    assert done.is_success, errors(events(instance, done))
    [record] = instance.fetch_materializations(dg.AssetKey("picture"), limit=9).records
    assert record.asset_materialization is not None
    assert len(str(record.asset_materialization.metadata["plot"].value)) == 9_000_000


@pytest.mark.lowest
def test_a_step_that_says_more_than_can_be_carried_fails_alone_with_the_limit_named(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    config = {"resources": {"folder": {"config": {"folder": str(tmp_path)}}}}
    failed = run(project_events.too_weighty, instance, run_config=config)
    found = events(instance, failed)
    counts = counted(found)
    assert counts["beside", "STEP_SUCCESS"] == 1
    assert of_step(instance, failed, "too_heavy") == ["STEP_START", "STEP_FAILURE"]
    assert of_step(instance, failed, "logs_too_much") == ["STEP_START", "STEP_FAILURE"]
    assert of_step(instance, failed, "too_heavy_again") == [
        "STEP_START",
        "STEP_UP_FOR_RETRY",
        "STEP_RESTARTED",
        "STEP_FAILURE",
    ]
    assert sorted(notes(tmp_path)) == ["hook of too_heavy", "hook of too_heavy_again"]
    for step in ("too_heavy", "too_heavy_again", "logs_too_much"):
        told = errors([event for event in found if event.is_step_failure and event.step_key == step])
        assert "10 MiB" in told, told
    assert not instance.fetch_materializations(dg.AssetKey("picture"), limit=9).records


@pytest.mark.lowest
def test_a_step_that_cannot_be_sent_or_read_fails_alone_with_the_cause(instance: dg.DagsterInstance) -> None:
    failed = run(project_events.refused_alone, instance)
    found = events(instance, failed)
    counts = counted(found)
    assert counts["beside", "STEP_SUCCESS"] == 1, errors(found)

    def why(step: str) -> str:
        return errors([event for event in found if event.is_step_failure and event.step_key == step])

    for step in ("too_long", "no_number", "to_another_handler"):
        assert of_step(instance, failed, step) == ["STEP_START", "STEP_FAILURE"]
    assert "timeout_seconds must be whole seconds from 1 to 880" in why("too_long")
    assert "'many', which is not a whole number" in why("no_number")
    assert "dagster_stepstile.worker:run_step" in why("to_another_handler")
    assert "Steps failed" in messages(instance, failed)


@pytest.fixture
def interruptible(instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[RunWorker]:
    config = {"ops": {"interrupted": {"config": {"folder": str(tmp_path)}}}}
    worker = RunWorker(project_events.interruptible, instance, config)
    yield worker
    if worker.process.poll() is None:
        worker.kill()


def captured(worker: RunWorker, step: str, stream: str) -> str:
    [data] = worker.captured(step)
    manager = worker.instance.compute_log_manager
    key = manager.build_log_key_for_run(worker.run.run_id, data.file_key)
    return (getattr(manager.get_log_data(key), stream) or b"").decode()


def test_a_run_that_is_terminated_is_canceled_within_two_seconds_and_shows_no_traceback_of_ours(
    interruptible: RunWorker, tmp_path: Path
) -> None:
    eventually(lambda: notes(tmp_path))
    interruptible.instance.report_run_canceling(interruptible.run)
    asked = time.time()
    interruptible.process.terminate()
    status = dg.DagsterRunStatus.CANCELED
    run_id = interruptible.run.run_id
    eventually(lambda: interruptible.instance.get_run_by_id(run_id).status == status, 30)
    took = time.time() - asked
    [told] = [float(line.split()[1]) for line in notes(tmp_path) if line.startswith("told")]
    assert told - asked < 2
    assert took < 4, "the step's end is waited for"
    interruptible.process.wait(30)
    kinds = of_step(interruptible.instance, interruptible.run, "interrupted")
    assert kinds == ["STEP_START", "STEP_FAILURE"]
    assert captured(interruptible, "interrupted", "stderr") == ""
