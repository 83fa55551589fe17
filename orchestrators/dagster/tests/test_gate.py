"""What may go, and when."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import dagster as dg
import pytest

from dagster_stepstile._gate import Gate, Pools


def step(key: str, pool: str | None = None, **tags: str) -> Any:
    return SimpleNamespace(
        key=key, pool=pool, tags={name.replace("__", "/"): value for name, value in tags.items()}
    )


def keys(steps: Any) -> list[str]:
    return [each.key for each in steps]


@dg.job
def job() -> None: ...


@pytest.fixture
def instance() -> Iterator[Any]:
    with dg.DagsterInstance.local_temp() as instance:
        yield instance


def pools(instance: Any) -> Pools:
    return Pools(instance, instance.create_run_for_job(job))


def gate(instance: Any, most: int | None = None, *limits: Any) -> Gate:
    return Gate(most, limits, pools(instance))


def test_without_limits_all_go_at_once_the_most_urgent_first(instance: Any) -> None:
    unlimited = gate(instance)
    unlimited.offer([step("a"), step("b", dagster__priority="5"), step("c", dagster__priority="odd")])
    assert keys(unlimited.take()) == ["b", "a", "c"]
    assert keys(unlimited.take()) == []


def test_no_more_than_so_many_go_until_one_is_done(instance: Any) -> None:
    two = gate(instance, 2)
    two.offer([step("a"), step("b"), step("c")])
    assert keys(two.take()) == ["a", "b"]
    assert keys(two.take()) == []
    two.done("a")
    assert keys(two.take()) == ["c"]


def test_a_tag_limits_its_own_steps_only(instance: Any) -> None:
    limited = gate(instance, None, {"key": "db", "limit": 1})
    limited.offer([step("a", db="x"), step("b", db="y"), step("c")])
    assert keys(limited.take()) == ["a", "c"]


def test_a_tag_limits_one_value_of_it_or_each(instance: Any) -> None:
    one = gate(instance, None, {"key": "db", "value": "x", "limit": 1})
    one.offer([step("a", db="x"), step("b", db="x"), step("c", db="y"), step("d", db="y")])
    assert keys(one.take()) == ["a", "c", "d"]
    each = gate(instance, None, {"key": "db", "value": {"applyLimitPerUniqueValue": True}, "limit": 1})
    each.offer([step("a", db="x"), step("b", db="x"), step("c", db="y"), step("d", db="y")])
    assert keys(each.take()) == ["a", "c"]


def test_a_pool_of_the_instance_is_shared_by_runs_and_its_slot_comes_back(instance: Any) -> None:
    instance.event_log_storage.set_concurrency_slots("db", 1)
    first, second = gate(instance), gate(instance)
    first.offer([step("a", "db")])
    second.offer([step("b", "db"), step("c")])
    assert keys(first.take()) == ["a"]
    assert keys(second.take()) == ["c"]
    [(blocked, pool, is_first)] = second.newly_blocked()
    assert (blocked.key, pool, is_first) == ("b", "db", True)
    assert second.newly_blocked() == []
    first.done("a")
    third = gate(instance)
    third.offer([step("d", "db")])
    assert keys(third.take()) == [], "the slot is for the one that asked first"


def test_a_step_that_gives_up_waiting_leaves_its_place_to_others(instance: Any) -> None:
    instance.event_log_storage.set_concurrency_slots("db", 1)
    holder, waiter = pools(instance), pools(instance)
    assert holder.claim("db", "a", 0)
    assert not waiter.claim("db", "b", 0)
    waiter.give_up()
    holder.free("a")
    assert pools(instance).claim("db", "c", 0)
