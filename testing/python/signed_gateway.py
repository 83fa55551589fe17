"""What API Gateway does for a route with an IAM authorizer: checks the signature of each call, and passes it on.

The signature that a call should have is computed by botocore, which neither curl nor our clients use.
Usage: python signed_gateway.py UPSTREAM     Credentials and region are those of the environment. Prints its address.
"""

from __future__ import annotations

import os
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

SERVICE = "execute-api"
MUST_BE_SIGNED = {"host", "x-amz-date"}
OPERATOR = {
    "AWS_ACCESS_KEY_ID": "AKIDOPERATOR",
    "AWS_SECRET_ACCESS_KEY": "the operator's own secret",
    "AWS_SESSION_TOKEN": "the operator's session",
    "AWS_REGION": "eu-west-1",
}


def expected(method: str, url: str, body: bytes, headers: dict[str, str], signed: list[str]) -> str:
    """The signature that these headers, the path, the query and the body should have."""
    token = os.environ.get("AWS_SESSION_TOKEN")
    credentials = Credentials(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"], token)
    auth = SigV4Auth(credentials, SERVICE, os.environ["AWS_REGION"])
    request = AWSRequest(method, url, data=body, headers={name: headers[name] for name in signed})
    request.context["timestamp"] = headers["x-amz-date"]
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


class Gateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream = ""

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if not self._is_signed(body):
            self._answer(403, "application/json", b'{"message":"Forbidden"}')
            return
        call = urllib.request.Request(self.upstream + self.path, body or None, method=self.command)
        call.add_header("content-type", self.headers.get("content-type", ""))
        try:
            with urllib.request.urlopen(call) as response:
                self._answer(response.status, response.headers["content-type"], response.read())
        except urllib.error.HTTPError as refused:
            self._answer(refused.code, refused.headers["content-type"], refused.read())

    do_POST = do_GET

    def _is_signed(self, body: bytes) -> bool:
        headers = {name.lower(): value for name, value in self.headers.items()}
        algorithm, _, rest = headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        signed = parts.get("SignedHeaders", "").split(";")
        scope = f"/{headers.get('x-amz-date', '')[:8]}/{os.environ['AWS_REGION']}/{SERVICE}/aws4_request"
        return (
            algorithm == "AWS4-HMAC-SHA256"
            and parts.get("Credential") == os.environ["AWS_ACCESS_KEY_ID"] + scope
            and set(signed) >= MUST_BE_SIGNED
            and set(signed) <= set(headers)
            and headers.get("x-amz-security-token") == os.environ.get("AWS_SESSION_TOKEN")
            and parts.get("Signature")
            == expected(self.command, f"http://{headers['host']}{self.path}", body, headers, signed)
        )

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Calls are the caller's to log."""


@contextmanager
def serving(gateway: type[Gateway]) -> Generator[str, None, None]:
    """A gateway that knows the operator's credentials; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), gateway)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    before = {name: os.environ.get(name) for name in OPERATOR}
    os.environ.update(OPERATOR)
    yield f"http://127.0.0.1:{server.server_port}"
    for name, value in before.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
    server.shutdown()
    server.server_close()


if __name__ == "__main__":
    Gateway.upstream = sys.argv[1]
    server = ThreadingHTTPServer(("127.0.0.1", 0), Gateway)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
