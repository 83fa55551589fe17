"""What is published: the wheel."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from wheels import Wheel, imported

import dagster_stepstile

PROJECT = Path(__file__).parents[1]
CHECKOUT = PROJECT.parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return Wheel(PROJECT, tmp_path_factory.mktemp("wheel"))


def named(source: str) -> Iterator[str]:
    """The modules that a source imports, also by name at run time."""
    yield from imported(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " not in node.value:
            yield node.value


def forbidden(source: str) -> list[str]:
    private = tuple(f"{package}._" for package in ("dagster", "dagster_pipes", "stepstile", "stepstile_host"))
    return [
        name
        for name in named(source)
        if name.startswith((*private, "dagster_shared"))
        or name.split(".")[0] in ("pickle", "cloudpickle", "dill", "marshal", "shelve")
    ]


def test_has_its_package_typed_and_licensed_and_nothing_else(wheel: Wheel) -> None:
    assert wheel.packages == {"dagster_stepstile"}
    assert {"dagster_stepstile/py.typed", "dagster_stepstile/usual_entries.txt"} <= set(wheel.files)
    assert wheel.is_licensed


def test_needs_dagster_and_the_client_and_the_host_of_its_own_version(
    wheel: Wheel, tmp_path_factory: pytest.TempPathFactory
) -> None:
    [client, host] = [
        Wheel(CHECKOUT / "client" / name, tmp_path_factory.mktemp(name)) for name in ("python", "python-host")
    ]
    assert wheel.requires == {
        "dagster-pipes",
        "dagster<2,>=1.12",
        f"stepstile=={client.version}",
        f"stepstile-host=={host.version}",
        f"stepstile[aws]=={client.version}; extra == 'aws'",
        "opentelemetry-api<2,>=1.25; extra == 'traces'",
    }
    assert wheel.version == client.version == host.version


def test_imports_nothing_but_what_it_needs_and_what_dagster_brings(wheel: Wheel) -> None:
    needed = {"dagster", "dagster_pipes", "stepstile", "stepstile_host"}
    plugin = {"pytest"}  # of the plugin alone, which only pytest loads
    where_loaded = {"opentelemetry"}  # see test_traces.py
    assert wheel.foreign_imports == needed | {"dotenv", "pydantic", "sqlalchemy"} | where_loaded | plugin
    assert [name for name, source in wheel.sources.items() if "import pytest" in source] == [
        "dagster_stepstile/pytest_plugin.py"
    ]


def test_uses_public_names_only_and_no_pickle(wheel: Wheel) -> None:
    found = {name: forbidden(source) for name, source in wheel.sources.items()}
    assert len(found) > 5
    assert {name: modules for name, modules in found.items() if modules} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import dagster._core.events",
        "from dagster._core import events",
        "from dagster import _core",
        "from stepstile_host import _private",
        "import importlib; importlib.import_module('dagster._core')",
        "def f():\n    import pickle",
    ],
)
def test_the_check_finds_what_it_is_for(source: str) -> None:
    assert forbidden(source)


def test_every_public_name_is_there() -> None:
    for name in dagster_stepstile.__all__:
        assert getattr(dagster_stepstile, name) is not None
