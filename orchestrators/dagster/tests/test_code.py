"""When a worker's code is not the run worker's."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dagster_stepstile import _code


@pytest.fixture(params=["file", "module"])
def location(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], tuple[Path, Any]]]:
    """Code locations with the same files, in a folder of each machine, and their pointers."""

    def of(machine: str) -> tuple[Path, Any]:
        package = tmp_path / machine / "location_of_code"
        if not package.exists():
            (package / "deep").mkdir(parents=True)
            (package / "tests").mkdir()
            for name in ("__init__", "jobs", "helper", "deep/lazy", "tests/test_jobs"):
                (package / f"{name}.py").write_text(f"NAME = '{name}'\n")
        if request.param == "file":
            return package, SimpleNamespace(python_file=str(package / "jobs.py"), working_directory=None)
        for name in [name for name in sys.modules if name.startswith("location_of_code")]:
            del sys.modules[name]
        importlib.invalidate_caches()
        with monkeypatch.context() as path:
            path.syspath_prepend(package.parent)
            importlib.import_module("location_of_code.jobs")
        return package, SimpleNamespace(module="location_of_code.jobs", working_directory=None)

    yield of
    for name in [name for name in sys.modules if name.startswith("location_of_code")]:
        del sys.modules[name]


def test_the_same_files_are_the_same_code_wherever_they_are(location: Any) -> None:
    _, here = location("run worker")
    told = _code.describe(here)
    folder, there = location("worker")
    (folder / "helper.py").write_bytes(b"NAME = 'helper'\r\n")  # as Git checks it out on Windows
    assert _code.compare(there, told) == (None, None)


def test_a_file_that_differs_is_named_though_it_was_never_imported(location: Any) -> None:
    _, here = location("run worker")
    told = _code.describe(here)
    folder, there = location("worker")
    (folder / "deep" / "lazy.py").write_text("NAME = 'old'\n")
    refusal, note = _code.compare(there, told)
    assert note is None
    assert refusal is not None
    assert "deep/lazy.py differs" in refusal
    assert "STEPSTILE_CODE_VERSION" in refusal


def test_what_only_one_of_them_has_and_tests_do_not_matter(location: Any) -> None:
    folder, here = location("run worker")
    (folder / "only_here.py").touch()
    told = _code.describe(here)
    folder, there = location("worker")
    (folder / "only_there.py").touch()
    (folder / "tests" / "test_jobs.py").write_text("NAME = 'another'\n")
    (folder / "deep" / "lazy.py").unlink()
    assert _code.compare(there, told) == (None, None)


def test_the_same_files_that_were_edited_since_are_no_other_version_but_noted(location: Any) -> None:
    folder, here = location("run worker")
    told = _code.describe(here)
    (folder / "helper.py").write_text("NAME = 'newer'\n")
    refusal, note = _code.compare(here, told)
    assert refusal is None
    assert note is not None
    assert "helper.py changed since the run began" in note


def test_versions_that_both_have_are_compared_in_place_of_files(
    location: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPSTILE_CODE_VERSION", "a")
    _, here = location("run worker")
    told = _code.describe(here)
    folder, there = location("worker")
    (folder / "helper.py").write_text("NAME = 'old'\n")
    assert _code.compare(there, told) == (None, None)
    monkeypatch.setenv("STEPSTILE_CODE_VERSION", "b")
    refusal, _ = _code.compare(there, told)
    assert refusal is not None
    assert refusal.startswith(
        "The worker has version 'b' of the code (STEPSTILE_CODE_VERSION), the run worker 'a'."
    )
    monkeypatch.delenv("STEPSTILE_CODE_VERSION")
    refusal, _ = _code.compare(there, told)
    assert "helper.py differs" in str(refusal)


def test_of_too_much_code_what_is_loaded_is_compared(location: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_code, "MOST_FILES", 2)
    _, here = location("run worker")
    told = _code.describe(here)
    folder, there = location("worker")
    shutil.rmtree(folder / "deep")
    (folder / "helper.py").write_text("NAME = 'old'\n")  # is not imported
    assert _code.compare(there, told) == (None, None)


def test_what_was_built_or_installed_into_the_project_is_not_its_code(location: Any) -> None:
    """Both sides have all of it, in different versions."""
    refused: dict[str, str | None] = {}
    for changed in ("build/lib/old.py", "vendor/lib/core.py", "vendor/single.py", "own.py"):
        for machine in ("run worker", "worker"):
            folder, _ = location(machine)
            for name in ("build/lib/old.py", "vendor/lib/core.py", "vendor/single.py", "own.py"):
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text("NAME = 'new'\n")
            (folder / "vendor" / "lib-1.0.dist-info").mkdir(exist_ok=True)
            (folder / "vendor" / "lib-1.0.dist-info" / "RECORD").write_text(
                "lib/core.py,sha256=x,9\nsingle.py,,\nlib-1.0.dist-info/RECORD,,\n"
            )
        _, here = location("run worker")
        told = _code.describe(here)
        folder, there = location("worker")
        (folder / changed).write_text("NAME = 'old'\n")
        refused[changed], _ = _code.compare(there, told)
    assert "own.py differs" in str(refused.pop("own.py"))
    assert {*refused.values()} == {None}


def test_what_was_installed_beside_the_project_and_loaded_is_not_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `pip install --target` into the folder that an image keeps the project's own modules in."""
    for name in ("the_project", "a_library"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    for name in ("its_helper.py", "a_module.py"):
        (tmp_path / name).touch()
    (tmp_path / "a_library-1.0.dist-info").mkdir()
    (tmp_path / "a_library-1.0.dist-info" / "RECORD").write_text("a_library/__init__.py,,\na_module.py,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("the_project", "a_library", "its_helper", "a_module"):
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name))
    by_module = _code.describe(SimpleNamespace(module="the_project", working_directory=None))
    assert files_of(by_module) == {"the_project/__init__.py", "its_helper/its_helper.py"}
    file = str(tmp_path / "the_project" / "__init__.py")
    by_file = _code.describe(SimpleNamespace(python_file=file, working_directory=str(tmp_path)))
    assert files_of(by_file) == {"the_project/__init__.py", "its_helper.py"}
    installed = _code.describe(SimpleNamespace(module="a_library", working_directory=None))
    assert files_of(installed) == {"a_library/__init__.py"}


