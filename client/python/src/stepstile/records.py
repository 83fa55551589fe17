"""What is handed to Stepstile and what it answers, as Python values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from stepstile import limits
from stepstile.errors import StepFailed

SUCCEEDED: Final = "SUCCEEDED"
FAILED: Final = "FAILED"
DEAD: Final = "DEAD"
CANCELLED: Final = "CANCELLED"
UNKNOWN: Final = "UNKNOWN"
"""The step's record is damaged; `error` says how, and what to do."""
ENDED: Final = frozenset({SUCCEEDED, FAILED, DEAD, CANCELLED})


@dataclass(frozen=True)
class Retry:
    """The wait after the n-th failure: anything from 0 to min(cap_seconds, base_seconds * 2 ** (n - 1)); and which
    failures are retried at all.

    A name is a kind of error (HANDLER_FAILED, TIMEOUT, WORKER_LOST, WORKER_STOPPED) or the class of an exception, such as
    `ValueError`. Each list has at most 10.

    :ivar on: only these are retried, and lost or stopped workers; None leaves it to Stepstile, or to the defaults.
    :ivar never: these end the step FAILED at once, whatever `on` has; None as for `on`, and an empty list means no failure.
    """

    base_seconds: float | None = 1.0
    cap_seconds: float | None = 300.0
    on: Sequence[str] | None = None
    never: Sequence[str] | None = None

    def __post_init__(self) -> None:
        limits.check_backoff("base_seconds", self.base_seconds)
        limits.check_backoff("cap_seconds", self.cap_seconds)
        limits.check_failures("on", self.on)
        limits.check_failures("never", self.never)

    def to_json(self) -> dict[str, Any]:
        return _present(
            baseSeconds=self.base_seconds,
            capSeconds=self.cap_seconds,
            on=None if self.on is None else list(self.on),
            never=None if self.never is None else list(self.never),
        )


@dataclass(frozen=True)
class Defaults:
    """What the steps of a dispatch have in common; None leaves it to Stepstile (3 attempts of 300 s)."""

    handler: str | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    retry: Retry | None = None
    tags: Mapping[str, str] | None = None
    not_before: datetime | timedelta | None = None

    def __post_init__(self) -> None:
        limits.check_settings(self.handler, self.max_attempts, self.timeout_seconds)
        limits.check_tags(self.tags or {})
        limits.check_moment("not_before", self.not_before, limits.NOT_BEFORE)

    def to_json(self) -> dict[str, Any]:
        return _present(
            handler=self.handler,
            maxAttempts=self.max_attempts,
            timeoutSeconds=self.timeout_seconds,
            retry=self.retry.to_json() if self.retry else None,
            tags=dict(self.tags) if self.tags else None,
            notBefore=moment(self.not_before),
        )


@dataclass(frozen=True)
class Step:
    """A step to run. Its key names it within the run for ever: the same key again is the same step.

    :ivar key: 1 to 512 bytes of UTF-8 without `#`, control characters and blanks at its ends.
    :ivar handler: which code runs it; None for that of the dispatch's defaults.
    :ivar input: any JSON of at most 5 MiB, handed to the handler as it is.
    :ivar max_attempts: 1 to 100.
    :ivar timeout_seconds: of one attempt: 1 to 880.
    :ivar tags: at most 20 with those of the dispatch, names and values of at most 200 characters.
    :ivar not_before: no attempt begins before it; a timedelta is counted from when the dispatch is accepted, also if it is
        repeated later. At most 7 days away.
    :raises BadInput: if a limit is exceeded.
    """

    key: str
    handler: str | None = None
    input: Any = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    retry: Retry | None = None
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    not_before: datetime | timedelta | None = None

    def __post_init__(self) -> None:
        limits.check_key(self.key)
        limits.check_settings(self.handler, self.max_attempts, self.timeout_seconds)
        limits.check_tags(self.tags)
        limits.check_moment("not_before", self.not_before, limits.NOT_BEFORE)

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            **_present(input=self.input),
            **Defaults(
                self.handler, self.max_attempts, self.timeout_seconds, self.retry, self.tags, self.not_before
            ).to_json(),
        }


SAME: Final[Any] = object()
"""Of an input: the one that the step has."""


