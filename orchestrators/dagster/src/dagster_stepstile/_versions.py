"""Entries that refer to others of their step: by number on the worker, by id once those are in the log."""

from __future__ import annotations

import re
from collections.abc import Callable

from dagster import EventLogEntry

from dagster_stepstile import _wire

_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))(-\d+)')
_ANY_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))[^",}]*')


def with_pointers(entry: EventLogEntry, ids: Callable[[int], int | None]) -> EventLogEntry:
    """The entry, with ids in place of the numbers of other entries of its step."""

    def filled_in(found: re.Match[str]) -> str:
        known = ids(-1 - int(found[2]))
        return found[0] if known is None else f"{found[1]}{known}"

    text = _wire.entry_text(entry)
    return _wire.entry_of(_POINTER.sub(filled_in, text)) if _POINTER.search(text) else entry


def identity(entry: EventLogEntry) -> str:
    """Equal for two copies of an entry, whether or not their numbers were replaced by ids."""
    return _ANY_POINTER.sub(r"\1", _wire.entry_text(entry))
