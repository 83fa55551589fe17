"""The dictionary of the compression, which is a part of the wire."""

from __future__ import annotations

import base64
import json
import zlib
from pathlib import Path
from typing import Any

import dagster as dg
import project
import pytest
from dagster_pipes import PipesMappingParamsLoader, encode_param, open_dagster_pipes
from test_worker import refusal, shared

from dagster_stepstile import _wire, worker


@pytest.fixture
def sent() -> Any:
    with dg.DagsterInstance.ephemeral() as instance:
        yield shared(instance, project.small)


def told(folder: Path, extras: dict[str, Any]) -> list[dict[str, Any]]:
    """The custom messages of a step that a worker was given."""
    (folder / "context.json").write_text(json.dumps({"extras": extras}))
    paths = {"DAGSTER_PIPES_CONTEXT": "context.json", "DAGSTER_PIPES_MESSAGES": "messages"}
    params = {name: encode_param({"path": str(folder / file)}) for name, file in paths.items()}
    with open_dagster_pipes(params_loader=PipesMappingParamsLoader(params)) as pipes:
        worker.run_step(pipes)
    said = [json.loads(line) for line in (folder / "messages").read_text().splitlines()]
    return [each["params"]["payload"] for each in said if each["method"] == "report_custom_message"]


def test_it_is_the_one_that_this_version_of_the_wire_has() -> None:
    pinned = {3: "61ae9908f25a79f05ce87c286058326cffb17f4ad9a5c5e538550d675e113a65"}
    assert pinned[_wire.VERSION] == _wire.DICTIONARY, "with another dictionary, VERSION is another one too"


def test_a_worker_with_another_one_refuses_the_run_and_names_both(sent: dict[str, Any]) -> None:
    said = refusal({**sent, "dictionary": "0123456789abcdef"})
    assert "with the dictionary 0123456789ab of dagster-stepstile" in said
    assert f"this worker with {_wire.DICTIONARY[:12]}. Install the same build" in said


def test_a_worker_with_another_one_refuses_the_step_before_it_unpacks_what_came_with_it(
    sent: dict[str, Any], tmp_path: Path
) -> None:
    compressor = zlib.compressobj(zdict=b"another dictionary")
    known = compressor.compress(b"{}") + compressor.flush()
    extras = {
        "stepstile": {
            "shared": {"dagster.run": {**sent, "id": "of another", "dictionary": "0123456789abcdef"}}
        },
        "step": "first",
        "known": base64.b64encode(known).decode(),
    }
    [message] = told(tmp_path, extras)
    assert "with the dictionary 0123456789ab" in message["stepstile.fail"]["message"]


def test_a_version_before_the_dictionary_was_sent_is_refused_as_that(sent: dict[str, Any]) -> None:
    del sent["dictionary"]
    assert refusal({**sent, "v": 2}).startswith("The run worker has version 2")
