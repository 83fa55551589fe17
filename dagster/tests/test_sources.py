"""Which edits a warm host notices, beside those of test_host.py."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path

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
