"""Names and texts on the wire."""

from __future__ import annotations

import json
import re

from dagster_stepstile._wire import live_entry, pack_texts, read_lines, step_name, unpack_texts

ALLOWED = re.compile(r"[A-Za-z0-9._:~@+=\[\]?,| -]{1,512}")


def test_the_keys_of_dagster_are_their_own_names() -> None:
    assert step_name("graph.op[key_1]", 0) == "graph.op[key_1]"
    assert step_name("graph.op[?]", 2) == "graph.op[?]~2"


def test_no_two_keys_have_one_name() -> None:
    keys = ["a~1", "a", "a=1", "a=7E1", "ä", "a/1", "a#1", "x" * 600, "x" * 601]
    names = [step_name(key, retry) for key in keys for retry in (0, 1)]
    assert len({*names}) == len(names)
    assert all(ALLOWED.fullmatch(name) for name in names)


def test_texts_come_back_as_they_were() -> None:
    for texts in ([], ["a"], ["a", "", "ü"], ["x" * 100_000]):
        assert list(unpack_texts(pack_texts(texts))) == texts


def test_the_lines_of_an_attempt_are_told_apart() -> None:
    told = json.dumps({"live": live_entry(7, '{"an": "entry"}')})
    cut = '\x1e{"stderr": "too lo'
    lines = ["plain", '\x1e{"stderr": "red"}', "\x1e" + told, '\x1e{"log": {"message": "of Pipes"}}', cut]
    assert read_lines(lines) == (["plain"], ["red", cut[1:]], [(7, '{"an": "entry"}')])
