"""The OpenAPI document is valid, and an embedded stack answers as it says, whatever schemathesis sends."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError
from stacks import HANDLERS, LAUNCHER

from stepstile.local_stack import LocalStack

HERE = Path(__file__).parent
TOP = HERE.parents[1]
DOCUMENT = TOP / "shared/http/src/main/resources/dev/stepstile/http/openapi.json"


def call(stack: LocalStack, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        stack.endpoint + path, method=method, data=None if body is None else json.dumps(body).encode()
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def plainly(key: str, script: str, **more: Any) -> dict[str, Any]:
    return {"key": key, "handler": "plainly", "input": {"script": script}, **more}


STEPS: list[dict[str, Any]] = [
    {"key": "load[eu]", "handler": "stepstile.echo", "input": {"table": "orders"}},
    {"key": "large/result", "handler": "stepstile.echo", "input": "x" * 20_000},
    {"key": "failed", "handler": "no.such.handler"},
    plainly("dead", "echo to standard output; echo oh >&2; exit 1", maxAttempts=1),
    plainly("retrying", "exit 1", maxAttempts=100, retry={"baseSeconds": 43200, "capSeconds": 43200}),
    plainly("running", "echo on it; exec sleep 600", timeoutSeconds=880),
    plainly("logged", "seq 100"),
    {"key": "queued", "handler": "stepstile.echo", "notBefore": 604800},
    {"key": "cancelled", "handler": "stepstile.echo", "notBefore": 604800},
    {"key": "damaged", "handler": "stepstile.echo"},
]
STATES = {"load[eu]": "SUCCEEDED", "large/result": "SUCCEEDED", "damaged": "UNKNOWN", "logged": "SUCCEEDED"}
# The codes of schemathesis for what an answer has and the document does not: status, content type, body; for what is
# accepted and should not be, and the other way round; and our own check.
FOUND = ("ST103", "ST105", "ST108", "ST201", "ST202", "Refusal 404")
RUNS = ["nightly", "changed", "other"]  # the document's examples name the first, and its step load[eu]


def states(stack: LocalStack, run: str) -> dict[str, str]:
    return {step["key"]: step["state"] for step in call(stack, "GET", f"/v1/runs/{run}/steps")["steps"]}


def eventually(stack: LocalStack, run: str, wanted: dict[str, str]) -> None:
    until = time.monotonic() + 60
    while (now := states(stack, run)) != wanted:
        assert time.monotonic() < until, f"{run} is {now}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Runs with a step in every state."""
    folder = tmp_path_factory.mktemp("stack")
    with LocalStack(LAUNCHER, folder, handlers=HANDLERS) as stack:
        for run in RUNS:
            call(
                stack,
                "POST",
                f"/v1/runs/{run}/dispatches",
                {"dispatchId": "d1", "defaults": {"tags": {"team": "data"}}, "steps": STEPS},
            )
            call(stack, "POST", f"/v1/runs/{run}/cancel", {"keys": ["cancelled"]})
            reached: dict[str, str] = {
                step["key"]: STATES.get(step["key"]) or step["key"].upper() for step in STEPS
            }
            eventually(stack, run, reached | {"damaged": "SUCCEEDED"})
            with closing(sqlite3.connect(folder / "state" / "stepstile.db", timeout=10)) as database:
                changed = database.execute(
                    "UPDATE record SET body = replace(body, '\"createdAt\":1', '\"createdAt\":3')"
                    " WHERE run_id = ? AND step_key = 'damaged'",
                    (run,),
                )
                assert changed.rowcount == 1
                database.commit()
            eventually(stack, run, reached)
        yield stack
        stack.kill()  # it would wait for what runs


def test_the_document_is_valid_openapi() -> None:
    validate(json.loads(DOCUMENT.read_text("utf-8")))


def test_a_document_that_is_not_is_found() -> None:
    document = json.loads(DOCUMENT.read_text("utf-8"))
    del document["paths"]["/v1/runs"]["get"]["responses"]
    document["paths"]["/v1/runs"]["get"]["parameters"][0]["in"] = "nowhere"
    with pytest.raises(OpenAPIValidationError):
        validate(document)


def test_the_stack_serves_the_document(stack: LocalStack) -> None:
    served = call(stack, "GET", "/openapi.json")
    assert served["servers"][0]["url"] == stack.endpoint
    served["servers"][0]["url"] = "http://127.0.0.1:8787"
    assert served == json.loads(DOCUMENT.read_text("utf-8"))


def exercised(
    stack: LocalStack, document: Any, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    """Runs schemathesis with all of its checks, and ours. In a folder of its own, as it keeps what has failed in it."""
    (folder / "openapi.json").write_text(json.dumps(document))
    known = {"runs": RUNS, "keys": [step["key"] for step in STEPS if step["key"] != "damaged"]}
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            "openapi.json",
            f"--url={stack.endpoint}",
            "--checks=all",
            "--generation-deterministic",
            "--no-shrink",
            "--request-timeout=30",
            "--suppress-health-check=all",
            "--warnings=off",
            *options,
        ],
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "api_hooks",
            "PYTHONPATH": str(HERE),
            "API_HOOKS_KNOWN": json.dumps(known),
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
        # They are as many calls as their options say: this is for one that hangs.
        timeout=3600,
    )


def told(ended: subprocess.CompletedProcess[str]) -> str:
    """What schemathesis says, with long lines cut: a call may have thousands of characters."""
    return "\n".join(line[:400] for line in [*ended.stdout.splitlines(), *ended.stderr.splitlines()])


def test_what_a_document_does_not_say_is_found(stack: LocalStack, tmp_path: Path) -> None:
    """One fault for each kind of check."""
    document = json.loads(DOCUMENT.read_text("utf-8"))
    paths, parts = document["paths"], document["components"]
    parts["schemas"]["Run"]["properties"]["stepCount"]["type"] = "string"
    del paths["/v1/runs/{runId}"]["get"]["responses"]["404"]
    paths["/v1/runs/{runId}/pause"]["post"]["responses"]["404"]["content"] = {"text/plain": {}}
    paths["/v1/runs/{runId}/resume"]["post"]["responses"]["404"]["description"] = "It is not there."
    parts["parameters"]["limit"]["schema"]["maximum"] = 1001
    [limit] = [each for each in paths["/v1/runs"]["get"]["parameters"] if each.get("name") == "limit"]
    limit["schema"]["maximum"] = 99
    operations = ("listRunningOfRun", "getRun", "pauseRun", "resumeRun", "listRuns")
    ended = exercised(
        stack,
        document,
        tmp_path,
        "--phases=examples,coverage",
        "--continue-on-failure",
        *(f"--include-operation-id={each}" for each in operations),
    )
    assert ended.returncode == 1, told(ended)
    for found in FOUND:
        assert found in ended.stdout, found + " is not in:\n" + told(ended)


def test_the_stack_answers_as_the_document_says(stack: LocalStack, tmp_path: Path) -> None:
    ended = exercised(stack, json.loads(DOCUMENT.read_text("utf-8")), tmp_path, "--max-examples=8")
    assert ended.returncode == 0, told(ended)


@pytest.mark.full
def test_the_stack_answers_as_the_document_says_for_longer(stack: LocalStack, tmp_path: Path) -> None:
    ended = exercised(stack, json.loads(DOCUMENT.read_text("utf-8")), tmp_path, "--max-examples=200")
    assert ended.returncode == 0, told(ended)
