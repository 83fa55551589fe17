"""The processes that a measurement needs: Postgres, Redis, Celery's worker. Each on a free port, in a folder of its own."""

from __future__ import annotations

import glob
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path


class Missing(Exception):
    """A program that is to be installed by hand."""


class Service:
    """A process that is stopped, by its pid, with all that it started."""

    def __init__(self, command: list[str], log: Path, environment: Mapping[str, str], **more: object) -> None:
        self.log = log
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env={**os.environ, **environment},
                start_new_session=True,
                **more,  # type: ignore[arg-type]
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def until(self, ready: Callable[[], bool], seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{self.process.args} did not start; see {self.log}")
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGINT if "postgres" in str(self.process.args) else signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        with suppress(ProcessLookupError):  # what it started and left behind
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def listens(port: int) -> bool:
    with socket.socket() as one:
        one.settimeout(0.5)
        return one.connect_ex(("127.0.0.1", port)) == 0


def postgres(folder: Path) -> tuple[Service, str]:
    """A database for Dagster, and its URL. Synchronous commits as Debian's package has them."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    initdb = found[-1] if found else shutil.which("initdb")
    if not initdb:
        raise Missing("Postgres (Debian: apt-get install postgresql)")
    programs = Path(initdb).parent
    data = folder / "postgres"
    data.mkdir(parents=True)
    # Postgres refuses to be run by root.
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.getuid() == 0 else {}
    if user:
        account = pwd.getpwnam("postgres")
        os.chown(data, account.pw_uid, account.pw_gid)
    subprocess.run(
        [initdb, "-D", data, "-A", "trust", "-U", "dagster", "-E", "UTF8", "--locale=C.UTF-8"],
        check=True,
        capture_output=True,
        cwd="/",
        **user,  # type: ignore[call-overload]
    )
    port = free_port()
    service = Service(
        [str(programs / "postgres"), "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
        + ["-c", "unix_socket_directories=", "-c", "max_connections=200"],
        folder / "postgres.log",
        {},
        cwd="/",
        **user,
    )
    service.until(lambda: listens(port))
    return service, f"postgresql://dagster@127.0.0.1:{port}/postgres"


def redis(folder: Path) -> tuple[Service, str]:
    program = shutil.which("redis-server")
    if not program:
        raise Missing("Redis (Debian: apt-get install redis-server)")
    port = free_port()
    service = Service(
        [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        folder / "redis.log",
        {},
    )
    service.until(lambda: listens(port))
    return service, f"redis://127.0.0.1:{port}"


def celery(
    folder: Path, environment: Mapping[str, str], late: bool = False, visibility: int | None = None
) -> Service:
    """Dagster's own way to start a Celery worker, with two processes."""
    broker = environment["STEPSTILE_BENCH_REDIS"]
    options: dict[str, object] = {"task_acks_late": late, "task_reject_on_worker_lost": late}
    if visibility is not None:
        options["broker_transport_options"] = {"visibility_timeout": visibility}
    config = folder / "celery.yaml"
    config.write_text(  # JSON is YAML
        json.dumps(
            {
                "execution": {
                    "config": {"broker": f"{broker}/0", "backend": f"{broker}/1", "config_source": options}
                }
            }
        )
    )
    programs = Path(sys.executable).parent
    service = Service(
        [str(programs / "dagster-celery"), "worker", "start", "-A", "dagster_celery.app"]
        + ["-y", str(config), "-n", "bench", "--", "-c", "2", "--loglevel=info"],
        folder / "celery.log",
        # It calls celery by its name.
        {**environment, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"},
    )
    service.until(lambda: service.log.exists() and b" ready." in service.log.read_bytes())
    return service
