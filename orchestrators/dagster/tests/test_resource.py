"""Fan-outs from inside assets and ops, against a real embedded stack."""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from dagster import (
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetOut,
    AssetSpec,
    DagsterEventType,
    DagsterInstance,
    DailyPartitionsDefinition,
    ExecuteInProcessResult,
    Failure,
    MaterializeResult,
    MultiPartitionsDefinition,
    Nothing,
    OpExecutionContext,
    PipesContextInjector,
    PipesMessageReader,
    RetryPolicy,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    build_asset_context,
    job,
    materialize,
    multi_asset,
    op,
    open_pipes_session,
)
from waiting import eventually

from dagster_stepstile._outcomes import StepsFailed
from dagster_stepstile.op_context import pipes_data
from dagster_stepstile.resource import StepstileResource, stepstile_run
from stepstile import Defaults, Step, StepstileClient
from stepstile.local_stack import LocalStack

pytestmark = pytest.mark.lowest

DAILY = DailyPartitionsDefinition("2026-11-01")


@pytest.fixture
def stepstile(stack: LocalStack) -> StepstileResource:
    return StepstileResource(endpoint=stack.endpoint)


def message(method: str, **params: Any) -> dict[str, Any]:
    return {"__dagster_pipes_version": "0.1", "method": method, "params": params}


def materialized(key: str, **metadata: Any) -> dict[str, Any]:
    typed = {name: {"raw_value": value, "type": "__infer__"} for name, value in metadata.items()}
    return message("report_asset_materialization", asset_key=key, metadata=typed, data_version="v1")


def checked(key: str, name: str, passed: bool) -> dict[str, Any]:
    return message(
        "report_asset_check", asset_key=key, check_name=name, passed=passed, severity="WARN", metadata={}
    )


def reporting(key: str, value: Any, *messages: Mapping[str, Any]) -> Step:
    """A step whose handler reports these messages."""
    return Step(key, "stepstile.echo", {"value": value, "messages": list(messages)})


def run(*assets: Any, stepstile: StepstileResource, **more: Any) -> ExecuteInProcessResult:
    return materialize(assets, resources={"stepstile": stepstile}, raise_on_error=False, **more)


def failure_of(result: ExecuteInProcessResult) -> str:
    assert not result.success
    data: Any = result.get_step_failure_events()[0].event_specific_data
    return str(data.error.to_string())


def test_the_tenant_of_the_resource_is_that_of_its_steps(stepstile: StepstileResource) -> None:
    @asset
    def fanned(context: AssetExecutionContext, stepstile: StepstileResource) -> int:
        return len(stepstile.run_steps(context, [Step("s", "stepstile.echo", 1)]).values)

    def of(tenant: str) -> StepstileResource:
        return StepstileResource(endpoint=stepstile.endpoint, tenant=tenant)

    assert run(fanned, stepstile=of("acme")).output_for_node("fanned") == 1
    assert "tenant must be 1 to 128 of" in failure_of(run(fanned, stepstile=of("a b")))


def test_values_come_back_by_key_in_the_order_of_the_steps(stepstile: StepstileResource) -> None:
    seen: dict[str, Any] = {}

    @asset
    def fanned(context: AssetExecutionContext, stepstile: StepstileResource) -> int:
        steps = [Step(f"s{i}", "stepstile.echo", {"i": i}) for i in (3, 1, 2)]
        seen.update(stepstile.run_steps(context, steps).values)
        return len(seen)

    assert run(fanned, stepstile=stepstile).output_for_node("fanned") == 3
    assert list(seen.items()) == [("s3", {"i": 3}), ("s1", {"i": 1}), ("s2", {"i": 2})]


