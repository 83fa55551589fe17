"""The steps that the run worker dispatches, and the input that they share."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dagster
from dagster import serialize_value

from dagster_stepstile import _asset_records, _code, _dagster, _defaults, _wire
from stepstile import Step


@dataclass(frozen=True)
class Settings:
    """The executor's config, read."""

    handler: str
    tenant: str | None
    retries: Any
    max_concurrent: int | None
    tag_concurrency_limits: Sequence[Mapping[str, Any]]
    max_attempts: int
    timeout_seconds: int
    local_storage: bool
    same_machine: bool
    step_dependencies: Any
    environment: Mapping[str, str]
    resources_may_differ: Sequence[str]


class Outgoing:
    """Creates Stepstile's steps for Dagster's, with no more input than each needs."""

    def __init__(self, settings: Settings, plan_context: Any, job_def: Any) -> None:
        self._settings = settings
        self._context = plan_context
        self._instance = plan_context.instance
        self._run = plan_context.dagster_run
        self._job_def = job_def
        self._code = _code.describe(_dagster.code_pointer(plan_context.reconstructable_job))
        self._defaults = _defaults.to_send(
            job_def, self._run.run_config, settings.same_machine, settings.resources_may_differ
        )
        # Only its path is sent. A worker on this machine reads the file itself, as `dagster dev` did.
        self._env_file = os.path.abspath(".env") if settings.same_machine else None
        self._shared: dict[str, Any] | None = None
        self._of_run: dict[str, Any] | None = None
        self._partitions = set(_dagster.dynamic_partition_names(job_def))

    @property
    def tenant(self) -> str | None:
        """Whose steps these are; the run is its own tenant if None."""
        return self._run.tags.get("stepstile/tenant", self._settings.tenant)

    def partitions_changed(self, name: str) -> None:
        """Later steps must see the dynamic partitions that an earlier one added or deleted."""
        self._partitions.add(name)
        self._shared = None

    def step(self, name: str, step: Any, run_state: Any) -> Step:
        """One of Dagster's attempts of a step, with its key on Stepstile."""
        tags = step.tags
        known = _asset_records.gather(self._instance, self._job_def, step, self._run.tags)
        return Step(
            key=name,
            handler=tags.get("stepstile/handler", self._settings.handler),
            input={
                "step": step.key,
                "state": serialize_value(_dagster.state_for_step(run_state, step)),
                "shape": _dagster.shape_of(self._job_def, step),
                **({"known": known} if known else {}),
            },
            max_attempts=_tag_number(tags, "stepstile/max_attempts", self._settings.max_attempts, step.key),
            timeout_seconds=_tag_number(
                tags, "stepstile/timeout_seconds", self._settings.timeout_seconds, step.key
            ),
        )

    def dispatch_id(self, wave: Sequence[Step]) -> str:
        """A hash of the run, the keys and the content: the same for a repeated call. A resumed run may serialise the same
        content in another order; then its steps attach to the existing ones by their keys."""
        shared = self.shared()
        tenant = [self.tenant] if self.tenant else []
        content = json.dumps(
            [[step.to_json() for step in wave], shared["id"], shared["dynamic_partitions"], *tenant],
            sort_keys=True,
        )
        digest = hashlib.sha256(content.encode()).hexdigest()
        return str(uuid.uuid5(uuid.UUID(self._run.run_id), f"{[step.key for step in wave]} {digest}"))

    def shared(self) -> Mapping[str, Any]:
        """The input that all steps of a wave share, and Stepstile stores once: the current dynamic partitions, and what is
        the same for all steps of the run, which a worker identifies by its id."""
        if self._shared is None:
            partitions = {
                name: list(self._instance.get_dynamic_partitions(name)) for name in sorted(self._partitions)
            }
            self._shared = {**self._shared_by_run(), "dynamic_partitions": partitions}
        return self._shared

    def _shared_by_run(self) -> Mapping[str, Any]:
        if self._of_run is None:
            job = self._context.reconstructable_job
            shared: dict[str, Any] = {
                "v": _wire.VERSION,
                "dictionary": _wire.DICTIONARY,
                "dagster": dagster.__version__,
                "run": serialize_value(self._run),
                "job": serialize_value(job),
                "code": self._code,
                "defaults": self._defaults,
                "environment": dict(self._settings.environment),
                "env_file": self._env_file,
                "retries": "DISABLED" if self._settings.retries.disabled else "DEFERRED",
                "storage_root": self._instance.root_directory if self._settings.local_storage else None,
                "python_logs": self._instance.get_settings("python_logs"),
            }
            content = json.dumps(shared, sort_keys=True)
            self._of_run = {**shared, "id": hashlib.sha256(content.encode()).hexdigest()}
        return self._of_run


def _tag_number(tags: Mapping[str, str], name: str, otherwise: int, step_key: str) -> int:
    text = tags.get(name)
    if text is None:
        return otherwise
    try:
        return int(text)
    except ValueError:
        raise dagster.DagsterInvalidConfigError(
            f"The tag '{name}' of step {step_key} is '{text}', which is not a whole number.", [], text
        ) from None
