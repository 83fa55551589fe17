"""What travels between the executor and its worker: names, and event log entries as compressed text."""

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence

from dagster import EventLogEntry, deserialize_value, serialize_value

VERSION = 1
"""Of the parts below; a worker that is told another one refuses the step."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\[\]?|,: +@-]")
_LONGEST_KEY = 480


def step_name(step_key: str, retry: int) -> str:
    """A Dagster step's key as a Stepstile step's, with ``~n`` for its n-th retry.

    What a Stepstile key does not take is written ``=XX`` in hex; an endless key keeps its start and gets a hash.
    """
    name = _UNSAFE.sub(lambda match: "".join(f"={byte:02X}" for byte in match.group().encode()), step_key)
    if len(name) > _LONGEST_KEY:
        name = f"{name[: _LONGEST_KEY - 48]}~{hashlib.sha256(step_key.encode()).hexdigest()[:40]}"
    return f"{name}~{retry}" if retry else name


def pack_texts(texts: Iterable[str]) -> str:
    """Texts without line breaks (which serialised values are), compressed into one string of ASCII."""
    return base64.b64encode(zlib.compress("\n".join(texts).encode(), 6)).decode("ascii")


def unpack_texts(packed: str) -> Sequence[str]:
    """The reverse of :func:`pack_texts`."""
    text = zlib.decompress(base64.b64decode(packed)).decode()
    return text.split("\n") if text else []


def entry_text(entry: EventLogEntry) -> str:
    """An event log entry as it travels."""
    return serialize_value(entry)


def entry_of(text: str) -> EventLogEntry:
    """The reverse of :func:`entry_text`."""
    return deserialize_value(text, EventLogEntry)
