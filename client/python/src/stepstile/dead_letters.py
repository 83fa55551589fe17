"""The dead-letter queue of a stack: what could not be run, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from stepstile import limits
from stepstile.records import Overrides, instant
from stepstile.transport import Transport

_PATH = "/v1/dead-letters"
_LIMIT = 1000


@dataclass(frozen=True)
class DeadLetter:
    """A message in the dead-letter queue.

    :ivar sent_at: when it was put there.
    :ivar receive_count: how often it was received; each listing counts.
    :ivar run_id: of its step; None, as `key`, if it is no message of a step: it is `unrecognised`.
    :ivar attempt: at which the step died; 0 if none was made, or if SQS moved the step's own message.
    :ivar kind: of the error, `RECEIVED_TOO_OFTEN` or `UNRECOGNISED_MESSAGE`.
    :ivar finished_at: when the step died.
    :ivar step_state: how the step stands now; None if it was never started, or was deleted by age.
    :ivar stale: whether the step is no longer DEAD at that attempt.
    :ivar body: as it is in the queue, with the step's input; None if it was not asked for.
    """

    message_id: str
    sent_at: datetime | None
    receive_count: int
    run_id: str | None
    key: str | None
    attempt: int
    dispatch_id: str | None
    handler: str | None
    kind: str
    message: str
    finished_at: datetime | None
    step_state: str | None
    stale: bool
    unrecognised: bool
    body: str | None

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> DeadLetter:
        return DeadLetter(
            message_id=str(node["messageId"]),
            sent_at=instant(node.get("sentAt")),
            receive_count=int(node.get("receiveCount", 0)),
            run_id=node.get("runId"),
            key=node.get("key"),
            attempt=int(node.get("attempt", 0)),
            dispatch_id=node.get("dispatchId"),
            handler=node.get("handler"),
            kind=str(node.get("kind", "")),
            message=str(node.get("message", "")),
            finished_at=instant(node.get("finishedAt")),
            step_state=node.get("stepState"),
            stale=bool(node.get("stale", False)),
            unrecognised=bool(node.get("unrecognised", False)),
            body=node.get("body"),
        )


@dataclass(frozen=True)
class DeadLetterList:
    """What was found in the dead-letter queue.

    :ivar letters: newest first.
    :ivar approximate_count: of all letters, also those that another call hides for the moment.
    :ivar complete: whether nothing else was there; a queue has no pages, so that a narrower selection shows more.
    """

    letters: Sequence[DeadLetter]
    approximate_count: int
    complete: bool


@dataclass(frozen=True)
class DeadLettersRedriven:
    """What a redrive of dead letters did.

    :ivar left_count: letters that were selected and stay.
    :ivar complete: whether the whole queue was looked through; else the same call again continues.
    """

    redriven_count: int
    deleted_count: int
    left_count: int
    complete: bool


@dataclass(frozen=True)
class DeadLettersPurged:
    """What a purge of dead letters did; `left_count` and `complete` are as of `DeadLettersRedriven`."""

    purged_count: int
    left_count: int
    complete: bool


@dataclass(frozen=True)
class DeadLetterPlan:
    """What a redrive or a purge of dead letters would do.

    :ivar counts: letters whose steps would be redriven, or that would be purged, by the state of their steps: `GONE` where
        the table has none, `UNRECOGNISED`.
    :ivar examples: at most ten, as `run_id/key` or a message's id.
    :ivar deleted_count: letters that would be deleted; by a redrive, also those of steps that need none. Of an API of a
        version that did not say so yet, the sum of the counts.
    """

    counts: Mapping[str, int]
    examples: Sequence[str]
    deleted_count: int
    left_count: int
    complete: bool
    dry_run: bool = True


class DeadLetters:
    """`client.dead_letters`: list, redrive, purge.

    A selection is of all letters that fit what is named; nothing named is every letter of a step. A redrive and a purge
    take at most 1,000 letters in a call; while the answer is not complete, the same call again continues.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def list(
        self,
        *,
        run_id: str | None = None,
        key: str | None = None,
        handler: str | None = None,
        kind: str | None = None,
        bodies: bool = False,
        limit: int = _LIMIT,
    ) -> DeadLetterList:
        """Up to `limit` letters (1 to 1000), with how their steps stand. They stay in the queue.

        Other calls do not see them until this one is answered.

        :param bodies: whether to return the letters as they are in the queue, which have the inputs of their steps.
        :raises Refused: `bad-kind` if there is no such kind.
        """
        selected = _selection(run_id, None if key is None else [key], handler, kind)
        query = {name: str(value) for name, value in selected.items() if name not in ("all", "keys")}
        query["limit"] = str(limit)
        if key is not None:
            query["key"] = key
        if bodies:
            query["body"] = "true"
        answer = self._transport.call("GET", _PATH, query=query, member="deadLetters")
        return DeadLetterList(
            letters=tuple(DeadLetter.from_json(node) for node in answer["deadLetters"]),
            approximate_count=int(answer.get("approximateCount", 0)),
            complete=bool(answer.get("complete", False)),
        )

    def redrive(
        self,
        *,
        run_id: str | None = None,
        keys: Iterable[str] | None = None,
        handler: str | None = None,
        kind: str | None = None,
        overrides: Overrides | None = None,
        redrive_id: str | None = None,
    ) -> DeadLettersRedriven:
        """Redrives the steps that are DEAD, and takes their letters out of the queue.

        :param overrides: changes to these steps.
        :param redrive_id: identifies the redrive: a step that it has redriven is not redriven by it again. By default, each
            call gets a new id, which the client's retries keep.
        """
        body = _selection(run_id, keys, handler, kind)
        body["redriveId"] = (
            limits.check_id("redrive_id", redrive_id) if redrive_id is not None else uuid4().hex
        )
        if overrides is not None:
            body["overrides"] = overrides.to_json()
            if "input" in body["overrides"] and "keys" not in body:
                raise limits.refuse("input", "be of a redrive that names keys", "there are none")
        answer = self._post("redrive", body, "redrivenCount")
        return DeadLettersRedriven(
            redriven_count=int(answer["redrivenCount"]),
            deleted_count=int(answer.get("deletedCount", 0)),
            left_count=int(answer.get("leftCount", 0)),
            complete=bool(answer.get("complete", False)),
        )

    def plan_redrive(
        self,
        *,
        run_id: str | None = None,
        keys: Iterable[str] | None = None,
        handler: str | None = None,
        kind: str | None = None,
    ) -> DeadLetterPlan:
        """What `redrive` would do; nothing is written."""
        return self._plan("redrive", _selection(run_id, keys, handler, kind))

    def purge(
        self,
        *,
        run_id: str | None = None,
        keys: Iterable[str] | None = None,
        handler: str | None = None,
        kind: str | None = None,
    ) -> DeadLettersPurged:
        """Deletes letters of steps that have ended, or whose run was deleted by age. No step is changed."""
        return self._purged(_selection(run_id, keys, handler, kind))

    def plan_purge(
        self,
        *,
        run_id: str | None = None,
        keys: Iterable[str] | None = None,
        handler: str | None = None,
        kind: str | None = None,
    ) -> DeadLetterPlan:
        """What `purge` would do; nothing is written."""
        return self._plan("purge", _selection(run_id, keys, handler, kind))

    def purge_unrecognised(self) -> DeadLettersPurged:
        """Deletes messages that are not recognised, and no letter of a step."""
        return self._purged({"unrecognised": True})

    def _purged(self, body: dict[str, Any]) -> DeadLettersPurged:
        answer = self._post("purge", body, "purgedCount")
        return DeadLettersPurged(
            purged_count=int(answer["purgedCount"]),
            left_count=int(answer.get("leftCount", 0)),
            complete=bool(answer.get("complete", False)),
        )

    def _plan(self, call: str, body: dict[str, Any]) -> DeadLetterPlan:
        answer = self._post(call, {**body, "dryRun": True}, "counts")
        return DeadLetterPlan(
            counts=dict(answer["counts"]),
            examples=tuple(answer.get("examples", ())),
            deleted_count=int(answer.get("deletedCount", sum(answer["counts"].values()))),
            left_count=int(answer.get("leftCount", 0)),
            complete=bool(answer.get("complete", False)),
        )

    def _post(self, call: str, body: Mapping[str, Any], member: str) -> dict[str, Any]:
        return self._transport.call("POST", f"{_PATH}/{call}", limits.text_of(body).encode(), member=member)


def _selection(
    run_id: str | None, keys: Iterable[str] | None, handler: str | None, kind: str | None
) -> dict[str, Any]:
    selected: dict[str, Any] = {}
    if run_id is not None:
        selected["runId"] = limits.check_run_id(run_id)
    if keys is not None:
        selected["keys"] = limits.check_keys(keys)
        if not selected["keys"]:
            raise limits.refuse("keys", "be at least one", "are none: leave them out for all steps")
        if run_id is None:
            raise limits.refuse("keys", "be of a run", "are given without a run_id")
    if handler is not None:
        selected["handler"] = limits.check_name("handler", handler)
    if kind is not None:
        selected["kind"] = kind
    return selected or {"all": True}
