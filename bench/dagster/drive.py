"""Executes one run in a process of its own, as a run worker does, and prints what it took as one line of JSON.

Asked to, it has the run executed by a run worker that it kills once the first step has begun, and by another one that
resumes.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jobs
from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    execute_job,
    reconstructable,
    serialize_value,
)
from usage import cpu_of_trees


def resumed(instance: Any, job: Any, config: Any) -> str:
    """Runs a job by two run workers, the first of which is killed; its run's id."""
    run = instance.create_run_for_job(
        job.get_definition(),
        run_config=config,
        status=DagsterRunStatus.STARTING,
        job_code_origin=job.get_python_origin(),
    )

    def worker(command: str, arguments: str) -> subprocess.Popen[bytes]:
        told = (
            f'{{"__class__": "{arguments}", "job_origin": {serialize_value(run.job_code_origin)},'
            f' "run_id": "{run.run_id}", "instance_ref": {serialize_value(instance.get_ref())},'
            ' "set_exit_code_on_failure": true}'
        )
        return subprocess.Popen(
            [sys.executable, "-m", "dagster", "api", command, told], stdout=subprocess.DEVNULL
        )

    first = worker("execute_run", "ExecuteRunArgs")
    while not marks_of(run.run_id).exists():
        time.sleep(0.05)
    first.kill()
    first.wait()
    worker("resume_run", "ResumeRunArgs").wait()
    return run.run_id


def marks_of(run_id: str) -> Path:
    return Path(os.environ[jobs.RUNS_FOLDER], run_id)


def main() -> None:
    asked = json.loads(sys.argv[1])
    instance = DagsterInstance.get()
    job = reconstructable(getattr(jobs, asked["job"]))
    before = cpu_of_trees(asked["services"])
    own = sum(os.times()[:4])
    begun, wall = time.time(), time.monotonic()
    if asked.get("resumed"):
        run_id = resumed(instance, job, asked["config"])
    else:
        run_id = execute_job(job, instance, run_config=asked["config"], raise_on_error=False).run_id
    took = time.monotonic() - wall
    cpu = sum(os.times()[:4]) - own
    after = cpu_of_trees(asked["services"])
    logs = instance.all_logs(run_id)
    kinds = Counter(log.dagster_event.event_type for log in logs if log.dagster_event)
    marks = marks_of(run_id)
    first = [line.split() for line in marks.read_text().splitlines()] if marks.exists() else []
    print(
        json.dumps(
            {
                "run": run_id,
                "success": kinds[DagsterEventType.RUN_SUCCESS] == 1,
                "wall": took,
                "cpu": cpu + sum(after[name] - before[name] for name in after),
                "cpu_by_part": {"driver": cpu, **{name: after[name] - before[name] for name in after}},
                "events": len(logs),
                "succeeded": kinds[DagsterEventType.STEP_SUCCESS],
                "first_code": min((float(at) - begun for _, at, _ in first), default=None),
                "marks": Counter(name for name, _, _ in first),
            }
        ),
        flush=True,
    )
    instance.dispose()


if __name__ == "__main__":
    main()
