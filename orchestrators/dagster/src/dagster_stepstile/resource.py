"""`StepstileResource`: fans steps out from inside one asset or op."""

from __future__ import annotations

import hashlib
import json
import re
import sys
import time
import uuid
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, cast

from dagster import (
    AssetCheckResult,
    ConfigurableResource,
    Failure,
    MaterializeResult,
    MetadataValue,
    PipesMessageHandler,
    PipesMessageReader,
    PipesSession,
)
from pydantic import Field

from dagster_stepstile.op_context import Context, of_op, pipes_data, run_id, step_key
from stepstile import (
    DEAD,
    SUCCEEDED,
    Defaults,
    LogPage,
    Refused,
    Step,
    StepEnded,
    StepstileClient,
    StepstileError,
    log_lines,
)
from stepstile.log_lines import Logged, Stderr, Stdout

PIPES_INPUT = "dagster.pipes"
"""The shared input that carries what a process handler finds in its Pipes context."""

_NAMED_IN_A_FAILURE = 10
_NOT_HANDED_ON = (
    "Did you forget to `yield from completed.get_results()`, or"
    " to return `completed.get_materialize_result()`?"
)


@dataclass(frozen=True)
class StepOutcome:
    """How one step ended.

    :ivar value: what its handler returned; of a process handler, what it reported as `stepstile.result`.
    :ivar messages: the Pipes messages that its handler reported, as they came.
    """

    key: str
    ended: StepEnded
    value: Any = None
    messages: Sequence[Mapping[str, Any]] = ()

    @property
    def succeeded(self) -> bool:
        return self.ended.state == SUCCEEDED

    @property
    def cause(self) -> str:
        """Why it did not succeed."""
        if self.ended.error:
            return f"{self.ended.error.kind}: {self.ended.error.message}"
        return self.ended.state


class StepsFailed(Failure):
    """Some steps did not succeed. Names them with their causes, and carries all outcomes.

    The op's retry policy applies where at least one of them is DEAD; the others said that trying again is
    pointless. A retry runs again only what did not succeed.
    """

    def __init__(self, outcomes: Mapping[str, StepOutcome], run: str) -> None:
        failed = {key: outcome for key, outcome in outcomes.items() if not outcome.succeeded}
        named = [
            f"{key}: {outcome.ended.state}, {outcome.cause}"
            for key, outcome in list(failed.items())[:_NAMED_IN_A_FAILURE]
        ]
        more = len(failed) - len(named)
        super().__init__(
            description=f"{len(failed)} of {len(outcomes)} steps did not succeed (Stepstile run {run}):\n"
            + "\n".join(named)
            + (f"\nand {more} more" if more else ""),
            metadata={
                "stepstile/run": run,
                "stepstile/failed": len(failed),
                "stepstile/causes": {key: outcome.cause for key, outcome in list(failed.items())[:1000]},
            },
            allow_retries=any(outcome.ended.state == DEAD for outcome in failed.values()),
        )
        self.outcomes = outcomes


