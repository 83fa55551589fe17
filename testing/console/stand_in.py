"""An API in memory that answers in the shapes of docs/protocol.md, for what a real stack does not show at will: a run of
100,000 steps that is being worked on, workers that are lost, dead letters of many causes, and slow or refused calls.

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
from collections.abc import Callable
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

Json = dict[str, Any]
SWEEP_EVERY = 60
ENDED = ("SUCCEEDED", "FAILED", "DEAD", "CANCELLED")
HANDLERS = ("images.resize", "orders.load", "mail.send")
FAILURES = (
    (
        "HANDLER_FAILED",
        "java.net.SocketTimeoutException: connect timed out to host 10.0.{n}.7 (Fetch.java:88)",
    ),
    ("TIMEOUT", "The attempt ran for longer than 60 s."),
    ("WORKER_LOST", "Worker {h} sent no heartbeat for longer than its lease."),
    ("TERMINAL_FAILURE", "ValueError: row {n} has no column 'price'"),
)


def moment(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normalised(message: str) -> str:
    return re.sub(r"…(?:[.:/-]?…)+", "…", re.sub(r"\b[0-9a-f]{8,}\b|'[^']*'|\d+", "…", message))


class Refused(Exception):
    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail = status, kind, detail


class Step:
    """One step, and when its state changed last, in seconds since the epoch."""

    def __init__(self, number: int, began: float, key: str | None = None) -> None:
        self.key = key or f"images/2026-11-{number % 28 + 1:02d}/{number:06d}.png"
        self.handler = HANDLERS[number % 3]
        self.state, self.attempt = "QUEUED", 0
        self.queued, self.started, self.finished = began, 0.0, 0.0
        self.error: Json | None = None
        self.attempts: list[Json] = []
        self.log: list[str] = []
        self.printed: list[Json] = []

    def end(self, state: str, started: float, finished: float, kind: str = "", message: str = "") -> None:
        self.state, self.attempt = state, self.attempt + 1
        self.started, self.finished = started, finished
        if state != "SUCCEEDED":
            self.error = {"kind": kind, "message": message}
            self.attempts.append(
                {
                    "attempt": self.attempt,
                    "startedAt": moment(started),
                    "endedAt": moment(finished),
                    "kind": kind,
                    "message": message,
                }
            )

    def pages(self) -> list[Json]:
        """Of the log: what was there from the start, and what was printed since."""
        first = {"attempt": self.attempt, "page": 0, "at": moment(self.started), "lines": self.log}
        return [first, *self.printed] if self.log else self.printed

    def listed(self) -> Json:
        entry: Json = {"key": self.key, "state": self.state, "attempt": self.attempt}
        entry |= {"handler": self.handler, "dispatchId": "d-1"}
        if self.state == "QUEUED":
            return entry | {"queuedSince": moment(self.queued)}
        entry["startedAt"] = moment(self.started)
        if self.state in ENDED:
            entry |= {"finishedAt": moment(self.finished), "durationSeconds": self.finished - self.started}
        if self.state == "RETRYING":
            entry |= {"notBefore": moment(time.time() + 30), "queuedSince": moment(self.finished)}
        if self.state == "RUNNING":
            entry |= {"worker": "3b0e2f6c"}
        if self.error and self.state in ("FAILED", "DEAD"):
            entry["error"] = self.error
        return entry


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

    def end(
        self, step: Step, state: str, started: float, finished: float, kind: str = "", message: str = ""
    ) -> None:
        step.end(state, started, finished, kind, message)
        entry = {"key": step.key, "attempt": step.attempt, "at": moment(finished), "state": step.state}
        self.entries.append((finished, entry | {"logPageCount": len(step.pages())}))

    def status(self) -> Json:
        said: Json = {"runId": self.run_id, "createdAt": moment(self.created), "cancelled": self.cancelled}
        said |= {"dispatchCount": 1, "openDispatchCount": self.open, "stepCount": len(self.steps)}
        if not self.open or time.time() - self.counted > SWEEP_EVERY:
            self.counted, self.counts = time.time(), Counter(step.state for step in self.steps.values())
        said |= {"counts": self.counts, "countedAt": moment(self.counted)}
        return said | ({"paused": True} if self.paused else {})


class Api:
    """What the calls answer, from runs in memory."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.runs: dict[str, Run] = {}
        self.pauses: list[Json] = []
        self.letters: list[Json] = []
        self.calls: Counter[str] = Counter()
        self.changes: list[tuple[str, Json]] = []
        self.has_dry_runs = True

    # ---------------------------------------------------------------- what it holds
    def fill(self, large: int = 100_000) -> None:
        now = time.time()
        nightly = Run("nightly", now - 1800)
        for n in range(large):
            step = nightly.add(Step(n, now - 1800))
            began = now - 1700 + 1600 * n / large
            if n % 97 == 3:
                kind, message = FAILURES[n % 4]
                message = message.format(n=n % 250, h=f"{n:08x}")
                for _ in range(2):
                    step.attempts.append(self.failed(step, began, kind, message))
                nightly.end(
                    step, "FAILED" if kind == "TERMINAL_FAILURE" else "DEAD", began, began + 9, kind, message
                )
                if step.state == "DEAD":
                    self.letters.append(self.letter(nightly, step))
            elif n < large * 0.93:
                nightly.end(step, "SUCCEEDED", began, began + 0.4 + (n * 7919 % 100) / 40)
        waiting = [step for step in nightly.steps.values() if step.state == "QUEUED"]
        for step in waiting[:24]:
            step.state, step.attempt, step.started = "RUNNING", 1, now - 40
            step.log = [f"reading {step.key}", "40 of 100 pages"]
        for step in waiting[24:60]:
            step.attempts.append(self.failed(step, now - 60, *FAILURES[0]))
            step.state, step.finished = "RETRYING", now - 20
        nightly.open, nightly.traced = 1, True
        self.runs[nightly.run_id] = nightly
        for n, (name, size) in enumerate(
            (("backfill-2025", 4200), ("report", 3), ("<script>alert(1)</script>", 2))
        ):
            run = Run(name, now - 86_400 * (n + 1))
            for i in range(size):
                step = run.add(
                    Step(i, run.created, "<script>alert('key')</script>" if n == 2 and i == 0 else None)
                )
                run.end(step, "SUCCEEDED", run.created + i / 50, run.created + i / 50 + 1.5)
            self.runs[name] = run

    @staticmethod
    def failed(step: Step, began: float, kind: str, message: str) -> Json:
        step.attempt += 1
        times = {
            "startedAt": moment(began - 60 + 20 * step.attempt),
            "endedAt": moment(began - 47 + 20 * step.attempt),
        }
        return {"attempt": step.attempt, **times, "kind": kind, "message": message}

    def letter(self, run: Run, step: Step) -> Json:
        error = step.error or {}
        letter: Json = {
            "messageId": f"m-{len(self.letters)}",
            "sentAt": moment(step.finished),
            "receiveCount": 1,
        }
        letter |= {"runId": run.run_id, "key": step.key, "attempt": step.attempt, "dispatchId": "d-1"}
        return letter | {
            "handler": step.handler,
            **error,
            "finishedAt": moment(step.finished),
            "stepState": "DEAD",
        }

    def succeed(self, run_id: str, count: int) -> list[str]:
        """So many waiting steps succeed, now."""
        with self.lock:
            run = self.runs[run_id]
            waiting = [step for step in run.steps.values() if step.state == "QUEUED"][:count]
            for step in waiting:
                run.end(step, "SUCCEEDED", time.time() - 0.5, time.time())
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
                case "GET", ["runs"]:
                    return self.list_runs(query)
                case "GET", ["running"]:
                    return {"steps": [e for run in self.runs.values() for e in self.running(run)]}
                case "GET", ["dead-letters"]:
                    return {
                        "deadLetters": self.letters[:1000],
                        "approximateCount": len(self.letters),
                        "complete": True,
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
        if step is None or step.attempt == 0:
            raise Refused(404, "step-not-started", f"Step '{query['key']}' has not started: it is queued.")
        entry = step.listed() | {
            "maxAttempts": 3,
            "logPageCount": len(step.pages()),
            "attempts": step.attempts[-10:],
        }
        if run.traced:
            entry["traceparent"] = (
                f"00-{hashlib.sha256(step.key.encode()).hexdigest()[:32]}-00f067aa0ba902b7-01"
            )
        if step.state == "RUNNING":
            entry |= {"progress": 0.4, "progressNote": "40 of 100 pages", "lastLine": step.log[-1]}
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
        entries: list[Json] = []
        for n, step in enumerate(step for step in run.steps.values() if step.state == "RUNNING"):
            entry: Json = {"runId": run.run_id, "key": step.key, "attempt": step.attempt, "dispatchId": "d-1"}
            entry |= {
                "startedAt": moment(step.started),
                "worker": f"3b0e2f{n // 10:02x}",
                "progress": (n * 17 % 100) / 100,
            }
            done = n * 17 % 100
            entry |= {"progressNote": f"{done} of 100 pages", "lastLine": f"read {step.key}, page {done}"}
            entry["leaseUntil"] = moment(time.time() + (-30 if n >= 20 else 12))
            entries.append(entry | ({"lost": True} if n >= 20 else {}))
        return entries

    def failures(self, run: Run, query: dict[str, str]) -> Json:
        groups: dict[str, Json] = {}
        for step in self.selected(run, query.get("state", "FAILED,DEAD").split(","), {}):
            error = step.error
            if error is None:
                continue
            group = groups.setdefault(
                group_of(step),
                {"failure": group_of(step), "kind": error["kind"], "handler": step.handler}
                | {"message": normalised(error["message"]), "count": 0, "states": Counter(), "examples": []}
                | {"firstAt": moment(step.finished), "lastAt": moment(step.finished)},
            )
            group["count"] += 1
            group["states"][step.state] += 1
            group["lastAt"] = max(group["lastAt"], moment(step.finished))
        return {"failures": list(groups.values()), "readCount": len(run.steps)}

    @staticmethod
    def lookup(run: Run, body: Json) -> Json:
        found = [run.steps[key] for key in body["keys"] if key in run.steps and run.steps[key].attempt]
        entries = [step.listed() | {"maxAttempts": 3, "logPageCount": 0, "attempts": []} for step in found]
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
        for step in steps:
            step.state, step.error = "RETRYING", None
        run.open = 1
        return {"redrivenCount": len(steps), "replayed": False}

    def cancel(self, run: Run, body: Json) -> Json:
        steps = self.chosen(run, body, ("QUEUED", "RETRYING", "RUNNING"))
        if body.get("dryRun"):
            return self.dry(steps)
        for step in steps:
            run.end(step, "CANCELLED", time.time(), time.time(), "CANCELLED", "The run was cancelled.")
        run.cancelled = run.cancelled or not (body.keys() & {"keys", "states", "filter"})
        return {"cancelledCount": len(steps), "stoppingCount": 0, "complete": True}

    def pause_run(self, run: Run, paused: bool) -> Json:
        run.paused = paused
        self.pauses = [pause for pause in self.pauses if pause.get("runId") != run.run_id]
        if paused:
            self.pauses.append({"scope": "run", "runId": run.run_id, "pausedAt": moment(time.time())})
        return {"scope": "run", "runId": run.run_id, "changed": True}

    def pause(self, action: str, body: Json) -> Json:
        scope = {"scope": "handler", "handler": body["handler"]} if "handler" in body else {"scope": "all"}
        self.pauses = [
            pause
            for pause in self.pauses
            if pause.items() < scope.items() or not scope.items() <= pause.items()
        ]
        if action == "pause":
            reason = {"reason": body["reason"]} if "reason" in body else {}
            self.pauses.append(scope | {"pausedAt": moment(time.time())} | reason)
        return scope | {"changed": True}

    def change_letters(self, action: str, body: Json) -> Json:
        chosen = [
            letter
            for letter in self.letters
            if body.get("all")
            or all(letter.get(name) == body[name] for name in ("handler", "kind") if name in body)
        ]
        if body.get("dryRun"):
            keys = [letter["key"] for letter in chosen[:10]]
            return {"dryRun": True, "counts": {"DEAD": len(chosen)}, "examples": keys, "complete": True}
        self.letters = [letter for letter in self.letters if letter not in chosen]
        if action == "purge":
            return {"purgedCount": len(chosen), "leftCount": 0, "complete": True}
        return {"redrivenCount": len(chosen), "deletedCount": len(chosen), "leftCount": 0, "complete": True}


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
                status, kind = 200, "application/json"
                try:
                    query = dict(parse_qsl(target.query))
                    said = stand_in.api.answer(method, target.path, query, json.loads(sent) if sent else {})
                except Refused as refused:
                    status, kind = refused.status, "application/problem+json"
                    said = {
                        "type": f"https://stepstile.dev/problems/{refused.kind}",
                        "detail": refused.detail,
                    }
                body = json.dumps(said).encode()
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