def files_of(told: dict[str, Any]) -> set[str]:
    unpacked: Any = _code._unpacked(told["files"])  # type: ignore[attr-defined]
    return {str(Path(top, name)) for top, names in unpacked.items() for name in names}


def test_the_standard_library_below_the_working_directory_is_not_the_projects_code() -> None:
    project = Path(os.__file__).parent.parent / "the_project"  # beside the standard library, and not made
    told = _code.describe(
        SimpleNamespace(python_file=str(project / "jobs.py"), working_directory=str(project.parent))
    )
    standard = {
        name
        for name in files_of(told)
        if (project.parent / name).is_relative_to(os.path.dirname(os.__file__))
    }
    assert not standard


def test_a_module_without_a_file_has_nothing_to_compare(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zipped_location", types.ModuleType("zipped_location"))
    pointer = SimpleNamespace(module="zipped_location.jobs", working_directory=None)
    told = _code.describe(pointer)
    assert files_of(told) == set()
    assert _code.compare(pointer, told) == (None, None)


def test_what_is_compared_of_all_packages_beside_each_other_has_one_bound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("bound_own", "bound_beside"):
        (tmp_path / package).mkdir()
        for name in ("__init__", "a", "b", "c"):
            (tmp_path / package / f"{name}.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    for package in ("bound_own", "bound_beside"):
        monkeypatch.setitem(sys.modules, package, importlib.import_module(package))
    pointer = SimpleNamespace(module="bound_own", working_directory=None)
    assert len(files_of(_code.describe(pointer))) == 8
    monkeypatch.setattr(_code, "MOST_FILES", 6)
    found = files_of(_code.describe(pointer))
    assert {name for name in found if name.startswith("bound_own")} == {
        f"bound_own/{name}.py" for name in ("__init__", "a", "b", "c")
    }
    assert {name for name in found if name.startswith("bound_beside")} == {"bound_beside/__init__.py"}
