"""The client of Stepstile's HTTP API, as `docs/protocol.md` describes it."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from stepstile.errors import Refused, StepstileError
from stepstile.follower import Follower
from stepstile.records import Defaults, Overrides, RunningStep, RunStatus, Step, StepRecord, instant
from stepstile.signing import Sign, region_of, sigv4
from stepstile.transport import Transport

MOST_STEPS = 10_000
"""The largest number of steps in one dispatch call."""

MOST_BYTES = 6_000_000
"""The largest dispatch call, as Lambda counts: the body is a JSON string in its event, so a quote takes two bytes."""

LOOKUP_KEYS = 100


@dataclass(frozen=True)
class Dispatched:
    """How many steps were recorded, and how many of these an earlier dispatch of the run had already started.

    The latter keep the input, handler and limits of the earlier dispatch.
    """

    accepted_count: int
    attached_count: int


@dataclass(frozen=True)
class Cancelled:
    """How many steps a cancel ended at once, and how many running ones it asked to stop."""

    cancelled_count: int
    stopping_count: int


class StepstileClient:
    """Calls Stepstile. Safe to use from several threads.

    :param endpoint: the URL of Stepstile: printed by `./stepstile local`, or the output `ApiUrl` of the deployed stack.
    :param aws_region: the region to sign requests for (SigV4); by default, taken from a host name of AWS.
    :param sign: another way to sign requests.
    :param timeout_seconds: the timeout of one request.
    :param patience_seconds: how long to retry a request before raising `Unreachable`.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        aws_region: str | None = None,
        sign: Sign | None = None,
        timeout_seconds: float = 30.0,
        patience_seconds: float = 60.0,
    ) -> None:
        host = (endpoint.split("://", 1)[-1]).split("/", 1)[0].split(":", 1)[0]
        region = aws_region or region_of(host)
        if sign is None and region is not None:
            sign = sigv4(host, region)
        self._transport = Transport(
            endpoint, sign=sign, timeout_seconds=timeout_seconds, patience_seconds=patience_seconds
        )

    @property
    def endpoint(self) -> str:
        return self._transport.endpoint

    def dispatch(
        self,
        run_id: str,
        steps: Sequence[Step],
        *,
        dispatch_id: str,
        tenant: str | None = None,
        shared_inputs: Mapping[str, Any] | None = None,
        defaults: Defaults | None = None,
    ) -> Dispatched:
        """Dispatches steps: when this returns, they are recorded and will end, whatever crashes.

        A repeated call is the same dispatch. Steps that do not fit into one request are sent in several, with the ids
        `<dispatch_id>.1`, `.2` and so on, which depend only on the arguments.

        :param tenant: whose steps these are: on AWS, one tenant's backlog delays other tenants less. By default, each run
            is a tenant of its own.
        :raises Refused: `dispatch-conflict` if the id was used with other content; `run-cancelled` if the run was
            cancelled.
        """
        head: dict[str, Any] = {}
        if tenant is not None:
            head["tenant"] = tenant
        if shared_inputs:
            head["sharedInputs"] = dict(shared_inputs)
        if defaults:
            head["defaults"] = defaults.to_json()
        common = _text(head)[1:-1]
        parts = list(_parts([_text(step.to_json()) for step in steps], MOST_BYTES - _weight(common) - 1000))
        accepted = attached = 0
        for number, part in enumerate(parts):
            name = _derived(dispatch_id, number) if number else dispatch_id
            members = [f'"dispatchId":{_text(name)}', *([common] if common else [])]
            body = "{" + ",".join(members) + ',"steps":[' + ",".join(part) + "]}"
            answer = self._transport.call("POST", f"{_run(run_id)}/dispatches", body.encode())
            accepted += int(answer["acceptedCount"])
            attached += int(answer["attachedCount"])
        return Dispatched(accepted, attached)

    def status(self, run_id: str, *, exact: bool = False) -> RunStatus:
        """The counts of a run's steps by state, as of the last sweep.

        `exact` counts now, and reads each record for it; a large run is counted in several calls.
        """
        query = {"exact": "true"} if exact else {}
        node = self._transport.call("GET", _run(run_id), query=query)
        while "cursor" in node:
            node = self._transport.call("GET", _run(run_id), query={**query, "cursor": node["cursor"]})
        return RunStatus(
            run_id=str(node["runId"]),
            cancelled=bool(node["cancelled"]),
            step_count=int(node["stepCount"]),
            open_dispatch_count=int(node["openDispatchCount"]),
            counts=dict(node["counts"]),
            counted_at=instant(node.get("countedAt")),
        )

    def steps(self, run_id: str, *, state: str | None = None) -> Iterator[StepRecord]:
        """All steps of a run, or those in a state, in the order of their dispatch.

        Without results.
        """
        query = {"limit": "1000", **({"state": state} if state else {})}
        return map(StepRecord.from_json, self._pages(f"{_run(run_id)}/steps", query))

    def running(self, run_id: str) -> Iterator[RunningStep]:
        """The steps of a run that are running, as of the newest heartbeat of each of their workers.

        The list may lag: an attempt is in it a second after its start, or at the latest with its worker's next heartbeat,
        and may still be in it for a moment after its end.
        """
        return map(RunningStep.from_json, self._pages(f"{_run(run_id)}/running", {"limit": "1000"}))

    def _pages(self, path: str, query: dict[str, str]) -> Iterator[dict[str, Any]]:
        """The entries of a list through all its pages."""
        while True:
            page = self._transport.call("GET", path, query=query)
            yield from page["steps"]
            if "cursor" not in page:
                return
            query["cursor"] = page["cursor"]

    def step(
        self, run_id: str, key: str, *, log: bool = False, attempt: int | None = None
    ) -> StepRecord | None:
        """One step, with its result and, if asked for, the log of an attempt (by default the newest).

        None while the step is queued.
        """
        query = {"key": key}
        if log or attempt is not None:
            query["log"] = "true"
        if attempt is not None:
            query["attempt"] = str(attempt)
        try:
            return StepRecord.from_json(self._transport.call("GET", f"{_run(run_id)}/step", query=query))
        except Refused as e:
            if e.type in ("step-not-started", "run-not-found"):
                return None
            raise

    def result(self, run_id: str, key: str) -> Any:
        """The result of a step that succeeded, of any size, in as many calls as needed.

        :raises StepstileError: if the received result differs from the stored one.
        """
        content = bytearray()
        while True:
            piece = self._transport.call(
                "GET",
                f"{_run(run_id)}/step/result",
                query={"key": key, "offset": str(len(content))},
            )
            content += base64.b64decode(piece["content"])
            if len(content) >= int(piece["size"]) or not piece["content"]:
                break
        if hashlib.sha256(content).hexdigest() != piece["sha256"]:
            raise StepstileError(
                f"The received result of step {key} differs from the stored one: its digest is another."
            )
        return json.loads(content)

    def lookup(self, run_id: str, keys: Iterable[str]) -> dict[str, StepRecord]:
        """The records of steps by key, read consistently; without those that are still queued.

        A result over 16 KB is not included: `step` or `result` returns it.
        """
        found: dict[str, StepRecord] = {}
        wanted = list(dict.fromkeys(keys))
        for start in range(0, len(wanted), LOOKUP_KEYS):
            body = _text({"keys": wanted[start : start + LOOKUP_KEYS]}).encode()
            try:
                answer = self._transport.call("POST", f"{_run(run_id)}/steps/lookup", body)
            except Refused as e:
                if e.type == "run-not-found":
                    return found
                raise
            for node in answer["entries"]:
                record = StepRecord.from_json(node)
                found[record.key] = record
        return found

    def feed(self, run_id: str, cursor: str | None = None) -> dict[str, Any]:
        """One page of the feed, as the API returns it. `follow` reads the feed as documented."""
        query = {"limit": "1000", **({"cursor": cursor} if cursor else {})}
        try:
            return self._transport.call("GET", f"{_run(run_id)}/feed", query=query)
        except Refused as e:
            if e.type == "run-not-found":  # nothing was dispatched yet
                return {"entries": [], "cursor": cursor, "caughtUp": True}
            raise

    def cancel(self, run_id: str) -> Cancelled:
        """Ends the queued steps of a run, and asks the running ones to stop.

        The run accepts no more steps. For a run that does not exist, both counts are 0.
        """
        try:
            answer = self._transport.call("POST", f"{_run(run_id)}/cancel")
        except Refused as e:
            if e.type == "run-not-found":
                return Cancelled(0, 0)
            raise
        return Cancelled(int(answer["cancelledCount"]), int(answer["stoppingCount"]))

    def redrive(
        self,
        run_id: str,
        *,
        states: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
        overrides: Overrides | None = None,
        redrive_id: str | None = None,
    ) -> int:
        """Runs ended steps again with all their attempts; returns how many. Steps that succeeded are not changed.

        :param overrides: changes to these steps.
        :param redrive_id: identifies the redrive: repeated calls with the same id are one redrive. By default, each call
            gets a new id, which the client's retries keep.
        """
        body = {
            "redriveId": redrive_id or uuid4().hex,
            **({"overrides": overrides.to_json()} if overrides is not None else {}),
            **({"states": list(states)} if states is not None else {}),
            **({"keys": list(keys)} if keys is not None else {}),
        }
        answer = self._transport.call("POST", f"{_run(run_id)}/redrive", _text(body).encode())
        return int(answer["redrivenCount"])

    def follow(
        self,
        run_id: str,
        keys: Iterable[str],
        *,
        logs: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> Follower:
        """Follows steps to their ends and, with `logs`, their logs."""
        return Follower(self, run_id, keys, logs=logs, clock=clock)

    def close(self) -> None:
        """Closes the connections; a later call opens new ones."""
        self._transport.close()


def _run(run_id: str) -> str:
    return f"/v1/runs/{quote(run_id, safe='')}"


def _text(value: Any) -> str:
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as e:
        raise StepstileError(f"A step's input, shared input or tag is not JSON: {e}") from e


def _weight(text: str) -> int:
    return len(text) + text.count('"') + text.count("\\")


def _parts(steps: Sequence[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    weight = 0
    for step in steps:
        more = _weight(step) + 1
        if part and (len(part) == MOST_STEPS or weight + more > room):
            yield part
            part, weight = [], 0
        part.append(step)
        weight += more
    yield part  # an empty dispatch too: Stepstile rejects it


def _derived(dispatch_id: str, number: int) -> str:
    name = f"{dispatch_id}.{number}"
    return name if len(name) <= 128 else f"{hashlib.sha256(dispatch_id.encode()).hexdigest()}.{number}"
