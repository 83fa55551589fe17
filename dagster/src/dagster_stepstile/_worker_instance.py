"""The instance that user code meets on a worker: it has no database, forwards what may be written, and refuses the
rest rather than answer from nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from dagster import DagsterInstance, DagsterInvariantViolationError, EventLogEntry

from dagster_stepstile._versions import KnownVersions

FORWARDED = ("add_dynamic_partitions", "delete_dynamic_partition", "add_run_tags")
"""Writes that the run worker makes again on the real instance once the step has its result."""

_WRITES = (
    "add_",
    "create_",
    "delete_",
    "launch_",
    "set_",
    "store_",
    "submit_",
    "terminate_",
    "update_",
    "wipe_",
)
_NO_WRITES = ("add_event_listener",)
_STORES = ("run_storage", "event_log_storage")

_READS = (
    "all_logs",
    "fetch_failed_materializations",
    "fetch_materializations",
    "fetch_planned_materializations",
    "fetch_run_status_changes",
    "get_asset_keys",
    "get_event_records",
    "get_latest_materialization_code_versions",
    "get_latest_materialization_events",
    "get_latest_planned_materialization_info",
    "get_latest_storage_id_by_partition",
    "get_materialized_partitions",
    "get_records_for_run",
    "get_run_by_id",
    "get_run_record_by_id",
    "get_run_records",
    "get_run_stats",
    "get_run_step_stats",
    "get_run_tags",
    "get_runs",
    "get_runs_count",
    "get_status_by_partition",
    "has_asset_key",
    "has_run",
    "logs_after",
    "report_run_canceled",
    "report_run_canceling",
    "report_run_failed",
)


def new_instance(storage_root: str | None, python_logs: Mapping[str, Any] | None) -> DagsterInstance:
    """An instance in memory, which captures what the host's does; the default IO manager writes below the host's
    storage root where it is given."""
    settings: dict[str, Any] = {"telemetry": {"enabled": False}}
    if python_logs:
        settings["python_logs"] = dict(python_logs)
    return DagsterInstance.ephemeral(tempdir=storage_root, settings=settings)


class InstanceGuard:
    """Makes an ephemeral instance the one of a step: events are collected, other writes forwarded or refused.

    The instance is changed for good, which is what a process that runs one step wants.
    """

    def __init__(
        self, instance: Any, collect: Callable[[EventLogEntry], None], versions: KnownVersions
    ) -> None:
        self.calls: list[dict[str, Any]] = []
        self._instance = instance
        self._collect = collect
        self._versions = versions
        self._known_partitions: set[str] = set()

    def apply(self, dynamic_partitions: Sequence[str]) -> None:
        instance = self._instance
        self._known_partitions.update(dynamic_partitions)
        forwarding = {name: self._forwarding(name, getattr(instance, name)) for name in FORWARDED}
        for store in _STORES:
            _refuse_writes(getattr(instance, store), f"{store}.", except_for=FORWARDED)
        _refuse_writes(instance, "", except_for=_NO_WRITES)
        for name in _READS:
            if hasattr(instance, name):
                setattr(instance, name, _refusing(name))
        for name, forward in forwarding.items():
            setattr(instance, name, forward)
        for name in ("get_dynamic_partitions", "has_dynamic_partition"):
            setattr(instance, name, self._if_known(name, getattr(instance, name)))
        instance.handle_new_event = self._handle_new_event
        self._versions.answer_for(instance, _refusing)

    def _handle_new_event(self, event: EventLogEntry, *, batch_metadata: object = None) -> None:
        self._collect(event)

    def _forwarding(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def forward(*args: Any, **kwargs: Any) -> Any:
            self.calls.append({"method": name, "args": _plain(args), "kwargs": _plain(kwargs)})
            if name == "add_run_tags":
                return None
            self._known_partitions.add(args[0] if args else kwargs["partitions_def_name"])
            return own(*args, **kwargs)

        return forward

    def _if_known(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def ask(partitions_def_name: str, *args: Any, **kwargs: Any) -> Any:
            if partitions_def_name not in self._known_partitions:
                return _refusing(name)()
            return own(partitions_def_name, *args, **kwargs)

        return ask


def _refuse_writes(target: Any, prefix: str, except_for: Sequence[str]) -> None:
    for name in _writes_of(type(target)):
        if name not in except_for:
            setattr(target, name, _refusing(prefix + name))


@cache
def _writes_of(kind: type) -> Sequence[str]:
    return [name for name in dir(kind) if name.startswith(_WRITES)]


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    return value


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise DagsterInvariantViolationError(
            "This step runs on a Stepstile worker, which has no connection to the storage of the Dagster instance:"
            f" 'instance.{name}' would answer from nothing, or be lost. Do it in a sensor or schedule, or open the"
            " instance with DagsterInstance.get() in an op that has network and credentials for it."
        )

    return refuse