@dataclass(frozen=True)
class Overrides:
    """What a redrive changes of its steps; None leaves it as it is.

    :ivar input: any JSON in place of the steps' own input, None too; for a redrive that names its keys.
    :ivar deadline: of these steps; without one, they keep one that lies ahead, and have none if it is over.
    """

    handler: str | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    retry: Retry | None = None
    input: Any = SAME
    not_before: datetime | timedelta | None = None
    deadline: datetime | timedelta | None = None

    def __post_init__(self) -> None:
        limits.check_settings(self.handler, self.max_attempts, self.timeout_seconds)
        if self.input is not SAME:
            limits.check_input(self.input)
        limits.check_moment("not_before", self.not_before, limits.NOT_BEFORE)
        limits.check_moment("deadline", self.deadline, limits.DEADLINE)

    def to_json(self) -> dict[str, Any]:
        return {
            **_present(
                handler=self.handler,
                maxAttempts=self.max_attempts,
                timeoutSeconds=self.timeout_seconds,
                retry=self.retry.to_json() if self.retry else None,
                notBefore=moment(self.not_before),
                deadline=moment(self.deadline),
            ),
            **({} if self.input is SAME else {"input": self.input}),
        }


@dataclass(frozen=True)
class Attempt:
    """An attempt that did not succeed: its kind is one of the error kinds that `docs/protocol.md` lists."""

    attempt: int
    kind: str
    message: str
    started_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class StepFault:
    """Why a step is FAILED, DEAD or UNKNOWN."""

    kind: str
    message: str


@dataclass(frozen=True)
class ResultLocation:
    """Where a result, or an input, is that is too large for an answer.

    :ivar store: `PAYLOADS` (the payload bucket; on one machine a folder) or `TABLE`; there may be new ones.
    """

    store: str
    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class LogPage:
    """Lines that an attempt wrote, in order by `number`, from 0 on."""

    key: str
    attempt: int
    number: int
    at: datetime
    lines: Sequence[str]


@dataclass(frozen=True)
class StepRecord:
    """A step as it stands.

    :ivar attempt: the newest one; 0 while queued.
    :ivar handler: which code runs it.
    :ivar result: what the handler returned, once SUCCEEDED and if it is in the answer.
    :ivar result_location: where the result is otherwise.
    :ivar attempts: what became of the last attempts that did not succeed.
    :ivar progress: 0 to 1, if it runs and its worker has sent a heartbeat; a list of steps and a lookup do not have it,
        nor what the worker says else: `progress_note`, `last_line`, `lease_until`, `lost`.
    :ivar log_page_count: how many pages of its log the newest attempt has written.
    :ivar log_pages: the pages of one attempt, if asked for.
    :ivar dispatch_id: of the dispatch whose input and settings it has.
    :ivar max_attempts: of its budget; None in a listing.
    :ivar redriven_by: the last redrive of it; None in a listing.
    :ivar traceparent: where it is in its trace, at the span of its newest attempt; None if it is in none, and in a listing.
    :ivar not_before: RETRYING: when it is tried again at the earliest; QUEUED: no attempt begins before it.
    :ivar dispatch_deadline: it ends FAILED if it has not ended by then; None in a listing of steps that have started.
    :ivar dead_lettered_at: DEAD: when its dead letter was written.
    :ivar worker: RUNNING: the invocation that runs it, which ends at `deadline` at the latest.
    :ivar cancel_requested: RUNNING: whether it was asked to stop.
    :ivar suspect: whether a worker was lost that ran it, so that it runs alone.
    :ivar duration_seconds: of an ended step: for how long its last attempt ran; None if none was claimed.
    :ivar queued_since: QUEUED, RETRYING, in a list of steps: since when it waits for a worker, which may be ahead.
    :ivar paused: QUEUED, RETRYING, in a list of steps: whether its run, its handler or everything is paused. Of a RETRYING
        one also alone.
    :ivar input: of its newest attempt, if asked for and in the answer.
    :ivar input_location: where that input is otherwise: one over 3 MB.
    """

    key: str
    state: str
    attempt: int
    handler: str
    started_at: datetime | None
    finished_at: datetime | None
    error: StepFault | None
    result: Any
    result_location: ResultLocation | None
    attempts: Sequence[Attempt]
    progress: float | None
    progress_note: str
    log_page_count: int
    log_pages: Sequence[LogPage]
    dispatch_id: str = ""
    max_attempts: int | None = None
    redriven_by: str | None = None
    not_before: datetime | None = None
    dead_lettered_at: datetime | None = None
    worker: str = ""
    deadline: datetime | None = None
    cancel_requested: bool = False
    suspect: bool = False
    last_line: str = ""
    lease_until: datetime | None = None
    lost: bool = False
    dispatch_deadline: datetime | None = None
    duration_seconds: float | None = None
    queued_since: datetime | None = None
    paused: bool = False
    input: Any = None
    input_location: ResultLocation | None = None
    traceparent: str | None = None

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> StepRecord:
        key = str(node["key"])
        damage = node.get("damage")
        error = {"kind": "DAMAGED", "message": damage} if damage else node.get("error")
        return StepRecord(
            key=key,
            state=str(node["state"]),
            attempt=int(node["attempt"]),
            handler=str(node.get("handler", "")),
            started_at=instant(node.get("startedAt")),
            finished_at=instant(node.get("finishedAt")),
            error=StepFault(str(error["kind"]), str(error["message"])) if error else None,
            result=node.get("result"),
            result_location=_location(node.get("resultLocation")),
            attempts=tuple(
                Attempt(
                    int(one["attempt"]),
                    str(one["kind"]),
                    str(one.get("message", "")),
                    instant(one.get("startedAt")),
                    instant(one.get("endedAt")),
                )
                for one in node.get("attempts", ())
            ),
            progress=node.get("progress"),
            progress_note=str(node.get("progressNote", "")),
            log_page_count=int(node.get("logPageCount", 0)),
            log_pages=tuple(_log_page(key, page) for page in node.get("logPages", ())),
            dispatch_id=str(node.get("dispatchId", "")),
            max_attempts=node.get("maxAttempts"),
            redriven_by=node.get("redrivenBy"),
            not_before=instant(node.get("notBefore")),
            dead_lettered_at=instant(node.get("deadLetteredAt")),
            worker=str(node.get("worker", "")),
            deadline=instant(node.get("deadline")),
            cancel_requested=bool(node.get("cancelRequested", False)),
            suspect=bool(node.get("suspect", False)),
            last_line=str(node.get("lastLine", "")),
            lease_until=instant(node.get("leaseUntil")),
            lost=bool(node.get("lost", False)),
            dispatch_deadline=instant(node.get("dispatchDeadline")),
            duration_seconds=node.get("durationSeconds"),
            queued_since=instant(node.get("queuedSince")),
            paused=bool(node.get("paused", False)),
            input=node.get("input"),
            input_location=_location(node.get("inputLocation")),
            traceparent=node.get("traceparent"),
        )


