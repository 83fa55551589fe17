"""Which edits a warm host notices, beside those of test_host.py."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from stepstile_host import sources
from stepstile_host.sources import LoadedSources


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that can be imported."""
    folder = tmp_path / "watched_package"
    (folder / "deep" / "deeper").mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "module.py").write_text("VALUE = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(SourceFileLoader, "path_stats", SourceFileLoader.path_stats)  # is put back
    yield folder
    for name in [name for name in sys.modules if name.startswith("watched_package")]:
        del sys.modules[name]


def test_an_edit_while_the_code_is_being_loaded_is_an_edit(package: Path) -> None:
    loaded = LoadedSources()
    loaded.note_imports()
    importlib.import_module("watched_package.module")
    (package / "module.py").write_text("VALUE = 22\n")  # before the host comes to look at what it has loaded
    loaded.loaded()
    assert loaded.changed() == str(package / "module.py")


def test_new_files_deep_in_a_package_are_edits_and_what_is_no_source_is_not(package: Path) -> None:
    loaded = LoadedSources()
    loaded.note_imports()
    importlib.import_module("watched_package.module")
    loaded.loaded()
    (package / "deep" / "data.csv").touch()
    (package / "deep" / "__pycache__").mkdir()
    (package / "deep" / "deeper" / ".hidden").mkdir()
    assert loaded.changed() is None
    (package / "deep" / "new").mkdir()
    assert loaded.changed() is None
    (package / "deep" / "new" / "defs.yaml").touch()
    assert loaded.changed() == str(package / "deep" / "new" / "defs.yaml")


def test_a_component_that_is_edited_is_an_edit(package: Path) -> None:
    (package / "deep" / "defs.yaml").write_text("type: a\n")
    loaded = LoadedSources()
    importlib.import_module("watched_package")
    loaded.loaded()
    assert loaded.changed() is None
    (package / "deep" / "defs.yaml").write_text("type: b\n")
    assert loaded.changed() == str(package / "deep" / "defs.yaml")


def test_a_package_that_is_too_large_is_watched_by_its_loaded_files(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FOLDERS", 1)
    loaded = LoadedSources()
    loaded.note_imports()
    importlib.import_module("watched_package.module")
    loaded.loaded()
    (package / "new.py").touch()
    assert loaded.changed() is None
    (package / "module.py").unlink()
    assert loaded.changed() == str(package / "module.py")


def test_a_distribution_that_is_installed_or_upgraded_is_an_edit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path / "site-packages"
    (installed / "wheel-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(installed)
    loaded = LoadedSources()
    loaded.loaded()
    (installed / "__pycache__").mkdir()
    assert loaded.changed() is None
    (installed / "wheel-1.0.dist-info").rename(installed / "wheel-1.1.dist-info")
    assert str(loaded.changed()).startswith(str(installed / "wheel-1."))


@pytest.fixture
def watched(package: Path) -> LoadedSources:
    """What has loaded a module of the package, in whose folders it looks for new files."""
    loaded = LoadedSources()
    loaded.note_imports()
    importlib.import_module("watched_package.module")
    loaded.loaded()
    return loaded


def test_only_a_folder_that_has_moved_is_read_again_and_what_is_new_below_it(
    package: Path, watched: LoadedSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> Any:
        read.append(path)
        return scandir(path)

    monkeypatch.setattr(sources.os, "scandir", noted)
    (package / "deep" / "data" / "today").mkdir(parents=True)
    assert watched.changed() is None
    deep = str(package / "deep")
    assert read == [deep, f"{deep}/data", f"{deep}/data/today"]
    read.clear()
    (package / "deep" / "data" / "today" / "part.csv").touch()
    assert watched.changed() is None
    assert watched.changed() is None
    assert read == [f"{deep}/data/today"]


def test_a_package_that_has_become_too_large_is_watched_by_its_loaded_files_and_that_is_no_edit(
    package: Path, watched: LoadedSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MOST_FOLDERS", 4)
    for day in ("monday", "tuesday", "wednesday"):
        (package / "data" / day).mkdir(parents=True)
        assert watched.changed() is None
    (package / "new.py").touch()
    assert watched.changed() is None
    (package / "module.py").write_text("VALUE = 22\n")
    assert watched.changed() == str(package / "module.py")


def test_a_folder_that_is_gone_is_an_edit_if_there_were_sources_in_it(
    package: Path, watched: LoadedSources
) -> None:
    (package / "deep" / "deeper").rmdir()
    assert watched.changed() is None
    (package / "deep").rmdir()
    (package / "deep").mkdir()
    assert watched.changed() is None
    (package / "deep" / "lazy.py").touch()
    assert watched.changed() == str(package / "deep" / "lazy.py")


def test_a_folder_with_sources_that_is_gone_is_an_edit(package: Path) -> None:
    (package / "deep" / "lazy.py").touch()
    loaded = LoadedSources()
    importlib.import_module("watched_package")
    loaded.loaded()
    (package / "deep").rename(package / ".deep")
    assert loaded.changed() == str(package / "deep" / "lazy.py")


class Unreadable:
    """An entry of a folder on a file system that fails."""

    name = "shared"

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, self.name)

    def is_dir(self, **_: object) -> bool:
        raise OSError(5, "Input/output error")


def test_what_a_file_system_does_not_tell_is_passed_over(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir

    def with_one_more(path: str) -> list[Any]:
        return [*scandir(path), Unreadable(path)]

    monkeypatch.setattr(sources.os, "scandir", with_one_more)
    assert [folder for folder, _ in sources.walk(str(package))] == [
        str(package / each) for each in ("", "deep", "deep/deeper")
    ]


def test_what_is_loaded_while_files_are_compared_does_not_disturb_that(
    package: Path, watched: LoadedSources, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature: Any = sources._signature  # type: ignore[attr-defined]

    def loading(path: str) -> Any:
        if path != str(package / "late.py"):
            watched.note(str(package / "late.py"))
        return signature(path)

    monkeypatch.setattr(sources, "_signature", loading)
    assert watched.changed() is None
