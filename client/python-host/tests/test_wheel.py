"""What is published: the wheel."""

from __future__ import annotations

from pathlib import Path

import dagster_pipes
import pytest
from wheels import Wheel

PROJECT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Wheel:
    return Wheel(PROJECT, tmp_path_factory.mktemp("wheel"))


def test_has_its_package_typed_and_licensed_and_nothing_else(wheel: Wheel) -> None:
    assert wheel.packages == {"stepstile_host"}
    assert "stepstile_host/py.typed" in wheel.files
    assert wheel.is_licensed


def test_needs_dagster_pipes_alone(wheel: Wheel) -> None:
    where_loaded = {"opentelemetry"}  # where it is installed, for a step that has a trace: see test_traces.py
    plugin = {"pytest"}  # in its plugin, which only pytest loads
    assert wheel.foreign_imports == {"dagster_pipes"} | where_loaded | plugin
    assert [name for name, source in wheel.sources.items() if "import pytest" in source] == [
        "stepstile_host/pytest_plugin.py"
    ]
    assert wheel.requires == {"dagster-pipes<2,>=1.12"}


def test_runs_where_only_dagster_pipes_is_installed(wheel: Wheel, tmp_path: Path) -> None:
    assert dagster_pipes.__file__
    (tmp_path / "dagster_pipes").symlink_to(Path(dagster_pipes.__file__).parent)
    modules = [
        name.removesuffix(".py").replace("/", ".")
        for name in wheel.sources
        if "__main__" not in name and "pytest" not in name
    ]
    assert len(modules) > 5
    wheel.run("-c", "import importlib; [*map(importlib.import_module, %r)]" % modules, beside=tmp_path)
    wheel.run("-m", "stepstile_host", "--help", beside=tmp_path)


def test_gives_pytest_its_fixture(wheel: Wheel) -> None:
    [entries] = [text for name, text in wheel.files.items() if name.endswith("entry_points.txt")]
    assert entries.decode().split() == ["[pytest11]", "stepstile", "=", "stepstile_host.pytest_plugin"]
