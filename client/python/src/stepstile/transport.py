"""One endpoint over HTTP.

Connections are kept open, and calls are retried until they are answered.
"""

from __future__ import annotations

import http.client
import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from stepstile.errors import Refused, StepstileError, Unauthorised, Unreachable
from stepstile.signing import Request, Sign

_AGAIN = frozenset({429, 500, 502, 503, 504})
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_LONGEST_RETRY_AFTER_SECONDS = 60.0
_PROBLEMS = "https://stepstile.dev/problems/"


class Transport:
    """Calls one endpoint. Safe to use from several threads: each has a connection of its own.

    Every call is idempotent. A call that was not answered, or with a status that allows a retry, is retried after a pause
    (exponential, full jitter) until `patience_seconds` have passed.

    :param timeout_seconds: the timeout of one try, until each part of its answer.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        sign: Sign | None = None,
        timeout_seconds: float = 30.0,
        patience_seconds: float = 60.0,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise StepstileError(
                f"'{endpoint}' is not an endpoint. Use the URL that `stepstile local` prints "
                "(http://127.0.0.1:8787), or the output ApiUrl of the deployed stack."
            )
        self.endpoint = endpoint.rstrip("/")
        self.host = parts.hostname
        self._secure = parts.scheme == "https"
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._sign = sign
        self._timeout = timeout_seconds
        self.patience_seconds = patience_seconds
        self.pause = pause
        self.clock = clock
        self._random = random.Random()
        self._mine = threading.local()
        self._all: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._tls = ssl.create_default_context() if self._secure else None

    def call(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
        *,
        member: str | None = None,
        trace: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Makes a call; returns the answer's JSON.

        :param member: what each answer of this call has; one without it is not Stepstile's.
        :param trace: headers of the trace. They are not signed, as whatever passes the call on may change them.
        :raises Unreachable: if there was no answer within `patience_seconds`.
        :raises Unauthorised: if the caller is unknown or the call is not allowed.
        :raises Refused: if Stepstile rejects the call.
        """
        target = self._prefix + path + ("?" + urlencode(query, quote_via=quote, safe="") if query else "")
        until = self.clock() + self.patience_seconds
        cause: str
        failures = 0
        while True:
            retry_after: float | None = None
            try:
                status, answer, retry_after = self._try(method, target, body or b"", trace or {})
            except (OSError, http.client.HTTPException) as e:
                self._drop()
                cause = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
            else:
                if status < 400:
                    return _json(answer, member)
                # A signed call that is not authorised is signed again, once: its credentials may have expired.
                resign = self._sign is not None and status in (401, 403) and failures == 0
                if not _is_retried(status, answer) and not resign:
                    raise self._error(status, answer)
                cause = f"HTTP {status}{_detail(answer)}"
            failures += 1
            longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** min(failures, 10))
            wait = self._random.uniform(0, longest) if retry_after is None else retry_after
            if self.clock() + wait > until:
                raise Unreachable(
                    f"Stepstile at {self.endpoint} did not answer {method} {path} in {failures} tries within "
                    f"{self.patience_seconds:g} s; the last one: {cause}. Is the stack up, and is this its endpoint?"
                )
            self.pause(wait)

    def close(self) -> None:
        """Closes the connections of all threads; a later call opens new ones."""
        with self._lock:
            connections, self._all = self._all, []
        for connection in connections:
            connection.close()

    def _try(
        self, method: str, target: str, body: bytes, trace: Mapping[str, str]
    ) -> tuple[int, bytes, float | None]:
        headers: Mapping[str, str] = {"content-type": "application/json"} if body else {}
        if self._sign:
            scheme = "https" if self._secure else "http"
            netloc = self.host if self._port is None else f"{self.host}:{self._port}"
            headers = self._sign(Request(method, f"{scheme}://{netloc}{target}", headers, body))
        headers = {**headers, **trace}
        connection = self._connection()
        reused = connection.sock is not None
        try:
            connection.request(method, target, body or None, headers)
            response = connection.getresponse()
            return response.status, response.read(), _seconds(response.getheader("retry-after"))
        except (ConnectionError, http.client.HTTPException):
            if not reused:
                raise
            # The other side closes idle connections: this does not mean that it does not answer.
            connection.close()
            connection.request(method, target, body or None, headers)
            response = connection.getresponse()
            return response.status, response.read(), _seconds(response.getheader("retry-after"))

    def _connection(self) -> http.client.HTTPConnection:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is None:
            if self._tls:
                connection = http.client.HTTPSConnection(
                    self.host, self._port, timeout=self._timeout, context=self._tls
                )
            else:
                connection = http.client.HTTPConnection(self.host, self._port, timeout=self._timeout)
            self._mine.connection = connection
            with self._lock:
                self._all.append(connection)
        return connection

    def _drop(self) -> None:
        connection: http.client.HTTPConnection | None = getattr(self._mine, "connection", None)
        if connection is not None:
            connection.close()

    def _error(self, status: int, answer: bytes) -> StepstileError:
        problem = _problem(answer)
        kind = str(problem.get("type", ""))
        if kind.startswith(_PROBLEMS):
            return Refused(kind.removeprefix(_PROBLEMS), str(problem.get("detail", "")), status)
        if status in (401, 403):
            how = (
                "The call was signed: the role or user that signed it needs execute-api:Invoke on this API, "
                "and the clock of this machine must be right."
                if self._sign
                else "The call was not signed: give aws_region, or sign."
            )
            return Unauthorised(
                f"Stepstile at {self.endpoint} does not allow this caller "
                f"(HTTP {status}{_detail(answer)}). {how}"
            )
        if status == 413:  # from API Gateway itself, without a type
            return Refused(
                "request-too-large", "The call is larger than API Gateway and Lambda accept.", status
            )
        return Refused(
            "not-stepstile",
            f"{self.endpoint} answered HTTP {status}{_detail(answer)}; is it Stepstile?",
            status,
        )


def _seconds(retry_after: str | None) -> float | None:
    """The seconds of a Retry-After header, up to a minute; None if it has another form."""
    if not retry_after or not retry_after.isdecimal():
        return None
    return min(_LONGEST_RETRY_AFTER_SECONDS, float(retry_after))


def _is_retried(status: int, answer: bytes) -> bool:
    """Whether to call again. What is damaged stays so until someone repairs it."""
    return status in _AGAIN and _problem(answer).get("type") != _PROBLEMS + "damaged-data"


def _json(answer: bytes, member: str | None) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError:
        value = None
    if not isinstance(value, dict) or (member is not None and member not in value):
        raise Refused("not-stepstile", "The endpoint's answer is not JSON; is it Stepstile's?", 200)
    return value


def _problem(answer: bytes) -> dict[str, Any]:
    try:
        value = json.loads(answer)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _detail(answer: bytes) -> str:
    problem = _problem(answer)
    text = problem.get("detail") or problem.get("message") or problem.get("Message")
    return f", {text}" if isinstance(text, str) else ""