@dataclass
class CompletedSteps:
    """What the steps of one `run_steps` ended in, and what they reported to Dagster.

    Dagster hears of materializations, checks and their metadata when the asset returns or yields them:
    `yield from completed.get_results()`. There are exactly those that handlers reported: nothing is implied.
    """

    run: str
    outcomes: Mapping[str, StepOutcome]
    _context: Context = field(repr=False)
    _replayed: PipesSession | None = field(default=None, init=False, repr=False)

    @property
    def values(self) -> dict[str, Any]:
        """The steps' values by key, in the order in which the steps were given."""
        return {key: outcome.value for key, outcome in self.outcomes.items()}

    def get_results(self) -> Sequence[MaterializeResult[Any] | AssetCheckResult]:
        """The materializations and checks that handlers reported, each once, step by step."""
        return self._session().get_results(
            implicit_materializations=False, metadata={"stepstile/run": MetadataValue.text(self.run)}
        )

    def get_materialize_result(self) -> MaterializeResult[Any]:
        """The one materialization that was reported, with all checks."""
        results = self.get_results()
        materialized = [result for result in results if isinstance(result, MaterializeResult)]
        if len(materialized) != 1:
            raise StepstileError(
                f"{len(materialized)} materializations were reported, not one: use get_results()."
            )
        [one] = materialized
        checks = [result for result in results if isinstance(result, AssetCheckResult)]
        return MaterializeResult(
            asset_key=one.asset_key,
            metadata=one.metadata,
            check_results=[*(one.check_results or ()), *checks],
            data_version=one.data_version,
            tags=one.tags,
        )

    def get_asset_check_result(self) -> AssetCheckResult:
        """The one check that was reported, for an `@asset_check`."""
        results = [result for result in self.get_results() if isinstance(result, AssetCheckResult)]
        if len(results) != 1:
            raise StepstileError(f"{len(results)} checks were reported, not one: use get_results().")
        return results[0]

    def get_custom_messages(self) -> Sequence[Any]:
        """The payloads of the custom messages that handlers reported, but for those meant for Stepstile."""
        return self._session().get_custom_messages()

    def _session(self) -> PipesSession:
        if self._replayed is None:
            context = of_op(self._context)
            messages = [message for outcome in self.outcomes.values() for message in outcome.messages]
            handler = PipesMessageHandler(context, _Replay(messages))
            with handler.handle_messages() as params:
                # Not open_pipes_session: it would have every asset reported, also one that may be skipped.
                self._replayed = PipesSession(cast(Any, pipes_data(context)), handler, {}, params, context)
            if context.has_assets_def and all(out.is_required for out in context.op_def.output_defs):
                context.set_requires_typed_event_stream(error_message=_NOT_HANDED_ON)
        return self._replayed


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

    endpoint: str = Field(description="What ./stepstile local prints, or the deployed stack's output ApiUrl.")
    aws_region: str | None = Field(
        default=None, description="Signs with SigV4 for this region. Found in an endpoint that AWS named."
    )
    timeout_seconds: float = Field(default=30.0, description="Of one try of a call.")
    patience_seconds: float = Field(
        default=120.0, description="How long a call that is not answered is made again before the op fails."
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

        A step is known by its key within this op of this Dagster run. So where the op is tried again, what
        has succeeded is not run again, and what has not is, with a fresh budget of attempts. Keys must be the
        same then. If the op is interrupted (the run is terminated), steps that wait never start, and those
        that run are told.

        :param shared_inputs: JSON by name that each step sees. The name `dagster.pipes` is taken.
        :param logs: writes what steps print into the op's own stdout and stderr, and what they log into its
            log.
        :param raise_on_failure: else the outcomes tell.
        :raises StepsFailed: if a step did not succeed.
        :raises Unreachable: if Stepstile did not answer for `patience_seconds`; what was dispatched goes on.
        """
        if not steps:
            return CompletedSteps("", {}, context)
        if shared_inputs and PIPES_INPUT in shared_inputs:
            raise StepstileError(f"run_steps makes the shared input '{PIPES_INPUT}'; choose another name.")
        keys = [step.key for step in steps]
        run = stepstile_run(context)
        shared = {**(shared_inputs or {}), PIPES_INPUT: pipes_data(context)}
        with self._client() as client:
            try:
                ended = self._run(context, client, run, steps, defaults, shared, logs)
            except StepstileError:
                raise
            except BaseException:
                self._cancel(run)
                raise
        outcomes = {key: _outcome(ended[key]) for key in keys}
        if raise_on_failure and not all(outcome.succeeded for outcome in outcomes.values()):
            raise StepsFailed(outcomes, run)
        return CompletedSteps(run, outcomes, context)

    def _run(
        self,
        context: Context,
        client: StepstileClient,
        run: str,
        steps: Sequence[Step],
        defaults: Defaults | None,
        shared: Mapping[str, Any],
        logs: bool,
    ) -> dict[str, StepEnded]:
        keys = [step.key for step in steps]
        with suppress(Refused):  # the first try: there is no such run yet
            again = client.redrive(run, keys=keys)
            if again:
                context.log.info(f"Stepstile run {run}: {again} steps that did not succeed run again.")
        client.dispatch(
            run,
            steps,
            dispatch_id=_dispatch_id(steps, defaults, shared),
            shared_inputs=shared,
            defaults=defaults,
        )
        context.log.info(f"Stepstile run {run}: {len(steps)} steps dispatched to {client.endpoint}.")
        follower = client.follow(run, keys, logs=logs)
        ended: dict[str, StepEnded] = {}
        while True:
            for told in follower.poll():
                if isinstance(told, StepEnded):
                    ended[told.key] = told
                else:
                    _write(context, told)
            if not follower.missing:
                return ended
            time.sleep(follower.pause_seconds)

    def _cancel(self, run: str) -> None:
        """Best effort, and quick: the process is about to be stopped."""
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


def stepstile_run(context: Context) -> str:
    """The Stepstile run of an op of a Dagster run: of its own, so that it can be cancelled alone."""
    key = step_key(context)
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key)[:60]
    if plain != key:
        plain += "~" + hashlib.sha256(key.encode()).hexdigest()[:12]
    return f"{run_id(context)}:{plain}"


def _dispatch_id(steps: Sequence[Step], defaults: Defaults | None, shared: Mapping[str, Any]) -> str:
    """By content: a retry of the op that makes other inputs is another dispatch of the same steps."""
    content = [[step.to_json() for step in steps], defaults.to_json() if defaults else None, shared]
    try:
        text = json.dumps(content, sort_keys=True)
    except (TypeError, ValueError) as e:
        raise StepstileError(f"A step's input, shared input or tag is not JSON: {e}") from e
    return str(uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16]))


def _outcome(ended: StepEnded) -> StepOutcome:
    report = ended.result
    if isinstance(report, dict) and report.keys() <= {"value", "messages"}:
        return StepOutcome(ended.key, ended, report.get("value"), tuple(report.get("messages", ())))
    return StepOutcome(ended.key, ended, report)


def _write(context: Context, page: LogPage) -> None:
    """A page of a step's log, into the op's own."""
    for line in map(log_lines.decode, page.lines):
        if isinstance(line, Stdout):
            sys.stdout.write(f"[{page.key}] {line.text}\n")
        elif isinstance(line, Stderr):
            sys.stderr.write(f"[{page.key}] {line.text}\n")
        elif isinstance(line, Logged):
            context.log.log(_level(line.level), f"[{page.key}] {line.message}")


def _level(name: str) -> str:
    return name.lower() if name.upper() in _LEVELS else "info"


_LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


class _Replay(PipesMessageReader):
    """Reads the messages of results, which are recorded once each, whatever was run or delivered twice."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._messages = messages

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[dict[str, Any], None, None]:
        handle: Any = handler.handle_message  # takes a TypedDict, which a message of the wire is not
        for message in self._messages:
            handle(message)
        yield {}

    def no_messages_debug_text(self) -> str:
        return "Messages are read from the steps' results."
