"""The instance that user code meets on a worker: it has no database, forwards what may be written, and refuses the
rest rather than answer from nothing."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from dagster import DagsterInstance, DagsterInvariantViolationError, EventLogEntry

from dagster_stepstile import _reads
from dagster_stepstile._known import Known

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
        self, instance: Any, collect: Callable[[EventLogEntry], None], known: Known, run: Any
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
        self._known.answer_for(instance.event_log_storage, _refusing)

    def _get_run_by_id(self, run_id: str) -> Any:
        return self._run if self._has_run(run_id) else None

    def _has_run(self, run_id: str) -> bool:
        if self._run is None or run_id != self._run.run_id:
            _refusing("get_run_by_id of another run")()
        return True

    def _handle_new_event(self, event: EventLogEntry, *, batch_metadata: object = None) -> None:
        self._collect(event)

    def _forwarding(self, name: str, own: Callable[..., Any]) -> Callable[..., Any]:
        def forward(*given: Any, **named: Any) -> Any:
            # Plain for both: a generator of keys can be read once, and an array is no JSON.
            args, kwargs = _plain(given), _plain(named)
            # What raises here raises in the op, whose mistake it is; when it is forwarded, it would fail the run.
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
                return _refusing(name)()
            return own(partitions_def_name, *args, **kwargs)

        return ask


@cache
def _refused(kind: type) -> Sequence[str]:
    """The methods of an instance that no list knows, and those that are known to be refused."""
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
    """The public methods of a class; its properties are values of the worker's own instance."""
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and not isinstance(inspect.getattr_static(kind, name), (property, type))
        and callable(getattr(kind, name))
    ]


def _check_tags(run_id: object, new_tags: Mapping[object, object]) -> None:
    if not all(isinstance(each, str) for each in (run_id, *new_tags, *new_tags.values())):
        raise TypeError(f"The id of a run and its tags are text, not {run_id!r} and {new_tags!r}.")


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(_plain(item) for item in value)
    if isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        return [_plain(item) for item in value]
    return value


def _refusing(name: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise DagsterInvariantViolationError(
            "This step runs on a Stepstile worker, which has no connection to the storage of the Dagster instance:"
            f" 'instance.{name}' would answer from nothing, or be lost. Do it in a sensor or schedule, or open the"
            " instance with DagsterInstance.get() in an op that has network and credentials for it. What is answered:"
            " docs/dagster-executor.md, 'What user code cannot do there'."
        )

    return refuse
