"""What a worker refuses before it runs anything, and what it says then."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import dagster as dg
import project
import pytest

from dagster_stepstile import _code, _dagster, _defaults, _wire, worker
from dagster_stepstile._known_records import KnownRecords
from dagster_stepstile._outgoing import Outgoing
from dagster_stepstile._prepared_run import PreparedRun, StepRefused
from dagster_stepstile._step_entries import StepEntries
from dagster_stepstile.executor import stepstile_executor
from stepstile import Step


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
        "dictionary": _wire.DICTIONARY,
        "dagster": dg.__version__,
        "run": dg.serialize_value(instance.create_run_for_job(definition, tags=tags)),
        "job": dg.serialize_value(recon),
        "code": _code.describe(_dagster.code_pointer(recon)),
        "defaults": _defaults.to_send(definition, {}, True, ()),
        "environment": {},
        "env_file": None,
        "retries": "DEFERRED",
        "storage_root": None,
        "python_logs": None,
        "dynamic_partitions": {},
        "id": "of a test",
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


class OfAnotherVersion:
    """The Pipes context of a step whose input this version cannot read."""

    extras: ClassVar[dict[str, Any]] = {"known": {"packed": "otherwise"}}

    def __init__(self, sent: dict[str, Any]) -> None:
        self._sent = sent
        self.told: list[dict[str, Any]] = []

    def get_extra(self, name: str) -> Any:
        return {"stepstile": {"shared": {"dagster.run": self._sent}}}[name]

    def report_custom_message(self, message: dict[str, Any]) -> None:
        self.told.append(message)


def test_another_version_of_what_is_sent_is_refused_before_it_is_read(
    instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_runs", OrderedDict())
    pipes = OfAnotherVersion({**shared(instance, project.small), "v": 0})
    worker.run_step(cast(Any, pipes))
    [told] = pipes.told
    assert told["stepstile.fail"]["message"].startswith("The run worker has version 0 ")


def run_step(sent: dict[str, Any], step: str, shape: dict[str, str]) -> None:
    known = KnownRecords(None)
    state = dg.serialize_value(PreparedRun(sent)._capture.plan.known_state)  # type: ignore[attr-defined]
    entries = StepEntries(cast(Any, None), known)
    PreparedRun(sent).execute(step, state, shape, partitions={}, entries=entries, known=known)


def test_a_step_that_the_worker_has_not_or_has_otherwise_is_refused_by_name(instance: Any) -> None:
    sent = shared(instance, project.small)
    step = PreparedRun(sent)._capture.plan.get_step_by_key("last")  # type: ignore[attr-defined]
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


def outgoing(instance: Any, job: Any, config: dict[str, Any], tags: dict[str, str] | None = None) -> Outgoing:
    """What the run worker hands over of a run of a job, whose executor has this config."""
    recon: Any = dg.reconstructable(job)
    executor: Any = stepstile_executor.executor_creation_fn
    made = executor(
        dg.InitExecutorContext(
            recon,
            stepstile_executor,
            {
                "handler": "dagster",
                "tenant": None,
                "retries": {"enabled": {}},
                "max_concurrent": None,
                "max_attempts": 3,
                "timeout_seconds": 9,
                "aws_region": None,
                "patience_seconds": 1,
                **config,
            },
            instance,
        )
    )
    run = instance.create_run_for_job(recon.get_definition(), tags=tags)
    context = SimpleNamespace(instance=instance, dagster_run=run, reconstructable_job=recon)
    return Outgoing(made._settings, context, recon.get_definition())


@pytest.mark.lowest
@pytest.mark.parametrize(
    ("endpoint", "is_here"),
    [
        ("http://localhost:8080", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]:8080", True),
        ("http://10.0.0.7:8080", False),
        ("https://api.example.com/prod", False),
    ],
)
def test_the_values_of_resources_stay_on_the_machine_though_it_shares_files_with_others(
    instance: Any, endpoint: str, is_here: bool
) -> None:
    sent = outgoing(instance, project.storing, {"endpoint": endpoint, "local_storage": True}).shared()
    assert sent["storage_root"] == instance.root_directory, "they share files"
    assert "made here" in str(sent["defaults"])
    assert ("a secret" in json.dumps(sent)) == is_here
    assert (sent["env_file"] is not None) == is_here
    assert ("store" in sent["defaults"]["resources"]) != is_here, "as a mark"


def test_a_tag_of_the_run_overrides_the_tenant_of_the_executor(instance: Any) -> None:
    here = {"endpoint": "http://localhost:1"}
    tag = {"stepstile/tenant": "of the run"}
    assert outgoing(instance, project.small, here).tenant is None
    assert outgoing(instance, project.small, {**here, "tenant": "acme"}).tenant == "acme"
    assert outgoing(instance, project.small, {**here, "tenant": "acme"}, tag).tenant == "of the run"


@pytest.mark.lowest
def test_a_worker_prepares_a_run_once_whatever_partitions_its_steps_add(
    instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_runs", OrderedDict())
    instance.add_dynamic_partitions("cities", ["rome", "oslo"])
    sending = outgoing(instance, project.writing, {"endpoint": "http://localhost:1"})
    sending.partitions_changed("cities")
    step = Step(key="a", handler="dagster", input={})
    first, first_dispatch = sending.shared(), sending.dispatch_id([step])
    prepared: Any = worker._prepared(first)  # type: ignore[attr-defined]
    instance.delete_dynamic_partition("cities", "rome")
    instance.add_dynamic_partitions("cities", ["bath", "rome"])
    sending.partitions_changed("cities")
    later = sending.shared()
    assert later["dynamic_partitions"] == {"cities": ["oslo", "bath", "rome"]}
    assert sending.dispatch_id([step]) != first_dispatch, "it has another content"
    assert worker._prepared(later) is prepared  # type: ignore[attr-defined]
    for sent in (first, later, later):
        prepared._have_partitions(sent["dynamic_partitions"])
        found = prepared.instance.get_dynamic_partitions("cities")
        assert list(found) == sent["dynamic_partitions"]["cities"]


@pytest.mark.lowest
@pytest.mark.parametrize(
    "given", [{}, {"ops": {}}, {"ops": {"awkward": {}}}, {"ops": {"awkward": {"config": {}}}}]
)
def test_a_default_that_is_no_json_holds_back_itself_and_no_other(given: dict[str, Any]) -> None:
    added = _dagster.config_defaults(project.with_an_awkward_default, given)
    assert added["ops"]["defaulted"]["config"] == {"folder": "made here"}
    assert added["ops"]["awkward"]["config"] == {"since": "worked out"}


@pytest.mark.lowest
def test_a_default_of_a_whole_that_is_no_json_is_left_to_the_worker() -> None:
    whole = dg.Field(
        dg.Shape({"since": dg.Field(str, default_value="of the part"), "limit": dg.Field(float)}),
        default_value={"since": "of the whole", "limit": float("nan")},
    )

    @dg.op(config_schema={"range": whole, "other": dg.Field(str, default_value="kept")})
    def ranged() -> None: ...

    @dg.job
    def of_ranged() -> None:
        ranged()

    assert _dagster.config_defaults(of_ranged, {})["ops"]["ranged"]["config"] == {"other": "kept"}


class Told:
    """Notes what a step tells before its end."""

    def __init__(self) -> None:
        self.live: list[int] = []

    def report_custom_message(self, message: dict[str, Any]) -> None:
        self.live.append(message["stepstile.live"]["n"])


def of_resources(instance: Any, kind: str, at: float) -> dg.EventLogEntry:
    """An entry that Dagster writes when it begins to make resources, or has made them."""
    event: Any = instance.report_engine_event("about resources", run_id="a run", job_name="a job")
    return dg.EventLogEntry(
        error_info=None,
        level=10,
        user_message="",
        run_id="a run",
        timestamp=at,
        step_key="a_step",
        job_name="a job",
        dagster_event=event._replace(event_type_value=kind, step_key="a_step"),
    )


def test_what_each_step_has_is_told_with_the_first_entry_that_says_more(instance: Any) -> None:
    told = Told()
    collected = StepEntries(cast(Any, told), KnownRecords(None))
    line = of_resources(instance, "STEP_START", 1_000.0)._replace(dagster_event=None)
    collected.add(of_resources(instance, "STEP_START", 1_000.0))
    collected._begin_live()  # type: ignore[attr-defined]
    collected.add(of_resources(instance, "STEP_INPUT", 1_000.1))
    assert told.live == []
    collected.add(line)
    collected.add(line)
    assert told.live == [0, 1, 2, 3]
    assert len(_wire.unpack_texts(collected.result()["entries"])) == 4


def test_a_step_that_is_short_tells_nothing_before_its_end(instance: Any) -> None:
    told = Told()
    collected = StepEntries(cast(Any, told), KnownRecords(None))
    collected.add(of_resources(instance, "STEP_START", 1_000.0)._replace(dagster_event=None))
    collected.result()
    assert told.live == []


@pytest.mark.parametrize(
    ("seconds", "live", "said"),
    [
        (0.05, False, []),
        (0.5, False, ["RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS"]),
        (0.05, True, ["RESOURCE_INIT_STARTED", "RESOURCE_INIT_SUCCESS"]),
    ],
)
def test_resources_that_are_there_at_once_go_without_saying_unless_their_beginning_was_told(
    instance: Any, seconds: float, live: bool, said: list[str]
) -> None:
    told = Told()
    collected = StepEntries(cast(Any, told), KnownRecords(None))
    collected.add(of_resources(instance, "RESOURCE_INIT_STARTED", 1_000.0))
    if live:
        collected._begin_live()  # type: ignore[attr-defined]
    collected.add(of_resources(instance, "RESOURCE_INIT_SUCCESS", 1_000.0 + seconds))
    texts = _wire.unpack_texts(collected.result()["entries"])
    events: list[Any] = [_wire.entry_of(text).dagster_event for text in texts]
    assert [event.event_type_value for event in events] == said
    assert told.live == ([0, 1] if live else [])
