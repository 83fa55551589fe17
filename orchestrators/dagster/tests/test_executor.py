"""The executor with a real embedded stack and a real warm host; what Dagster's own in-process executor does is the
measure where there is one."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import dagster as dg
import project
import project_events
import pytest
from homes import instance_in
from scripted_api import Answer, api
from stacks import searched
from waiting import eventually

from dagster_stepstile._step_entries import LIVE_AFTER_SECONDS, QUICK_RESOURCES_SECONDS
from stepstile import StepstileClient
from stepstile.local_stack import LocalStack

SEARCHED = searched(Path(__file__).parent)

# What a run has once in process and once per step on workers.
PER_PROCESS = {"RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS", "LOGS_CAPTURED", "ENGINE_EVENT"}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with instance_in(tmp_path / "home") as instance:
        yield instance


@pytest.fixture(autouse=True)
def endpoint(workers: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEPSTILE_ENDPOINT", workers.endpoint)


def run(
    job: Callable[[], dg.JobDefinition] | dg.JobDefinition, instance: dg.DagsterInstance, **how: Any
) -> dg.DagsterRun:
    target: Any = job
    return dg.execute_job(dg.reconstructable(target), instance, **how).dagster_run


def events(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.DagsterEvent]:
    return [entry.dagster_event for entry in instance.all_logs(run.run_id) if entry.dagster_event]


def counted(
    events: Sequence[dg.DagsterEvent], but: set[str] = PER_PROCESS
) -> Counter[tuple[str | None, str]]:
    return Counter((event.step_key, event.event_type_value) for event in events) - Counter(
        (event.step_key, event.event_type_value) for event in events if event.event_type_value in but
    )


def captured_of(event: dg.DagsterEvent) -> Any:
    return event.logs_captured_data if event.event_type_value == "LOGS_CAPTURED" else None


def messages(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    return "\n".join(entry.message for entry in instance.all_logs(run.run_id))


def errors(events: Sequence[dg.DagsterEvent]) -> str:
    data: list[Any] = [event.event_specific_data for event in events]
    return "\n".join(each.error.to_string() for each in data if getattr(each, "error", None))


def notes(folder: Path) -> list[str]:
    file = folder / "notes"
    return file.read_text().splitlines() if file.exists() else []


def quick_resources(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[str | None]:
    """The steps whose log says that their resources were there, though these took no time that is worth saying and the step
    was not told live yet: by the times that were recorded, of attempts and of events."""
    begun: dict[str | None, float] = {}
    found: list[str | None] = []
    client = StepstileClient(os.environ["STEPSTILE_ENDPOINT"])
    for entry in instance.all_logs(run.run_id):
        kind = entry.dagster_event.event_type_value if entry.dagster_event else None
        if kind == "RESOURCE_INIT_STARTED":
            begun[entry.step_key] = entry.timestamp
        elif kind == "RESOURCE_INIT_SUCCESS" and entry.step_key is not None:
            names = [entry.step_key, f"{entry.step_key}~1"]
            records = [record for name in names if (record := client.step(run.run_id, name)) is not None]
            starts = [each.started_at for record in records for each in (record, *record.attempts)]
            step_began = max(at for each in starts if each and (at := each.timestamp()) <= entry.timestamp)
            took = entry.timestamp - begun[entry.step_key]
            if took <= QUICK_RESOURCES_SECONDS and entry.timestamp - step_began < LIVE_AFTER_SECONDS:
                found.append(entry.step_key)
    return found


@pytest.mark.lowest
def test_a_graph_of_everything_has_the_events_of_in_process_execution(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    config = {"resources": {"file": {"config": {"folder": str(tmp_path)}}}}
    done = run(project.everything_on_stepstile, instance, run_config=config)
    ours = events(instance, done)
    told = notes(tmp_path)
    theirs = events(instance, run(project.everything_in_process, instance, run_config=config))
    assert ours[-1].event_type_value == "PIPELINE_SUCCESS", errors(ours)
    assert counted(ours) == counted(theirs)
    assert quick_resources(instance, done) == []
    captured = [str(data.step_keys) for data in map(captured_of, ours) if data]
    assert len(captured) == len({*captured}) + 1, "once per attempt: one step was retried"
    # The resource is open while its op and its hook run; fails_once opens it once per attempt.
    assert told == ["open", "op", "hook", "close", "open", "close", "open", "close"]


def test_a_failure_keeps_its_metadata_and_what_depends_on_it_does_not_run(
    instance: dg.DagsterInstance,
) -> None:
    failed = run(project.failing, instance)
    counts = counted(events(instance, failed))
    assert counts["fails", "STEP_FAILURE"] == 1
    assert counts["double", "STEP_START"] == 0
    [failure] = [event for event in events(instance, failed) if event.is_step_failure]
    assert failure.step_failure_data.user_failure_data.metadata["why"].value == "a test"  # type: ignore[union-attr]
    assert "Dependencies for step double failed" in messages(instance, failed)


def test_a_resource_that_cannot_be_made_fails_its_step_once(instance: dg.DagsterInstance) -> None:
    found = events(instance, run(project.broken_job, instance))
    assert counted(found)["needs_broken", "STEP_FAILURE"] == 1
    assert "no resource today" in errors(found)
    told = [event.event_type_value for event in found if event.step_key == "needs_broken"]
    assert ["RESOURCE_INIT_STARTED" in told, "RESOURCE_INIT_FAILURE" in told] == [True, True]


@pytest.mark.lowest
def test_a_step_whose_attempts_are_used_up_fails_with_their_history_or_is_up_for_retry_by_its_policy(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    config = {"ops": {"dies_once": {"config": {"folder": str(tmp_path)}}}}
    found = events(instance, run(project.dying, instance, run_config=config))
    counts = counted(found)
    assert [counts["dies_once", kind] for kind in ("STEP_UP_FOR_RETRY", "STEP_SUCCESS")] == [1, 1]
    assert [counts["dies", kind] for kind in ("STEP_UP_FOR_RETRY", "STEP_FAILURE")] == [0, 1]
    told = errors([event for event in found if event.is_step_failure])
    assert "attempt 1: HANDLER_FAILED" in told
    assert "attempt 2: HANDLER_FAILED" in told
    assert "java" not in told
    assert "ProcessFailed" not in told
    assert "/steps/dies?log=true" in told


def test_a_run_is_executed_again_from_its_failure(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    config = {"resources": {"file": {"config": {"folder": str(tmp_path)}}}}
    first = run(project.everything_on_stepstile, instance, run_config=config)
    again = run(
        project.everything_on_stepstile,
        instance,
        run_config=config,
        reexecution_options=dg.ReexecutionOptions(first.run_id, ["nested.double_2[k1]*"]),
    )
    counts = counted(events(instance, again))
    assert counts["nested.double_2[k1]", "STEP_SUCCESS"] == 1
    assert counts["nested.double_2[k0]", "STEP_START"] == 0
    assert counts["collected", "STEP_SUCCESS"] == 1


def test_what_failed_is_executed_again_and_what_succeeded_is_not(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    config = {"ops": {"recovers": {"config": {"folder": str(tmp_path)}}}}
    first = run(project.repairable, instance, run_config=config)
    assert first.status == dg.DagsterRunStatus.FAILURE
    (tmp_path / "repaired").touch()
    how = dg.ReexecutionOptions.from_failure(first.run_id, instance)
    counts = counted(
        events(instance, run(project.repairable, instance, run_config=config, reexecution_options=how))
    )
    assert [counts[step, "STEP_SUCCESS"] for step in ("with_number", "recovers", "double")] == [0, 1, 1]


def test_mapped_steps_that_had_not_begun_are_named_when_a_run_is_executed_again_without_them(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    config = {"ops": {"slow": {"config": {"folder": str(tmp_path)}}}}
    one_by_one = {**config, "execution": {"config": {"max_concurrent": 1}}}
    worker = RunWorker(project.many, instance, one_by_one)
    for number in range(2):
        (tmp_path / f"go{number}").touch()
    eventually(lambda: counted(worker.events())["slow[k2]", "STEP_START"])
    worker.kill()
    (tmp_path / "go2").touch()
    worker.instance.report_run_failed(worker.run)
    for number in range(3, 10):
        (tmp_path / f"go{number}").touch()
    how = dg.ReexecutionOptions.from_failure(worker.run.run_id, instance)
    again = run(project.many, instance, run_config=config, reexecution_options=how)
    told = messages(instance, again)
    assert "leaves out slow[k3], slow[k4], slow[k5], slow[k6], slow[k7] and 2 more" in told


@pytest.mark.lowest
@pytest.mark.parametrize("require", [True, False])
def test_a_step_waits_for_the_success_of_those_upstream_or_for_their_outputs_as_in_process(
    instance: dg.DagsterInstance, require: bool
) -> None:
    config = {"execution": {"config": {"step_dependency_config": {"require_upstream_step_success": require}}}}
    ours = events(instance, run(project.needs_one_output_on_stepstile, instance, run_config=config))
    theirs = events(instance, run(project.needs_one_output_in_process, instance, run_config=config))
    assert counted(ours)["of_first", "STEP_SUCCESS"] == (0 if require else 1)
    assert counted(ours) == counted(theirs)


def test_the_pools_of_the_instance_and_the_limits_of_the_run_hold_back_steps(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    ops = {f"alone_{number}": {"config": {"folder": str(tmp_path)}} for number in range(3)}
    instance.event_log_storage.set_concurrency_slots("one", 1)
    pooled = run(project.one_at_a_time, instance, run_config={"ops": ops})
    assert notes(tmp_path) == ["begins", "ends"] * 3
    assert "blocked by limit for pool one" in messages(instance, pooled)
    instance.event_log_storage.set_concurrency_slots("one", 9)
    limited = {"ops": ops, "execution": {"config": {"max_concurrent": 1}}}
    assert run(project.one_at_a_time, instance, run_config=limited).is_success
    assert notes(tmp_path) == ["begins", "ends"] * 6


def test_a_selection_of_a_job_runs_alone(instance: dg.DagsterInstance) -> None:
    counts = counted(events(instance, run(project.small, instance, op_selection=["*with_number"])))
    assert counts["with_number", "STEP_SUCCESS"] == 1
    assert counts["last", "STEP_START"] == 0


@pytest.mark.lowest
def test_assets_have_the_versions_and_pointers_of_in_process_execution(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    def materialized(days: Any, whole: Any, instance: dg.DagsterInstance) -> list[Any]:
        runs = [
            run(days, instance, tags={"dagster/partition": "2024-01-02"}),
            run(days, instance, tags={"dagster/partition": "2024-01-03"}),
            run(whole, instance),
            run(whole, instance, asset_selection=[dg.AssetKey("second")]),
        ]
        ids = [run.run_id for run in runs]
        records = {
            record.storage_id: record
            for key in ("raw", "clean", "summary", "first", "second")
            for record in instance.fetch_materializations(dg.AssetKey(key), limit=100).records
        }

        def name(storage_id: int) -> tuple[Any, ...]:
            record = records[storage_id]
            return (record.asset_key, record.partition_key, ids.index(record.run_id))

        told: list[Any] = []
        for storage_id in sorted(records):
            materialization = records[storage_id].asset_materialization
            assert materialization is not None
            tags: Mapping[str, str] = materialization.tags or {}
            told.append(
                (
                    name(storage_id),
                    sorted(
                        (tag, name(int(value)) if tag.startswith("dagster/input_event_pointer/") else "")
                        for tag, value in tags.items()
                    ),
                )
            )
        [check] = [
            event.asset_check_evaluation_data
            for each in runs
            for event in events(instance, each)
            if event.event_type_value == "ASSET_CHECK_EVALUATION"
        ]
        target = check.target_materialization_data
        assert target is not None
        return [*told, name(target.storage_id)]

    ours = materialized(project.days_on_stepstile, project.whole_on_stepstile, instance)
    with instance_in(tmp_path / "other") as other:
        theirs = materialized(project.days_in_process, project.whole_in_process, other)
    assert ours == theirs


def test_ranges_and_grids_of_partitions_are_materialized_as_in_process(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    tags = [
        {
            "dagster/asset_partition_range_start": "2024-01-02",
            "dagster/asset_partition_range_end": "2024-01-05",
        },
        {"dagster/partition": "2024-01-03|south"},
    ]

    def materialized(jobs: Sequence[Any], instance: dg.DagsterInstance) -> list[Any]:
        runs = [run(job, instance, tags=tag) for job, tag in zip(jobs, tags, strict=True)]
        assert all(each.is_success for each in runs), messages(instance, runs[0])
        assert "from 2024-01-02 to 2024-01-05" in messages(instance, runs[0])
        return [
            (record.asset_key, record.partition_key, sorted(record.asset_materialization.tags or {}))
            for key in ("ranged", "grid")
            for record in instance.fetch_materializations(dg.AssetKey(key), limit=100).records
            if record.asset_materialization
        ]

    ours = materialized([project.by_range_on_stepstile, project.by_grid_on_stepstile], instance)
    with instance_in(tmp_path / "other") as other:
        theirs = materialized([project.by_range_in_process, project.by_grid_in_process], other)
    assert len(ours) == 5
    assert ours == theirs


def test_a_blocking_check_that_fails_holds_back_what_is_downstream(instance: dg.DagsterInstance) -> None:
    counts = counted(events(instance, run(project.blocked, instance)))
    assert counts["checked_never_right", "ASSET_CHECK_EVALUATION"] == 1
    assert counts["after_the_check", "STEP_START"] == 0


def test_what_user_code_writes_through_its_instance_is_forwarded_or_refused(
    instance: dg.DagsterInstance,
) -> None:
    done = run(project.writing, instance)
    assert done.status == dg.DagsterRunStatus.SUCCESS
    assert list(instance.get_dynamic_partitions("cities")) == ["rome"]
    found = instance.get_run_by_id(done.run_id)
    assert found is not None
    assert found.tags["wrote"] == "yes"
    assert len(instance.fetch_materializations(dg.AssetKey("elsewhere"), limit=9).records) == 1
    assert messages(instance, done).count("refused: This step runs on a Stepstile worker") == 3
    # The worker of a later run knows the partition.
    assert run(project.by_city, instance, tags={"dagster/partition": "rome"}).is_success


class RunWorker:
    """A run worker of its own, as Dagster starts one: a process that can be killed, and started again to resume."""

    def __init__(self, job: Any, instance: dg.DagsterInstance, config: Mapping[str, Any]) -> None:
        recon: Any = dg.reconstructable(job)
        self.instance: Any = instance
        self.run = self.instance.create_run_for_job(
            recon.get_definition(),
            run_config=config,
            status="STARTING",
            job_code_origin=recon.get_python_origin(),
        )
        self._start("execute_run", "ExecuteRunArgs")

    def resume(self) -> None:
        self._start("resume_run", "ResumeRunArgs")

    def _start(self, command: str, arguments: str) -> None:
        reference = dg.serialize_value(self.instance.get_ref())
        origin = dg.serialize_value(self.run.job_code_origin)
        told = (
            f'{{"__class__": "{arguments}", "job_origin": {origin}, "run_id": "{self.run.run_id}",'
            f' "instance_ref": {reference}, "set_exit_code_on_failure": true}}'
        )
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "api", command, told],
            env={**os.environ, **SEARCHED},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def ends(self, seconds: float = 120) -> Counter[tuple[str | None, str]]:
        self.process.wait(seconds)
        return counted(self.events(), but=set())

    def events(self) -> list[dg.DagsterEvent]:
        return events(self.instance, self.run)

    def stdout(self, captured: Any) -> bytes:
        manager = self.instance.compute_log_manager
        key = manager.build_log_key_for_run(self.run.run_id, captured.file_key)
        assert manager.is_capture_complete(key)
        return manager.get_log_data(key).stdout

    def has_begun(self) -> bool:
        return counted(self.events())["waits", "STEP_START"] > 0

    def captured(self, step: str) -> list[Any]:
        return [data for data in map(captured_of, self.events()) if data and data.step_keys == [step]]


@pytest.fixture
def waiting(instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[RunWorker]:
    """A run whose first step waits until `go` is there."""
    worker = RunWorker(project.waiting, instance, {"ops": {"waits": {"config": {"folder": str(tmp_path)}}}})
    yield worker
    (tmp_path / "go").touch()
    if worker.process.poll() is None:
        worker.kill()


def pids(folder: Path) -> list[int]:
    return [int(found[1]) for line in notes(folder) if (found := re.match(r"pid (\d+)", line))]


def ends_once(worker: RunWorker) -> None:
    """Each step has begun and ended once, whatever was killed on the way."""
    counts = worker.ends()
    assert counts[None, "PIPELINE_SUCCESS"] == 1, errors(worker.events())
    assert [counts[step, "STEP_START"] for step in ("waits", "after")] == [1, 1]
    assert [counts[step, "STEP_SUCCESS"] for step in ("waits", "after")] == [1, 1]
    assert counts["after", "ASSET_MATERIALIZATION"] == 1
    assert not any(kind == "STEP_FAILURE" for _, kind in counts)


def test_a_long_step_is_seen_while_it_runs_and_what_it_prints_is_captured(
    waiting: RunWorker, tmp_path: Path
) -> None:
    eventually(waiting.has_begun)
    eventually(lambda: "waiting" in messages(waiting.instance, waiting.run))
    assert pids(tmp_path)
    (tmp_path / "go").touch()
    ends_once(waiting)
    [captured] = waiting.captured("waits")
    assert waiting.stdout(captured) == b"to stdout\n"


@pytest.fixture
def silent(instance: dg.DagsterInstance, tmp_path: Path) -> Iterator[RunWorker]:
    """A run whose only step says nothing, and waits until `go` is there."""
    config = {"ops": {"silent": {"config": {"folder": str(tmp_path)}}}}
    worker = RunWorker(project_events.keeping_silent, instance, config)
    yield worker
    (tmp_path / "go").touch()
    if worker.process.poll() is None:
        worker.kill()


def starts(worker: RunWorker) -> list[float]:
    """The times of the starts of `silent` in the run's log."""
    return [
        entry.timestamp
        for entry in worker.instance.all_logs(worker.run.run_id, of_type=dg.DagsterEventType.STEP_START)
    ]


