"""What a warm host's children share with it and with each other, what they leave behind, and what cannot be begun."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from test_host import Worker, messages, printed, running
from waiting import eventually

TARGET = """
import concurrent.futures, ctypes, json, os, random, subprocess, sys, threading, time
import numpy
import torch
from waiting import eventually

random.seed(1)
numpy.random.seed(1)
torch.manual_seed(1)
C = ctypes.CDLL(None)
C.srandom(1)
MODERN = numpy.random.default_rng(1)
LEGACY = numpy.random.RandomState(1)
OWN = random.Random(1)
numpy.random.normal()  # half of a pair is kept for the next call

class Hidden:
    generator = random.Random(1)

os.register_at_fork(after_in_child=Hidden.generator.seed)

def draws(context):
    import tempfile, uuid
    print(json.dumps({
        "random": random.random(),
        "numpy": float(numpy.random.normal()),
        "torch": torch.random(),
        "C": C.random(),
        "default_rng": float(MODERN.normal()),
        "spawned": float(MODERN.spawn(1)[0].normal()) if hasattr(MODERN, "spawn") else random.random(),
        "RandomState": float(LEGACY.normal()),
        "Random": OWN.random(),
        "by the hook": Hidden.generator.random(),
        "uuid4": str(uuid.uuid4()),
        "uuid1": str(uuid.uuid1()),
        "tempfile": tempfile.mktemp(),
    }))

def threads(context):
    def late():
        time.sleep(0.2)
        print("late", flush=True)
        context.log.info("late in the log")
    threading.Thread(target=late).start()
    pool = concurrent.futures.ThreadPoolExecutor(2)  # never shut down
    pool.submit(print, "in the pool", flush=True).result()
    if context.extras.get("leave"):
        sys.exit(0)

def leave(context):
    sys.exit(context.get_extra("status"))

def interrupt(context):
    raise KeyboardInterrupt("mine")

def strays(context):
    # one by a program that leads a session of its own, one that was forked twice and runs no program
    program = subprocess.Popen(["sh", "-c", "setsid sleep 600 & echo $!"], stdout=subprocess.PIPE, text=True)
    print(int(program.stdout.readline()), flush=True)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            print(os.getpid(), flush=True)
            os.close(1)
            os.close(2)
            time.sleep(600)
        os._exit(0)
    os.wait()
    eventually(lambda: os.path.exists(context.get_extra("go")))

def run(context):
    globals()[context.get_extra("act")](context)

HELPERS = []

def prepare(extras):
    how = extras.get("prepare")
    if how == "interrupt":
        raise KeyboardInterrupt("mine")
    if how == "memory":
        raise MemoryError
    if how == "deep":
        prepare(extras)
    if how == "helper" and not HELPERS:
        HELPERS.append(subprocess.Popen(["sleep", "600"]))
    if how == "while another step ends":
        HELPERS.append(subprocess.Popen(["sleep", "600"]))
        open(extras["go"], "w").close()
        eventually(lambda: open(f"/proc/{extras['other']}/stat").read().rpartition(")")[2].split()[0] == "Z")

run.prepare = prepare

from stepstile_host.sources import LoadedSources
changed = LoadedSources.changed

def failing_now_and_then(sources):
    if os.path.exists("the file system fails"):
        raise OSError(5, "Input/output error")
    return changed(sources)

LoadedSources.changed = failing_now_and_then
"""
TORCH = """
import random
_generator = [0]

def manual_seed(seed):
    _generator[0] = seed

def seed():
    import secrets
    _generator[0] = secrets.randbits(63)

def random():
    _generator[0] += 1
    return _generator[0]