@dataclass(frozen=True)
class RunningStep:
    """A step that a worker runs, as of the worker's newest heartbeat.

    :ivar run_id: of the step.
    :ivar started_at: when the attempt began.
    :ivar progress: 0 to 1, as the handler last reported it.
    :ivar last_line: what it last printed, at most 100 characters.
    :ivar lease_until: until when the worker is believed to live without another heartbeat.
    :ivar lost: whether that time is over, or the worker was revoked: another attempt follows, unless this one has ended.
    """

    key: str
    attempt: int
    dispatch_id: str
    started_at: datetime | None
    worker: str
    progress: float
    progress_note: str
    last_line: str
    lease_until: datetime | None
    lost: bool
    run_id: str = ""

    @staticmethod
    def from_json(node: Mapping[str, Any], run_id: str = "") -> RunningStep:
        """:param run_id: of an entry that does not say it, in the list of one run."""
        return RunningStep(
            key=str(node["key"]),
            attempt=int(node["attempt"]),
            dispatch_id=str(node.get("dispatchId", "")),
            started_at=instant(node.get("startedAt")),
            worker=str(node.get("worker", "")),
            progress=float(node.get("progress", 0)),
            progress_note=str(node.get("progressNote", "")),
            last_line=str(node.get("lastLine", "")),
            lease_until=instant(node.get("leaseUntil")),
            lost=bool(node.get("lost", False)),
            run_id=str(node.get("runId", run_id)),
        )


@dataclass(frozen=True)
class StepEnded:
    """A step's end, told once.

    :ivar state: SUCCEEDED, FAILED, DEAD or CANCELLED; UNKNOWN if its record stayed damaged.
    :ivar attempt: the one that ended it.
    """

    key: str
    state: str
    attempt: int
    result: Any = None
    error: StepFault | None = None
    attempts: Sequence[Attempt] = ()

    def result_or_raise(self) -> Any:
        """What the handler returned.

        :raises StepFailed: if the step did not succeed.
        """
        if self.state != SUCCEEDED:
            raise StepFailed(self)
        return self.result


