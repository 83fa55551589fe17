"""`StepstileResource`: runs steps from inside one asset or op."""

from __future__ import annotations

import hashlib
import json
import re
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from dagster import ConfigurableResource
from pydantic import Field

from dagster_stepstile._completed_steps import CompletedSteps
from dagster_stepstile._op_log import write_page
from dagster_stepstile._outcomes import StepOutcome, StepsFailed
from dagster_stepstile._traces import RUN_ID, STEP_KEY, Traces
from dagster_stepstile.op_context import Context, pipes_data, run_id, step_key
from stepstile import SUCCEEDED, Defaults, Refused, Step, StepEnded, StepstileClient, StepstileError

PIPES_INPUT = "dagster.pipes"
"""The shared input with the Pipes context of process handlers."""


class StepstileResource(ConfigurableResource["StepstileResource"]):
    """Runs steps on Stepstile from inside an asset or op, each exactly once in effect.

    ```python
    @asset
    def thumbnails(context: AssetExecutionContext, stepstile: StepstileResource):
        steps = [Step(key=name, handler="images.resize", input={"key": name}) for name in names()]
        completed = stepstile.run_steps(context, steps)
        return MaterializeResult(metadata={"images": len(completed.values)})
    ```
    """

    endpoint: str = Field(
        description="The URL of Stepstile: printed by 'stepstile local', or the ApiUrl of the deployed stack."
    )
    aws_region: str | None = Field(
        default=None,
        description="The region to sign requests for (SigV4). By default, taken from the endpoint's name.",
    )
    tenant: str | None = Field(
        default=None,
        description="Whose steps these are: on AWS, one tenant's backlog delays other tenants less. By default, each op of"
        " a run is a tenant of its own.",
    )
    timeout_seconds: float = Field(default=30.0, description="The timeout of one request.")
    patience_seconds: float = Field(
        default=120.0, description="How long to retry a request that is not answered before failing the op."
    )

    def get_client(self) -> StepstileClient:
        """A client of this endpoint."""
        return StepstileClient(
            self.endpoint,
            aws_region=self.aws_region,
            timeout_seconds=self.timeout_seconds,
            patience_seconds=self.patience_seconds,
        )

    def run_steps(
        self,
        context: Context,
        steps: Sequence[Step],
        *,
        defaults: Defaults | None = None,
        shared_inputs: Mapping[str, Any] | None = None,
        logs: bool = True,
        raise_on_failure: bool = True,
    ) -> CompletedSteps:
        """Runs steps, and returns when all have ended.

        A step is identified by its key within this op of this Dagster run. If the op is retried with the same keys, steps
        that succeeded do not run again; the others do, with all their attempts. If the op is interrupted (the run is
        terminated), queued steps never start, and running ones are asked to stop.

        :param shared_inputs: JSON by name that each step can read. The name `dagster.pipes` is reserved.
        :param logs: whether to write the output of steps to the op's stdout and stderr, and their log messages to its
            log.
        :param raise_on_failure: if false, failures are only in the outcomes.
        :raises StepsFailed: if a step did not succeed.
        :raises Unreachable: if Stepstile did not answer for `patience_seconds`; dispatched steps continue.
        """
        if not steps:
            return CompletedSteps("", {}, context)
        if shared_inputs and PIPES_INPUT in shared_inputs:
            raise StepstileError(f"run_steps makes the shared input '{PIPES_INPUT}'; choose another name.")
        keys = [step.key for step in steps]
        run = stepstile_run(context)
        shared = {**(shared_inputs or {}), PIPES_INPUT: pipes_data(context)}
        with self._client() as client, _traced(context, run) as traces:
            try:
                self._dispatch(context, client, run, steps, defaults, shared, traces)
                ended = self._follow(context, client, run, keys, logs, traces)
            except StepstileError:
                raise
            except BaseException:
                self._cancel(run)
                raise
            outcomes = {key: StepOutcome.of(ended[key]) for key in keys}
            if raise_on_failure and not all(outcome.succeeded for outcome in outcomes.values()):
                raise StepsFailed(outcomes, run)
        return CompletedSteps(run, outcomes, context)

    def _dispatch(
        self,
        context: Context,
        client: StepstileClient,
        run: str,
        steps: Sequence[Step],
        defaults: Defaults | None,
        shared: Mapping[str, Any],
        traces: Traces,
    ) -> None:
        defaults = traces.defaults(defaults, steps)
        with suppress(Refused):  # the op's first try: this run does not exist yet
            again = client.redrive(run, keys=[step.key for step in steps]).redriven_count
            if again:
                context.log.info(f"Stepstile run {run}: {again} steps that did not succeed run again.")
        with traces.dispatching():
            done = client.dispatch(
                run,
                steps,
                dispatch_id=_dispatch_id(steps, defaults, shared, self.tenant),
                tenant=self.tenant,
                shared_inputs=shared,
                defaults=defaults,
            )
        traces.dispatched(done, steps)
        context.log.info(f"Stepstile run {run}: {len(steps)} steps dispatched to {client.endpoint}.")

    def _follow(
        self,
        context: Context,
        client: StepstileClient,
        run: str,
        keys: Sequence[str],
        logs: bool,
        traces: Traces,
    ) -> dict[str, StepEnded]:
        begun_ns = time.time_ns()
        follower = client.follow(run, keys, logs=logs)
        ended: dict[str, StepEnded] = {}
        while True:
            for item in follower.poll():
                if isinstance(item, StepEnded):
                    ended[item.key] = item
                    failure = (
                        item.error.kind if item.error else None if item.state == SUCCEEDED else item.state
                    )
                    traces.step_ended("step", step_key(context), begun_ns, item, failure)
                else:
                    write_page(context, item)
            if not follower.missing:
                return ended
            time.sleep(follower.pause_seconds)

    def _cancel(self, run: str) -> None:
        """Cancels the run, if that is possible quickly: the process is about to be stopped."""
        with suppress(StepstileError):
            client = StepstileClient(
                self.endpoint, aws_region=self.aws_region, timeout_seconds=5, patience_seconds=10
            )
            client.cancel(run)
            client.close()

    @contextmanager
    def _client(self) -> Generator[StepstileClient, None, None]:
        client = self.get_client()
        try:
            yield client
        finally:
            client.close()


@contextmanager
def _traced(context: Context, run: str) -> Generator[Traces, None, None]:
    """The spans of a `run_steps`, below the op's own."""
    traces = Traces("run_steps", run, {RUN_ID: run.partition(":")[0], STEP_KEY: step_key(context)})
    failure: str | None = None
    try:
        yield traces
    except BaseException as problem:
        failure = type(problem).__name__
        raise
    finally:
        traces.end(failure)


def stepstile_run(context: Context) -> str:
    """The Stepstile run of an op of a Dagster run. Each op has its own, so that it can be cancelled alone."""
    key = step_key(context)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:60]
    if plain != key:
        plain += "~" + hashlib.sha256(key.encode()).hexdigest()[:12]
    return f"{run_id(context)}:{plain}"


def _dispatch_id(
    steps: Sequence[Step], defaults: Defaults | None, shared: Mapping[str, Any], tenant: str | None
) -> str:
    """A hash of the content: a retry of the op with other inputs is another dispatch of the same steps."""
    named = [tenant] if tenant else []
    content = [[step.to_json() for step in steps], defaults.to_json() if defaults else None, shared, *named]
    try:
        text = json.dumps(content, sort_keys=True)
    except (TypeError, ValueError) as e:
        raise StepstileError(f"A step's input, shared input or tag is not JSON: {e}") from e
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16]))
