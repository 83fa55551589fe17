"""The tables of times and states in the wire contract, which the Java client's tests read too."""

from __future__ import annotations

import inspect
from itertools import dropwhile, takewhile
from pathlib import Path

from stepstile import ENDED, UNKNOWN, follower, limits, transport
from stepstile.client import StepstileClient

CONTRACT = next(
    page for folder in Path(__file__).parents if (page := folder / "docs" / "protocol.md").is_file()
)


def table(head: str) -> dict[str, str]:
    """The first two columns of the table that begins with this line."""
    lines = dropwhile(lambda line: line != head, CONTRACT.read_text().splitlines())
    rows = list(takewhile(lambda line: line.startswith("|"), lines))[2:]
    return {cells[1].strip(): cells[2].strip() for cells in (row.split("|") for row in rows)}


def seconds(value: float) -> str:
    return f"{value:g} s"


def test_a_reader_of_the_feed_goes_by_the_table_and_by_nothing_else() -> None:
    coded = {
        name.strip("_").lower().replace("_", " "): seconds(value) if isinstance(value, float) else str(value)
        for name, value in vars(follower).items()
        if name.startswith("_") and name.isupper() and isinstance(value, float | int)
    }
    assert table("| a reader's | value | meaning |") == coded


def test_calls_are_made_again_as_the_table_says() -> None:
    defaults = inspect.signature(StepstileClient).parameters
    assert table("| a client's | value | meaning |") == {
        "retried statuses": ", ".join(map(str, sorted(transport._AGAIN))),  # pyright: ignore[reportPrivateUsage]
        "first pause": seconds(transport._FIRST_PAUSE_SECONDS),  # pyright: ignore[reportPrivateUsage]
        "longest pause": seconds(transport._LONGEST_PAUSE_SECONDS),  # pyright: ignore[reportPrivateUsage]
        "longest retry after": seconds(transport._LONGEST_RETRY_AFTER_SECONDS),  # pyright: ignore[reportPrivateUsage]
        "timeout": seconds(defaults["timeout_seconds"].default),
        "patience": seconds(defaults["patience_seconds"].default),
    }


def test_what_is_refused_before_it_is_sent_is_what_the_table_limits() -> None:
    told = table("| what | limit |")
    coded = {
        "steps in a dispatch": f"{limits.STEPS_PER_CALL}",
        "a request's body; an answer's": f"{limits.REQUEST_BYTES}; 6000000 bytes as a string of JSON",
        "a step's input; all shared inputs together": f"{limits.INPUT_BYTES} bytes of JSON",
        "shared inputs": f"{limits.SHARED_INPUTS}",
        "tags of a step; length of a name or value": f"{limits.TAGS}; {limits.TAG_LENGTH}",
        "attempts of a budget": f"{limits.MAX_ATTEMPTS}",
        "`timeoutSeconds`": f"{limits.TIMEOUT_SECONDS}",
        "`retry` and a handler's own retry-after": f"{limits.RETRY_SECONDS} seconds",
        "names in `retry.on`, in `retry.never`; length of a name": (
            f"{limits.RETRY_NAMES}; {limits.RETRY_NAME_LENGTH} characters"
        ),
        "a webhook's URL; tags of `defaults` beside `notify`": (
            f"{limits.URL_LENGTH} characters; {limits.NOTIFY_TAGS_BYTES} bytes of JSON"
        ),
        "`notBefore`": f"{limits.NOT_BEFORE.days} days after its dispatch is accepted",
        "`deadline`": f"{limits.DEADLINE.days} days after its dispatch is accepted",
        "entries of an answer; keys of a lookup; keys of a cancel; runs of an answer; groups of failures": (
            f"1000; {limits.LOOKUP_KEYS}; {limits.CANCEL_KEYS}; 100; 100"
        ),
        "pauses that last at once; length of a `reason`": f"100; {limits.REASON_LENGTH} characters",
    }
    assert {what: told[what] for what in coded} == coded


def test_the_states_that_end_a_step_are_those_of_the_table() -> None:
    states = table("| state | ended | meaning |")
    assert {state for state, ended in states.items() if ended == "yes"} == ENDED
    assert states[UNKNOWN] == "no"
