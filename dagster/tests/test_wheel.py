"""What is published: the wheel."""

from __future__ import annotations

import ast
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=PROJECT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def imported(source: str) -> Iterator[str]:
    """The modules that a source imports, also by name at run time."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value


def forbidden(source: str) -> list[str]:
    return [
        name
        for name in imported(source)
        if name.startswith(("dagster._", "dagster_pipes._", "dagster_shared"))
        or name.split(".")[0] in ("pickle", "cloudpickle", "dill", "marshal", "shelve")
    ]


def test_has_both_packages_typed_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"dagster_stepstile", "stepstile_host"}
    assert {"dagster_stepstile/py.typed", "stepstile_host/py.typed"} <= set(wheel.namelist())


def test_has_its_licence_and_says_which_it_is(wheel: zipfile.ZipFile) -> None:
    (info,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert "License-Expression: Apache-2.0\n" in metadata
    assert "License-File: LICENSE\n" in metadata
    assert wheel.read(f"{info}/licenses/LICENSE") == (PROJECT / "LICENSE").read_bytes()


def test_uses_public_names_of_dagster_only_and_no_pickle(wheel: zipfile.ZipFile) -> None:
    found = {name: forbidden(wheel.read(name).decode()) for name in wheel.namelist() if name.endswith(".py")}
    assert len(found) > 5
    assert {name: modules for name, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import dagster._core.events",
        "from dagster._core import events",
        "from dagster import _core",
        "import importlib; importlib.import_module('dagster._core')",
        "def f():\n    import pickle",
    ],
)
def test_the_check_finds_what_it_is_for(source: str) -> None:
    assert forbidden(source)


def test_the_client_is_there_without_dagster_being_imported(wheel: zipfile.ZipFile) -> None:
    script = "import sys; import dagster_stepstile.client; sys.exit('dagster' in sys.modules)"
    path = wheel.filename
    assert path
    subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": path}, check=True)


def test_every_public_name_is_there() -> None:
    import dagster_stepstile

    for name in dagster_stepstile.__all__:
        assert getattr(dagster_stepstile, name) is not None
