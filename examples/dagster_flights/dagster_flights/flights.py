"""The flights example's data, read a day at a time, and the figures that are made of them."""

from __future__ import annotations

import csv
import gzip
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_IN_CHECKOUT = Path(__file__).parents[2] / "flights/src/main/resources/dev/stepstile/examples/flights"


class Flight(NamedTuple):
    carrier: str
    origin: str
    departure_delay: int | None
    """In minutes; None if it was cancelled."""


Figures = dict[str, int]
"""Of one carrier: flights, cancelled, and the sum of delays at departure (delay_sum)."""


def folder() -> Path:
    """Where the data is: FLIGHTS_DATA, else the flights example of this checkout."""
    return Path(os.environ.get("FLIGHTS_DATA", _IN_CHECKOUT))


def index() -> dict[str, tuple[int, int, int]]:
    """By day, where its flights are in the file, how long that part is, and how many they are."""
    with open(folder() / "flights-2013.index.csv") as file:
        return {
            row["day"]: (int(row["offset"]), int(row["length"]), int(row["flights"]))
            for row in csv.DictReader(file)
        }


def flights_of(day: str) -> list[Flight]:
    """A day's flights: the file is a chain of gzip members, one for each day."""
    offset, length, _ = index()[day]
    with open(folder() / "flights-2013.csv.gz", "rb") as file:
        file.seek(offset)
        text = gzip.decompress(file.read(length)).decode()
    return [_flight(line) for line in text.splitlines()]


def all_flights() -> Iterator[tuple[str, Flight]]:
    """All days in one pass over the whole file, without the index."""
    with gzip.open(folder() / "flights-2013.csv.gz", "rt") as file:
        next(file)
        for line in file:
            yield line[:10], _flight(line)


def by_carrier(flights: Iterable[Flight]) -> dict[str, Figures]:
    figures: dict[str, Figures] = {}
    for flight in flights:
        of = figures.setdefault(flight.carrier, {"flights": 0, "cancelled": 0, "delay_sum": 0})
        of["flights"] += 1
        if flight.departure_delay is None:
            of["cancelled"] += 1
        else:
            of["delay_sum"] += flight.departure_delay
    return dict(sorted(figures.items()))


def merged(parts: Iterable[dict[str, Figures]]) -> dict[str, Figures]:
    total: dict[str, Figures] = {}
    for part in parts:
        for carrier, figures in part.items():
            of = total.setdefault(carrier, {"flights": 0, "cancelled": 0, "delay_sum": 0})
            of["flights"] += figures["flights"]
            of["cancelled"] += figures["cancelled"]
            of["delay_sum"] += figures["delay_sum"]
    return dict(sorted(total.items()))


def table(figures: dict[str, Figures]) -> str:
    """As Markdown, for Dagster's metadata."""
    rows = [
        f"| {carrier} | {of['flights']} | {of['cancelled']} | "
        f"{of['delay_sum'] / max(1, of['flights'] - of['cancelled']):.1f} |"
        for carrier, of in figures.items()
    ]
    return "\n".join(
        ["| carrier | flights | cancelled | mean delay at departure, min |", "|---|---|---|---|", *rows]
    )


def _flight(line: str) -> Flight:
    _, carrier, origin, departure_delay, _ = line.rstrip("\n").split(",")
    return Flight(carrier, origin, int(departure_delay) if departure_delay else None)
