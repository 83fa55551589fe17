"""The client of Stepstile's HTTP API, as `docs/protocol.md` describes it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, overload
from urllib.parse import quote
from uuid import uuid4

from stepstile import limits, traces
from stepstile.dead_letters import DeadLetters
from stepstile.errors import DamagedResult, Refused
from stepstile.filters import RunFilter, StepFilter
from stepstile.follower import Follower
from stepstile.operations import (
    Auditor,
    AuditReport,
    FailureGroup,
    Failures,
    Pause,
    PauseChange,
    StepPlan,
    StepsCancelled,
)
from stepstile.records import (
    Defaults,
    LogPage,
    NotifyEvent,
    NotifyWebhook,
    Overrides,
    RunningStep,
    RunStatus,
    Step,
    StepEnded,
    StepRecord,
    moment,
)
from stepstile.signing import Sign, region_of, sigv4
from stepstile.transport import Transport

ALL_RUNS: Final = RunFilter()
ALL_STEPS: Final = StepFilter()


@dataclass(frozen=True)
class Dispatched:
    """How many steps were recorded, and how many of these an earlier dispatch of the run had already started.

    The latter keep the input, handler and limits of the earlier dispatch.

    :ivar dispatch_id: the name of the dispatch, also where it was derived; of several requests the first one's.
    :ivar replayed: whether the same dispatch had been made before.
    """

    accepted_count: int
    attached_count: int
    dispatch_id: str = ""
    replayed: bool = False


@dataclass(frozen=True)
class Cancelled:
    """How many steps a cancel ended at once, and how many running ones it asked to stop."""

    cancelled_count: int
    stopping_count: int


@dataclass(frozen=True)
class Redriven:
    """What became of a redrive.

    :ivar redriven_count: how many steps it set to run again.
    :ivar replayed: whether the call had been made before; the rest is what it was answered then.
    :ivar unknown_keys: keys that no step of the run has, the first hundred of them.
    :ivar damaged_keys: keys of steps that were left out because their records are damaged, the first hundred of them: the
        same redrive again takes them once they are repaired.
    """

    redriven_count: int
    replayed: bool = False
    unknown_keys: Sequence[str] = ()
    damaged_keys: Sequence[str] = ()


class StepstileClient:
    """Calls Stepstile. Safe to use from several threads; a `with` statement closes its connections.

    What Stepstile would refuse for its form raises `BadInput` before anything is sent.

    :param endpoint: the URL of Stepstile: printed by `stepstile local`, or the output `ApiUrl` of the deployed stack.
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

    def __enter__(self) -> StepstileClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def dead_letters(self) -> DeadLetters:
        """What is in the stack's dead-letter queue: list, redrive, purge."""
        return DeadLetters(self._transport)

    @property
    def endpoint(self) -> str:
        return self._transport.endpoint

    def dispatch(
        self,
        run_id: str,
        steps: Sequence[Step],
        *,
        dispatch_id: str | None = None,
        tenant: str | None = None,
        deadline: datetime | timedelta | None = None,
        shared_inputs: Mapping[str, Any] | None = None,
        defaults: Defaults | None = None,
        notify: NotifyEvent | NotifyWebhook | None = None,
        traceparent: str | None = None,
        tracestate: str | None = None,
    ) -> Dispatched:
        """Dispatches steps: when this returns, they are recorded and will end, whatever crashes.

        A repeated call is the same dispatch. Steps that do not fit into one request are sent in several, with the ids
        `<dispatch_id>.1`, `.2` and so on, which depend only on the arguments.

        :param dispatch_id: names the dispatch: the same id with the same content is the same dispatch. By default, it is
            derived from the content.
        :param tenant: whose steps these are: on AWS, one tenant's backlog delays other tenants less. By default, each run
            is a tenant of its own.
        :param notify: who is told that the dispatch has ended, at least once; each part of one that is sent in several
            is told of.
        :param deadline: each step that has not ended by then ends FAILED; a timedelta is counted from when the dispatch is
            accepted, also if it is repeated later. At most 14 days away. By default, there is none.
        :param traceparent: the W3C Trace Context that the attempts continue, with `tracestate`: by default that of
            OpenTelemetry's current span, if the program uses OpenTelemetry; `""` for none. One that is malformed is
            ignored. A repeated call keeps that of the first one.
        :raises Refused: `dispatch-conflict` if the id was used with other content; `run-cancelled` if the run was
            cancelled.
        """
        if dispatch_id is not None:
            limits.check_id("dispatch_id", dispatch_id)
        shared = dict(shared_inputs or {})
        limits.check_shared_inputs(shared)
        _check_whole(steps, defaults or Defaults())
        head: dict[str, Any] = {}
        if tenant is not None:
            head["tenant"] = limits.check_id("tenant", tenant)
        limits.check_moment("deadline", deadline, limits.DEADLINE)
        if deadline is not None:
            head["deadline"] = moment(deadline)
        if shared:
            head["sharedInputs"] = shared
        if defaults:
            head["defaults"] = defaults.to_json()
        if notify is not None:
            limits.check_notify_tags((defaults and defaults.tags) or {})
            head["notify"] = notify.to_json()
        common = limits.text_of(head)[1:-1]
        room = limits.REQUEST_BYTES - 1000
        limits.check_fits("shared_inputs", _weight(common), room)
        trace = traces.headers(traceparent, tracestate)
        answers: list[dict[str, Any]] = []
        for number, part in enumerate(list(_parts(map(_step_text, steps), room - _weight(common)))):
            members = [common] if common else []
            if dispatch_id is not None:
                name = _derived(dispatch_id, number) if number else dispatch_id
                members.insert(0, f'"dispatchId":{limits.text_of(name)}')
            body = "{" + ",".join([*members, '"steps":[' + ",".join(part) + "]"]) + "}"
            path = f"{_run(run_id)}/dispatches"
            answers.append(
                self._transport.call("POST", path, body.encode(), member="acceptedCount", trace=trace)
            )
        return Dispatched(
            accepted_count=sum(int(answer["acceptedCount"]) for answer in answers),
            attached_count=sum(int(answer.get("attachedCount", 0)) for answer in answers),
            dispatch_id=str(answers[0].get("dispatchId", "")),
            replayed=all(bool(answer.get("replayed", False)) for answer in answers),
        )

    def status(self, run_id: str, *, exact: bool = False) -> RunStatus:
        """The counts of a run's steps by state, as of the last sweep.

        `exact` counts now, and reads each record for it; a large run is counted in several calls.
        """
        query = {"exact": "true"} if exact else {}
        node = self._transport.call("GET", _run(run_id), query=query, member="runId")
        while "cursor" in node:
            more = {**query, "cursor": node["cursor"]}
            node = self._transport.call("GET", _run(run_id), query=more, member="runId")
        return RunStatus.from_json(node)

    def runs(self, filter: RunFilter = ALL_RUNS) -> Iterator[RunStatus]:  # noqa: A002
        """The runs that fit, those that began last first.

        A new run may be missing for a moment.
        """
        query = {"limit": "100", **filter.to_query()}
        return map(RunStatus.from_json, self._pages("/v1/runs", query, "runs"))

    def steps(
        self,
        run_id: str,
        filter: StepFilter = ALL_STEPS,  # noqa: A002
        *,
        state: str | None = None,
    ) -> Iterator[StepRecord]:
        """All steps of a run, or those that fit, in the order of their dispatch.

        Without results.

        :param state: in place of a filter's `states`.
        """
        query = {"limit": "1000", **_filtered(filter, [state] if state else None).to_query()}
        return map(StepRecord.from_json, self._pages(f"{_run(run_id)}/steps", query))

    def failures(self, run_id: str, filter: StepFilter = ALL_STEPS) -> Failures:  # noqa: A002
        """Why steps of a run failed, grouped by error kind, handler and normalised message.

        A large run is read in several calls.

        :param filter: of which steps: by default, FAILED and DEAD ones; RETRYING ones count by their last failure.
        :raises Refused: `run-not-found` if nothing was dispatched to the run.
        """
        groups: dict[str, FailureGroup] = {}
        others = 0
        for page in self._answers(f"{_run(run_id)}/failures", filter.to_query(), "failures"):
            for group in map(FailureGroup.from_json, page["failures"]):
                known = groups.get(group.failure)
                groups[group.failure] = group if known is None else known.plus(group)
            others += int(page.get("otherCount", 0))
        return Failures(tuple(sorted(groups.values(), key=lambda g: (-g.count, g.failure))), others)

    def running(self, run_id: str) -> Iterator[RunningStep]:
        """The steps of a run that are running, as of the newest heartbeat of each of their workers.

        The list may lag: an attempt is in it a second after its start, or at the latest with its worker's next heartbeat,
        and may still be in it for a moment after its end.
        """
        entries = self._pages(f"{_run(run_id)}/running", {"limit": "1000"})
        return (RunningStep.from_json(entry, run_id) for entry in entries)

    def running_everywhere(self, *, worker: str | None = None) -> Iterator[RunningStep]:
        """As `running`, of all runs.

        :param worker: the id of one worker, which is read consistently.
        """
        query = {"limit": "1000", **({"worker": worker} if worker is not None else {})}
        return map(RunningStep.from_json, self._pages("/v1/running", query))

    def _pages(self, path: str, query: dict[str, str], member: str = "steps") -> Iterator[dict[str, Any]]:
        """The entries of a list through all its pages."""
        for page in self._answers(path, query, member):
            yield from page[member]

    def _answers(self, path: str, query: dict[str, str], member: str) -> Iterator[dict[str, Any]]:
        """A list's pages."""
        while True:
            page = self._transport.call("GET", path, query=query, member=member)
            yield page
            if "cursor" not in page:
                return
            query["cursor"] = page["cursor"]

    def step(
        self,
        run_id: str,
        key: str,
        *,
        log: bool = False,
        attempt: int | None = None,
        input: bool = False,  # noqa: A002
    ) -> StepRecord | None:
        """One step, with its result and, if asked for, the log of an attempt (by default the newest).

        None while the step is queued.

        :param input: whether to add the input of the newest attempt.
        """
        query = {"key": limits.check_key(key)}
        if log or attempt is not None:
            query["log"] = "true"
        if input:
            query["input"] = "true"
        if attempt is not None:
            query["attempt"] = str(limits.check_attempt(attempt))
        try:
            node = self._transport.call("GET", f"{_run(run_id)}/step", query=query, member="state")
            return StepRecord.from_json(node)
        except Refused as e:
            if e.type in ("step-not-started", "run-not-found"):
                return None
            raise

    def result(self, run_id: str, key: str) -> Any:
        """The result of a step that succeeded, of any size, in as many calls as needed.

        :raises Refused: `no-result` if the step has not succeeded.
        :raises DamagedResult: if the received result differs from the stored one.
        """
        content = bytearray()
        while True:
            piece = self._transport.call(
                "GET",
                f"{_run(run_id)}/step/result",
                query={"key": limits.check_key(key), "offset": str(len(content))},
                member="content",
            )
            try:
                content += base64.b64decode(piece["content"], validate=True)
            except ValueError as e:
                raise DamagedResult(f"The result of step {key} did not arrive as base64.") from e
            if len(content) >= int(piece.get("size", 0)) or not piece["content"]:
                break
        if hashlib.sha256(content).hexdigest() != piece.get("sha256"):
            raise DamagedResult(
                f"The received result of step {key} differs from the stored one: its digest is another."
            )
        return json.loads(content)

    def lookup(self, run_id: str, keys: Iterable[str]) -> dict[str, StepRecord]:
        """The records of steps by key, read consistently; without those that are still queued.

        A result over 16 KB is not included: `step` or `result` returns it.
        """
        found: dict[str, StepRecord] = {}
        wanted = limits.check_keys(dict.fromkeys(keys))
        for start in range(0, len(wanted), limits.LOOKUP_KEYS):
            body = limits.text_of({"keys": wanted[start : start + limits.LOOKUP_KEYS]}).encode()
            try:
                answer = self._transport.call("POST", f"{_run(run_id)}/steps/lookup", body, member="entries")
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
            return self._transport.call("GET", f"{_run(run_id)}/feed", query=query, member="entries")
        except Refused as e:
            if e.type == "run-not-found":  # nothing was dispatched yet
                return {"entries": [], "cursor": cursor, "caughtUp": True}
            raise

    def cancel(self, run_id: str) -> Cancelled:
        """Ends the queued steps of a run, and asks the running ones to stop.

        The run accepts no more steps. For a run that does not exist, both counts are 0.
        """
        try:
            answer = self._transport.call("POST", f"{_run(run_id)}/cancel", member="cancelledCount")
        except Refused as e:
            if e.type == "run-not-found":
                return Cancelled(0, 0)
            raise
        return Cancelled(int(answer["cancelledCount"]), int(answer["stoppingCount"]))

    def cancel_steps(
        self,
        run_id: str,
        *,
        keys: Iterable[str] = (),
        filter: StepFilter = ALL_STEPS,  # noqa: A002
    ) -> StepsCancelled:
        """Ends the waiting ones of some steps, and asks the running ones to stop; the run goes on.

        A redrive may run them again.

        :param keys: at most 1000; by default, all steps of the run that fit the filter, which must name something then.
        :param filter: of these steps, those that fit; its states are of QUEUED, RUNNING and RETRYING.
        :raises Refused: `run-not-found` if nothing was dispatched to the run.
        """
        return StepsCancelled.from_json(
            self._post(f"{_run(run_id)}/cancel", _cancelled(keys, filter), "cancelledCount")
        )

    def plan_cancel(
        self,
        run_id: str,
        *,
        keys: Iterable[str] = (),
        filter: StepFilter = ALL_STEPS,  # noqa: A002
    ) -> StepPlan:
        """What `cancel_steps` would do or, without keys and filter, `cancel`; nothing is changed."""
        keys = list(keys)
        body = _cancelled(keys, filter) if keys or filter != ALL_STEPS else {}
        return self._plan(f"{_run(run_id)}/cancel", body)

    def redrive(
        self,
        run_id: str,
        *,
        states: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
        filter: StepFilter = ALL_STEPS,  # noqa: A002
        overrides: Overrides | None = None,
        redrive_id: str | None = None,
    ) -> Redriven:
        """Runs ended steps again with all their attempts. Steps that succeeded are not changed.

        :param states: in place of a filter's `states`: FAILED, DEAD, CANCELLED; by default, FAILED and DEAD, and CANCELLED
            too where `keys` are given.
        :param keys: the steps; by default, all of the run.
        :param filter: of these steps, those that fit.
        :param overrides: changes to these steps.
        :param redrive_id: identifies the redrive: repeated calls with the same id are one redrive. By default, each call
            gets a new id, which the client's retries keep.
        """
        body = _redriven(states, keys, filter)
        body["redriveId"] = (
            limits.check_id("redrive_id", redrive_id) if redrive_id is not None else uuid4().hex
        )
        if overrides is not None:
            body["overrides"] = overrides.to_json()
            if keys is None and "input" in body["overrides"]:
                raise limits.refuse("input", "be of a redrive that names keys", "there are none")
        answer = self._post(f"{_run(run_id)}/redrive", body, "redrivenCount")
        return Redriven(
            redriven_count=int(answer["redrivenCount"]),
            replayed=bool(answer.get("replayed", False)),
            unknown_keys=tuple(answer.get("unknownKeys", ())),
            damaged_keys=tuple(answer.get("damagedKeys", ())),
        )

    def plan_redrive(
        self,
        run_id: str,
        *,
        states: Iterable[str] | None = None,
        keys: Iterable[str] | None = None,
        filter: StepFilter = ALL_STEPS,  # noqa: A002
    ) -> StepPlan:
        """What `redrive` would do; nothing is changed."""
        return self._plan(f"{_run(run_id)}/redrive", _redriven(states, keys, filter))

    def _plan(self, path: str, body: Mapping[str, Any]) -> StepPlan:
        return StepPlan.from_json(self._post(path, {**body, "dryRun": True}, "counts"))

    def pause(
        self,
        *,
        run_id: str | None = None,
        handler: str | None = None,
        everything: bool = False,
        reason: str = "",
    ) -> PauseChange:
        """From 5 s on, no further step of a run, a handler or everything begins.

        What runs goes on; what waits is kept and counts no attempt.

        :param reason: for whoever looks later: at most 200 characters.
        :raises BadInput: unless exactly one of `run_id`, `handler` and `everything` is given.
        :raises Refused: `too-many-pauses` if 100 pauses last already, `run-not-found` if nothing was dispatched to the run.
        """
        path, body = _scope(run_id, handler, everything=everything)
        if limits.check_reason(reason):
            body["reason"] = reason
        return PauseChange.from_json(self._post(f"{path}/pause", body, "changed"))

    def resume(
        self, *, run_id: str | None = None, handler: str | None = None, everything: bool = False
    ) -> PauseChange:
        """What this pause covered, and no other one covers, begins again within two sweep intervals (120 s).

        :raises BadInput: unless exactly one of `run_id`, `handler` and `everything` is given.
        :raises Refused: `run-not-found` if nothing was dispatched to the run.
        """
        path, body = _scope(run_id, handler, everything=everything)
        return PauseChange.from_json(self._post(f"{path}/resume", body, "changed"))

    def pauses(self) -> list[Pause]:
        """What is paused."""
        answer = self._transport.call("GET", "/v1/pauses", member="pauses")
        return [Pause.from_json(each) for each in answer["pauses"]]

    def audit(self, run_id: str) -> AuditReport:
        """Checks what is stored of a run against itself: records, feed, manifests, counts, dead letters and payloads.

        Nothing is changed. What work under way can look like is looked at again 30 s later, which this call waits for; of a
        large run it makes many calls of about a second.

        :raises Refused: `run-not-found` if nothing was dispatched to the run.
        """
        return Auditor(self._transport, f"{_run(run_id)}/audit").report()

    def _post(self, path: str, body: Mapping[str, Any], member: str) -> dict[str, Any]:
        return self._transport.call("POST", path, limits.text_of(body).encode(), member=member)

    @overload
    def follow(
        self, run_id: str, keys: Iterable[str], *, logs: Literal[False] = False
    ) -> Follower[StepEnded]: ...

    @overload
    def follow(self, run_id: str, keys: Iterable[str], *, logs: bool) -> Follower[LogPage | StepEnded]: ...

    def follow(self, run_id: str, keys: Iterable[str], *, logs: bool = False) -> Follower[Any]:
        """Follows steps to their ends and, with `logs`, their logs: `for end in client.follow("nightly", keys)`."""
        return Follower(
            self,
            limits.check_run_id(run_id),
            limits.check_keys(keys),
            logs=logs,
            clock=self._transport.clock,
            wait=self._transport.pause,
        )

    def close(self) -> None:
        """Closes the connections; a later call opens new ones."""
        self._transport.close()