"""


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    (tmp_path / "children.py").write_text(TARGET)
    (tmp_path / "torch.py").write_text(TORCH)  # the real one is 2 GB
    worker = Worker(tmp_path, "children:run")
    assert "ready" in worker.receive()
    yield worker
    worker.close()


def act(worker: Worker, step: int, **extras: Any) -> str:
    return printed(worker, worker.start(step, **extras), step)


@pytest.mark.lowest
def test_no_two_steps_draw_the_same_random_numbers(worker: Worker) -> None:
    drawn: list[dict[str, Any]] = [json.loads(act(worker, step, act="draws")) for step in range(1, 5)]
    for source in drawn[0]:
        assert len({str(draws[source]) for draws in drawn}) == len(drawn), source


@pytest.mark.lowest
@pytest.mark.parametrize("leave", [False, True])
def test_what_threads_say_after_the_step_has_returned_is_not_lost_and_an_idle_pool_does_not_hold_it(
    worker: Worker, leave: bool
) -> None:
    folder = worker.start(1, act="threads", leave=leave)
    assert printed(worker, folder, 1) == "in the pool\nlate\n"
    logged = [message["method"] for message in messages(folder)]
    assert logged == ["opened", "log", "closed"]


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("status", "seen"), [(0, 0), (3, 3), (256, 1), (512, 1), (-256, 1), (257, 1), (-1, 255)]
)
def test_a_status_that_is_none_of_success_is_not_seen_as_success(
    worker: Worker, status: int, seen: int
) -> None:
    worker.start(1, act="leave", status=status)
    worker.receive()
    assert worker.receive()["status"] == seen


@pytest.mark.lowest
def test_an_interrupt_that_a_step_raises_is_its_failure(worker: Worker) -> None:
    folder = worker.start(1, act="interrupt")
    worker.receive()
    assert worker.receive()["status"] == 1
    assert messages(folder)[-1]["params"]["exception"]["name"] == "KeyboardInterrupt"


def broken_input(folder: Path) -> None:
    (folder / "context.json").write_text('{"extras": ')


def input_that_is_not_utf8(folder: Path) -> None:
    (folder / "context.json").write_bytes(b'{"extras": {"a": "\xff"}}')


def input_that_is_deep(folder: Path) -> None:
    (folder / "context.json").write_text('{"extras": %s1%s}' % ("[" * 100_000, "]" * 100_000))


def input_with_a_number_over_the_interpreters_limit(folder: Path) -> None:
    (folder / "context.json").write_text('{"extras": {"a": %s}}' % ("9" * 5_000))


def no_input(folder: Path) -> None:
    (folder / "context.json").unlink()


@pytest.mark.lowest
@pytest.mark.parametrize(
    "spoil",
    [
        broken_input,
        input_that_is_not_utf8,
        input_that_is_deep,
        input_with_a_number_over_the_interpreters_limit,
        no_input,
    ],
)
def test_an_input_that_cannot_be_read_fails_its_step_alone(
    worker: Worker, spoil: Callable[[Path], None]
) -> None:
    go = worker.folder / "go"
    beside = worker.start(1, act="strays", go=str(go))
    assert worker.receive()["started"] == 1
    folder = worker.folder / "2"
    folder.mkdir()
    (folder / "context.json").touch()
    spoil(folder)
    (folder / "messages").touch()
    worker.send({"start": 2, "folder": str(folder), "environment": worker.pipes(folder)})
    assert worker.receive()["started"] == 2
    worker.send({"release": 2})
    ended = worker.receive()
    assert (ended["ended"], ended["status"]) == (2, 1)
    go.touch()
    with open(beside / "stdout") as stdout:
        worker.send({"release": 1})
        assert stdout.read()
    assert worker.receive()["ended"] == 1
    assert act(worker, 3, act="draws")


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("how", "name"),
    [("interrupt", "KeyboardInterrupt"), ("memory", "MemoryError"), ("deep", "RecursionError")],
)
def test_whatever_preparing_a_step_raises_fails_that_step_alone(worker: Worker, how: str, name: str) -> None:
    folder = worker.start(1, act="draws", prepare=how)
    worker.receive()
    assert worker.receive()["status"] == 1
    assert messages(folder)[-1]["params"]["exception"]["name"] == name
    assert act(worker, 2, act="draws")


@pytest.mark.lowest
@pytest.mark.parametrize(
    "command",
    [
        {"start": 1},
        {"start": 1, "folder": "a\0b", "environment": {}},
        {"start": 1, "folder": None, "environment": {}},
    ],
)
def test_a_step_that_cannot_be_taken_up_is_refused_and_the_next_one_runs(
    worker: Worker, command: dict[str, Any]
) -> None:
    worker.send(command)
    assert worker.receive()["refused"] == 1
    assert act(worker, 2, act="draws")


@pytest.mark.lowest
def test_an_environment_that_the_system_does_not_take_fails_its_step_alone(worker: Worker) -> None:
    folder = worker.folder / "1"
    folder.mkdir()
    (folder / "context.json").write_text('{"extras": {}}')
    worker.send({"start": 1, "folder": str(folder), "environment": {"A": "\0"}})
    assert worker.receive()["started"] == 1
    assert worker.receive()["status"] == 1
    assert act(worker, 2, act="draws")


@pytest.mark.lowest
def test_a_command_that_is_none_is_passed_over(worker: Worker) -> None:
    assert worker.host.stdin is not None
    worker.host.stdin.write(b'{"start": \n[1]\n{}\n')
    assert act(worker, 2, act="draws")


@pytest.mark.lowest
def test_a_file_system_that_fails_fails_the_step_alone(worker: Worker) -> None:
    go = worker.folder / "go"
    beside = worker.start(1, act="strays", go=str(go))
    assert worker.receive()["started"] == 1
    (worker.folder / "the file system fails").touch()
    worker.start(2, act="draws")
    refused = worker.receive()
    assert (refused["refused"], refused["reason"]) == (2, "OSError: [Errno 5] Input/output error")
    (worker.folder / "the file system fails").unlink()
    assert act(worker, 3, act="draws")
    go.touch()
    with open(beside / "stdout") as stdout:
        worker.send({"release": 1})
        assert stdout.read()
    assert worker.receive()["ended"] == 1


def children_of(worker: Worker) -> list[int]:
    task = Path(f"/proc/{worker.host.pid}/task/{worker.host.pid}/children")
    return list(map(int, task.read_text().split()))


def strays(worker: Worker, step: int, go: Path) -> list[int]:
    folder = worker.start(step, act="strays", go=str(go))
    assert worker.receive()["started"] == step
    with open(folder / "stdout") as stdout:
        worker.send({"release": step})
        return [int(stdout.readline()), int(stdout.readline())]


@pytest.mark.lowest
def test_processes_that_left_their_group_end_with_their_step_and_no_sooner(worker: Worker) -> None:
    first = strays(worker, 1, worker.folder / "first")
    second = strays(worker, 2, worker.folder / "second")
    (worker.folder / "first").touch()
    assert worker.receive()["ended"] == 1
    eventually(lambda: not any(map(running, first)))
    assert act(worker, 3, act="draws")  # another step's end is none of the second's
    assert all(map(running, second))
    (worker.folder / "second").touch()
    assert worker.receive()["ended"] == 2
    eventually(lambda: not any(map(running, second)))


@pytest.mark.lowest
def test_processes_that_left_their_group_end_with_their_host(worker: Worker) -> None:
    left = strays(worker, 1, worker.folder / "never")
    worker.close()
    eventually(lambda: not any(map(running, left)))


@pytest.mark.lowest
def test_a_process_that_the_hosts_own_code_has_started_is_left_alone_while_the_host_lives(
    worker: Worker,
) -> None:
    assert act(worker, 1, act="draws", prepare="helper")
    assert act(worker, 2, act="draws")
    [helper] = children_of(worker)
    assert running(helper)
    worker.close()
    eventually(lambda: not running(helper))


@pytest.mark.lowest
def test_what_a_step_leaves_behind_while_another_one_is_prepared_ends_and_what_the_host_starts_then_stays(
    worker: Worker,
) -> None:
    go = worker.folder / "go"
    left = strays(worker, 1, go)
    [other] = children_of(worker)
    folder = worker.start(2, act="draws", prepare="while another step ends", go=str(go), other=other)
    ended_or_started = [worker.receive(), worker.receive()]
    assert {"ended": 1}.items() <= max(ended_or_started, key=lambda told: "ended" in told).items()
    eventually(lambda: not any(map(running, left)))
    with open(folder / "stdout") as stdout:
        worker.send({"release": 2})
        assert stdout.read()
    assert worker.receive()["ended"] == 2
    assert act(worker, 3, act="draws")
    [helper] = children_of(worker)
    assert running(helper)
