"""Entries that name others of their step by id: by number on the worker, by the id in the log once they are written."""

from __future__ import annotations

import re
from collections.abc import Callable

from dagster import EventLogEntry

from dagster_stepstile import _wire

_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))(-\d+)')
_ANY_POINTER = re.compile(r'((?:"dagster/input_event_pointer/(?:[^"\\]|\\.)*": ")|(?:"storage_id": ))[^",}]*')


def with_pointers(entry: EventLogEntry, ids: Callable[[int], int | None]) -> EventLogEntry:
    """The entry, with the ids in the log of those entries of its step that it names by number."""

    def filled_in(found: re.Match[str]) -> str:
        known = ids(-1 - int(found[2]))
        return found[0] if known is None else f"{found[1]}{known}"

    text = _wire.entry_text(entry)
    return _wire.entry_of(_POINTER.sub(filled_in, text)) if _POINTER.search(text) else entry


def identity(entry: EventLogEntry) -> str:
    """What two copies of an entry have in common, whether or not their pointers were filled in."""
    return _ANY_POINTER.sub(r"\1", _wire.entry_text(entry))