def test_a_step_that_says_nothing_has_its_start_while_it_runs_and_writes_no_page(
    silent: RunWorker, tmp_path: Path, workers: LocalStack
) -> None:
    eventually(lambda: starts(silent))
    client = StepstileClient(workers.endpoint)
    record = client.step(silent.run.run_id, "silent")
    assert record
    assert record.state == "RUNNING"
    assert record.started_at
    assert starts(silent) == [record.started_at.timestamp()]
    (tmp_path / "go").touch()
    counts = silent.ends()
    assert counts["silent", "STEP_START"] == counts["silent", "STEP_SUCCESS"] == 1
    record = client.step(silent.run.run_id, "silent")
    assert record
    assert record.log_page_count == 0


def test_a_step_that_says_nothing_and_loses_its_worker_has_one_start_and_the_loss_is_told_while_it_runs(
    silent: RunWorker, tmp_path: Path, workers: LocalStack
) -> None:
    eventually(lambda: starts(silent))
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    eventually(lambda: len(pids(tmp_path)) == 2)
    eventually(
        lambda: (
            "Attempt 1 of step silent on Stepstile ended without a result"
            in messages(silent.instance, silent.run)
        )
    )
    (tmp_path / "go").touch()
    counts = silent.ends()
    assert counts["silent", "STEP_START"] == counts["silent", "STEP_SUCCESS"] == 1


