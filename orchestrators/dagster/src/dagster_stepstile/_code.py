"""Checks that run worker and worker have the same code: compares the sources of the code location, or versions that the
user sets."""

from __future__ import annotations

import base64
import csv
import json
import os
import platform
import sys
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from stepstile_host.sources import digest_of, is_standard, walk

VERSION_VARIABLE = "STEPSTILE_CODE_VERSION"

MOST_FILES = 3_000
"""Of the whole location. If a part of it has more, only its loaded files count."""

MOST_FOLDERS = 2_000
_DIGEST_BYTES = 6
_SKIPPED = frozenset({"build", "test", "tests"})

_digests: dict[str, tuple[tuple[int, int, int], str]] = {}


def describe(pointer: Any) -> dict[str, Any]:
    """The digest of each file of the location, which the run worker sends: by top-level package or, if the location is
    given as a file, by path."""
    tops = _tops(pointer)
    if not tops:  # of a module without a file, such as one in a zip: nothing to compare
        return {"version": os.environ.get(VERSION_VARIABLE), "files": _packed({}), "identity": None}
    files: dict[str, dict[str, str]] = {}
    room = MOST_FILES
    for top, folder in tops.items():
        names = _names(top, folder, room, alone=bool(files))
        room -= len(names)
        digests = {name: _digest(os.path.join(folder, name)) for name in names}
        files[top] = {name: digest for name, digest in digests.items() if digest is not None}
    return {
        "version": os.environ.get(VERSION_VARIABLE),
        "files": _packed({top: digests for top, digests in files.items() if digests}),
        "identity": _identity(next(iter(tops.values()))),
    }


def compare(pointer: Any, sent: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """The reason to refuse the step, and a note for the run's log; None and None if the code is the same.

    Only files that exist on both sides are compared. A missing file cannot be out of date, and may be missing for a good
    reason, such as tests in an image.
    """
    own = os.environ.get(VERSION_VARIABLE)
    if own and sent["version"]:
        return None if own == sent["version"] else _other_version(own, sent["version"]), None
    tops = _tops(pointer)
    found = [
        os.path.join(top or tops[top], name)
        for top, files in _unpacked(sent["files"]).items()
        if top in tops
        for name, digest in files.items()
        if _digest(os.path.join(tops[top], name)) not in (digest, None)
    ]
    if not found:
        return None, None
    listed = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else "")
    if sent["identity"] == _identity(next(iter(tops.values()))):
        return None, f"{listed} changed since the run began; the following steps run the new code."
    return (
        f"The worker has other code than the run worker: {listed} {'differs' if len(found) == 1 else 'differ'}."
        f" {_WHAT_TO_DO} If the difference does not matter, set the same {VERSION_VARIABLE} on both, which is then"
        " compared instead of the files."
    ), None


_WHAT_TO_DO = "Deploy the same code to both (on AWS: build and push the image, deploy the stack with it), and launch again."


def _other_version(own: str, sent: str) -> str:
    return f"The worker has version '{own}' of the code ({VERSION_VARIABLE}), the run worker '{sent}'. {_WHAT_TO_DO}"


def _tops(pointer: Any) -> dict[str, str]:
    """The folders of the location's code, by name, its own first: the folder of its file, under an empty name; or those of
    its top-level package and of the packages that were loaded from the folder beside it."""
    pointer = getattr(pointer, "reconstructor_pointer", pointer)
    file = getattr(pointer, "python_file", None)
    if file:
        folder = os.path.dirname(os.path.abspath(file))
        working = os.path.abspath(pointer.working_directory) if pointer.working_directory else folder
        is_below = folder.startswith(os.path.join(working, ""))
        return {"": working if is_below and not _is_installed_below(working, file) else folder}
    name: str = pointer.module.partition(".")[0]
    folder = _folder_of(name)
    if folder is None:
        return {}
    beside = os.path.dirname(folder)
    if not _is_package(name) or _is_installed(folder) or name in _installed_in(beside):
        return {name: folder}
    found = {
        other: _folder_of(other)
        for other in list(sys.modules)
        if "." not in other
        and other != "__main__"
        and _installed_in(beside).isdisjoint({other, f"{other}.py"})
    }
    return {name: folder} | {
        other: where
        for other, where in found.items()
        if where is not None and (os.path.dirname(where) if _is_package(other) else where) == beside
    }


