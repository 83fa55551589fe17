"""The run's event log, where the connection to it is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from dagster import DagsterInstance, DagsterRun, EventLogEntry, asset, job, materialize, op
from sqlalchemy.exc import OperationalError

from dagster_stepstile._run_log import RunLog


class Losing:
    """An instance's writes, the first of which loses its connection: before it, or after it."""

    def __init__(self, instance: DagsterInstance, *, written: bool, invalidated: bool = True) -> None:
        self._write: Callable[[EventLogEntry], None] = instance.handle_new_event
        self._written = written
        self._invalidated = invalidated
        self._lost = False
        instance.handle_new_event = self.handle_new_event  # type: ignore[method-assign]

    def handle_new_event(self, event: EventLogEntry) -> None:
        if not self._lost:
            self._lost = True
            if self._written:
                self._write(event)
            raise OperationalError(
                "INSERT", {}, Exception("server closed"), connection_invalidated=self._invalidated
            )
        self._write(event)


@pytest.fixture
def instance() -> DagsterInstance:
    return DagsterInstance.ephemeral()


@pytest.fixture
def run(instance: DagsterInstance) -> DagsterRun:
    @op
    def nothing() -> None: ...

    @job
    def plain() -> None:
        nothing()

    return instance.create_run_for_job(plain)


def entries(run: DagsterRun, *messages: str) -> list[tuple[int, EventLogEntry]]:
    return [
        (n, EventLogEntry(None, "debug", message, run.run_id, float(n), "step"))
        for n, message in enumerate(messages)
    ]


def written(instance: DagsterInstance, run: DagsterRun) -> Counter[str]:
    return Counter(entry.user_message for entry in instance.all_logs(run.run_id))


@pytest.mark.parametrize("before", [True, False])
def test_an_entry_whose_connection_was_lost_is_written_once(
    instance: DagsterInstance, run: DagsterRun, before: bool
) -> None:
    Losing(instance, written=not before)
    log = RunLog(instance, run, resumed=False)
    log.write(entries(run, "one", "two")).result()
    log.close()
    assert written(instance, run) == {"one": 1, "two": 1}


def test_a_materialization_that_may_be_half_written_fails_the_run(
    instance: DagsterInstance, run: DagsterRun
) -> None:
    @asset
    def table() -> None: ...

    with DagsterInstance.ephemeral() as other:
        done = materialize([table], instance=other)
        [entry] = [
            entry
            for entry in other.all_logs(done.run_id)
            if entry.dagster_event and entry.dagster_event.is_step_materialization
        ]
    Losing(instance, written=True)
    log = RunLog(instance, run, resumed=False)
    with pytest.raises(OperationalError):
        log.write([(0, entry._replace(run_id=run.run_id))]).result()


def test_what_the_storage_refuses_is_not_tried_again(instance: DagsterInstance, run: DagsterRun) -> None:
    Losing(instance, written=False, invalidated=False)
    log = RunLog(instance, run, resumed=False)
    with pytest.raises(OperationalError):
        log.write(entries(run, "one")).result()
    assert not written(instance, run)