def _run(run_id: str) -> str:
    return f"/v1/runs/{quote(limits.check_run_id(run_id), safe='')}"


def _filtered(filter: StepFilter, states: Iterable[str] | None) -> StepFilter:  # noqa: A002
    """A filter with the states that a call names beside it."""
    if states is None:
        return filter
    if filter.states:
        raise limits.refuse("states", "be named once", "are named beside a filter that has some")
    return replace(filter, states=states)


def _redriven(
    states: Iterable[str] | None,
    keys: Iterable[str] | None,
    filter: StepFilter,  # noqa: A002
) -> dict[str, Any]:
    """What a redrive names."""
    chosen = _filtered(filter, None if states is None else limits.check_states(states))
    if chosen.states:
        limits.check_states(chosen.states)
    body = chosen.to_json()
    if keys is not None:
        body["keys"] = limits.check_keys(keys)
        if not body["keys"]:
            raise limits.refuse(
                "keys", "be at least one", "are none: leave them out for all steps of the run"
            )
    return body


def _cancelled(keys: Iterable[str], filter: StepFilter) -> dict[str, Any]:  # noqa: A002
    """What a cancel of steps names."""
    named = limits.check_keys(keys)
    limits.check_cancelled(named, filter.states, is_filtered=filter != ALL_STEPS)
    return {**({"keys": named} if named else {}), **filter.to_json()}


