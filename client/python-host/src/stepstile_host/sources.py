"""The source files that the host has loaded, and whether one of them has changed since."""

from __future__ import annotations

import hashlib
import os
import sys
import sysconfig
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from typing import Any, NamedTuple

Signature = tuple[int, int, int]


class Listing(NamedTuple):
    """The content of a folder of code: its time before it was read, the names of its sources, the paths of its folders."""

    modified: int
    sources: frozenset[str]
    folders: list[str]


class _Watched(NamedTuple):
    """A folder of a package, as it was when it was last read."""

    package: str
    modified: int
    sources: frozenset[str]


MOST_FOLDERS = 2_000
"""A package with more folders is not searched for new files; its loaded files are still watched."""

_DEFINITIONS = frozenset({"component.yaml", "component.yml", "defs.yaml", "defs.yml"})
"""The files of Dagster's component folders, besides Python."""

_SKIPPED = frozenset({"__pycache__", "dist-packages", "node_modules", "site-packages"})
_INSTALLED = frozenset({"dist-packages", "site-packages"})


class LoadedSources:
    """Records each source file just before Python's import system reads it, so that no edit is missed.

    It watches the files of modules outside the standard library and ``site-packages`` (an editable install is outside), the
    list of files in their packages, and the list of installed distributions.
    """

    def __init__(self) -> None:
        self._files: dict[str, Signature | None] = {}
        self._digests: dict[str, bytes | None] = {}
        self._unread: set[str] = set()
        self._packages: set[str] = set()
        self._folders: dict[str, _Watched] = {}
        self._installed: dict[str, tuple[int, frozenset[tuple[str, int]]]] = {}
        self._modules_seen = 0
        self._changed: str | None = None

    def note_imports(self) -> None:
        """Records every source file that this process imports from now on."""
        loaders: Any = SourceFileLoader
        path_stats = loaders.path_stats
        note = self.note

        def noted(loader: SourceFileLoader, path: str) -> Any:
            note(os.fspath(path))
            return path_stats(loader, path)

        loaders.path_stats = noted

    def note(self, path: str) -> None:
        """Records a file that is about to be read, or that does not exist: it changes when it is created."""
        path = os.path.abspath(path)
        if not is_standard(path):
            self._files[path] = _signature(path)
            self._unread.add(path)

    def loaded(self) -> None:
        """Called after code was loaded: computes the digests of the files recorded since the last call."""
        for path in self._unread:
            digest = digest_of(path)
            # If a file was written while it was loaded, it is unknown which content was loaded.
            self._digests[path] = digest if _signature(path) == self._files[path] else None
        self._unread.clear()
        if len(sys.modules) != self._modules_seen:
            self._modules_seen = len(sys.modules)
            for folder in _package_folders():
                if folder not in self._packages:
                    self._packages.add(folder)
                    self._look_through(folder, folder)
            for folder in map(os.path.abspath, sys.path):
                if os.path.basename(folder) in _INSTALLED and folder not in self._installed:
                    self._installed[folder] = _distributions(folder)

    def changed(self) -> str | None:
        """A file that differs from what was loaded, or None. Quick: it reads only files with new times."""
        if self._changed is None:
            self._changed = self._changed_file() or self._changed_package() or self._changed_installation()
        return self._changed

    def _changed_file(self) -> str | None:
        for path, known in list(self._files.items()):
            signature = _signature(path)
            if signature == known and (known is None or self._digests.get(path) is not None):
                continue
            digest = digest_of(path)
            if digest is None or digest != self._digests.get(path):
                return path
            self._files[path] = signature
        return None

    def _changed_package(self) -> str | None:
        """Reads only folders with new times, and new folders below them."""
        for folder, known in list(self._folders.items()):
            if folder not in self._folders or _modified(folder) == known.modified:
                continue
            del self._folders[folder]
            found = listed(folder)
            different = known.sources ^ (found.sources if found else frozenset())
            if different:
                return os.path.join(folder, min(different))
            if found is None:
                continue
            self._folders[folder] = known._replace(modified=found.modified)
            for new in found.folders:
                if new in self._folders or folder not in self._folders:  # the package has become too large
                    continue
                added = self._look_through(new, known.package)
                if added is not None:
                    return added
        return None

    def _changed_installation(self) -> str | None:
        for folder, (modified, known) in self._installed.items():
            if _modified(folder) == modified:
                continue
            self._installed[folder] = _distributions(folder)
            different = known ^ self._installed[folder][1]
            if different:
                return os.path.join(folder, min(different)[0])
        return None

    def _look_through(self, top: str, package: str) -> str | None:
        """Watches the folders of a package from ``top`` downwards, unless it is too large; returns the first source."""
        room = MOST_FOLDERS - sum(each.package == package for each in self._folders.values())
        first: str | None = None
        for number, (folder, found) in enumerate(walk(top)):
            if number >= room:
                self._folders = {
                    path: each for path, each in self._folders.items() if each.package != package
                }
                return None
            self._folders[folder] = _Watched(package, found.modified, found.sources)
            if found.sources and first is None:
                first = os.path.join(folder, min(found.sources))
            for path in [os.path.join(folder, name) for name in found.sources & _DEFINITIONS]:
                if path not in self._files:
                    self._files[path] = _signature(path)
                    self._digests[path] = digest_of(path)
        return first


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:  # some file systems need another call for it, which may fail
        return False


def listed(folder: str, is_skipped: Callable[[str], bool] = lambda _: False) -> Listing | None:
    """The listing of a folder that may contain code, without skipped paths; None if it cannot contain any."""
    modified = _modified(folder)
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return None
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return None
    sources = [entry for entry in entries if entry.name.endswith(".py") or entry.name in _DEFINITIONS]
    folders = [
        entry
        for entry in entries
        if not entry.name.startswith(".") and entry.name not in _SKIPPED and _is_folder(entry)
    ]
    return Listing(
        modified,
        frozenset(entry.name for entry in sources if not is_skipped(entry.path)),
        [entry.path for entry in folders if not is_skipped(entry.path)],
    )


def walk(top: str, is_skipped: Callable[[str], bool] = lambda _: False) -> Iterator[tuple[str, Listing]]:
    """The folders from ``top`` downwards that may contain code, in order."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        found = listed(folder, is_skipped)
        if found is not None:
            yield folder, found
            waiting += reversed(found.folders)


def digest_of(path: str) -> bytes | None:
    """The digest of a file's content, regardless of line endings; None if it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.sha256(file.read().replace(b"\r\n", b"\n")).digest()
    except OSError:
        return None


def _package_folders() -> Iterator[str]:
    for name, module in list(sys.modules.items()):
        if "." not in name:
            for folder in getattr(module, "__dict__", {}).get("__path__", ()):
                if isinstance(folder, str) and not is_standard(os.path.join(os.path.abspath(folder), "")):
                    yield os.path.abspath(folder)


def _distributions(folder: str) -> tuple[int, frozenset[tuple[str, int]]]:
    modified = _modified(folder)
    try:
        entries = [entry for entry in os.scandir(folder) if entry.name.endswith(".dist-info")]
    except OSError:
        entries = []
    return modified, frozenset(
        (entry.name, _modified(os.path.join(entry.path, "RECORD"))) for entry in entries
    )


_STANDARD = tuple(
    {os.path.join(os.path.realpath(sysconfig.get_path(name)), "") for name in ("stdlib", "platstdlib")}
    | {os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib")}
)


def is_standard(path: str) -> bool:
    return path.startswith(_STANDARD) or not _INSTALLED.isdisjoint(path.split(os.sep))


def _signature(path: str) -> Signature | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
