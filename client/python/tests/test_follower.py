"""The follower against a feed that shows entries late, twice, or never."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import pytest

from stepstile import Follower, LogPage, StepEnded, StepFailed, StepRecord, Unreachable

AT = "2026-11-24T08:00:00.123456789Z"


class Feed:
    """The calls of a follower, over positions that a test fills in any order, at a time that a test tells."""

    def __init__(self) -> None:
        self.now = 100.0
        self.entries: dict[str, dict[str, Any]] = {}
        self.records: dict[str, dict[str, Any]] = {}
        self.logs: dict[tuple[str, int], list[str]] = {}
        self.results: dict[str, Any] = {}
        self.broken = False
        self.asked: list[str] = []

    def ended(self, position: str, key: str, attempt: int = 1, state: str = "SUCCEEDED", **more: Any) -> None:
        entry = {"key": key, "attempt": attempt, "state": state, "logPageCount": 0, "result": key, **more}
        self.entries[position] = {name: value for name, value in entry.items() if value is not None}

    def page(self, position: str, key: str, attempt: int, page: int, line: str) -> None:
        self.logs.setdefault((key, attempt), []).append(line)
        self.entries[position] = {"key": key, "attempt": attempt, "page": page}

    def follower(self, *keys: str, logs: bool = True) -> Follower[LogPage | StepEnded]:
        return Follower(self, "r", keys, logs=logs, clock=lambda: self.now, wait=self.wait)

    def wait(self, seconds: float) -> None:
        self.now += seconds

    def feed(self, run_id: str, cursor: str | None = None) -> dict[str, Any]:
        if self.broken:
            raise Unreachable("away")
        later = sorted(position for position in self.entries if position > (cursor or ""))[:50]
        return {
            "entries": [self.entries[position] for position in later],
            "cursor": later[-1] if later else cursor,
            "caughtUp": len(later) < 50,
        }

    def lookup(self, run_id: str, keys: Iterable[str]) -> dict[str, StepRecord]:
        asked = list(keys)
        self.asked += asked
        if self.broken and asked:
            raise Unreachable("away")
        return {key: self._record(key) for key in asked if key in self.records}

    def step(
        self, run_id: str, key: str, *, log: bool = False, attempt: int | None = None
    ) -> StepRecord | None:
        if self.broken:
            raise Unreachable("away")
        self.asked.append(key)
        lines = self.logs.get((key, attempt or 1), []) if log else []
        pages = [{"attempt": attempt, "page": n, "at": AT, "lines": [line]} for n, line in enumerate(lines)]
        return self._record(key, logPages=pages)

    def result(self, run_id: str, key: str) -> Any:
        return self.results[key]

    def _record(self, key: str, **more: Any) -> StepRecord:
        return StepRecord.from_json(
            {"key": key, "state": "RUNNING", "attempt": 1, **self.records.get(key, {}), **more}
        )


@pytest.fixture
def feed() -> Feed:
    return Feed()


def keys(told: list[LogPage | StepEnded]) -> list[str]:
    return [one.key for one in told if isinstance(one, StepEnded)]


def words(told: list[LogPage | StepEnded]) -> list[str]:
    return [one.lines[0] if isinstance(one, LogPage) else f"{one.key} ended" for one in told]


def test_tells_each_end_once_and_misses_nothing_then(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("1", "a")
    assert keys(follower.poll()) == ["a"]
    assert follower.missing == {"b"}
    feed.ended("2", "a")
    feed.ended("3", "b")
    assert keys(follower.poll()) == ["b"]
    assert not follower.missing
    assert feed.asked == [], "small results cost no lookup"


def test_finds_what_appears_behind_where_it_was_by_going_back_when_nothing_comes(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("2", "b")
    assert keys(follower.poll()) == ["b"]
    feed.ended("1", "a")
    assert follower.poll() == [], "not at once"
    feed.now += 0.25
    assert keys(follower.poll()) == ["a"]


def test_goes_back_from_where_something_last_came_not_from_now(feed: Feed) -> None:
    names = [f"other-{i:02}" for i in range(20)]
    follower = feed.follower("a", *names)
    for name in names:
        feed.ended("m" + name, name)
        follower.poll()
        feed.now += 0.1
    feed.ended("mother-17x", "a")
    found: list[str] = []
    for _ in range(4):
        feed.now += 0.1
        found += keys(follower.poll())
    assert found == ["a"]


def test_goes_back_further_the_longer_nothing_comes(feed: Feed) -> None:
    names = [f"other-{i}" for i in range(10)]
    follower = feed.follower("a", *names)
    for name in names:
        feed.ended("m" + name, name)
        follower.poll()
        feed.now += 1
    feed.ended("mother-00", "a")
    until = feed.now + 20
    while "a" in follower.missing and feed.now < until:
        follower.poll()
        feed.now += 0.1
    assert not follower.missing


def test_finds_late_entries_every_five_seconds_although_others_keep_coming(feed: Feed) -> None:
    names = [f"other-{i:04}" for i in range(100)]
    follower = feed.follower("a", *names)
    found: list[str] = []
    for number, name in enumerate(names):
        feed.ended("m" + name, name)
        if number == 30:  # three seconds on, behind where the reader was after one
            feed.ended("mother-0010x", "a")
        found += keys(follower.poll())
        feed.now += 0.1
    assert "a" in found


def test_looks_up_after_half_a_minute_what_the_feed_never_shows(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.records["a"] = {"state": "DEAD", "error": {"kind": "WORKER_LOST", "message": "silent"}}
    feed.records["b"] = {"state": "RUNNING"}
    assert follower.poll() == []
    feed.now += 31
    told = follower.poll()
    assert keys(told) == ["a"]
    assert isinstance(told[0], StepEnded)
    assert told[0].error
    assert told[0].error.kind == "WORKER_LOST"
    assert follower.missing == {"b"}


def test_tells_the_pages_of_a_step_in_order_and_before_its_end(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.page("1", "a", 1, 0, "one")
    assert words(follower.poll()) == ["one"]
    feed.page("3", "a", 1, 2, "two")
    feed.page("2", "a", 1, 1, "three")
    feed.ended("4", "a", logPageCount=3)
    feed.records["a"] = {"state": "SUCCEEDED"}
    assert words(follower.poll()) == ["two", "three", "a ended"]
    feed.now += 5
    assert follower.poll() == []


def test_tells_pages_that_the_feed_did_not_show_before_the_end(feed: Feed) -> None:
    follower = feed.follower("a")
    feed.logs[("a", 1)] = ["one", "two"]
    feed.ended("4", "a", logPageCount=2)
    assert words(follower.poll()) == ["one", "two", "a ended"]


def test_reads_no_logs_unless_asked_to(feed: Feed) -> None:
    follower = feed.follower("a", logs=False)
    feed.page("1", "a", 1, 0, "one")
    feed.ended("4", "a", logPageCount=1)
    assert words(follower.poll()) == ["a ended"]
    assert feed.asked == []


def test_a_poll_that_was_not_answered_tells_the_next_time(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("1", "a", state="FAILED", result=None)
    feed.ended("2", "b")
    feed.records["a"] = {"state": "FAILED"}
    good = feed.lookup

    def lookup(run_id: str, keys: Iterable[str]) -> dict[str, StepRecord]:
        feed.lookup = good  # type: ignore[method-assign]
        raise Unreachable("away")

    feed.lookup = lookup  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        follower.poll()
    assert keys(follower.poll()) == ["a", "b"]


def test_an_end_that_was_redriven_since_is_not_told(feed: Feed) -> None:
    follower = feed.follower("a")
    feed.ended("1", "a", state="DEAD", result=None)
    feed.records["a"] = {"state": "RUNNING", "attempt": 2}
    assert follower.poll() == []
    feed.ended("2", "a", attempt=2, result=None)
    feed.records["a"] = {"state": "SUCCEEDED", "attempt": 2, "result": 7}
    told = follower.poll()
    assert keys(told) == ["a"]


def test_of_two_ends_that_come_at_once_the_one_that_stands_is_told(feed: Feed) -> None:
    follower = feed.follower("a")
    feed.ended("1", "a", state="DEAD", result=None)
    feed.ended("2", "a", attempt=2, result=None)
    feed.records["a"] = {"state": "SUCCEEDED", "attempt": 2, "result": 7}
    told = follower.poll()
    assert [(end.attempt, end.state) for end in told if isinstance(end, StepEnded)] == [(2, "SUCCEEDED")]


def test_tells_that_a_record_stays_damaged_and_what_to_do(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("1", "a", state="UNKNOWN", result=None)
    for key in ("a", "b"):
        feed.records[key] = {"state": "UNKNOWN", "attempt": 0, "damage": f"{key} is damaged; restore it"}
    assert follower.poll() == []
    feed.now += 31
    assert follower.poll() == [], "a newer version may have written it"
    feed.records["b"] = {"state": "SUCCEEDED", "attempt": 2, "result": 7}
    feed.now += 31
    told = follower.poll()
    ends = {end.key: end for end in told if isinstance(end, StepEnded)}
    assert {key: end.state for key, end in ends.items()} == {"a": "UNKNOWN", "b": "SUCCEEDED"}
    assert ends["a"].error
    assert ends["a"].error.message == "a is damaged; restore it"
    assert follower.missing == set()


def test_tells_the_end_of_a_record_that_was_damaged_for_a_moment(feed: Feed) -> None:
    follower = feed.follower("a")
    feed.ended("1", "a", state="DEAD", result=None)
    feed.records["a"] = {"state": "UNKNOWN", "attempt": 0, "damage": "a is damaged; restore it"}
    assert follower.poll() == []
    feed.records["a"] = {"state": "DEAD", "error": {"kind": "WORKER_LOST", "message": "silent"}}
    feed.now += 31
    assert keys(follower.poll()) == ["a"]


def test_pauses_little_while_something_comes_and_longer_and_longer_where_nothing_does(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("1", "a")
    follower.poll()
    assert follower.pause_seconds <= 0.02
    for _ in range(20):
        follower.poll()
    assert 0.25 < follower.pause_seconds <= 0.5


def test_fetches_a_result_that_no_other_answer_holds(feed: Feed) -> None:
    follower = feed.follower("a", logs=False)
    location = {"store": "PAYLOADS", "key": "results/r/a/1", "size": 9_000_000, "sha256": "0" * 64}
    feed.records["a"] = {"state": "SUCCEEDED", "attempt": 1, "resultLocation": location}
    feed.results["a"] = {"large": True}
    feed.ended("1", "a", result=None)
    [end] = follower.poll()
    assert isinstance(end, StepEnded)
    assert end.result == {"large": True}


def test_a_loop_that_is_left_is_continued_by_another_or_by_a_poll(feed: Feed) -> None:
    follower = feed.follower("a", "b", "c")
    for key in ("a", "b", "c"):
        feed.ended(key, key)
    for item in follower:
        assert item.key == "a"
        break
    assert next(iter(follower)).key == "b"
    assert keys(follower.poll()) == ["c"]
    assert list(follower) == []


def test_a_loop_takes_on_steps_that_are_added_in_it(feed: Feed) -> None:
    feed.ended("1", "a")
    follower = feed.follower("a")
    seen: list[str] = []
    for item in follower:
        seen.append(item.key)
        if item.key == "a":
            feed.ended("2", "b")
            follower.add(["b"])
    assert seen == ["a", "b"]


def test_a_loop_that_an_error_ended_has_lost_nothing(feed: Feed) -> None:
    feed.ended("1", "a")
    feed.broken = True
    follower = feed.follower("a")
    with pytest.raises(Unreachable):
        list(follower)
    feed.broken = False
    assert [item.key for item in follower] == ["a"]


def test_waits_for_a_time_and_tells_whether_all_have_ended(feed: Feed) -> None:
    follower = feed.follower("a", "b")
    feed.ended("1", "a")
    reported: list[str] = []
    assert not follower.wait(3, lambda item: reported.append(item.key))
    assert reported == ["a"]
    assert feed.now == pytest.approx(103)  # pyright: ignore[reportUnknownMemberType]
    feed.ended("2", "b")
    assert follower.wait(3, lambda item: reported.append(item.key))
    assert reported == ["a", "b"]


def test_an_asynchronous_loop_waits_without_holding_the_others_up_and_may_be_cancelled(feed: Feed) -> None:
    async def followed() -> list[str]:
        follower = feed.follower("a", "b")
        seen: list[str] = []

        async def loop() -> None:
            async for item in follower:
                seen.append(item.key)

        feed.ended("1", "a")
        task = asyncio.create_task(loop())
        while seen != ["a"]:
            await asyncio.sleep(0.001)
        task.cancel()
        feed.ended("2", "b")
        with suppress(asyncio.CancelledError):
            await task
        await asyncio.wait_for(loop(), 20)
        return seen

    assert asyncio.run(followed()) == ["a", "b"]


def test_the_result_of_a_step_that_did_not_succeed_is_an_error_which_says_why(feed: Feed) -> None:
    feed.ended("1", "a", attempt=2, state="FAILED", result=None)
    feed.records["a"] = {
        "state": "FAILED",
        "attempt": 2,
        "error": {"kind": "TERMINAL_FAILURE", "message": "no"},
    }
    [end] = feed.follower("a").poll()
    assert isinstance(end, StepEnded)
    with pytest.raises(StepFailed, match="Step a ended FAILED at attempt 2: no") as failed:
        end.result_or_raise()
    assert failed.value.end is end
