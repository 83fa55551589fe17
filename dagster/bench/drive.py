"""Executes one run in a process of its own, as a run worker does, and prints what it took as one line of JSON."""

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path

import jobs
from dagster import DagsterEventType, DagsterInstance, execute_job, reconstructable
from usage import cpu_of_trees


def main() -> None:
    asked = json.loads(sys.argv[1])
    instance = DagsterInstance.get()
    job = reconstructable(getattr(jobs, asked["job"]))
    before = cpu_of_trees(asked["services"])
    own = sum(os.times()[:4])
    begun, wall = time.time(), time.monotonic()
    result = execute_job(job, instance, run_config=asked["config"], raise_on_error=False)
    took = time.monotonic() - wall
    cpu = sum(os.times()[:4]) - own
    after = cpu_of_trees(asked["services"])
    logs = instance.all_logs(result.run_id)
    kinds = Counter(log.dagster_event.event_type for log in logs if log.dagster_event)
    marks = Path(os.environ[jobs.RUNS_FOLDER], result.run_id)
    first = [line.split() for line in marks.read_text().splitlines()] if marks.exists() else []
    print(
        json.dumps(
            {
                "run": result.run_id,
                "success": result.success,
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
