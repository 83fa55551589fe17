"""What the client does when calls are not answered as they should be."""

from __future__ import annotations

import datetime
import hashlib
import hmac
import socket
import threading
from typing import Any

import pytest
from scripted_api import HANG_UP, Answer, Call, api, problem

from stepstile import (
    Refused,
    Request,
    StepstileClient,
    StepstileError,
    Unauthorised,
    Unreachable,
)
from stepstile.signing import region_of, sigv4
from stepstile.transport import Transport

EMPTY: dict[str, Any] = {"entries": [], "cursor": "c", "caughtUp": True}


@pytest.mark.parametrize(
    "first", [HANG_UP, Answer(429, {}), Answer(500, {}), Answer(502, b"<html>"), Answer(503, {})]
)
def test_a_call_that_was_not_answered_is_made_again(first: Answer) -> None:
    answers = [first, first, Answer(200, EMPTY)]
    waits: list[float] = []
    with api(lambda call: answers.pop(0)) as endpoint:
        assert Transport(endpoint, pause=waits.append).call("GET", "/v1/runs/r/feed") == EMPTY
    assert len(waits) == 2


def test_a_call_is_made_again_when_the_answer_says() -> None:
    answers = [Answer(503, {}, {"retry-after": "3"}), Answer(200, EMPTY)]
    waits: list[float] = []
    with api(lambda call: answers.pop(0)) as endpoint:
        assert Transport(endpoint, pause=waits.append).call("GET", "/v1/runs/r/feed") == EMPTY
    assert waits == [3.0]


def test_a_call_that_api_gateway_finds_too_large_is_named_so() -> None:
    with (
        api(lambda call: Answer(413, {"message": "Request Entity Too Large"})) as endpoint,
        pytest.raises(Refused) as refused,
    ):
        Transport(endpoint).call("POST", "/v1/runs/r/dispatches", b"{}")
    assert refused.value.type == "request-too-large"


def test_pauses_grow_up_to_a_limit_and_end_with_the_clients_patience() -> None:
    now = [0.0]
    waits: list[float] = []

    def pause(seconds: float) -> None:
        waits.append(seconds)
        now[0] += seconds

    with (
        api(lambda call: Answer(503, {})) as endpoint,
        pytest.raises(Unreachable, match=r"in \d+ tries within 120 s; the last one: HTTP 503"),
    ):
        Transport(endpoint, patience_seconds=120, pause=pause, clock=lambda: now[0]).call("GET", "/")
    assert max(waits[:3]) <= 0.8
    assert 2 < max(waits) <= 5
    assert 115 <= now[0] <= 120


def test_a_connection_that_was_closed_while_idle_costs_no_pause() -> None:
    waits: list[float] = []
    with api(lambda call: Answer(200, EMPTY, last=True)) as endpoint:
        transport = Transport(endpoint, pause=waits.append)
        for _ in range(3):
            transport.call("GET", "/")
    assert waits == []


def test_connections_are_kept() -> None:
    ports: set[int] = set()
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:
        real(self, address)
        ports.add(self.getsockname()[1])

    with api(lambda call: Answer(200, EMPTY)) as endpoint, pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect)
        transport = Transport(endpoint)
        for _ in range(5):
            transport.call("GET", "/")
    assert len(ports) == 1


def test_an_endpoint_where_nothing_listens_is_unreachable_and_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = StepstileClient(endpoint, patience_seconds=0.3)
        with pytest.raises(Unreachable, match=rf"{endpoint} did not answer .* Is the stack up"):
            client.status("r")


def test_an_answer_that_does_not_come_is_given_up_after_the_timeout() -> None:
    release = threading.Event()

    def never(call: Call) -> Answer:
        release.wait(20)
        return HANG_UP

    with api(never) as endpoint:
        client = StepstileClient(endpoint, timeout_seconds=0.1, patience_seconds=0.3)
        with pytest.raises(Unreachable, match="timed out"):
            client.status("r")
        release.set()


def test_a_refusal_is_not_tried_again_and_says_what_to_do() -> None:
    calls: list[Call] = []

    def refuse(call: Call) -> Answer:
        calls.append(call)
        return problem("bad-run-id", 400, "A runId is so and so.")

    with api(refuse) as endpoint, pytest.raises(Refused, match="so and so") as refused:
        StepstileClient(endpoint).status("r")
    assert refused.value.type == "bad-run-id"
    assert len(calls) == 1