@dataclass(frozen=True)
class NotifyEvent:
    """Tells the stack's event bus that a dispatch has ended, on AWS."""

    def to_json(self) -> dict[str, Any]:
        return {"event": {}}


@dataclass(frozen=True)
class NotifyWebhook:
    """Tells a URL that a dispatch has ended, by a signed POST.

    :param url: of HTTPS, at most 500 characters, of a host that the stack allows; it is stored with the dispatch, so it
        should hold no secret.
    """

    url: str

    def __post_init__(self) -> None:
        limits.check_webhook(self.url)

    def to_json(self) -> dict[str, Any]:
        return {"webhook": {"url": self.url}}


@dataclass(frozen=True)
class NotificationStatus:
    """How far the notification of a dispatch is.

    `state` is WAITING while the dispatch is open, OWED until the target has accepted it, SENT, or FAILED once it is given
    up; `tries` were begun since the dispatch ended, and `error` is why the last one failed (None if none did). `version`
    is higher after a redrive, and 0 while the dispatch is open; `closed_at` is when it ended, `next_try_at` when the next
    try begins at the earliest (None if it is not OWED).
    """

    dispatch_id: str
    state: str
    tries: int
    error: str | None
    version: int = 0
    closed_at: datetime | None = None
    next_try_at: datetime | None = None

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> NotificationStatus:
        return NotificationStatus(
            str(node["dispatchId"]),
            str(node["state"]),
            int(node.get("tries", 0)),
            node.get("error"),
            int(node.get("version", 0)),
            instant(node.get("closedAt")),
            instant(node.get("nextTryAt")),
        )


@dataclass(frozen=True)
class RunStatus:
    """How a run stands.

    :ivar cancelled: whether it was cancelled: it takes no more steps.
    :ivar step_count: steps of all its dispatches; a step that two of them name is counted in both.
    :ivar open_dispatch_count: dispatches in which something is left to do; at 0 every step has ended.
    :ivar counts: of the steps by state, without zeros, as of `counted_at` (None before they were first counted, and in a
        list of runs).
    :ivar notifications: of its dispatches that notify, at most 100, failed ones first; none in a list of runs.
    :ivar paused: whether it, or everything, is paused: no further step of it begins.
    """

    run_id: str
    cancelled: bool
    step_count: int
    open_dispatch_count: int
    counts: Mapping[str, int]
    counted_at: datetime | None
    dispatch_count: int = 0
    created_at: datetime | None = None
    notifications: tuple[NotificationStatus, ...] = ()
    paused: bool = False

    @staticmethod
    def from_json(node: Mapping[str, Any]) -> RunStatus:
        return RunStatus(
            run_id=str(node["runId"]),
            cancelled=bool(node.get("cancelled", False)),
            step_count=int(node.get("stepCount", 0)),
            open_dispatch_count=int(node.get("openDispatchCount", 0)),
            counts=dict(node.get("counts", {})),
            counted_at=instant(node.get("countedAt")),
            dispatch_count=int(node.get("dispatchCount", 0)),
            created_at=instant(node.get("createdAt")),
            notifications=tuple(NotificationStatus.from_json(each) for each in node.get("notifications", [])),
            paused=bool(node.get("paused", False)),
        )


def moment(at: datetime | timedelta | None) -> str | float | None:
    """A moment as a call names it: an instant, or seconds after the call is accepted."""
    if isinstance(at, timedelta):
        return at.total_seconds()
    return None if at is None else at.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def instant(text: str | None) -> datetime | None:
    """An instant of the wire. Java prints up to nine decimals, Python 3.10 reads exactly six."""
    if text is None:
        return None
    head, dot, decimals = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{head}.{decimals[:6].ljust(6, '0')}+00:00" if dot else f"{head}+00:00")


def _log_page(key: str, node: Mapping[str, Any]) -> LogPage:
    at = instant(node["at"])
    assert at is not None
    return LogPage(key, int(node["attempt"]), int(node["page"]), at, tuple(node["lines"]))


def _location(node: Mapping[str, Any] | None) -> ResultLocation | None:
    if node is None:
        return None
    return ResultLocation(str(node["store"]), str(node["key"]), int(node["size"]), str(node["sha256"]))


def _present(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}
