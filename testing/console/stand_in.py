"""An API in memory that answers in the shapes of docs/protocol.md, for what a real stack does not show at will: a run of
100,000 steps that is being worked on, workers that are lost, dead letters of many causes, and slow or refused calls.
What it shows can happen, which test_stand_in.py holds; but nothing is swept, so that a lost worker stays lost.

`python stand_in.py PORT` serves it until it is stopped; `stepstile console --endpoint` shows it. It counts the calls
that it gets, and remembers those that change something.
"""

from __future__ import annotations

import hashlib
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Json = dict[str, Any]
SWEEP_EVERY = 60
STOPPED_AFTER = 0.5  # seconds until a running step has noticed that it was cancelled
EXAMPLES = 10
SCRIPT_KEY = "<script>alert('key')</script>"
ENDED = ("SUCCEEDED", "FAILED", "DEAD", "CANCELLED")
HANDLERS = ("images.resize", "orders.load", "mail.send")
BUDGET = 3  # attempts of a step
UNREAD = 12  # payloads that a call of an audit leaves out, if it looks at more steps
LOOKED_AT_TWICE = (
    "RECORD_MISSING", "RECORD_WITHOUT_DISPATCH", "CANCEL_UNKNOWN", "STEP_OPEN",
    "DEAD_LETTER_UNMARKED", "FEED_MISSING", "FEED_WRONG",
)  # fmt: skip


@dataclass(frozen=True)
class Failure:
    """How attempts fail.

    :ivar seconds: for how long such an attempt runs.
    :ivar retried: whether another attempt may follow.
    """

    kind: str
    message: str
    seconds: float
    retried: bool = True


UNREACHABLE = Failure(
    "HANDLER_FAILED",
    "java.net.SocketTimeoutException: connect timed out to host 10.0.{n}.7 (Fetch.java:88)",
    9,
)
SLOW = Failure(
    "TIMEOUT",
    "Timed out after 60000 ms; raise timeoutSeconds (a redrive with overrides) or the function's timeout.",
    60,
)
LOST = Failure(
    "WORKER_LOST", "Attempt {attempt} was lost. Worker {h} sent no heartbeat for longer than its lease.", 27
)
WRONG = Failure("TERMINAL_FAILURE", "ValueError: row {n} has no column 'price'", 6, retried=False)
CANCELLED = Failure("CANCELLED", "Cancelled while it ran.", 0, retried=False)

# What the attempts of a step meet, one after the other: its budget is used up, or the last of them is not retried.
LIVES = (
    (UNREACHABLE, UNREACHABLE, UNREACHABLE),
    (UNREACHABLE, SLOW, SLOW),
    (LOST, UNREACHABLE, LOST),
    (UNREACHABLE, SLOW, WRONG),
)


