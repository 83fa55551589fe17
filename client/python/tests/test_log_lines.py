"""The lines of an attempt's log."""

from __future__ import annotations

import pytest

from stepstile.log_lines import Live, Logged, LogLine, Stderr, Stdout, UnknownRecord, decode


@pytest.mark.parametrize(
    ("line", "decoded"),
    [
        ("printed", Stdout("printed")),
        ("", Stdout("")),
        ('{"stderr": "printed too"}', Stdout('{"stderr": "printed too"}')),
        ('\x1e{"stderr": "red"}', Stderr("red")),
        ('\x1e{"log": {"level": "INFO", "message": "said"}}', Logged("INFO", "said")),
        ('\x1e{"log": {"message": "said"}}', Logged("INFO", "said")),
        ('\x1e{"live": {"n": 1}}', Live({"n": 1})),
        ('\x1e{"live": null}', Live(None)),
    ],
)
def test_a_line_is_what_was_printed_or_a_record(line: str, decoded: LogLine) -> None:
    assert decode(line) == decoded


def test_a_record_that_was_cut_is_shown_as_standard_error() -> None:
    assert decode('\x1e{"stderr": "too lo') == Stderr('{"stderr": "too lo')


@pytest.mark.parametrize("record", ["{}", '{"later": 1}', '{"log": "text"}', "[1]", "7", "null", '"stderr"'])
def test_a_record_that_is_not_known_can_be_told_from_what_was_printed(record: str) -> None:
    assert isinstance(decode("\x1e" + record), UnknownRecord)