def _folder_of(top: str) -> str | None:
    """The folder of a package, or the folder that contains a module's file."""
    members: Mapping[str, Any] = getattr(sys.modules.get(top), "__dict__", {})
    for folder in members.get("__path__") or ():
        return os.path.abspath(folder)
    file = members.get("__file__")
    return os.path.dirname(os.path.abspath(file)) if isinstance(file, str) else None


def _is_package(top: str) -> bool:
    return hasattr(sys.modules.get(top), "__path__")


def _is_installed(folder: str) -> bool:
    return not {"site-packages", "dist-packages"}.isdisjoint(folder.split(os.sep))


@cache
def _installed_in(folder: str) -> frozenset[str]:
    """The names in a folder that distributions installed, as `pip install --target` does."""
    names: set[str] = set()
    try:
        for entry in os.scandir(folder):
            if entry.name.endswith(".dist-info"):
                with open(os.path.join(entry.path, "RECORD"), encoding="utf-8", newline="") as record:
                    names |= {row[0].partition("/")[0] for row in csv.reader(record) if row}
    except OSError:
        pass
    return frozenset(names)


def _is_installed_below(top: str, path: str) -> bool:
    """Whether a distribution installed a file, or a folder that contains it, below ``top``."""
    parts = os.path.relpath(path, top).split(os.sep)
    return any(part in _installed_in(os.path.join(top, *parts[:depth])) for depth, part in enumerate(parts))


def _names(top: str, folder: str, room: int, alone: bool) -> Sequence[str]:
    """The sources of a package, or the file of a module that is not in a package."""
    own_file = f"{top}.py"
    is_single = alone or _is_installed(folder) or own_file in _installed_in(folder)
    return [own_file] if top and not _is_package(top) and is_single else _sources(folder, room)


def _sources(folder: str, room: int) -> Sequence[str]:
    """The loaded files below a folder, and all other Python files there except tests, unless there are too many."""
    loaded = set(_loaded_below(folder))
    found: set[str] = set()

    def is_skipped(path: str) -> bool:
        where, name = os.path.split(path)
        is_standard_here = not _is_installed(folder) and is_standard(os.path.join(path, ""))
        return name in _SKIPPED or name in _installed_in(where) or is_standard_here

    for number, (where, listing) in enumerate(walk(folder, is_skipped)):
        found |= {
            os.path.relpath(os.path.join(where, name), folder)
            for name in listing.sources
            if name.endswith(".py")
        }
        if number > MOST_FOLDERS or len(found) > room:
            return sorted(loaded)
    return sorted(loaded | found)


def _loaded_below(folder: str) -> Iterator[str]:
    for module in list(sys.modules.values()):
        file = getattr(module, "__dict__", {}).get("__file__")
        if (
            isinstance(file, str)
            and file.startswith(os.path.join(folder, ""))
            and file.endswith(".py")
            and not _is_installed(file[len(folder) :])
            and (_is_installed(folder) or not is_standard(file))
            and not _is_installed_below(folder, file)
        ):
            yield os.path.relpath(file, folder)


def _digest(path: str) -> str | None:
    """The digest of a file's content, which is read again only after a change; None if there is no file."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    signature = (found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    known = _digests.get(path)
    if known is None or known[0] != signature:
        digest = digest_of(path)
        if digest is None:
            return None
        known = (signature, digest[:_DIGEST_BYTES].hex())
        _digests[path] = known
    return known[1]


def _identity(folder: str) -> Sequence[Any]:
    """Differs between a folder and a copy of it on another machine or in another image."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as boot:
            machine = boot.read().strip()
    except OSError:
        machine = platform.node()
    try:
        found = os.stat(folder)
    except OSError:
        return [machine]
    return [machine, found.st_dev, found.st_ino]


def _packed(files: Mapping[str, Mapping[str, str]]) -> str:
    return base64.b64encode(zlib.compress(json.dumps(files).encode())).decode("ascii")


def _unpacked(packed: str) -> dict[str, dict[str, str]]:
    return json.loads(zlib.decompress(base64.b64decode(packed)))