def moment(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalised(message: str) -> str:
    return re.sub(r"…(?:[.:/-]?…)+", "…", re.sub(r"\b[0-9a-f]{8,}\b|'[^']*'|\d+", "…", message))[:200]


class Refused(Exception):
    """:ivar kind: of the problem; empty if API Gateway refuses, in a form of its own"""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


class Step:
    """One step, and when its state changed last, in seconds since the epoch."""

    def __init__(self, number: int, queued: float, key: str | None = None) -> None:
        self.key = key or f"images/2026-11-{number % 28 + 1:02d}/{number:06d}.png"
        self.handler = HANDLERS[number % 3]
        self.state, self.attempt = "QUEUED", 0
        self.queued, self.started, self.finished, self.not_before = queued, 0.0, 0.0, 0.0
        self.ran = 0.0
        self.error: Json | None = None
        self.attempts: list[Json] = []
        self.log: list[str] = []
        self.printed: list[Json] = []
        self.worker, self.lost, self.stopping, self.progress = "", 0.0, False, 0
        self.redriven_by = ""

    def start(self, at: float) -> None:
        self.state, self.attempt, self.started, self.error = "RUNNING", self.attempt + 1, at, None

    def run(self, at: float, worker: str, progress: int, lost: float = 0.0) -> None:
        """:param lost: since when its worker is; 0 if it lives"""
        self.start(at)
        self.worker, self.progress, self.lost = worker, progress, lost
        self.log = [f"reading {self.key}", f"{progress} of 100 pages"]

    def fail(self, failure: Failure, finished: float, state: str, **named: object) -> None:
        """The attempt that runs fails, and the step is in this state then."""
        message = failure.message.format(attempt=self.attempt, **named)
        if failure is LOST and state == "DEAD":
            message += f" It was the last of {BUDGET}."
        note = {"attempt": self.attempt, "startedAt": moment(self.started), "endedAt": moment(finished)}
        self.attempts.append(note | {"kind": failure.kind, "message": message})
        self.state, self.finished, self.ran = state, finished, finished - self.started
        self.error = {"kind": failure.kind, "message": message}

    def live(self, life: Sequence[Failure], finished: float, **named: object) -> None:
        """All of its attempts fail, the last of them at this time."""
        began = finished - sum(failure.seconds for failure in life)
        began -= sum(self.wait(attempt) for attempt in range(1, len(life)))
        for attempt, failure in enumerate(life, 1):
            self.start(began)
            last = attempt == len(life)
            ended = began + failure.seconds
            state = "RETRYING" if not last else "DEAD" if failure.retried else "FAILED"
            self.fail(failure, ended, state, **named)
            began = ended + self.wait(attempt)

    @staticmethod
    def wait(attempt: int) -> float:
        """Before the next attempt; full jitter gives any up to twice as much."""
        return 0.9 * 2.0**attempt

    def succeed(self, started: float, finished: float) -> None:
        self.start(started)
        self.state, self.finished, self.ran = "SUCCEEDED", finished, finished - started

    def cancel(self, at: float) -> None:
        """One that waits; its attempts stay as they were."""
        self.state, self.finished, self.error = "CANCELLED", at, None

    def redrive(self, redrive_id: str, settings: Json, at: float) -> None:
        if settings:
            message = f"Redriven with {', '.join(sorted(settings))}, by {redrive_id}."
            self.attempts.append(
                {"attempt": self.attempt, "endedAt": moment(at), "kind": "REDRIVEN", "message": message}
            )
        self.state, self.error, self.not_before, self.redriven_by = "RETRYING", None, at, redrive_id

    def pages(self) -> list[Json]:
        """Of the log: what was there from the start, and what was printed since."""
        first = {"attempt": self.attempt, "page": 0, "at": moment(self.started), "lines": self.log}
        return [first, *self.printed] if self.log else self.printed

    def listed(self) -> Json:
        entry: Json = {"key": self.key, "state": self.state, "attempt": self.attempt}
        entry |= {"handler": self.handler, "dispatchId": "d-1"}
        if self.attempt > 0:
            entry["startedAt"] = moment(self.started)
        if self.state in ENDED:
            entry["finishedAt"] = moment(self.finished)
            if self.attempt > 0:
                entry["durationSeconds"] = round(self.ran, 3)
        if self.state == "QUEUED":
            entry["queuedSince"] = moment(self.queued)
        if self.state == "RETRYING":
            entry |= {"notBefore": moment(self.not_before), "queuedSince": moment(self.not_before)}
        if self.state == "RUNNING":
            entry |= {
                "worker": self.worker,
                "deadline": moment(self.started + 900),
                "cancelRequested": self.stopping,
            }
        if self.state in ("FAILED", "DEAD"):
            entry["error"] = self.error
        if self.state == "DEAD":
            entry["deadLetteredAt"] = moment(self.finished)
        if self.state in ("RETRYING", "RUNNING") and any(
            note["kind"] == "WORKER_LOST" for note in self.attempts
        ):
            entry["suspect"] = True
        return entry

    def activity(self) -> Json:
        """What its worker last said of it."""
        said: Json = {"progress": self.progress / 100, "progressNote": f"{self.progress} of 100 pages"}
        said["lastLine"] = (self.printed[-1]["lines"] if self.printed else self.log)[-1][:100]
        said["leaseUntil"] = moment(self.lost or time.time() + 12)
        return said | ({"lost": True} if self.lost else {})


class Run:
    def __init__(self, run_id: str, created: float) -> None:
        self.run_id, self.created = run_id, created
        self.steps: dict[str, Step] = {}
        self.open, self.cancelled, self.paused, self.traced = 0, False, False, False
        self.entries: list[tuple[float, Json]] = []
        self.counted, self.counts = 0.0, Counter[str]()

    def add(self, step: Step) -> Step:
        self.steps[step.key] = step
        return step

    def ended(self, step: Step) -> None:
        """Its entry of the feed."""
        entry = {"key": step.key, "attempt": step.attempt, "at": moment(step.finished), "state": step.state}
        self.entries.append((step.finished, entry | {"logPageCount": len(step.pages())}))

    def status(self) -> Json:
        said: Json = {"runId": self.run_id, "createdAt": moment(self.created), "cancelled": self.cancelled}
        if not self.open or time.time() - self.counted > SWEEP_EVERY:
            self.counted, self.counts = time.time(), Counter(step.state for step in self.steps.values())
            self.open = int(any(step.state not in ENDED for step in self.steps.values()))
        said |= {"dispatchCount": 1, "openDispatchCount": self.open, "stepCount": len(self.steps)}
        said |= {"counts": self.counts, "countedAt": moment(self.counted)}
        return said | ({"paused": True} if self.paused else {})


@dataclass(frozen=True)
class Letter:
    """A dead letter: of this step, at the attempt at which it died."""

    message_id: str
    run: Run
    step: Step
    attempt: int
    error: Json
    sent: float

    def is_stale(self) -> bool:
        return self.step.state != "DEAD" or self.step.attempt != self.attempt

    def shown(self) -> Json:
        letter: Json = {"messageId": self.message_id, "sentAt": moment(self.sent), "receiveCount": 1}
        letter |= {
            "runId": self.run.run_id,
            "key": self.step.key,
            "attempt": self.attempt,
            "dispatchId": "d-1",
        }
        letter |= {"handler": self.step.handler, **self.error, "finishedAt": moment(self.sent)}
        return letter | {"stepState": self.step.state} | ({"stale": True} if self.is_stale() else {})


class Api:
    """What the calls answer, from runs in memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.runs: dict[str, Run] = {}
        self.pauses: list[Json] = []
        self.letters: list[Letter] = []
        self.calls: Counter[str] = Counter()
        self.changes: list[tuple[str, Json]] = []
        self.has_dry_runs = True
        self.refused = ""  # why lists of runs and of what runs are
        self.violations: list[Json] = []  # what an audit of a run finds
        self.audited_at_once = 2000  # steps that a call of it looks at
        self.audit_refusal: Refused | None = None

    # ---------------------------------------------------------------- what it holds
    def fill(self, large: int = 100_000) -> None:
        now = time.time()
        nightly = Run("nightly", now - 2400)
        for n in range(large):
            step = nightly.add(Step(n, nightly.created))
            began = min(now - 12, now - 1700 + 1820 * n / large)
            if n % 97 == 3:
                step.live(LIVES[n % 4], began + 9, n=n % 250, h=f"{n:08x}")
                nightly.ended(step)
                if step.state == "DEAD":
                    self.letters.append(self.letter(nightly, step))
            elif n < large * 0.93:
                step.succeed(began, began + 0.4 + (n * 7919 % 100) / 40)
                nightly.ended(step)
        waiting = [step for step in nightly.steps.values() if step.state == "QUEUED"]
        for n, step in enumerate(waiting[:24]):
            step.run(now - 40, f"3b0e2f{n // 10:02x}", n * 17 % 100, lost=now - 30 if n >= 20 else 0.0)
        for step in waiting[24:60]:
            step.start(now - 25)
            step.fail(UNREACHABLE, now - 16, "RETRYING", n=7)
            step.not_before = now + 30
        nightly.entries.sort(key=lambda entry: entry[0])
        nightly.open, nightly.traced = 1, True
        self.runs[nightly.run_id] = nightly
        for n, (name, size) in enumerate((("backfill-2025", 4200), ("report", 3), ("mail-2026-11", 2))):
            run = Run(name, now - 86_400 * (n + 1))
            for i in range(size):
                step = run.add(Step(i, run.created, SCRIPT_KEY if n == 2 and i == 0 else None))
                step.succeed(run.created + i / 50, run.created + i / 50 + 1.5)
                run.ended(step)
            self.runs[name] = run

    def letter(self, run: Run, step: Step) -> Letter:
        assert step.error
        return Letter(f"m-{len(self.letters)}", run, step, step.attempt, step.error, step.finished)

    def succeed(self, run_id: str, count: int) -> list[str]:
        """So many waiting steps succeed, now."""
        with self.lock:
            run = self.runs[run_id]
            waiting = [step for step in run.steps.values() if step.state == "QUEUED"][:count]
            for step in waiting:
                step.succeed(time.time() - 0.5, time.time())
                run.ended(step)
            return [step.key for step in waiting]

    def print(self, run_id: str, key: str, line: str) -> None:
        """A page of a running attempt's log, with its entry in the feed."""
        with self.lock:
            step, now = self.runs[run_id].steps[key], time.time()
            page = {"attempt": step.attempt, "page": len(step.pages()), "at": moment(now), "lines": [line]}
            step.printed.append(page)
            entry = {"key": key, "attempt": step.attempt, "at": moment(now), "page": page["page"]}
            self.runs[run_id].entries.append((now, entry))

    # ---------------------------------------------------------------- calls
    def answer(self, method: str, path: str, query: dict[str, str], body: Json) -> Json:
        parts = [unquote(part) for part in path.split("/") if part]
        if "dryRun" in body and not self.has_dry_runs:
            raise Refused(400, "unknown-member", "Unknown member 'dryRun' in the request body.")
        with self.lock:
            self.calls[f"{method} {re.sub('^runs/[^/]+', 'runs/{runId}', '/'.join(parts[1:]))}"] += 1
            if method == "POST" and not body.get("dryRun") and parts[-1] != "lookup":
                self.changes.append((path, body))
            match method, parts[1:]:
                case "GET", ["runs" | "running"] if self.refused:
                    raise Refused(400, "bad-prefix", self.refused)
                case "GET", ["runs"]:
                    return self.list_runs(query)
                case "GET", ["running"]:
                    return {
                        "steps": [
                            {"runId": run.run_id} | entry
                            for run in self.runs.values()
                            for entry in self.running(run)
                        ]
                    }
                case "GET", ["dead-letters"]:
                    newest = sorted(self.letters, key=lambda letter: -letter.sent)[:1000]
                    shown = [letter.shown() for letter in newest]
                    return {
                        "deadLetters": shown,
                        "approximateCount": len(self.letters),
                        "complete": len(shown) == len(self.letters),
                    }
                case "POST", ["dead-letters", action]:
                    return self.change_letters(action, body)
                case "GET", ["pauses"]:
                    return {"pauses": self.pauses}
                case "POST", ["pause" | "resume" as action]:
                    return self.pause(action, body)
                case _, ["runs", run_id, *rest]:
                    if run_id not in self.runs:
                        raise Refused(
                            404, "run-not-found", f"No such run: nothing was dispatched to '{run_id}'."
                        )
                    return self.of_run(self.runs[run_id], method, rest, query, body)
                case _:
                    raise Refused(404, "no-such-call", "No such call.")

    def list_runs(self, query: dict[str, str]) -> Json:
        runs = sorted(self.runs.values(), key=lambda run: -run.created)
        runs = [run for run in runs if run.run_id.startswith(query.get("prefix", ""))]
        if query.get("open") == "true":
            runs = [run for run in runs if run.open]
        if query.get("paused") == "true":
            runs = [run for run in runs if run.paused]
        return {"runs": [run.status() for run in runs]}

    def of_run(self, run: Run, method: str, rest: list[str], query: dict[str, str], body: Json) -> Json:
        calls: dict[tuple[str, ...], Callable[[], Json]] = {
            ("GET",): run.status,
            ("GET", "steps"): lambda: self.list_steps(run, query),
            ("GET", "step"): lambda: self.step(run, query),
            ("GET", "feed"): lambda: self.feed(run, query),
            ("GET", "running"): lambda: {"steps": self.running(run)},
            ("GET", "failures"): lambda: self.failures(run, query),
            ("GET", "audit"): lambda: self.audit(run, query),
            ("POST", "steps", "lookup"): lambda: self.lookup(run, body),
            ("POST", "redrive"): lambda: self.redrive(run, body),
            ("POST", "cancel"): lambda: self.cancel(run, body),
            ("POST", "pause"): lambda: self.pause_run(run, True),
            ("POST", "resume"): lambda: self.pause_run(run, False),
        }
        call = calls.get((method, *rest))
        if call is None:
            raise Refused(404, "no-such-call", "No such call.")
        return call()

    @staticmethod
    def selected(run: Run, states: list[str], wanted: Json) -> list[Step]:
        found: list[Step] = []
        for step in run.steps.values():
            error = step.error or {}
            failure = wanted.get("failure")
            if (
                (not states or step.state in states)
                and ("handler" not in wanted or step.handler == wanted["handler"])
                and ("kind" not in wanted or error.get("kind") == wanted["kind"])
                and (not failure or (error and group_of(step) == failure))
            ):
                found.append(step)
        return found

    def list_steps(self, run: Run, query: dict[str, str]) -> Json:
        states = [state for state in query.get("state", "").split(",") if state]
        filtered = {name: query[name] for name in ("handler", "kind", "failure") if name in query}
        steps = self.selected(run, states, filtered) if states or filtered else list(run.steps.values())
        at, limit = int(query.get("cursor", "0")), int(query.get("limit", "100"))
        page: Json = {"steps": [step.listed() for step in steps[at : at + limit]]}
        return page | ({"cursor": str(at + limit)} if at + limit < len(steps) else {})

    def step(self, run: Run, query: dict[str, str]) -> Json:
        step = run.steps.get(query["key"])
        if step is None or step.state == "QUEUED":
            raise Refused(404, "step-not-started", f"Step '{query['key']}' has not started: it is queued.")
        entry = step.listed() | {
            "maxAttempts": BUDGET,
            "logPageCount": len(step.pages()),
            "attempts": step.attempts[-10:],
        }
        if step.redriven_by:
            entry["redrivenBy"] = step.redriven_by
        if run.traced:
            entry["traceparent"] = (
                f"00-{hashlib.sha256(step.key.encode()).hexdigest()[:32]}-00f067aa0ba902b7-01"
            )
        if step.state == "RUNNING":
            entry |= step.activity()
        if step.state == "SUCCEEDED":
            entry["result"] = {"bytes": 48213, "sum": 12345678901234567890, "name": step.key}
        if query.get("input") == "true":
            entry["input"] = {"url": f"https://images.example/{step.key}", "width": 200}
        if query.get("log") == "true":
            entry["logPages"] = step.pages()
        return entry

    @staticmethod
    def feed(run: Run, query: dict[str, str]) -> Json:
        limit = int(query.get("limit", "100"))
        if "cursor" in query:
            at = int(query["cursor"])
        else:
            since = datetime.fromisoformat(query["since"]).timestamp() if "since" in query else 0
            at = next((i for i, (when, _) in enumerate(run.entries) if when >= since), len(run.entries))
        page = [entry for _, entry in run.entries[at : at + limit]]
        return {
            "entries": page,
            "cursor": str(at + len(page)),
            "caughtUp": at + len(page) == len(run.entries),
        }

    @staticmethod
    def running(run: Run) -> list[Json]:
        return [
            {"key": step.key, "attempt": step.attempt, "dispatchId": "d-1", "startedAt": moment(step.started)}
            | {"worker": step.worker}
            | step.activity()
            for step in run.steps.values()
            if step.state == "RUNNING"
        ]

    def failures(self, run: Run, query: dict[str, str]) -> Json:
        groups: dict[str, Json] = {}
        read = 0
        for step in self.selected(run, query.get("state", "FAILED,DEAD").split(","), {}):
            error = step.error
            if error is None:
                continue
            read += 1
            group = groups.setdefault(
                group_of(step),
                {"failure": group_of(step), "kind": error["kind"], "handler": step.handler}
                | {"message": normalised(error["message"]), "count": 0, "states": Counter(), "examples": []}
                | {"firstAt": moment(step.finished), "lastAt": moment(step.finished)},
            )
            group["count"] += 1
            group["states"][step.state] += 1
            group["firstAt"] = min(group["firstAt"], moment(step.finished))
            group["lastAt"] = max(group["lastAt"], moment(step.finished))
            if len(group["examples"]) < 3:
                example = {"key": step.key, "attempt": step.attempt, "message": error["message"]}
                group["examples"].append(example)
        return {"failures": sorted(groups.values(), key=lambda group: -group["count"]), "readCount": read}

    def audit(self, run: Run, query: dict[str, str]) -> Json:
        """Some violations are reported by a second look alone; it is never too early for one."""
        if self.audit_refusal:
            raise self.audit_refusal
        looked, _, at = query.get("cursor", "1:0").partition(":")
        steps = list(run.steps)[int(at) : int(at) + self.audited_at_once]
        found = [each for each in self.violations if each.get("key", steps[0]) in steps]
        later = [each for each in found if each["kind"] in LOOKED_AT_TWICE]
        if looked == "2":
            return {"violations": later, "checkedCount": 0, "readCount": 2 * len(later)}
        page: Json = {"violations": [each for each in found if each not in later]}
        page |= {"checkedCount": len(steps), "readCount": 2 * len(steps) + 1}
        if len(steps) > UNREAD:
            page["unreadCount"] = UNREAD
        if later:
            page["secondLook"] = {"notBefore": moment(time.time() + 30), "cursor": f"2:{at}"}
        after = int(at) + len(steps)
        return page | ({"cursor": f"1:{after}"} if after < len(run.steps) else {})

    @staticmethod
    def lookup(run: Run, body: Json) -> Json:
        found = [
            run.steps[key] for key in body["keys"] if key in run.steps and run.steps[key].state != "QUEUED"
        ]
        more = [{"logPageCount": len(step.pages()), "attempts": step.attempts[-10:]} for step in found]
        entries = [
            step.listed() | {"maxAttempts": BUDGET} | each for step, each in zip(found, more, strict=True)
        ]
        return {
            "entries": entries,
            "absentKeys": [key for key in body["keys"] if key not in {s.key for s in found}],
        }

    def chosen(self, run: Run, body: Json, states: tuple[str, ...]) -> list[Step]:
        wanted = [state for state in body.get("states", states) if state in states]
        steps = self.selected(run, wanted, body.get("filter", {}))
        return [step for step in steps if "keys" not in body or step.key in body["keys"]]

    @staticmethod
    def dry(steps: list[Step]) -> Json:
        counts = Counter(step.state for step in steps)
        return {"dryRun": True, "counts": counts, "examples": [s.key for s in steps[:10]], "complete": True}

    def redrive(self, run: Run, body: Json) -> Json:
        attempts = body.get("overrides", {}).get("maxAttempts", 3)
        if not 1 <= attempts <= 100:
            raise Refused(400, "bad-max-attempts", "'maxAttempts' must be a whole number from 1 to 100.")
        states = ("FAILED", "DEAD", "CANCELLED") if "keys" in body else ("FAILED", "DEAD")
        steps = self.chosen(run, body, states)
        if body.get("dryRun"):
            return self.dry(steps)
        self.run_again(run, steps, body)
        unknown = [key for key in body.get("keys", ()) if key not in run.steps]
        return {"redrivenCount": len(steps), "replayed": False, "unknownKeys": unknown}

    @staticmethod
    def run_again(run: Run, steps: Sequence[Step], body: Json) -> None:
        for step in steps:
            step.redrive(body["redriveId"], body.get("overrides", {}), time.time())
        run.open = 1

    def cancel(self, run: Run, body: Json) -> Json:
        steps = self.chosen(run, body, ("QUEUED", "RETRYING", "RUNNING"))
        if body.get("dryRun"):
            return self.dry(steps)
        waiting = [step for step in steps if step.state != "RUNNING"]
        for step in waiting:
            step.cancel(time.time())
            run.ended(step)
        stopping = [step for step in steps if step.state == "RUNNING"]
        for step in stopping:
            step.stopping = True
        threading.Timer(STOPPED_AFTER, self.stop, (run, stopping)).start()
        answer = {"cancelledCount": len(waiting), "stoppingCount": len(stopping)}
        if body.keys() & {"keys", "states", "filter"}:
            unknown = [key for key in body.get("keys", ()) if key not in run.steps]
            return answer | {"complete": True} | ({"unknownKeys": unknown} if unknown else {})
        run.cancelled = True
        return answer

    def stop(self, run: Run, steps: Sequence[Step]) -> None:
        """With their workers' next heartbeats."""
        with self.lock:
            for step in steps:
                step.fail(CANCELLED, time.time(), "CANCELLED")
                step.stopping = False
                run.ended(step)

    def pause_run(self, run: Run, paused: bool) -> Json:
        before = next((pause for pause in self.pauses if pause.get("runId") == run.run_id), None)
        run.paused = paused
        if before:
            self.pauses.remove(before)
        return self.paused({"scope": "run", "runId": run.run_id}, before, paused, {})

    def pause(self, action: str, body: Json) -> Json:
        scope = {"scope": "handler", "handler": body["handler"]} if "handler" in body else {"scope": "all"}
        before = next((pause for pause in self.pauses if scope.items() <= pause.items()), None)
        if before:
            self.pauses.remove(before)
        return self.paused(scope, before, action == "pause", body)

    def paused(self, scope: Json, before: Json | None, lasts: bool, body: Json) -> Json:
        """What is answered, and added to the list if the pause lasts."""
        if not lasts:
            return scope | {"changed": before is not None}
        pause = before or scope | {"pausedAt": moment(time.time())}
        reason = {"reason": body["reason"]} if "reason" in body else {}
        self.pauses.append(pause | reason)
        return scope | {"pausedAt": pause["pausedAt"], "changed": before is None}

    def change_letters(self, action: str, body: Json) -> Json:
        chosen = [
            letter
            for letter in self.letters
            if body.get("all")
            or all(
                letter.shown().get(name) == body[name]
                for name in ("runId", "handler", "kind")
                if name in body
            )
        ]
        dead = [letter for letter in chosen if not letter.is_stale()]
        over = chosen if action == "redrive" else [each for each in chosen if each.step.state in ENDED]
        left = len(chosen) - len(over)
        if body.get("dryRun"):
            meant = dead if action == "redrive" else over
            counts = Counter(letter.step.state for letter in meant)
            keys = [f"{letter.run.run_id}/{letter.step.key}" for letter in meant[:EXAMPLES]]
            said: Json = {"dryRun": True, "counts": counts, "examples": keys}
            return said | {"deletedCount": len(over), "leftCount": left, "complete": True}
        if action == "redrive":
            for letter in dead:
                self.run_again(letter.run, [letter.step], body)
        self.letters = [letter for letter in self.letters if letter not in over]
        if action == "purge":
            return {"purgedCount": len(over), "leftCount": left, "complete": True}
        return {"redrivenCount": len(dead), "deletedCount": len(over), "leftCount": left, "complete": True}


def group_of(step: Step) -> str:
    error = step.error or {}
    named = f"{error.get('kind')}|{step.handler}|{normalised(error.get('message', ''))}"
    return hashlib.sha256(named.encode()).hexdigest()[:12]


class StandIn:
    """The API on a free port of loopback, in threads of this process."""

    def __init__(self, port: int = 0) -> None:
        self.api = Api()
        self.silent = False
        self.letters_take = 0.0
        self.watch: Callable[[str, str, Json, Json, int, Json], None] | None = None
        self.looking = self.most_looking = 0
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self.respond("GET")

            def do_POST(self) -> None:
                self.respond("POST")

            def respond(self, method: str) -> None:
                if stand_in.silent:
                    self.close_connection = True
                    return
                target = urlsplit(self.path)
                if target.path.startswith("/v1/dead-letters"):
                    stand_in.look_at_letters()
                sent = self.rfile.read(int(self.headers.get("content-length") or 0))
                asked = json.loads(sent) if sent else {}
                query = dict(parse_qsl(target.query))
                status, kind = 200, "application/json"
                try:
                    said = stand_in.api.answer(method, target.path, query, asked)
                except Refused as refused:
                    status, said = refused.status, {"message": refused.detail}
                    if refused.kind:
                        kind = "application/problem+json"
                        said = {
                            "type": f"https://stepstile.dev/problems/{refused.kind}",
                            "title": refused.kind.replace("-", " ").capitalize(),
                            "status": refused.status,
                            "detail": refused.detail,
                        }
                body = json.dumps(said).encode()
                if stand_in.watch:
                    stand_in.watch(method, target.path, query, asked, status, json.loads(body))
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """The tests count what is asked."""

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def look_at_letters(self) -> None:
        """As long as such a call takes; other ones would not find the letters that it looks at."""
        self.looking += 1
        self.most_looking = max(self.most_looking, self.looking)
        time.sleep(self.letters_take)
        self.looking -= 1

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


if __name__ == "__main__":
    served = StandIn(int(sys.argv[1]))
    served.api.fill()
    print(served.endpoint, flush=True)
    while True:
        time.sleep(2)
        served.api.succeed("nightly", 20)
