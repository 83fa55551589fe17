"""The client against a real embedded stack."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from scripted_api import HANG_UP, Answer, Call, api
from stacks import LAUNCHER
from waiting import eventually

from stepstile import (
    BadInput,
    Defaults,
    Dispatched,
    Follower,
    LogPage,
    Overrides,
    Redriven,
    Refused,
    Retry,
    RunningStep,
    Step,
    StepEnded,
    StepstileClient,
    StepstileError,
)
from stepstile.local_stack import LocalStack

ECHO = Defaults(handler="stepstile.echo", max_attempts=1)


def followed(follower: Follower[LogPage | StepEnded], seconds: float = 20) -> dict[str, StepEnded]:
    """The ends of all steps."""
    ends: dict[str, StepEnded] = {}

    def all_have_ended() -> bool:
        for item in follower.poll():
            if isinstance(item, StepEnded):
                assert item.key not in ends, "reported twice"
                ends[item.key] = item
        return not follower.missing

    eventually(all_have_ended, seconds)
    return ends


def echoes(inputs: Sequence[object]) -> list[Step]:
    return [Step(f"s[{i}]", input=value) for i, value in enumerate(inputs)]


def test_what_is_dispatched_ends_with_its_result(client: StepstileClient, run_id: str) -> None:
    inputs = [None, {"a": [1, 2.5, "ü"]}, "text", {"large": "x" * 20_000}]
    client.dispatch(run_id, echoes(inputs), dispatch_id="d", defaults=ECHO)
    ends = followed(client.follow(run_id, [f"s[{i}]" for i in range(4)]))
    assert [ends[f"s[{i}]"].result for i in range(4)] == inputs
    assert {end.state for end in ends.values()} == {"SUCCEEDED"}


def test_the_same_dispatch_again_is_the_same_and_other_content_a_conflict(
    client: StepstileClient, run_id: str
) -> None:
    for _ in range(2):
        client.dispatch(run_id, echoes([1]), dispatch_id="d", defaults=ECHO)
    assert client.status(run_id, exact=True).step_count == 1
    with pytest.raises(Refused) as refused:
        client.dispatch(run_id, echoes([2]), dispatch_id="d", defaults=ECHO)
    assert refused.value.type == "dispatch-conflict"


def test_a_dispatch_of_more_steps_than_a_call_takes_goes_in_several_each_time_the_same() -> None:
    bodies: list[dict[str, Any]] = []

    def accept(call: Call) -> Answer:
        bodies.append(call.json)
        return Answer(202, {"acceptedCount": len(call.json["steps"]), "attachedCount": 0, "replayed": False})

    with api(accept) as endpoint:
        for name in ("d", "d", "d" * 128):
            StepstileClient(endpoint).dispatch("r", echoes([None] * 20_001), dispatch_id=name, defaults=ECHO)
    assert [len(body["steps"]) for body in bodies] == [10_000, 10_000, 1] * 3
    assert [body["dispatchId"] for body in bodies[:3]] == ["d", "d.1", "d.2"]
    assert bodies[:3] == bodies[3:6]
    assert len({body["dispatchId"] for body in bodies[6:]}) == 3
    assert all(len(body["dispatchId"]) <= 128 for body in bodies)


def test_each_part_of_a_dispatch_names_its_tenant(client: StepstileClient, run_id: str) -> None:
    bodies: list[dict[str, Any]] = []

    def accept(call: Call) -> Answer:
        bodies.append(call.json)
        return Answer(202, {"acceptedCount": len(call.json["steps"]), "attachedCount": 0, "replayed": False})

    with api(accept) as endpoint:
        StepstileClient(endpoint).dispatch(
            "r", echoes([None] * 10_001), dispatch_id="d", tenant="acme", defaults=ECHO
        )
        StepstileClient(endpoint).dispatch("r", echoes([None]), dispatch_id="d", defaults=ECHO)
    assert [body.get("tenant") for body in bodies] == ["acme", "acme", None]
    client.dispatch(run_id, echoes(["x"]), dispatch_id="d", tenant="acme", defaults=ECHO)
    with pytest.raises(Refused, match="dispatch-conflict"):
        client.dispatch(run_id, echoes(["x"]), dispatch_id="d", tenant="other", defaults=ECHO)


def test_a_dispatch_larger_than_a_request_goes_in_several(client: StepstileClient, run_id: str) -> None:
    inputs = [str(i) + "y" * 3_000_000 for i in range(3)]
    client.dispatch(
        run_id, echoes(inputs), dispatch_id="d", defaults=ECHO, shared_inputs={"s": "z" * 1_000_000}
    )
    ends = followed(client.follow(run_id, [f"s[{i}]" for i in range(3)]))
    assert [ends[f"s[{i}]"].result for i in range(3)] == inputs


def test_a_large_result_comes_whole_by_the_feed_by_its_record_and_in_pieces(
    client: StepstileClient, run_id: str
) -> None:
    client.dispatch(run_id, echoes(["y" * 4_500_000]), dispatch_id="d", defaults=ECHO)
    end = followed(client.follow(run_id, ["s[0]"]))["s[0]"]
    assert end.result == "y" * 4_500_000
    record = client.step(run_id, "s[0]")
    assert record
    assert record.result == end.result
    assert client.result(run_id, "s[0]") == end.result


def test_a_failed_step_tells_its_cause_and_its_attempts(client: StepstileClient, run_id: str) -> None:
    client.dispatch(run_id, [Step("s", "no.such.handler")], dispatch_id="d")
    end = followed(client.follow(run_id, ["s"]))["s"]
    assert end.state == "FAILED"
    assert end.error
    assert end.error.kind == "UNKNOWN_HANDLER"
    assert [attempt.kind for attempt in end.attempts] == ["UNKNOWN_HANDLER"]


def test_steps_and_lookups_tell_what_there_is(client: StepstileClient, run_id: str) -> None:
    key = "a/b? 100%+ü|🚀"
    client.dispatch(run_id, [Step(key, "stepstile.echo", 1)], dispatch_id="d")
    followed(client.follow(run_id, [key]))
    assert [step.state for step in client.steps(run_id)] == ["SUCCEEDED"]
    assert list(client.steps(run_id, state="DEAD")) == []
    assert client.lookup(run_id, [key, "absent"])[key].result == 1
    record = client.step(run_id, key)
    assert record
    assert record.finished_at
    assert client.step(run_id, "absent") is None
    assert client.step("no-such-run", "absent") is None


def test_steps_are_listed_through_all_pages(client: StepstileClient, run_id: str) -> None:
    client.dispatch(run_id, echoes([None] * 1_500), dispatch_id="d", defaults=ECHO)
    assert len({step.key for step in client.steps(run_id)}) == 1_500
    followed(client.follow(run_id, [f"s[{i}]" for i in range(1_500)]))


def test_a_cancelled_run_ends_and_takes_no_more_steps_until_redriven(
    client: StepstileClient, run_id: str
) -> None:
    sleeping = Step("s", "stepstile.sleep", {"seconds": 60})
    client.dispatch(run_id, [sleeping], dispatch_id="d", defaults=Defaults(retry=Retry(0.1, 1)))
    client.cancel(run_id)
    # A running step is told by its next heartbeat.
    assert followed(client.follow(run_id, ["s"]), 40)["s"].state == "CANCELLED"
    with pytest.raises(Refused) as refused:
        client.dispatch(run_id, echoes([1]), dispatch_id="e", defaults=ECHO)
    assert refused.value.type == "run-cancelled"
    assert client.cancel("no-such-run").cancelled_count == 0


def test_a_redriven_step_is_told_again(client: StepstileClient, run_id: str) -> None:
    client.dispatch(run_id, [Step("s", "no.such.handler")], dispatch_id="d")
    follower = client.follow(run_id, ["s"])
    assert followed(follower)["s"].attempt == 1
    assert client.redrive(run_id, keys=["s", "t"], redrive_id="r") == Redriven(1, False, ("t",))
    assert client.redrive(run_id, keys=["s", "t"], redrive_id="r") == Redriven(1, True, ("t",))
    follower.add(["s"])
    assert followed(follower)["s"].attempt == 2


def test_an_end_that_came_before_the_step_was_followed_is_not_lost(
    client: StepstileClient, run_id: str
) -> None:
    client.dispatch(run_id, echoes([1, 2]), dispatch_id="d", defaults=ECHO)
    follower = client.follow(run_id, ["s[0]"])
    followed(follower)
    record = None
    while record is None or record.state == "RUNNING":
        record = client.lookup(run_id, ["s[1]"]).get("s[1]")
    follower.poll()
    follower.add(["s[1]"])
    told = follower.poll()
    assert [type(one) for one in told] == [StepEnded]


def test_a_redrive_is_one_however_often_it_is_tried_and_says_what_to_change(run_id: str) -> None:
    calls: list[Any] = []

    def answer(call: Call) -> Answer:
        calls.append(call.json)
        return (
            HANG_UP
            if len(calls) == 1
            else Answer(200, {"redrivenCount": 1, "replayed": True, "unknownKeys": []})
        )

    with api(answer) as endpoint:
        client = StepstileClient(endpoint)
        changes = Overrides(timeout_seconds=600, retry=Retry(0, 0), input=None)
        assert client.redrive(run_id, keys=["a"], overrides=changes) == Redriven(1, True)
        client.redrive(run_id, redrive_id="mine", overrides=Overrides(handler="other"))
        client.close()
    assert calls[0] == calls[1]
    assert len(calls[0].pop("redriveId")) == 32
    assert calls[0] == {
        "keys": ["a"],
        "overrides": {
            "timeoutSeconds": 600,
            "retry": {"baseSeconds": 0, "capSeconds": 0},
            "input": None,
        },
    }
    assert calls[2] == {"redriveId": "mine", "overrides": {"handler": "other"}}


def test_an_exact_count_of_a_large_run_is_asked_for_until_it_is_whole(run_id: str) -> None:
    targets: list[str] = []

    def answer(call: Call) -> Answer:
        targets.append(call.target)
        status = {"runId": run_id, "cancelled": False, "stepCount": 3, "openDispatchCount": 1}
        more = len(targets) < 3
        return Answer(
            200, {**status, "counts": {"QUEUED": len(targets)}, **({"cursor": "next"} if more else {})}
        )

    with api(answer) as endpoint:
        client = StepstileClient(endpoint)
        assert client.status(run_id, exact=True).counts == {"QUEUED": 3}
        client.close()
    assert [target.partition("?")[2] for target in targets] == ["exact=true"] + 2 * ["exact=true&cursor=next"]


def test_a_dispatch_says_how_many_of_its_steps_were_started_before(
    client: StepstileClient, run_id: str
) -> None:
    assert client.dispatch(run_id, [Step("a", "stepstile.echo")], dispatch_id="d1") == Dispatched(1, 0, "d1")
    followed(client.follow(run_id, ["a"]))
    again = [Step("a", "stepstile.echo"), Step("b", "stepstile.echo")]
    assert client.dispatch(run_id, again, dispatch_id="d2") == Dispatched(2, 1, "d2")


def test_threads_share_a_client(client: StepstileClient, run_id: str) -> None:
    def one(number: int) -> int:
        run = f"{run_id}-{number}"
        client.dispatch(run, echoes([number]), dispatch_id="d", defaults=ECHO)
        return followed(client.follow(run, ["s[0]"]))["s[0]"].result

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(40))) == list(range(40))


def test_a_value_that_is_not_json_is_refused_before_it_is_sent(client: StepstileClient, run_id: str) -> None:
    with pytest.raises(StepstileError, match="not JSON"):
        client.dispatch(run_id, [Step("s", "stepstile.echo", object())], dispatch_id="d")
    with pytest.raises(StepstileError, match="not JSON"):
        client.dispatch(run_id, [Step("s", "stepstile.echo", float("nan"))], dispatch_id="d")


@pytest.mark.parametrize("run_id", [".", ".."])
def test_a_run_id_that_a_proxy_would_resolve_is_refused_before_it_is_sent(run_id: str) -> None:
    with StepstileClient("http://127.0.0.1:9") as nowhere:
        calls: list[Callable[[], object]] = [
            lambda: nowhere.status(run_id),
            lambda: nowhere.cancel(run_id),
            lambda: nowhere.pause(run_id=run_id),
        ]
        for call in calls:
            with pytest.raises(BadInput, match=r"run_id must not be \. or \.\."):
                call()


def test_the_log_of_a_long_step_is_reported_while_it_runs(client: StepstileClient, run_id: str) -> None:
    client.dispatch(run_id, [Step("s", "talkative", {"seconds": 2})], dispatch_id="d")
    follower = client.follow(run_id, ["s"], logs=True)
    received: list[LogPage | StepEnded] = []

    def has_ended() -> bool:
        received.extend(follower.poll())
        return not follower.missing

    eventually(has_ended, 20)
    assert isinstance(received[0], LogPage)
    assert (received[0].attempt, received[0].number) == (1, 0)
    assert received[0].lines == ("said",)
    assert [type(item) for item in received] == [LogPage, StepEnded]


def test_what_is_running_is_listed_with_what_it_does_and_no_more_once_it_has_ended(
    client: StepstileClient, run_id: str
) -> None:
    with pytest.raises(Refused, match="run-not-found"):
        list(client.running(run_id))
    client.dispatch(
        run_id, [Step("s", "talkative", {"seconds": 4}), *echoes([1])], dispatch_id="d", defaults=ECHO
    )
    running: list[RunningStep] = []

    def is_listed() -> bool:
        running.extend(client.running(run_id))
        return bool(running)

    eventually(is_listed, 20)
    [step] = running
    assert (step.key, step.attempt, step.dispatch_id, step.lost) == ("s", 1, "d", False)
    assert (step.progress, step.progress_note, step.last_line) == (0.5, "half", "said")
    record = client.step(run_id, "s")
    assert record
    assert record.started_at == step.started_at
    assert record.progress == 0.5
    assert step.started_at
    assert step.lease_until
    assert step.lease_until > step.started_at
    followed(client.follow(run_id, ["s", "s[0]"]))
    eventually(lambda: not list(client.running(run_id)), 20)


def test_what_is_running_is_listed_through_all_pages() -> None:
    def answer(call: Call) -> Answer:
        last = "cursor=c" in call.target
        steps = [{"key": "b", "attempt": 2, "lost": True}] if last else [{"key": "a", "attempt": 1}]
        return Answer(200, {"steps": steps, **({} if last else {"cursor": "c"})})

    with api(answer) as endpoint:
        running = list(StepstileClient(endpoint).running("r"))
    assert [(step.key, step.attempt, step.lost) for step in running] == [("a", 1, False), ("b", 2, True)]


def test_a_stack_that_is_killed_and_comes_back_is_waited_for(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    stack = LocalStack(LAUNCHER, tmp_path_factory.mktemp("killed"), lease_seconds=5)
    client = StepstileClient(stack.endpoint)
    keys = [f"s[{i}]" for i in range(50)]
    client.dispatch("r", echoes(range(50)), dispatch_id="d", defaults=ECHO)
    followed(client.follow("r", keys))
    stack.kill()
    with ThreadPoolExecutor(1) as pool:
        ends = pool.submit(followed, client.follow("r", keys), 60)
        stack.start()
        assert {end.result for end in ends.result().values()} == set(range(50))
    stack.stop()


def test_what_limits_a_step_is_sent_as_the_wire_has_it() -> None:
    at = datetime(2026, 11, 24, 9, 30, tzinfo=timezone(timedelta(hours=1)))
    retry = Retry(None, 60, on=["TIMEOUT", "ConnectionError"], never=[])
    step = Step("s", retry=retry, not_before=timedelta(seconds=90.5))
    assert step.to_json() == {
        "key": "s",
        "retry": {"capSeconds": 60, "on": ["TIMEOUT", "ConnectionError"], "never": []},
        "notBefore": 90.5,
    }
    assert Defaults(not_before=at).to_json() == {"notBefore": "2026-11-24T08:30:00Z"}
    assert Overrides(not_before=timedelta()).to_json() == {"notBefore": 0.0}
    with pytest.raises(BadInput, match="time zone"):
        Step("s", not_before=datetime(2026, 11, 24)).to_json()