def test_what_steps_print_goes_to_a_compute_log_manager_in_the_cloud(tmp_path: Path) -> None:
    kept = {"folder": str(tmp_path / "cloud"), "local_folder": str(tmp_path / "local")}
    logs = {"module": "folder_logs", "class": "FolderLogs", "config": kept}
    (tmp_path / "go").touch()
    with instance_in(tmp_path / "home", overrides={"compute_logs": logs}) as instance:
        config = {"ops": {"waits": {"config": {"folder": str(tmp_path)}}}}
        done = run(project.waiting, instance, run_config=config)
        [captured] = [
            data for data in map(captured_of, events(instance, done)) if data and data.step_keys == ["waits"]
        ]
        manager = instance.compute_log_manager
        key = manager.build_log_key_for_run(done.run_id, captured.file_key)
        assert (tmp_path / "cloud").joinpath(*key, "stdout").read_text() == "to stdout\n"
        assert manager.get_log_data(key).stdout == b"to stdout\n"


def test_a_killed_worker_process_costs_an_attempt_that_is_told_and_nothing_twice(
    waiting: RunWorker, tmp_path: Path
) -> None:
    eventually(waiting.has_begun)
    os.kill(pids(tmp_path)[0], signal.SIGKILL)
    eventually(lambda: len(pids(tmp_path)) == 2)
    (tmp_path / "go").touch()
    ends_once(waiting)
    assert "Attempt 1 of step waits on Stepstile ended without a result" in messages(
        waiting.instance, waiting.run
    )


