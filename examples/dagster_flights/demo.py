"""What `./stepstile demo dagster` runs: this project, by Dagster, on an embedded stack, against a plain single pass."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parent
CHECKOUT = PROJECT.parents[1]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./stepstile demo dagster", description=__doc__)
    parser.add_argument(
        "--days", type=int, default=7, help="partitions to run, each a run of its own (default 7)"
    )
    parser.add_argument(
        "--weeks", type=int, default=53, help="steps of the dynamic job (default 53, the year)"
    )
    parser.add_argument("--aws", action="store_true", help="through the AWS adapters, against the emulators")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped

    home = Path(os.environ.get("STEPSTILE_HOME", CHECKOUT / ".stepstile")).absolute() / "demo-dagster"
    os.environ["DAGSTER_HOME"] = str(home / "dagster")
    (home / "dagster").mkdir(parents=True, exist_ok=True)
    (home / "dagster" / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    sys.path.insert(0, str(PROJECT))
    packages = os.environ["PYTHONPATH"]  # as the launcher sets it

    from stepstile.local_stack import LocalStack

    handlers = {
        "dagster": {
            "command": [
                sys.executable,
                *("-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step"),
                *("--preload", "dagster_flights.definitions"),
            ],
            "environment": {"PYTHONPATH": os.pathsep.join([str(PROJECT), packages])},
            "warm": True,
        }
    }
    begun = time.monotonic()
    launcher = Path(os.environ.get("STEPSTILE_LAUNCHER", CHECKOUT / "stepstile"))
    with LocalStack(
        launcher, home / "stack", handlers=handlers, options=["--aws"] if given.aws else []
    ) as stack:
        print(f"Up after {time.monotonic() - begun:.1f} s at {stack.endpoint}", flush=True)
        os.environ["STEPSTILE_ENDPOINT"] = stack.endpoint
        right = run(given.days, given.weeks)
    print(
        "\nDagster's own page of these runs; to launch new ones from it, both commands:\n"
        f"  ./stepstile local --handlers {home / 'stack' / 'handlers.json'}\n"
        f"  cd {PROJECT} && DAGSTER_HOME={home / 'dagster'} STEPSTILE_ENDPOINT=http://127.0.0.1:8787 "
        f"PYTHONPATH={packages} {Path(sys.executable).parent / 'dagster'} dev"
    )
    return 0 if right else 1


def run(days: int, weeks: int) -> bool:
    """Executes the runs, and prints and returns whether all of them are as expected."""
    from dagster import DagsterInstance

    from dagster_flights import flights, runs

    instance = DagsterInstance.get()
    first = date(2013, 1, 1)
    partitions = [(first + timedelta(days=day)).isoformat() for day in range(days)]
    wanted = [
        *((runs.flights_of_a_day, {"dagster/partition": day}, {}) for day in partitions),
        (runs.flights_of_all_days, {}, {}),
        (runs.flights_by_week, {}, {"ops": {"weeks": {"config": {"weeks": weeks}}}}),
    ]
    wrong: list[str] = []
    figures: dict[str, object] = {}
    for job, tags, config in wanted:
        wrong += execute(instance, job, tags, config, figures)
    counted = Counter(day for day, _ in flights.all_flights())
    end = (first + timedelta(weeks=weeks)).isoformat()
    expected = {
        "days": sum(counted[day] for day in partitions),
        "weeks": sum(count for day, count in counted.items() if day < end),
    }
    if figures != expected:
        wrong.append(f"flights counted: {figures}, expected: {expected}")
    if wrong:
        print("Check      FAILED: " + "; ".join(wrong))
    else:
        print(
            f"Check      passed: {expected['days']} flights in {days} days and {expected['weeks']} in {weeks} weeks, "
            "as in a plain single pass."
        )
    return not wrong


def execute(
    instance: Any, job: Any, tags: dict[str, str], config: dict[str, Any], figures: dict[str, object]
) -> list[str]:
    """Executes a run and notes its figures; returns what is wrong with it."""
    from dagster import DagsterEventType, DagsterRunStatus, execute_job, reconstructable

    quiet = {"loggers": {"console": {"config": {"log_level": "WARNING"}}}}
    begun = time.monotonic()
    result = execute_job(
        reconstructable(job), instance, run_config={**config, **quiet}, tags=tags, raise_on_error=False
    )
    took = time.monotonic() - begun
    events = [log.dagster_event for log in instance.all_logs(result.run_id) if log.dagster_event]
    kinds = Counter(event.event_type for event in events)
    steps = kinds[DagsterEventType.STEP_SUCCESS]
    evaluations = [event for event in events if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION]
    passed = [event for event in evaluations if event.event_specific_data.passed]
    name = f"{job.__name__} {tags.get('dagster/partition', '')}".strip()
    print(
        f"  {name:<30} {steps:>3} steps in {took:5.1f} s, "
        f"{kinds[DagsterEventType.ASSET_MATERIALIZATION]} materializations, "
        f"{len(passed)} of {len(evaluations)} checks passed",
        flush=True,
    )
    for event in events:
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION and event.step_key == "carriers":
            figures["days"] = event.step_materialization_data.materialization.metadata["flights"].value
        if event.is_successful_output and event.step_key == "year_figures":
            figures["weeks"] = event.step_output_data.metadata["flights"].value
    wrong: list[str] = []
    run = instance.get_run_by_id(result.run_id)
    if run is None or run.status != DagsterRunStatus.SUCCESS or len(passed) < len(evaluations):
        wrong.append(name)
    if len({event.step_key for event in events if event.is_step_success}) != steps:
        wrong.append(f"{name}: a step succeeded twice")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
