"""SigV4 for an endpoint on AWS, by botocore (the extra `aws`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from stepstile.errors import StepstileError, Unauthorised


@dataclass(frozen=True)
class Request:
    """A call as it will be sent, to be signed."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


Sign = Callable[[Request], Mapping[str, str]]
"""Gives the headers to send in place of the request's.

Called for each try, so that old credentials are renewed.
"""

_API_GATEWAY = re.compile(r"\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?$")
_FUNCTION_URL = re.compile(r"\.lambda-url\.([a-z0-9-]+)\.on\.aws$")


class _Session(Protocol):
    def get_credentials(self) -> Any: ...


def region_of(host: str) -> str | None:
    """The region that a host name of AWS names, None if it is not one of theirs."""
    found = _API_GATEWAY.search(host) or _FUNCTION_URL.search(host)
    return found.group(1) if found else None


def sigv4(host: str, region: str, *, session: _Session | None = None) -> Sign:
    """Signs with the credentials that botocore finds: environment, profile, container, instance.

    :param session: a botocore session, for other credentials than the default ones.
    """
    try:
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.session import Session
    except ImportError as e:
        raise StepstileError(
            "Calls to AWS are signed by botocore, which is not installed: pip install 'stepstile[aws]'."
        ) from e
    credentials = (session or Session()).get_credentials()
    if credentials is None:
        raise Unauthorised(
            "There are no AWS credentials to sign with: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or give this process a role that may call execute-api:Invoke."
        )
    service = "lambda" if _FUNCTION_URL.search(host) else "execute-api"

    def sign(request: Request) -> Mapping[str, str]:
        signed = AWSRequest(request.method, request.url, dict(request.headers), request.body)
        SigV4Auth(credentials.get_frozen_credentials(), service, region).add_auth(signed)
        return dict(signed.headers.items())

    return sign
