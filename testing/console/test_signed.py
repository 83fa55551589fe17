"""`stepstile console` before an API that checks signatures, as API Gateway does for a route with an IAM authorizer."""

from __future__ import annotations

import http.client
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from conftest import CHECKOUT, Console
from playwright.sync_api import Browser, expect
from stand_in import StandIn

sys.path.insert(0, str(CHECKOUT / "testing/python"))
from signed_gateway import OPERATOR, Gateway, serving

pytestmark = pytest.mark.quick

REGION = OPERATOR["AWS_REGION"]

# What a call that is passed on may have: what the signature needs, and what a client of HTTP adds by itself.
OWN_HEADERS = {
    "authorization",
    "x-amz-date",
    "x-amz-content-sha256",
    "x-amz-security-token",
    "content-type",
    "content-length",
    "host",
    "user-agent",
    "connection",
    "upgrade",
    "http2-settings",
}


@dataclass
class Behind:
    """The gateway: what came to it, and how many signatures were wrong."""

    endpoint: str
    headers: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    refused: int = 0


@pytest.fixture(scope="module")
def behind() -> Iterator[Behind]:
    stand_in = StandIn()
    stand_in.api.fill(2000)
    behind = Behind("")

    class Recording(Gateway):
        upstream = stand_in.endpoint

        def _is_signed(self, body: bytes) -> bool:
            behind.headers.append({name.lower(): value for name, value in self.headers.items()})
            signed = super()._is_signed(body)
            behind.refused += not signed
            return signed

    with serving(Recording) as behind.endpoint:
        yield behind
    stand_in.close()


@pytest.fixture(scope="module")
def console(behind: Behind, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    home = tmp_path_factory.mktemp("signed")
    console = Console(behind.endpoint, home, ("--region", REGION), **OPERATOR)
    yield console
    console.close()


@pytest.fixture(autouse=True)
def nothing_yet(behind: Behind) -> None:
    behind.headers.clear()
    behind.refused = 0


def call(console: Console, method: str, path: str, headers: dict[str, str], body: str | None = None) -> int:
    """As it stands: a browser would not let a page choose its Host, Origin or Cookie."""
    connection = http.client.HTTPConnection(console.url.removeprefix("http://"))
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in ({"Host": console.url.removeprefix("http://")} | headers).items():
        connection.putheader(name, value)
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body.encode() if body is not None else None)
    status = connection.getresponse().status
    connection.close()
    return status


def test_the_calls_of_the_page_are_signed_with_the_operators_credentials(
    browser: Browser, console: Console, behind: Behind
) -> None:
    page = browser.new_context().new_page()
    page.goto(console.link)
    expect(page.locator("tbody th").first).to_have_text("nightly")
    page.goto(f"{console.url}/#/run/nightly?text=a%26b%20%C3%A9")
    expect(page.locator(".shown-count")).to_have_text("0 steps shown")
    page.get_by_role("button", name="Cancel run …").click()
    expect(page.get_by_role("dialog")).to_contain_text("will be cancelled")
    page.context.close()
    assert len(behind.headers) > 6
    assert behind.refused == 0
    for headers in behind.headers:
        assert headers["authorization"].startswith(
            f"AWS4-HMAC-SHA256 Credential={OPERATOR['AWS_ACCESS_KEY_ID']}/"
        )
        assert f"http://{headers['host']}" == behind.endpoint
        assert set(headers) <= OWN_HEADERS


def test_token_cookies_and_names_of_the_page_stay_here(console: Console, behind: Behind) -> None:
    sent = {
        "x-stepstile-token": console.token,
        "Cookie": "session=of-another-server-on-this-machine",
        "Authorization": "Bearer of-the-page",
        "Origin": console.url,
        "Referer": f"{console.url}/#token={console.token}",
        "User-Agent": "a browser",
        "X-Forwarded-For": "10.0.0.1",
        "X-Amz-Security-Token": "of-the-page",
        "X-Amz-Date": "20200101T000000Z",
    }
    assert call(console, "GET", "/v1/runs", sent) == 200
    assert call(console, "POST", "/v1/runs/nightly/cancel", sent, '{"dryRun": true}') == 200
    assert behind.refused == 0
    assert len(behind.headers) == 2
    for headers in behind.headers:
        assert set(headers) <= OWN_HEADERS
        assert f"http://{headers['host']}" == behind.endpoint
        everything = " ".join(headers.values())
        for secret in (console.token, "of-another-server", "of-the-page", "a browser"):
            assert secret not in everything


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Origin", "http://evil.example"),
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1:1"),
        ("Host", "rebound.example"),
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("x-stepstile-token", "another"),
        ("x-stepstile-token", ""),
    ],
)
def test_whoever_is_refused_here_makes_no_signed_call(
    console: Console, behind: Behind, name: str, value: str
) -> None:
    sent = {"x-stepstile-token": console.token} | {name: value}
    assert call(console, "GET", "/v1/runs", sent) == 403
    assert call(console, "POST", "/v1/runs/nightly/cancel", sent, "{}") == 403
    assert behind.headers == []


def test_without_credentials_the_page_says_what_to_do(
    browser: Browser, behind: Behind, tmp_path: Path
) -> None:
    nowhere = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
    nowhere |= {"AWS_EC2_METADATA_DISABLED": "true", "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none")}
    nowhere |= {"AWS_CONFIG_FILE": str(tmp_path / "none")}
    console = Console(behind.endpoint, tmp_path, ("--region", REGION), **nowhere)
    page = browser.new_context().new_page()
    page.goto(console.link)
    expect(page.locator("#banner")).to_contain_text("no AWS credentials")
    page.context.close()
    console.close()
    assert behind.headers == []
