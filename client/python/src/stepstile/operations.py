"""What an operator is answered: failures, plans, pauses, audits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from stepstile.errors import Refused, Unreachable
from stepstile.records import instant
from stepstile.transport import Transport

_EXAMPLES: Final = 3
_SECOND_LOOK_SECONDS: Final = 30.0
_TOO_EARLY_SECONDS: Final = 2.0


@dataclass(frozen=True)
class FailureExample:
    """A step of a group of failures; `message` is that of its failure, as it is."""

    key: str
    attempt: int
    message: str


@dataclass(frozen=True)
class FailureGroup:
    """Failures of a run that have their kind, their handler and their normalised message in common.

    :ivar failure: the group's id, the same in each run; as a `StepFilter`'s `failure`, it selects the group's steps.
    :ivar message: of at most 200 characters, in which what differs is `…`.
    :ivar count: how many steps failed so; `states`, how many of them are in each state.
    :ivar first_at: when the first of them failed, and `last_at` the last.
    :ivar examples: at most three.
    """

    failure: str
    kind: str
    handler: str
    message: str
    count: int
    states: Mapping[str, int]
    first_at: datetime | None
    last_at: datetime | None
    examples: Sequence[FailureExample]

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> FailureGroup:
        return FailureGroup(
            failure=str(node["failure"]),
            kind=str(node.get("kind", "")),
            handler=str(node.get("handler", "")),
            message=str(node.get("message", "")),
            count=int(node.get("count", 0)),
            states=dict(node.get("states", {})),
            first_at=instant(node.get("firstAt")),
            last_at=instant(node.get("lastAt")),
            examples=tuple(
                FailureExample(str(one["key"]), int(one.get("attempt", 0)), str(one.get("message", "")))
                for one in node.get("examples", ())
            ),
        )

    def plus(self, other: FailureGroup) -> FailureGroup:
        """The same group, with what another page counts of it."""
        first = [at for at in (self.first_at, other.first_at) if at is not None]
        last = [at for at in (self.last_at, other.last_at) if at is not None]
        return FailureGroup(
            self.failure,
            self.kind,
            self.handler,
            self.message,
            self.count + other.count,
            {
                state: self.states.get(state, 0) + other.states.get(state, 0)
                for state in {**self.states, **other.states}
            },
            min(first, default=None),
            max(last, default=None),
            (*self.examples, *other.examples)[:_EXAMPLES],
        )


@dataclass(frozen=True)
class Failures:
    """Why steps of a run failed.

    :ivar failures: the groups, the largest first.
    :ivar other_count: failures of further groups: a page of the API has its 100 largest ones. A narrower filter shows them.
    """

    failures: Sequence[FailureGroup]
    other_count: int = 0


@dataclass(frozen=True)
class StepsCancelled:
    """What became of a cancel of some steps of a run.

    :ivar cancelled_count: how many it ended at once.
    :ivar stopping_count: how many running ones it asked to stop.
    :ivar unknown_keys: keys that no step of the run has, the first hundred of them.
    :ivar complete: False if the time of the call was over, or a write failed: make the call again, as nothing else finishes
        it.
    """

    cancelled_count: int
    stopping_count: int
    unknown_keys: Sequence[str]
    complete: bool

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> StepsCancelled:
        return StepsCancelled(
            int(node["cancelledCount"]),
            int(node.get("stoppingCount", 0)),
            tuple(node.get("unknownKeys", ())),
            bool(node.get("complete", False)),
        )


@dataclass(frozen=True)
class StepPlan:
    """What a cancel or a redrive would do: nothing was changed.

    :ivar counts: of the steps that it would be about, by their states now.
    :ivar examples: the keys of at most ten.
    :ivar complete: whether all were looked at before the time of the call was over.
    :ivar unknown_keys: those of the call that no step of the run has, the first hundred.
    """

    counts: Mapping[str, int]
    examples: Sequence[str]
    complete: bool
    dry_run: bool = True
    unknown_keys: Sequence[str] = ()

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> StepPlan:
        return StepPlan(
            dict(node["counts"]),
            tuple(node.get("examples", ())),
            bool(node.get("complete", False)),
            unknown_keys=tuple(node.get("unknownKeys", ())),
        )


@dataclass(frozen=True)
class Pause:
    """A pause that lasts.

    :ivar scope: `run`, `handler` or `all`; there may be new ones.
    :ivar run_id: of the scope `run`; `handler` of the scope `handler`.
    :ivar reason: what whoever paused it said.
    """

    scope: str
    run_id: str | None
    handler: str | None
    paused_at: datetime | None
    reason: str

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> Pause:
        return Pause(
            str(node["scope"]),
            node.get("runId"),
            node.get("handler"),
            instant(node.get("pausedAt")),
            str(node.get("reason", "")),
        )


@dataclass(frozen=True)
class PauseChange:
    """What became of a pause or a resume.

    :ivar scope: as of a `Pause`, with `run_id` and `handler`.
    :ivar paused_at: of a pause: since when it lasts.
    :ivar resumed_at: of a resume; None if there was never a pause.
    :ivar changed: whether this call changed anything.
    """

    scope: str
    run_id: str | None
    handler: str | None
    paused_at: datetime | None
    resumed_at: datetime | None
    changed: bool

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> PauseChange:
        return PauseChange(
            str(node["scope"]),
            node.get("runId"),
            node.get("handler"),
            instant(node.get("pausedAt")),
            instant(node.get("resumedAt")),
            bool(node["changed"]),
        )


@dataclass(frozen=True)
class Violation:
    """Something that cannot be.

    :ivar kind: one of those that `docs/protocol.md` lists, as `FEED_MISSING`; there may be new ones.
    :ivar key: of the step; None if it is not about one.
    :ivar evidence: what was read, for people.
    """

    kind: str
    key: str | None
    dispatch_id: str | None
    evidence: str

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> Violation:
        return Violation(
            str(node["kind"]), node.get("key"), node.get("dispatchId"), str(node.get("evidence", ""))
        )


@dataclass(frozen=True)
class AuditReport:
    """What an audit of a run found.

    :ivar violations: what cannot be; none if all is well.
    :ivar unread_count: payloads, and ends in the feed, that were not looked at, as two reads a step were spent;
        which ones, is left to chance.
    """

    violations: Sequence[Violation]
    checked_count: int
    read_count: int
    unread_count: int = 0


class Auditor:
    """Audits a run: the first looks at its steps, then the second looks at what work under way can look like.

    A second look is due 30 s after the answer that asks for it, by the clock of whoever answers, so that this side counts
    from the answer and asks again where it was too early.
    """

    def __init__(self, transport: Transport, path: str) -> None:
        self._transport = transport
        self._path = path
        self._violations: list[Violation] = []
        self._counts = {"checkedCount": 0, "readCount": 0, "unreadCount": 0}

    def report(self) -> AuditReport:
        """:raises Unreachable: if second looks are too early for longer than the client is patient."""
        again: list[tuple[str, float]] = []
        cursor: str | None = ""
        while cursor is not None:
            cursor, suspects = self._ask(cursor)
            if suspects is not None:
                again.append((suspects, self._transport.clock() + _SECOND_LOOK_SECONDS))
        for suspects, due in again:
            self._look_again(suspects, due)
        return AuditReport(
            tuple(self._violations),
            self._counts["checkedCount"],
            self._counts["readCount"],
            self._counts["unreadCount"],
        )

    def _look_again(self, suspects: str, due: float) -> None:
        wait = due - self._transport.clock()
        while True:
            if wait > 0:
                self._transport.pause(wait)
            try:
                _, early = self._ask(suspects)
            except Refused as e:
                if e.type == "run-not-found":  # deleted by age since, and what was suspected with it
                    return
                raise
            if early is None:
                return
            patience = self._transport.patience_seconds
            if self._transport.clock() > due + patience:
                raise Unreachable(
                    f"Stepstile at {self._transport.endpoint} still says that a second look at {self._path} is too early, "
                    f"{_SECOND_LOOK_SECONDS + patience:g} s after the first. Is the clock of its machine right?"
                )
            wait = _TOO_EARLY_SECONDS

    def _ask(self, cursor: str) -> tuple[str | None, str | None]:
        """:return: the cursor of the next steps, and that of a second look; None if there is none."""
        query = {"cursor": cursor} if cursor else {}
        page = self._transport.call("GET", self._path, query=query, member="violations")
        self._violations += [Violation.from_json(each) for each in page["violations"]]
        for name in self._counts:
            self._counts[name] += int(page.get(name, 0))
        return page.get("cursor"), page.get("secondLook", {}).get("cursor")
