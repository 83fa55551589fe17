"""When a worker's code is not the run worker's."""

from __future__ import annotations

import importlib
import shutil
import sys
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
