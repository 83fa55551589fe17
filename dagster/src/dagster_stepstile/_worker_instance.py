"""The instance that user code meets on a worker: it has no database, forwards what may be written, and refuses the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagster import DagsterInstance, DagsterInvariantViolationError, EventLogEntry

FORWARDED = ("add_dynamic_partitions", "delete_dynamic_partition", "add_run_tags")
"""Writes that the run worker makes again on the real instance once the step has its result."""

_REFUSED = (
    "add_backfill",
    "add_instigator_state",
    "add_run",
    "all_logs",
    "create_reexecuted_run",
    "create_run",
    "delete_run",
    "fetch_failed_materializations",
    "fetch_materializations",
    "fetch_observations",
    "fetch_planned_materializations",
    "fetch_run_status_changes",
    "get_asset_keys",
    "get_event_records",
    "get_latest_data_version_record",
    "get_latest_materialization_code_versions",
    "get_latest_materialization_event",
    "get_latest_materialization_events",
    "get_latest_planned_materialization_info",
    "get_materialized_partitions",
    "get_records_for_run",
    "get_run_by_id",
    "get_run_record_by_id",
    "get_run_records",
    "get_run_stats",
    "get_run_step_stats",
    "get_runs",
    "get_runs_count",
    "has_asset_key",
    "launch_run",
    "logs_after",
    "report_run_canceled",
    "report_run_canceling",
    "report_run_failed",
    "submit_run",
    "update_asset_cached_status_data",
    "wipe_all_assets",
    "wipe_asset_partitions",
    "wipe_assets",
)


def new_instance(storage_root: str | None) -> DagsterInstance:
    """An instance in memory; outputs of the default IO manager go below the host's storage root where it is given."""
    return DagsterInstance.ephemeral(tempdir=storage_root, settings={"telemetry": {"enabled": False}})


class InstanceGuard:
    """Makes an ephemeral instance the one of a step: events are collected, other writes recorded or refused."""

    def __init__(self, instance: Any, collect: Callable[[EventLogEntry], None]):
        self.calls: list[dict[str, Any]] = []
        self._instance = instance
        self._collect = collect

    def apply(self) -> None:
        instance = self._instance
        instance.handle_new_event = self._handle_new_event
        for name in FORWARDED:
            setattr(instance, name, self._forwarding(name, getattr(instance, name)))
        for name in _REFUSED:
            if hasattr(instance, name):
                setattr(instance, name, _refusing(name))

    def _handle_new_event(self, event: EventLogEntry, *, batch_metadata: object = None) -> None:
        self._collect(event)

    def _forwarding(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def forward(*args: Any, **kwargs: Any) -> Any:
            self.calls.append({"method": name, "args": _plain(args), "kwargs": _plain(kwargs)})
            return None if name == "add_run_tags" else own(*args, **kwargs)

        return forward


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
            f"This step runs on a Stepstile worker, which has no connection to the Dagster instance's storage, so"
            f" 'instance.{name}' would answer from nothing or be lost. Do it in a sensor, or open the instance with"
            f" DagsterInstance.get() in an op that has network and credentials for it."
        )

    return refuse