def test_materializations_checks_and_metadata_are_reported_once_each(stepstile: StepstileResource) -> None:
    @multi_asset(
        specs=[AssetSpec("a"), AssetSpec(["b", "c"])],
        check_specs=[AssetCheckSpec("positive", asset="a")],
    )
    def both(context: AssetExecutionContext, stepstile: StepstileResource) -> Any:
        completed = stepstile.run_steps(
            context,
            [
                reporting("1", 1, materialized("a", rows=7), checked("a", "positive", False)),
                reporting(
                    "2", 2, materialized("b/c", note="x"), message("report_custom_message", payload={"p": 1})
                ),
            ],
        )
        assert completed.get_custom_messages() == [{"p": 1}] or completed.get_custom_messages() == ({"p": 1},)
        yield from completed.get_results()

    with DagsterInstance.ephemeral() as instance:
        result = run(both, stepstile=stepstile, instance=instance)
        assert result.success
        events = [event.dagster_event for event in instance.all_logs(result.run_id) if event.dagster_event]
    made = {e.asset_key: e for e in events if e.event_type == DagsterEventType.ASSET_MATERIALIZATION}
    assert len([e for e in events if e.event_type == DagsterEventType.ASSET_MATERIALIZATION]) == 2
    rows = made[AssetKey("a")].step_materialization_data.materialization.metadata
    assert rows["rows"].value == 7
    assert str(rows["stepstile/run"].value).startswith(result.run_id)
    assert AssetKey(["b", "c"]) in made
    checks = result.get_asset_check_evaluations()
    assert [(c.check_name, c.passed, c.severity) for c in checks] == [
        ("positive", False, AssetCheckSeverity.WARN)
    ]


def test_a_process_handler_reports_prints_and_logs_and_knows_its_asset(
    stepstile: StepstileResource, capfd: pytest.CaptureFixture[str]
) -> None:
    values: list[Any] = []

    @asset(partitions_def=DAILY)
    def days(context: AssetExecutionContext, stepstile: StepstileResource) -> MaterializeResult[Any]:
        completed = stepstile.run_steps(context, [Step("one", "reporter", {"of": "tests"})])
        values.extend(completed.values.values())
        return completed.get_materialize_result()

    with DagsterInstance.ephemeral() as instance:
        result = run(days, stepstile=stepstile, partition_key="2026-11-05", instance=instance)
        assert result.success
        logged = [log.user_message for log in instance.all_logs(result.run_id) if not log.dagster_event]
    assert values == [{"partition": "2026-11-05", "of": "tests"}]
    (made,) = result.get_asset_materialization_events()
    assert made.step_materialization_data.materialization.metadata["rows"].value == 3
    assert made.partition == "2026-11-05"
    assert logged.count("[one] logged") == 1
    output = capfd.readouterr()
    assert output.out.count("[one] printed") == 1
    assert output.err.count("[one] complained") == 1


def test_what_was_not_reported_is_not_materialized(stepstile: StepstileResource) -> None:
    @multi_asset(
        outs={name: AssetOut(dagster_type=Nothing, is_required=False) for name in ("a", "b")}, can_subset=True
    )
    def both(context: AssetExecutionContext, stepstile: StepstileResource) -> Any:
        yield from stepstile.run_steps(context, [reporting("1", 1, materialized("a"))]).get_results()

    result = run(both, stepstile=stepstile)
    assert result.success
    assert [e.asset_key for e in result.get_asset_materialization_events()] == [AssetKey("a")]


def test_reports_that_the_asset_does_not_hand_on_are_an_error(stepstile: StepstileResource) -> None:
    @asset
    def forgetful(context: AssetExecutionContext, stepstile: StepstileResource) -> int:
        stepstile.run_steps(context, [reporting("1", 1, materialized("forgetful"))]).get_results()
        return 1

    assert not run(forgetful, stepstile=stepstile).success


def test_one_asset_or_one_check_is_reported_in_one_call(stepstile: StepstileResource) -> None:
    @asset
    def one(context: AssetExecutionContext, stepstile: StepstileResource) -> MaterializeResult[Any]:
        steps = [reporting("1", 1, materialized("one", rows=1))]
        return stepstile.run_steps(context, steps).get_materialize_result()

    @asset_check(asset=one)
    def fine(context: OpExecutionContext, stepstile: StepstileResource) -> Any:
        return stepstile.run_steps(
            context, [reporting("1", 1, checked("one", "fine", True))]
        ).get_asset_check_result()

    result = run(one, fine, stepstile=stepstile)
    assert result.success
    assert [check.passed for check in result.get_asset_check_evaluations()] == [True]


