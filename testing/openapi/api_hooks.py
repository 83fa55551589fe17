"""What schemathesis is told about the API: names that exist, and what a schema cannot say; and a check of ours."""

from __future__ import annotations

import json
import os
import re
from typing import Any

import jsonschema_rs
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.failures import Failure
from schemathesis.core.parameters import ParameterLocation

KNOWN: dict[str, list[str]] = json.loads(os.environ.get("API_HOOKS_KNOWN", '{"runs": ["r"], "keys": ["k"]}'))
PROBLEM = "application/problem+json"
TYPE = re.compile(r"`([a-z]+(?:-[a-z]+)+|internal|busy|unavailable)`")

# What a positive request may be refused for, since no schema can say it.
NOT_IN_A_SCHEMA = {
    "bad-attempt": "'attempt' goes with log=true",
    "bad-cursor": "a cursor is one that the call returned",
    "bad-deadline": "an instant that lies ahead, at most 14 days",
    "bad-filter": "a filter whose members are all null names nothing",
    "bad-keys": "a step key has at most 512 bytes of UTF-8, and a lookup's list may name nothing else",
    "bad-not-before": "an instant of at most seven days away, and before the deadline",
    "bad-notify": "the stack allows the webhook's host, and one target is named",
    "bad-offset": "an offset is within the result",
    "bad-overrides": "an input goes with keys",
    "bad-prefix": "at most 512 bytes of UTF-8",
    "bad-retry": "what is in capitals is one of four kinds, and which characters are assigned",
    "bad-run-id": "keys go with a runId",
    "bad-selection": "something is selected, and not beside `all`",
    "bad-step-key": "at most 512 bytes of UTF-8",
    "bad-tags": "20 tags, those of `defaults` included",
    "bad-time": "since is before until; offsets are at most 18 hours",
    "duplicate-step-key": "no key twice",
    "bad-handler": "a step has a handler, its own or that of `defaults`",
}


def problem_type(response: schemathesis.Response) -> str:
    if PROBLEM not in "".join(response.headers.get("content-type", [])):
        return ""
    return str(response.json()["type"]).rpartition("/")[2]


class Undescribed(Failure):
    """An answer that is not as the document says."""


@schemathesis.check
def refusals_are_described(
    _ctx: schemathesis.CheckContext, response: schemathesis.Response, case: schemathesis.Case[Any]
) -> None:
    """A refusal is a problem+json whose type its operation names; damaged data alone is answered with 500."""
    if response.status_code < 400:
        return
    type_ = problem_type(response)
    schema = case.operation.schema.raw_schema
    answers = case.operation.definition.raw["responses"]
    answer = answers.get(str(response.status_code), {})
    if "$ref" in answer:
        answer = schema["components"]["responses"][answer["$ref"].rpartition("/")[2]]
    described = TYPE.findall(answer.get("description", "") + schema["info"]["description"])
    why = ""
    if not type_:
        why = "it is no problem+json"
    elif type_ not in described:
        why = f"its operation does not name {type_}"
    elif response.status_code >= 500 and type_ != "damaged-data":
        why = f"{type_} is a fault of the server"
    if why:
        raise Undescribed(
            operation=case.operation.label,
            title=f"Refusal {response.status_code}",
            message=why,
            case_id=case.id,
        )


def is_valid(case: schemathesis.Case[Any]) -> bool:
    """Whether a body that was to be invalid is none: of `"type": ["string", "null"]` with a format, schemathesis takes null
    for a breach of the format."""
    data = case.meta.phase.data if case.meta else None
    content = case.operation.definition.raw.get("requestBody", {}).get("content", {})
    if (
        getattr(data, "parameter_location", None) != ParameterLocation.BODY
        or "application/json" not in content
    ):
        return False
    document = case.operation.schema.raw_schema
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    return jsonschema_rs.validator_for(schema, validate_formats=True).is_valid(case.body)


@schemathesis.hook
def filter_failure(
    _context: schemathesis.HookContext,
    failure: Failure,
    case: schemathesis.Case[Any],
    response: schemathesis.Response,
) -> bool:
    """Leaves out what a schema cannot say, and the answer about the one step whose record is damaged."""
    kind, type_ = type(failure).__name__, problem_type(response)
    if kind == "RejectedPositiveData":
        return type_ not in NOT_IN_A_SCHEMA
    if kind == "AcceptedNegativeData":  # 414 and 431 refuse it too
        return type_ != "request-too-large" and not is_valid(case)
    if kind == "AllowHeaderMismatch":  # the path of a lookup is also that of a step
        return response.headers.get("allow") != ["GET, POST"]
    if kind == "ServerError":
        return type_ != "damaged-data"
    return True


@schemathesis.hook
def map_case(_context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """Gives a dispatch that is to be accepted what no schema can ask for: handlers, and keys that differ."""
    meta = case.meta
    if meta and meta.generation.mode.is_positive and case.path.endswith("/dispatches"):
        body: Any = case.body
        for place, step in enumerate(body["steps"]):
            step["key"] = f"{step['key'][:100]}-{place}"
            step["handler"] = step.get("handler") or "stepstile.echo"
    return case


run_ids = st.sampled_from(KNOWN["runs"])
keys = st.sampled_from(KNOWN["keys"])
schemathesis.openapi.format("run-id", run_ids | st.from_regex(r"\A[A-Za-z0-9._:~@+=-]{1,20}\Z"))
for name in ("step-key", "step-key-prefix", "step-key-of-a-path"):
    schemathesis.openapi.format(name, keys | st.from_regex(r"\A[a-zé€]{1,8}\Z"))
schemathesis.openapi.format(
    "failure-name", st.sampled_from(["TIMEOUT", "ValueError", "java.io.IOException", "Größe"])
)
schemathesis.openapi.format("cursor", st.just(""))
