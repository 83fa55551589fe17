"""The warm host, by its own protocol."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from dagster_pipes import encode_param
from waiting import eventually

TARGET = """
import os, sys, time
from waiting import eventually

def run(context):
    print("in", os.getppid(), "with", context.get_extra("n"), flush=True)
    context.report_custom_message({"stepstile.result": LOADED_BY})
    if context.extras.get("wait"):
        time.sleep(100)
    if context.extras.get("until"):
        eventually(lambda: os.path.exists(context.extras["until"]))
    sys.exit(context.extras.get("status", 0))

def prepare(extras):
    if extras.get("broken"):
        raise LookupError("no such job")

run.prepare = prepare
LOADED_BY = os.getpid()
print("printed while it loads")
"""
SOURCES = (Path(__file__).parents[1] / "src", Path(__file__).parents[3] / "testing" / "python")
PATIENCE_SECONDS = 30


class Worker:
    """The other side of the host's protocol."""

    def __init__(self, folder: Path, target: str, sources: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.taken: list[int] = []
        for name, source in (sources or {"target.py": TARGET}).items():
            (folder / name).write_text(source)
        self.host = subprocess.Popen(
            [sys.executable, "-m", "stepstile_host", "--target", target],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, SOURCES))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._watchdog = threading.Timer(PATIENCE_SECONDS, self._give_up)
        self._watchdog.daemon = True
        self._watchdog.start()

    def _give_up(self) -> None:
        """Closes the host's commands: it ends, and reads from it return."""
        assert self.host.stdin is not None
        self.host.stdin.close()

    def start(
        self,
        step: int,
        _anyway: bool = False,
        _environment: Mapping[str, str] | None = None,
        **extras: Any,
    ) -> Path:
        folder = self.folder / str(step)
        folder.mkdir()
        (folder / "context.json").write_text(json.dumps({"extras": extras}))
        (folder / "messages").touch()
        anyway = {"anyway": True} if _anyway else {}
        environment = self.pipes(folder) | dict(_environment or {})
        self.send({"start": step, "folder": str(folder), "environment": environment, **anyway})
        return folder

    @staticmethod
    def pipes(folder: Path) -> dict[str, str]:
        return {
            "DAGSTER_PIPES_CONTEXT": encode_param({"path": str(folder / "context.json")}),
            "DAGSTER_PIPES_MESSAGES": encode_param({"path": str(folder / "messages")}),
        }

    def send(self, command: dict[str, Any]) -> None:
        assert self.host.stdin is not None
        self.host.stdin.write(json.dumps(command).encode() + b"\n")
        self.host.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next event, except those that a step is taken, which are noted."""
        assert self.host.stdout is not None
        while "taken" in (event := json.loads(self.host.stdout.readline())):
            self.taken.append(event["taken"])
        return event

    def close(self) -> bytes:
        """Closes the commands; returns what the host printed."""
        self._watchdog.cancel()
        _, printed = self.host.communicate(timeout=PATIENCE_SECONDS)
        return printed


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path, "target:run")
    yield worker
    worker.close()


def messages(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "messages").read_text().splitlines()]


@pytest.mark.lowest
def test_a_step_runs_in_a_child_of_the_host_that_loaded_its_code(worker: Worker) -> None:
    assert worker.receive()["ready"] == worker.host.pid
    folder = worker.start(7, n=1, status=3)
    started = worker.receive()
    assert started["started"] == 7
    assert worker.taken == [7]
    with open(folder / "stdout") as stdout:
        worker.send({"release": 7})
        assert stdout.read() == f"in {worker.host.pid} with 1\n"
    ended = worker.receive()
    assert (ended["ended"], ended["status"]) == (7, 3)
    assert [message["method"] for message in messages(folder)] == [
        "opened",
        "report_custom_message",
        "closed",
    ]
    assert messages(folder)[1]["params"]["payload"] == {"stepstile.result": worker.host.pid}
    assert worker.close() == b"printed while it loads\n"
    assert worker.host.returncode == 0


@pytest.mark.lowest
def test_what_preparing_a_step_raises_is_raised_in_its_child(worker: Worker) -> None:
    worker.receive()
    folder = worker.start(1, broken=True)
    worker.receive()
    worker.send({"release": 1})
    assert worker.receive()["status"] == 1
    assert messages(folder)[-1]["params"]["exception"]["name"] == "LookupError"


def test_a_steps_output_ends_with_it_whoever_else_runs(worker: Worker) -> None:
    worker.receive()
    folder = worker.start(1, n=1)
    worker.receive()
    worker.start(2, n=2, wait=True)  # is forked while the host holds the first one's output
    with open(folder / "stdout") as stdout:
        worker.send({"release": 1})
        assert stdout.read()


def test_a_step_that_finds_no_room_is_refused_and_the_next_one_runs(worker: Worker) -> None:
    worker.receive()
    worker.send({"start": 1, "folder": str(worker.folder / "none"), "environment": {}})
    refused = worker.receive()
    assert refused["refused"] == 1
    assert "No such file" in refused["reason"]
    worker.start(2, n=2)
    assert worker.receive()["started"] == 2


@pytest.mark.lowest
def test_the_end_of_its_commands_is_its_own_and_its_childrens(worker: Worker) -> None:
    worker.receive()
    folder = worker.start(1, n=1, wait=True)
    child = worker.receive()["pid"]
    with open(folder / "stdout") as stdout:
        worker.send({"release": 1})
        assert stdout.readline()
        worker.close()
        assert stdout.read() == ""  # nobody is left to write
    eventually(lambda: not running(child), PATIENCE_SECONDS)


def running(pid: int) -> bool:
    """Whether a process is there and has not ended; it may end while this looks."""
    try:
        os.kill(pid, 0)
        return not Path("/proc").exists() or (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except (ProcessLookupError, FileNotFoundError):
        return False


HELPER = """
def greeting():
    return "old"