def test_a_failure_names_the_steps_and_their_causes(stepstile: StepstileResource) -> None:
    @asset(retry_policy=RetryPolicy(max_retries=3))
    def failing(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        steps = [Step("good", "stepstile.echo"), *(Step(f"bad{i}", "no.such.handler") for i in range(12))]
        stepstile.run_steps(context, steps)

    result = run(failing, stepstile=stepstile)
    data: Any = result.get_step_failure_events()[0].event_specific_data
    text = data.user_failure_data.description
    assert "12 of 13 steps did not succeed" in text
    assert "bad0: FAILED, UNKNOWN_HANDLER: No handler is named 'no.such.handler'" in text
    assert "and 2 more" in text
    assert len(data.user_failure_data.metadata["stepstile/causes"].value) == 12
    assert not [e for e in result.all_events if e.event_type == DagsterEventType.STEP_UP_FOR_RETRY]


def test_outcomes_tell_instead_where_a_failure_is_not_to_raise(stepstile: StepstileResource) -> None:
    states: dict[str, str] = {}

    @asset
    def tolerant(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        steps = [Step("good", "stepstile.echo"), Step("bad", "no.such.handler")]
        outcomes = stepstile.run_steps(context, steps, raise_on_failure=False).outcomes
        states.update({key: outcome.ended.state for key, outcome in outcomes.items()})

    assert run(tolerant, stepstile=stepstile).success
    assert states == {"good": "SUCCEEDED", "bad": "FAILED"}


def test_an_op_that_is_tried_again_runs_only_what_did_not_succeed(
    stepstile: StepstileResource, client: StepstileClient
) -> None:
    runs: list[str] = []

    @op(retry_policy=RetryPolicy(max_retries=1))
    def twice(context: OpExecutionContext, stepstile: StepstileResource) -> None:
        runs.append(stepstile_run(context))
        steps = [
            Step("good", "stepstile.echo", f"try {len(runs)}"),
            Step("slow", "stepstile.sleep", {"seconds": 30}, timeout_seconds=1, max_attempts=1),
        ]
        stepstile.run_steps(context, steps)

    @job(resource_defs={"stepstile": stepstile})
    def retried() -> None:
        twice()

    assert not retried.execute_in_process(raise_on_error=False).success
    assert len(runs) == 2
    assert runs[0] == runs[1]
    records = client.lookup(runs[0], ["good", "slow"])
    assert (records["good"].attempt, records["good"].result) == (1, "try 1")
    assert (records["slow"].attempt, records["slow"].state) == (2, "DEAD")


def test_an_interrupt_cancels_the_steps_and_only_those(
    stepstile: StepstileResource, client: StepstileClient, run_id: str
) -> None:
    runs: list[str] = []
    sent: list[str] = []
    client.dispatch(run_id, [Step("other", "stepstile.sleep", {"seconds": 1})], dispatch_id="d")

    @asset
    def long(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        runs.append(stepstile_run(context))
        stepstile.run_steps(context, [Step("long", "stepstile.sleep", {"seconds": 60})])

    def is_running() -> bool:
        record = client.step(runs[0], "long") if runs else None
        return record is not None and record.state == "RUNNING"

    def interrupt() -> None:
        """Once, and only if the step runs: under load that may take a while."""
        eventually(is_running, 50)
        sent.append("long")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    ended = run(long, stepstile=stepstile)
    thread.join()
    assert sent == ["long"]
    assert "DagsterExecutionInterruptedError" in failure_of(ended)
    assert client.status(runs[0]).cancelled
    assert not client.status(run_id).cancelled


def test_ops_of_a_run_have_runs_of_their_own(stepstile: StepstileResource) -> None:
    runs: list[str] = []

    @op
    def one(context: OpExecutionContext, stepstile: StepstileResource) -> None:
        runs.append(stepstile.run_steps(context, [Step("s", "stepstile.echo")]).run)

    @job(resource_defs={"stepstile": stepstile})
    def two() -> None:
        one.alias("a")()
        one.alias("b" * 200)()

    assert two.execute_in_process().success
    assert len(set(runs)) == 2
    assert all(len(name) <= 128 for name in runs)


def test_an_assets_function_can_be_called_in_a_test(stepstile: StepstileResource) -> None:
    @asset
    def plain(context: AssetExecutionContext, stepstile: StepstileResource) -> Any:
        return stepstile.run_steps(context, [Step("s", "stepstile.echo", os.urandom(8).hex())]).values["s"]

    call: Callable[..., Any] = plain
    assert call(build_asset_context(), stepstile=stepstile) != call(
        build_asset_context(), stepstile=stepstile
    )


def test_an_endpoint_where_nothing_is_fails_the_op_with_the_cause() -> None:
    @asset
    def lost(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        stepstile.run_steps(context, [Step("s", "stepstile.echo")])

    nowhere = StepstileResource(endpoint="http://127.0.0.1:9", patience_seconds=0.2)
    assert "Stepstile at http://127.0.0.1:9 did not answer" in failure_of(run(lost, stepstile=nowhere))


def test_the_shared_input_of_pipes_cannot_be_taken(stepstile: StepstileResource) -> None:
    @asset
    def taking(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        stepstile.run_steps(context, [Step("s", "stepstile.echo")], shared_inputs={"dagster.pipes": 1})

    assert "choose another name" in failure_of(run(taking, stepstile=stepstile))


def test_no_steps_are_no_call() -> None:
    @asset
    def nothing(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        assert stepstile.run_steps(context, []).values == {}

    assert run(nothing, stepstile=StepstileResource(endpoint="http://127.0.0.1:9")).success


class _Elsewhere(PipesContextInjector, PipesMessageReader):
    @contextmanager
    def inject_context(self, context_data: Any) -> Any:
        yield {}

    @contextmanager
    def read_messages(self, handler: Any) -> Any:
        yield {}

    def no_messages_debug_text(self) -> str:
        return ""


@pytest.mark.parametrize(
    ("partitions", "key"),
    [
        (None, None),
        (DAILY, "2026-11-05"),
        (StaticPartitionsDefinition(["x"]), "x"),
        (
            MultiPartitionsDefinition({"day": DAILY, "region": StaticPartitionsDefinition(["eu"])}),
            "2026-11-05|eu",
        ),
    ],
)
def test_handlers_find_the_same_pipes_context_as_with_dagsters_own_clients(partitions: Any, key: Any) -> None:
    told: list[tuple[dict[str, Any], dict[str, Any]]] = []

    @asset(name="up", code_version="1")
    def up() -> None: ...

    @asset(
        key=["x", "y"], code_version="7", partitions_def=partitions, deps=[up], retry_policy=RetryPolicy(1)
    )
    def told_of(context: AssetExecutionContext) -> Any:
        elsewhere = _Elsewhere()
        with open_pipes_session(context, elsewhere, elsewhere) as session:
            theirs = dict(session.context_data)
            theirs.pop("extras")
            told.append((pipes_data(context), theirs))
        if len(told) == 2:
            raise Failure("to be tried again")
        return MaterializeResult()

    with DagsterInstance.ephemeral() as instance:
        materialize([up], instance=instance)
        for _ in range(2):  # the second time there is a provenance
            assert materialize(
                [told_of, up], selection=[told_of], partition_key=key, instance=instance
            ).success
    assert len(told) == 3
    for ours, theirs in told:
        assert ours == theirs
    assert told[2][0]["retry_number"] == 1


def test_a_range_of_partitions_is_told_as_a_range() -> None:
    told: list[dict[str, Any]] = []

    @asset(partitions_def=DAILY)
    def days(context: AssetExecutionContext) -> None:
        told.append(pipes_data(context))

    tags = {
        "dagster/asset_partition_range_start": "2026-11-03",
        "dagster/asset_partition_range_end": "2026-11-05",
    }
    with DagsterInstance.ephemeral() as instance:
        assert materialize([days], tags=tags, instance=instance).success
    assert told[0]["partition_key"] is None
    assert told[0]["partition_key_range"] == {"start": "2026-11-03", "end": "2026-11-05"}
    assert told[0]["partition_time_window"]["end"].startswith("2026-11-06")


def test_a_failure_carries_the_outcomes(stepstile: StepstileResource) -> None:
    @asset
    def failing(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        with pytest.raises(StepsFailed) as failed:
            stepstile.run_steps(context, [Step("s", "no.such.handler")], defaults=Defaults(max_attempts=1))
        assert failed.value.outcomes["s"].ended.attempt == 1

    assert run(failing, stepstile=stepstile).success


def test_inputs_that_are_not_json_are_said_so(stepstile: StepstileResource) -> None:
    @asset
    def odd(context: AssetExecutionContext, stepstile: StepstileResource) -> None:
        stepstile.run_steps(context, [Step("s", "stepstile.echo", object())])

    assert "not JSON" in failure_of(run(odd, stepstile=stepstile))
