"""Defaults of a run's config that are computed when code is loaded, such as a time, a temporary folder or the value of an
environment variable: those of the run worker are used, as in process."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from dagster_stepstile import _dagster


def to_send(
    job_def: Any, run_config: Mapping[str, Any], same_machine: bool, may_differ: Sequence[str]
) -> dict[str, Any]:
    """The defaults that workers receive. The values of resources may be secrets, and are not sent to other machines: these
    receive short digests, to detect that their own values differ."""
    added = _dagster.config_defaults(job_def, run_config)
    resources = {} if job_def.config_mapping else added.pop("resources", {})
    if same_machine and resources:
        return {"config": {**added, "resources": resources}, "resources": {}}
    return {
        "config": added,
        "resources": {name: _digest(value) for name, value in resources.items() if name not in may_differ},
    }


def differing(sent: Mapping[str, Any], job_def: Any, run_config: Mapping[str, Any]) -> list[str]:
    """The resources whose defaults on this worker are not those of the run worker."""
    if not sent["resources"]:
        return []
    own = _dagster.config_defaults(job_def, run_config).get("resources", {})
    return [
        name for name, digest in sent["resources"].items() if name in own and _digest(own[name]) != digest
    ]


def completed(job_def: Any, run_config: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """The run's config with the defaults that were sent, without the executor's config, which only the run worker needs."""
    config = _merged(sent["config"], run_config)
    if not job_def.config_mapping:
        config.pop("execution", None)
    return config


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], Mapping) and isinstance(above[name], Mapping):
            merged[name] = _merged(below[name], above[name])
    return merged


def _digest(value: Any) -> str:
    """Long enough to detect nearly all differences, too short to guess a value from."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:4]