"""
USING = """
import sys
import project.texts

def run(context):
    print(project.texts.greeting(), flush=True)

def read_environment(note):
    note("settings")
    import os
    if os.path.exists("settings"):
        os.environ["SETTINGS"] = open("settings").read()

run.read_environment = read_environment
"""


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Worker]:
    """A host whose target imports a package."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "__init__.py").touch()
    (tmp_path / "project" / "texts.py").write_text(HELPER)
    (tmp_path / "using.py").write_text(USING)
    worker = Worker(tmp_path, "using:run")
    assert "ready" in worker.receive()
    yield worker
    worker.close()


def printed(worker: Worker, folder: Path, step: int) -> str:
    assert worker.receive()["started"] == step
    with open(folder / "stdout") as stdout:
        worker.send({"release": step})
        text = stdout.read()
    assert worker.receive()["ended"] == step
    return text


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("project/texts.py", HELPER.replace("old", "new")),
        ("using.py", USING + "\n# a word more"),
        ("project/added.py", ""),
        ("project/texts.py", None),
        ("settings", "there now"),
    ],
    ids=["helper", "target", "new module", "removed module", "environment"],
)
def test_a_host_whose_sources_were_edited_runs_no_more_steps_and_says_which_file_it_was(
    project: Worker, name: str, text: str | None
) -> None:
    assert printed(project, project.start(1), 1) == "old\n"
    if text is None:
        (project.folder / name).unlink()
    else:
        (project.folder / name).write_text(text)
    project.start(2)
    told = project.receive()
    assert told["stale"] == 2
    assert Path(told["changed"]).is_relative_to(project.folder)
    assert project.taken == [1]


@pytest.mark.lowest
def test_a_source_file_that_was_written_anew_as_it_was_does_not_matter(project: Worker) -> None:
    assert printed(project, project.start(1), 1) == "old\n"
    (project.folder / "project" / "texts.py").write_text(HELPER)
    os.utime(project.folder / "using.py", (1, 1))
    (project.folder / "project" / "notes.txt").touch()
    (project.folder / "elsewhere.py").touch()
    assert printed(project, project.start(2), 2) == "old\n"


def test_a_host_with_old_code_runs_a_step_that_is_to_run_anyway(project: Worker) -> None:
    (project.folder / "project" / "texts.py").write_text(HELPER.replace("old", "new"))
    assert printed(project, project.start(1, _anyway=True), 1) == "old\n"


def test_steps_that_run_in_a_host_with_old_code_end_undisturbed(worker: Worker) -> None:
    worker.receive()
    running = worker.start(1, n=1, status=7, until="go")
    assert worker.receive()["started"] == 1
    (worker.folder / "target.py").write_text(TARGET + "\n# a word more")
    worker.start(2, n=2)
    assert worker.receive()["stale"] == 2
    (worker.folder / "go").touch()
    with open(running / "stdout") as stdout:
        worker.send({"release": 1})
        assert stdout.read()
    assert worker.receive()["status"] == 7


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("target", b"--target is MODULE:FUNCTION, not 'target'."),
        ("target:walk", b"--target: module 'target' has no function 'walk'."),
        ("no_such_module:run", b"No module named 'no_such_module'"),
    ],
)
def test_a_target_that_is_not_there_ends_the_host_and_is_named(
    tmp_path: Path, target: str, why: bytes
) -> None:
    worker = Worker(tmp_path, target)
    assert why in worker.close()
    assert worker.host.returncode == 1