def _scope(run_id: str | None, handler: str | None, *, everything: bool) -> tuple[str, dict[str, Any]]:
    """The path and the body of a call that pauses or resumes."""
    if [run_id is not None, handler is not None, everything].count(True) != 1:
        raise limits.refuse(
            "scope", "be one of run_id, handler and everything", "is none of them, or several"
        )
    if run_id is not None:
        return _run(run_id), {}
    return "/v1", {} if handler is None else {"handler": limits.check_name("handler", handler)}


def _check_whole(steps: Sequence[Step], defaults: Defaults) -> None:
    """Checks what the parts of a dispatch must be together, which none of them can tell."""
    if not steps:
        raise limits.refuse("steps", "be at least one", "are none")
    common = defaults.tags or {}
    keys: set[str] = set()
    for step in steps:
        if step.key in keys:
            raise limits.refuse("key", "be of one step of a dispatch", f"is {json.dumps(step.key)} of two")
        keys.add(step.key)
        if step.handler is None and defaults.handler is None:
            raise limits.refuse(
                "handler", "be named by each step or by defaults", f"is not, of {json.dumps(step.key)}"
            )
        if common and step.tags and len({*common, *step.tags}) > limits.TAGS:
            many = len({*common, *step.tags})
            raise limits.refuse("tags", f"be at most {limits.TAGS}", f"are {many} of {json.dumps(step.key)}")


def _step_text(step: Step) -> str:
    text = limits.text_of(step.to_json())
    if len(text) > limits.INPUT_BYTES:  # an input's own JSON is not longer than that of its step
        limits.check_input(step.input)
    return text


def _weight(text: str) -> int:
    return len(text) + text.count('"') + text.count("\\")


def _parts(steps: Iterable[str], room: int) -> Iterator[list[str]]:
    part: list[str] = []
    weight = 0
    for step in steps:
        more = _weight(step) + 1
        limits.check_fits("input", more, room)
        if part and (len(part) == limits.STEPS_PER_CALL or weight + more > room):
            yield part
            part, weight = [], 0
        part.append(step)
        weight += more
    yield part


def _derived(dispatch_id: str, number: int) -> str:
    name = f"{dispatch_id}.{number}"
    return name if len(name) <= 128 else f"{hashlib.sha256(dispatch_id.encode()).hexdigest()}.{number}"
