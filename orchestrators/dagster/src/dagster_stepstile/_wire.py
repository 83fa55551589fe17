"""The format of what executor and worker exchange: names, and event log entries as compressed text."""

import base64
import hashlib
import re
import zlib
from collections.abc import Iterable, Sequence
from importlib.resources import files
from typing import Any

from dagster import EventLogEntry, deserialize_value, serialize_value

from stepstile import log_lines
from stepstile.log_lines import Live, Stderr, Stdout

VERSION = 3
"""The version of this format; a worker with another version than the run worker refuses the step."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_.\[\]?|,: +@-]")
_LONGEST_KEY = 480


def step_name(step_key: str, retry: int) -> str:
    """The key on Stepstile of a Dagster step, with ``~n`` for its n-th retry.

    Characters that a Stepstile key may not have are written ``=XX`` in hex; a key that is too long is cut and gets a hash.
    """
    name = _UNSAFE.sub(lambda match: "".join(f"={byte:02X}" for byte in match.group().encode()), step_key)
    if len(name) > _LONGEST_KEY:
        name = f"{name[: _LONGEST_KEY - 48]}~{hashlib.sha256(step_key.encode()).hexdigest()[:40]}"
    return f"{name}~{retry}" if retry else name


_COMMON_TEXT = files("dagster_stepstile").joinpath("usual_entries.txt").read_bytes()
"""The dictionary of the compression: text that the entries of most steps contain. With it, a step's events are a few
hundred bytes, which fit into the feed itself. A change of it is a change of the format: see VERSION."""

DICTIONARY = hashlib.sha256(_COMMON_TEXT).hexdigest()
"""Identifies the dictionary; a worker with another dictionary than the run worker refuses the step."""


class Packer:
    """Compresses texts without line breaks, such as serialised values, into one string of ASCII, up to a size."""

    def __init__(self) -> None:
        self._compressor = zlib.compressobj(zdict=_COMMON_TEXT)
        self._packed: list[bytes] = []
        self._bytes = 0
        self._empty = True

    def add(self, text: str, most: int | None = None) -> bool:
        """Adds a text, unless the result would be longer than ``most`` characters; returns whether it was added."""
        content = (text if self._empty else f"\n{text}").encode()
        if most is None or _as_base64(self._bytes + len(content) + _HELD_BACK) <= most:
            compressor, packed = self._compressor, self._compressor.compress(content)
        else:
            compressor = self._compressor.copy()
            packed = compressor.compress(content)
            if _as_base64(self._bytes + len(packed) + _HELD_BACK) > most:
                return False
        self._compressor = compressor
        self._packed.append(packed)
        self._bytes += len(packed)
        self._empty = False
        return True

    def text(self) -> str:
        """The packed texts, for :func:`unpack_texts`; nothing can be added afterwards."""
        return base64.b64encode(b"".join([*self._packed, self._compressor.flush()])).decode("ascii")


_HELD_BACK = 1 << 16
"""Bytes that a compressor may hold back until it is flushed."""


def _as_base64(size: int) -> int:
    return (size + 2) // 3 * 4


def pack_texts(texts: Iterable[str]) -> str:
    """Texts without line breaks, compressed into one string of ASCII."""
    packer = Packer()
    for text in texts:
        packer.add(text)
    return packer.text()


def unpack_texts(packed: str) -> Sequence[str]:
    """The reverse of :func:`pack_texts`."""
    text = zlib.decompressobj(zdict=_COMMON_TEXT).decompress(base64.b64decode(packed)).decode()
    return text.split("\n") if text else []


def entry_text(entry: EventLogEntry) -> str:
    """An event log entry in the format that is sent."""
    return serialize_value(entry)


def entry_of(text: str) -> EventLogEntry:
    """The reverse of :func:`entry_text`."""
    return deserialize_value(text, EventLogEntry)


def live_entry(number: int, text: str) -> dict[str, Any]:
    """An entry that is reported before its step's result, with its number in the step."""
    return {"n": number, "entry": pack_texts([text])}


def read_lines(lines: Iterable[str]) -> tuple[list[str], list[str], list[tuple[int, str]]]:
    """The lines of an attempt's log: standard output, standard error, and the entries that it reported live."""
    stdout: list[str] = []
    stderr: list[str] = []
    live: list[tuple[int, str]] = []
    for line in map(log_lines.decode, lines):
        if isinstance(line, Stdout):
            stdout.append(line.text)
        elif isinstance(line, Stderr):
            stderr.append(line.text)
        elif isinstance(line, Live):
            [text] = unpack_texts(line.value["entry"])
            live.append((line.value["n"], text))
    return stdout, stderr, live
