"""The instance that user code finds on a worker: it has no database, forwards some writes, and refuses the rest."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

from dagster import DagsterInstance, EventLogEntry

from dagster_stepstile import _reads
from dagster_stepstile._known_records import KnownRecords
from dagster_stepstile._reads import refuse

_WRITES = (
    "add_",
    "claim_",
    "create_",
    "delete_",
    "free_",
    "handle_run_event",
    "launch_",
    "reindex",
    "replace_",
    "set_",
    "store_",
    "submit_",
    "terminate_",
    "update_",
    "wipe",
)
_STORES = ("run_storage", "event_log_storage")


def new_instance(storage_root: str | None, python_logs: Mapping[str, Any] | None) -> DagsterInstance:
    """An instance in memory that captures the same Python logs as the run worker's. The default IO manager writes below
    the run worker's storage root, if it is given."""
    settings: dict[str, Any] = {"telemetry": {"enabled": False}}
    if python_logs:
        settings["python_logs"] = dict(python_logs)
    return DagsterInstance.ephemeral(tempdir=storage_root, settings=settings)


class InstanceGuard:
    """Turns an ephemeral instance into a step's: events are collected, other writes are forwarded or refused.

    This cannot be undone, and need not be: the process runs one step.
    """

    def __init__(
        self, instance: Any, collect: Callable[[EventLogEntry], None], known: KnownRecords, run: Any
    ) -> None:
        self.calls: list[dict[str, Any]] = []
        self._instance = instance
        self._collect = collect
        self._known = known
        self._run = run
        self._known_partitions: set[str] = set()

    def apply(self, dynamic_partitions: Sequence[str]) -> None:
        instance = self._instance
        self._known_partitions.update(dynamic_partitions)
        forwarding = {name: self._forwarding(name, getattr(instance, name)) for name in _reads.FORWARDED}
        for store in _STORES:
            for name in _of_storage(type(getattr(instance, store))):
                setattr(getattr(instance, store), name, _refusing(f"{store}.{name}"))
        for name in _refused(type(instance)):
            setattr(instance, name, _refusing(name))
        for name, forward in forwarding.items():
            setattr(instance, name, forward)
        for name in _reads.DYNAMIC_PARTITIONS:
            if hasattr(instance, name):
                setattr(instance, name, self._if_known(name, getattr(instance, name)))
        instance.get_run_by_id = self._get_run_by_id
        instance.has_run = self._has_run
        instance.handle_new_event = self._handle_new_event
        self._known.answer_for(instance.event_log_storage)

    def _get_run_by_id(self, run_id: str) -> Any:
        return self._run if self._has_run(run_id) else None

    def _has_run(self, run_id: str) -> bool:
        if self._run is None or run_id != self._run.run_id:
            refuse("get_run_by_id of another run")
        return True

    def _handle_new_event(self, event: EventLogEntry, *, batch_metadata: object = None) -> None:
        self._collect(event)

    def _forwarding(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def forward(*given: Any, **named: Any) -> Any:
            # Plain for both: a generator of keys can be read only once, and an array is not JSON.
            args, kwargs = _plain(given), _plain(named)
            # An error here is raised in the op, which made it; an error when the call is forwarded would fail the run.
            call = {"method": name, "args": args, "kwargs": kwargs}
            json.dumps(call)
            if name == "add_run_tags":
                _check_tags(*given, **named)
                answer = None
            else:
                answer = own(*args, **kwargs)
                self._known_partitions.add(args[0] if args else kwargs["partitions_def_name"])
            self.calls.append(call)
            return answer

        return forward

    def _if_known(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def ask(partitions_def_name: str, *args: Any, **kwargs: Any) -> Any:
            if partitions_def_name not in self._known_partitions:
                refuse(name)
            return own(partitions_def_name, *args, **kwargs)

        return ask


@cache
def _refused(kind: type) -> Sequence[str]:
    """The methods of an instance that are in ``REFUSED`` or in none of the lists."""
    allowed = {
        *_reads.ANSWERED,
        *_reads.DYNAMIC_PARTITIONS,
        *_reads.FORWARDED,
        *_reads.OF_THE_RUN,
        *_reads.OWN,
        *_reads.REPORTED,
    }
    return [name for name in methods_of(kind) if name not in allowed]


@cache
def _of_storage(kind: type) -> Sequence[str]:
    touched = (*_WRITES, *_reads.READS_OF_STORAGE)
    return [name for name in methods_of(kind) if name.startswith(touched) and name not in _reads.OF_STORAGE]


def methods_of(kind: type) -> Sequence[str]:
    """The public methods of a class, without its properties."""
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and not isinstance(inspect.getattr_static(kind, name), (property, type))
        and callable(getattr(kind, name))
    ]


def _check_tags(run_id: object, new_tags: Mapping[object, object]) -> None:
    if not all(isinstance(each, str) for each in (run_id, *new_tags, *new_tags.values())):
        raise TypeError(f"The id of a run and its tags must be strings, not {run_id!r} and {new_tags!r}.")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [_plain(item) for item in value]
    return value


def _refusing(name: str) -> Callable[..., NoReturn]:
    return lambda *_, **__: refuse(name)
