"""What `./stepstile bench dagster` runs: the same jobs on each executor, in turn, on one Postgres event log.

CPU is that of the run worker, the workers, the stack or broker, and Postgres together.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import services

from stepstile.local_stack import LocalStack

BENCH = Path(__file__).parent
CHECKOUT = BENCH.parents[1]
SLOW = ("multiprocess_spawn", "multiprocess_forkserver")
"""A process for each step: measured up to the smallest fan-out only."""

LONG_SECONDS = 15.0
LEASE_SECONDS = 5
RECOVERED_WITHIN = 60.0


class Side:
    """One executor, with the processes that it needs."""

    def __init__(
        self, name: str, executor: str, roots: dict[str, int], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.executor = executor
        self.roots = roots
        self.environment = environment

    def command(self, shape: str, config: Mapping[str, Any], **more: Any) -> tuple[list[str], dict[str, str]]:
        asked = {"job": f"{shape}_{self.executor}", "config": config, "services": self.roots, **more}
        environment = {**os.environ, **self.environment}
        # It doubles the time of every import of Dagster, on every side.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return [sys.executable, str(BENCH / "drive.py"), json.dumps(asked)], environment

    def run(self, shape: str, config: Mapping[str, Any]) -> dict[str, Any]:
        command, environment = self.command(shape, config)
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        lines = done.stdout.strip().splitlines()
        if done.returncode != 0 or not lines:
            raise RuntimeError(
                f"{self.name}, {shape}: the driver ended with {done.returncode}:\n{done.stderr[-2000:]}"
            )
        told = json.loads(lines[-1])
        if not told["success"]:
            raise RuntimeError(f"{self.name}, {shape}: run {told['run']} failed:\n{done.stderr[-2000:]}")
        return told


def handlers(environment: Mapping[str, str]) -> dict[str, Any]:
    """The warm host of the jobs."""
    command = [sys.executable, "-m", "stepstile_host", "--target", "dagster_stepstile.worker:run_step"]
    wanted = ("PYTHONPATH", "STEPSTILE_BENCH_RUNS", "STEPSTILE_BENCH_REDIS")
    return {
        "dagster": {
            "command": [*command, "--preload", "jobs"],
            "environment": {name: environment[name] for name in wanted if name in environment},
            "warm": True,
        }
    }


def launcher() -> Path:
    return Path(os.environ.get("STEPSTILE_LAUNCHER", CHECKOUT / "stepstile"))


@contextmanager
def stack(folder: Path, environment: Mapping[str, str], lease: int, *options: str) -> Iterator[LocalStack]:
    shutil.rmtree(folder, ignore_errors=True)
    with LocalStack(
        launcher(),
        folder,
        handlers=handlers(environment),
        lease_seconds=lease,
        options=["--workers", "2", *options],
    ) as started:
        yield started


@contextmanager
def common(folder: Path) -> Iterator[tuple[dict[str, str], services.Service]]:
    """Postgres with Dagster's storage in it, and the environment of all drivers."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home").mkdir(parents=True)
    (folder / "runs").mkdir()
    database, url = services.postgres(folder)
    try:
        (folder / "home" / "dagster.yaml").write_text(
            "telemetry:\n  enabled: false\nstorage:\n  postgres:\n    postgres_url: " + url + "\n"
        )
        yield (
            {
                "DAGSTER_HOME": str(folder / "home"),
                "STEPSTILE_BENCH_RUNS": str(folder / "runs"),
                "PYTHONPATH": os.pathsep.join([str(BENCH), os.environ["PYTHONPATH"]]),
            },
            database,
        )
    finally:
        database.stop()