@pytest.mark.full
def test_a_killed_stack_with_all_its_workers_costs_an_attempt_and_nothing_twice(
    waiting: RunWorker, tmp_path: Path, workers: LocalStack
) -> None:
    eventually(waiting.has_begun)
    workers.kill()
    workers.start()
    eventually(lambda: len(pids(tmp_path)) == 2)
    (tmp_path / "go").touch()
    ends_once(waiting)
    assert "WORKER_LOST" in messages(waiting.instance, waiting.run)


def test_a_killed_run_worker_is_resumed_and_nothing_runs_or_is_written_twice(
    waiting: RunWorker, tmp_path: Path
) -> None:
    eventually(waiting.has_begun)
    waiting.kill()
    waiting.resume()
    eventually(lambda: "resumes a run" in messages(waiting.instance, waiting.run))
    (tmp_path / "go").touch()
    ends_once(waiting)
    assert len(pids(tmp_path)) == 1, "the step went on"
    [captured] = waiting.captured("waits")
    assert waiting.stdout(captured) == b"to stdout\n"


@pytest.mark.full
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_killed_again_and_again_each_step_ends_once(
    instance: dg.DagsterInstance, tmp_path: Path, workers: LocalStack, seed: int
) -> None:
    chosen = random.Random(seed)
    config = {
        "execution": {"config": {"max_attempts": 50}},
        "ops": {"slow": {"config": {"folder": str(tmp_path)}}},
    }
    worker = RunWorker(project.many, instance, config)
    for number in range(10):
        eventually(lambda: pids(tmp_path))
        what = chosen.choice(["child", "run worker", "stack"])
        if what == "child":
            for pid in pids(tmp_path)[-2:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        elif what == "run worker":
            worker.kill()
            worker.resume()
        else:
            workers.kill()
            workers.start()
        (tmp_path / f"go{number}").touch()
    counts = worker.ends(300)
    assert counts[None, "PIPELINE_SUCCESS"] == 1, errors(worker.events())
    for number in range(10):
        of_step = {kind: count for (step, kind), count in counts.items() if step == f"slow[k{number}]"}
        once = {"STEP_START", "STEP_SUCCESS", "ASSET_MATERIALIZATION"}
        assert {kind: of_step.get(kind) for kind in once} == dict.fromkeys(once, 1)


def test_a_terminated_run_tells_its_running_step_and_starts_no_other(
    waiting: RunWorker, tmp_path: Path
) -> None:
    eventually(lambda: pids(tmp_path))
    waiting.instance.report_run_canceling(waiting.run)
    waiting.process.terminate()
    counts = waiting.ends()
    assert counts["waits", "STEP_FAILURE"] == 1
    assert counts["after", "STEP_START"] == 0
    assert waiting.instance.get_run_by_id(waiting.run.run_id).status == dg.DagsterRunStatus.CANCELED
    assert "interrupted" in notes(tmp_path)


def refused(instance: dg.DagsterInstance, **executor: Any) -> str:
    """What a run says that cannot work."""
    failed = run(project.small, instance, run_config={"execution": {"config": executor}})
    assert failed.status == dg.DagsterRunStatus.FAILURE
    return errors(events(instance, failed))


@pytest.mark.lowest
def test_an_unknown_handler_is_named(instance: dg.DagsterInstance) -> None:
    assert "No handler is named 'nobody' on this worker" in refused(instance, handler="nobody")


def test_a_tenant_that_cannot_be_one_is_refused_with_the_rule(instance: dg.DagsterInstance) -> None:
    assert "tenant must be 1 to 128 of A-Z a-z 0-9" in refused(instance, tenant="a b")


def test_an_io_manager_of_one_machine_is_named_before_a_step_is_sent(instance: dg.DagsterInstance) -> None:
    told = refused(instance, endpoint="https://stepstile.example.com")
    assert "io_manager" in told
    assert "local_storage" in told


def test_a_caller_that_is_not_allowed_fails_the_run_and_is_told_what_it_lacks(
    instance: dg.DagsterInstance,
) -> None:
    with api(lambda _: Answer(403, {"message": "Forbidden"})) as endpoint:
        told = refused(instance, endpoint=endpoint, patience_seconds=1)
    assert "does not allow this caller (HTTP 403, Forbidden)" in told
    assert "aws_region" in told


def test_a_payload_over_the_limit_fails_the_run_and_is_told_what_to_do(instance: dg.DagsterInstance) -> None:
    failed = run(project.large, instance, run_config={"ops": {"configured": {"config": "x" * 7_000_000}}})
    assert failed.status == dg.DagsterRunStatus.FAILURE
    told = errors(events(instance, failed))
    assert "over the 5 MB that Stepstile accepts" in told
    assert "xxx" not in told


def test_an_endpoint_that_does_not_answer_fails_the_run_with_the_cause(instance: dg.DagsterInstance) -> None:
    told = refused(instance, endpoint="http://127.0.0.1:9", patience_seconds=1)
    assert "http://127.0.0.1:9" in told


@pytest.mark.lowest
def test_an_op_that_raises_an_interrupt_or_leaves_fails_once_and_what_threads_log_late_is_kept(
    instance: dg.DagsterInstance, tmp_path: Path
) -> None:
    folder = {"config": {"folder": str(tmp_path)}}
    ended = run(
        project.ends_of_its_own, instance, run_config={"ops": {"interrupted": folder, "left": folder}}
    )
    assert sorted(notes(tmp_path)) == ["interrupted", "left"]
    counts = counted(events(instance, ended))
    assert counts["interrupted", "STEP_FAILURE"] == 1
    assert counts["left", "STEP_FAILURE"] == 1
    assert counts["leaves_a_thread", "STEP_SUCCESS"] == 1
    assert "late in the log" in messages(instance, ended)
