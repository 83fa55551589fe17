"""What a worker refuses before it runs anything, and what it says then."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import dagster as dg
import project
import pytest

from dagster_stepstile import _code, _dagster, _defaults, _wire
from dagster_stepstile._known import Known
from dagster_stepstile.worker import Collected, PreparedRun, StepRefused


@pytest.fixture
def instance() -> Iterator[Any]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def shared(instance: Any, job: Any) -> dict[str, Any]:
    recon: Any = dg.reconstructable(job)
    definition = recon.get_definition()
    tags = {"dagster/partition": "2024-01-02"} if definition.partitions_def else {}
    return {
        "v": _wire.VERSION,
        "dagster": dg.__version__,
        "run": dg.serialize_value(instance.create_run_for_job(definition, tags=tags)),
        "job": dg.serialize_value(recon),
        "code": _code.describe(_dagster.code_pointer(recon)),
        "defaults": _defaults.told(definition, {}, True, ()),
        "environment": {},
        "env_file": None,
        "retries": "DEFERRED",
        "storage_root": None,
        "python_logs": None,
        "dynamic_partitions": {},
    }


def refusal(sent: dict[str, Any]) -> str:
    with pytest.raises(StepRefused) as refused:
        PreparedRun(sent)
    return str(refused.value)


def test_what_fits_is_prepared(instance: Any) -> None:
    assert PreparedRun(shared(instance, project.small)).run.job_name == "small"


def test_another_dagster_is_refused(instance: Any) -> None:
    told = refusal({**shared(instance, project.small), "dagster": "0.1"})
    assert told.startswith("The run worker has dagster 0.1, this worker ")
    assert "Install the same version" in told


def run_step(sent: dict[str, Any], step: str, shape: dict[str, str]) -> None:
    versions = Known(None)
    state = dg.serialize_value(PreparedRun(sent)._taken.plan.known_state)  # type: ignore[attr-defined]
    PreparedRun(sent).execute(step, state, shape, Collected(cast(Any, None), versions), versions)


def test_a_step_that_the_worker_has_not_or_has_otherwise_is_refused_by_name(instance: Any) -> None:
    sent = shared(instance, project.small)
    step = PreparedRun(sent)._taken.plan.get_step_by_key("last")  # type: ignore[attr-defined]
    shape = _dagster.shape_of(project.small, step)
    with pytest.raises(
        StepRefused, match=r"another version of the job 'small'.* it has no step first. Deploy"
    ):
        run_step(sent, "first", shape)
    with pytest.raises(
        StepRefused, match=r"another version.* step last has other inputs and resources. Deploy"
    ):
        run_step(sent, "last", {**shape, "inputs": "0", "resources": "0"})


def test_code_that_is_not_there_is_refused_with_its_cause(instance: Any) -> None:
    sent = shared(instance, project.small)
    told = refusal({**sent, "job": sent["job"].replace('"small"', '"nowhere"')})
    assert told.startswith("The worker cannot load")
    assert "nowhere" in told


def test_a_job_that_has_another_executor_here_is_refused_rather_than_run_whole(instance: Any) -> None:
    assert "not stepstile_executor" in refusal(shared(instance, project.days_in_process))