@contextmanager
def sides(wanted: Sequence[str], folder: Path) -> Iterator[list[Side]]:
    """What is wanted and can be had; what is missing is said."""
    with ExitStack() as started:
        environment, database = started.enter_context(common(folder))
        made: list[Side] = []
        for name in wanted:
            roots = {"postgres": database.pid}
            if name == "celery":
                try:
                    broker, url = services.redis(folder)
                except services.Missing as missing:
                    print(f"celery is left out: {missing} is not installed", flush=True)
                    continue
                started.callback(broker.stop)
                environment = {**environment, "STEPSTILE_BENCH_REDIS": url}
                worker = services.celery(folder, environment)
                started.callback(worker.stop)
                made.append(
                    Side(name, name, {**roots, "redis": broker.pid, "worker": worker.pid}, environment)
                )
            elif name.startswith("stepstile"):
                options = ["--aws"] if name == "stepstile_aws" else []
                up = started.enter_context(stack(folder / name, environment, 60, *options))
                made.append(
                    Side(
                        name,
                        "stepstile",
                        {**roots, "stack": up.process.pid},
                        {**environment, "STEPSTILE_ENDPOINT": up.endpoint},
                    )
                )
            else:
                made.append(Side(name, name, roots, environment))
        yield made


def measure(given: argparse.Namespace, folder: Path) -> None:
    shapes: list[tuple[str, str, int, dict[str, Any]]] = []
    for size in given.sizes:
        shapes.append(
            (f"fan-out of {size}", "fan_out", size + 2, {"ops": {"numbers": {"config": {"steps": size}}}})
        )
    if not given.only_fan_out:
        shapes += [("chain of 20", "chain", 20, {}), ("job of 50 assets", "assets", 50, {})]
    with sides(given.sides, folder) as all_sides:
        for side in all_sides:  # what is compiled, imported or connected once
            side.run("fan_out", {"ops": {"numbers": {"config": {"steps": 4}}}})
        for title, shape, steps, config in shapes:
            measured: dict[str, list[dict[str, Any]]] = defaultdict(list)
            for _ in range(given.rounds):
                for side in all_sides:
                    if side.executor in SLOW and steps > min(given.sizes) + 2:
                        continue
                    told = side.run(shape, config)
                    if told["succeeded"] != steps:
                        raise RuntimeError(
                            f"{side.name}, {title}: {told['succeeded']} of {steps} steps succeeded"
                        )
                    measured[side.name].append(told)
            report(title, steps, measured)