def test_a_caller_that_is_not_allowed_is_told_what_it_needs() -> None:
    with api(lambda call: Answer(403, {"message": "Forbidden"})) as endpoint:
        with pytest.raises(Unauthorised, match=r"Forbidden.*not signed: give aws_region"):
            StepstileClient(endpoint).status("r")
        signed = StepstileClient(endpoint, sign=lambda request: request.headers)
        with pytest.raises(Unauthorised, match="execute-api:Invoke"):
            signed.status("r")


def test_credentials_that_ran_out_are_renewed_by_signing_anew() -> None:
    tokens = iter(["old", "new"])
    with api(lambda call: Answer(200, EMPTY) if call.headers["x"] == "new" else Answer(403, {})) as endpoint:
        client = StepstileClient(endpoint, sign=lambda request: {**request.headers, "x": next(tokens)})
        assert client.feed("r") == EMPTY


def test_what_answers_but_is_not_stepstile_is_said_so() -> None:
    with (
        api(lambda call: Answer(200, b"<html>hello</html>")) as endpoint,
        pytest.raises(Refused, match="is it Stepstile"),
    ):
        StepstileClient(endpoint).status("r")


@pytest.mark.parametrize("endpoint", ["", "127.0.0.1:8787", "ftp://x", "http://", "http://x?y"])
def test_an_endpoint_that_is_none_is_refused_at_once(endpoint: str) -> None:
    with pytest.raises(StepstileError, match="is not an endpoint"):
        StepstileClient(endpoint)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("abc123.execute-api.eu-west-1.amazonaws.com", "eu-west-1"),
        ("abc123.execute-api.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        ("xyz.lambda-url.us-east-2.on.aws", "us-east-2"),
        ("127.0.0.1", None),
        ("execute-api.eu-west-1.amazonaws.com.example.org", None),
    ],
)
def test_the_region_is_found_in_the_host_name(host: str, region: str | None) -> None:
    assert region_of(host) == region


def verified(call: Call, secret: str) -> bool:
    """AWS's side of SigV4, from its documentation: whether the signature is that of this very call."""
    head = dict(
        part.strip().split("=", 1) for part in call.headers["Authorization"].split(" ", 1)[1].split(",")
    )
    headers = {name.lower(): value for name, value in call.headers.items()}
    path, _, query = call.target.partition("?")
    canonical = "\n".join(
        [
            call.method,
            path.replace("%", "%25"),  # encoded once more, for every service but S3
            "&".join(sorted(query.split("&"))) if query else "",
            *(f"{name}:{headers[name]}" for name in head["SignedHeaders"].split(";")),
            "",
            head["SignedHeaders"],
            hashlib.sha256(call.body).hexdigest(),
        ]
    )
    scope = head["Credential"].split("/", 1)[1]
    text = "\n".join(
        ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, hashlib.sha256(canonical.encode()).hexdigest()]
    )
    key = b"AWS4" + secret.encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    age = abs(
        datetime.datetime.strptime(headers["x-amz-date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
        - datetime.datetime.now(datetime.timezone.utc)
    )
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return age.total_seconds() < 300 and hmac.compare_digest(signature, head["Signature"])


def test_calls_to_aws_carry_a_signature_that_aws_accepts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    seen: list[tuple[bool, str]] = []

    def answer(call: Call) -> Answer:
        seen.append((verified(call, "secret"), call.headers["Authorization"]))
        return Answer(200, EMPTY | {"absentKeys": []})

    with api(answer) as endpoint:
        client = StepstileClient(endpoint, aws_region="eu-west-1")
        client.feed("a~run+:1", "c=&+/")
        client.lookup("r", ["load[eu]"])
        client.lookup("r~1", ["x"])
    assert [good for good, _ in seen] == [True, True, True]
    assert "/eu-west-1/execute-api/aws4_request" in seen[0][1]


def test_a_function_url_is_signed_for_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    host = "xyz.lambda-url.us-east-2.on.aws"
    signed = sigv4(host, "us-east-2")(Request("GET", f"https://{host}/", {}, b""))
    assert "/us-east-2/lambda/aws4_request" in signed["Authorization"]