def report(title: str, steps: int, measured: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    print(f"\n{title} ({steps} steps; medians of {max(map(len, measured.values()))})")
    print(f"  {'':<24} {'wall':>8} {'a step':>9} {'CPU a step':>11} {'events a step':>14} {'first code':>11}")
    for name, rounds in measured.items():

        def median(of: str, rounds: Sequence[Mapping[str, Any]] = rounds) -> float:
            return statistics.median(told[of] for told in rounds)

        print(
            f"  {name:<24} {median('wall'):>6.2f} s {median('wall') / steps * 1000:>6.0f} ms "
            f"{median('cpu') / steps:>9.3f} s {median('events') / steps:>14.1f} {median('first_code'):>9.2f} s",
            flush=True,
        )
    for name, rounds in measured.items():
        parts = rounds[0]["cpu_by_part"]
        shares = ", ".join(
            f"{part} {statistics.median(told['cpu_by_part'][part] for told in rounds) / steps * 1000:.0f} ms"
            for part in parts
        )
        print(f"  {name:<24} CPU a step: {shares}", flush=True)


def faults(wanted: Sequence[str], folder: Path) -> None:
    """Kills a worker during a step that lasts longer than the lease."""
    config = {"ops": {"sleeping": {"config": {"seconds": LONG_SECONDS}}}}
    with common(folder) as (environment, _):
        print(
            f"\nfaults: a step of {LONG_SECONDS:g} s, what is lost is noticed after {LEASE_SECONDS} s",
            flush=True,
        )
        if "stepstile" in wanted:
            with stack(folder / "stack", environment, LEASE_SECONDS) as up:
                side = Side("stepstile", "stepstile", {}, {**environment, "STEPSTILE_ENDPOINT": up.endpoint})

                def crash(*_: Any) -> None:
                    up.kill()
                    up.start()

                faulty(side, config, "nothing is killed", None)
                faulty(side, config, "the step's process is killed", os.kill)
                faulty(side, config, "the whole worker is killed", crash)
                faulty(side, config, "the run worker is killed", None, resumed=True)
        for late in (False, True) if "celery" in wanted else ():
            name = "celery, acks late" if late else "celery"
            try:
                broker, url = services.redis(folder)
            except services.Missing as missing:
                print(f"  {name} is left out: {missing} is not installed")
                continue
            ours = {**environment, "STEPSTILE_BENCH_REDIS": url}
            worker = [services.celery(folder, ours, late, LEASE_SECONDS)]
            side = Side(name, "celery", {}, ours)

            def replace(worker: list[services.Service] = worker, ours: Any = ours, late: bool = late) -> None:
                os.killpg(worker[0].pid, signal.SIGKILL)
                worker[0].process.wait()
                worker[0] = services.celery(folder, ours, late, LEASE_SECONDS)

            try:
                faulty(side, config, "nothing is killed", None)
                faulty(side, config, "the step's process is killed", os.kill)
                faulty(side, config, "the whole worker is killed", lambda *_: replace())
            finally:
                worker[0].stop()
                broker.stop()


def faulty(side: Side, config: Mapping[str, Any], what: str, kill: Any, **how: Any) -> None:
    """Runs a job, does something to its worker once its step has begun, and tells what became of it."""
    command, environment = side.command("long", config, **how)
    runs = Path(environment["STEPSTILE_BENCH_RUNS"])
    before = set(runs.iterdir())
    driver = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    marks: set[Path] = set()
    while not marks and driver.poll() is None:
        marks = {path for path in set(runs.iterdir()) - before if "begun" in path.read_text()}
        time.sleep(0.05)
    begun = time.monotonic()
    for path in marks if kill else ():
        kill(int(path.read_text().split()[2]), signal.SIGKILL)
    try:
        output, _ = driver.communicate(timeout=LONG_SECONDS + RECOVERED_WITHIN)
        told = json.loads(output.strip().splitlines()[-1])
        text = (
            f"run {'succeeded' if told['success'] else 'failed'} {time.monotonic() - begun:.0f} s after its step began, "
            f"which it did {told['marks'].get('begun', 0)} times; {told['succeeded']} STEP_SUCCESS for 2 steps"
        )
    except subprocess.TimeoutExpired:
        driver.kill()
        driver.communicate()
        text = f"hangs: nothing {time.monotonic() - begun:.0f} s after its step began"
    print(f"  {side.name:<20} {what:<30} {text}", flush=True)


def machine() -> str:
    memory = int(
        next(line for line in Path("/proc/meminfo").read_text().splitlines() if "MemTotal" in line).split()[1]
    )
    return (
        f"{os.cpu_count()} cores, {memory >> 20} GB, Python {sys.version.split()[0]}, "
        f"load {os.getloadavg()[0]:.1f} at the start"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./stepstile bench dagster",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    all_sides = ["in_process", *SLOW, "celery", "stepstile", "stepstile_aws"]
    parser.add_argument("--rounds", type=int, default=5, help="of which the medians are told (default 5)")
    parser.add_argument(
        "--sizes", type=_numbers, default=[50, 200, 1000], help="of the fan-outs (50,200,1000)"
    )
    parser.add_argument("--sides", type=_names(all_sides), default=all_sides, help=",".join(all_sides))
    parser.add_argument("--only-fan-out", action="store_true", help="without the chain and the assets")
    parser.add_argument("--only-faults", action="store_true", help="measure nothing, kill workers")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is stopped
    folder = Path(os.environ.get("STEPSTILE_HOME", CHECKOUT / ".stepstile")).absolute() / "bench-dagster"
    print(f"Machine    {machine()}", flush=True)
    if not given.only_faults:
        measure(given, folder)
    if not given.only_fan_out:
        faults(given.sides, folder)


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def _names(known: Sequence[str]) -> Any:
    def names(text: str) -> list[str]:
        wanted = text.split(",")
        if set(wanted) - set(known):
            raise argparse.ArgumentTypeError(f"known are {', '.join(known)}")
        return wanted

    return names


if __name__ == "__main__":
    main()
