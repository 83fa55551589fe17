"""The steps of one `run_steps` and what they reported to Dagster: their Pipes messages, replayed into a session."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from dagster import (
    AssetCheckResult,
    MaterializeResult,
    MetadataValue,
    PipesMessageHandler,
    PipesMessageReader,
    PipesSession,
)

from dagster_stepstile._outcomes import StepOutcome
from dagster_stepstile.op_context import Context, of_op, pipes_data
from stepstile import StepstileError

_RESULTS_NOT_RETURNED = (
    "Did you forget to `yield from completed.get_results()`, or"
    " to return `completed.get_materialize_result()`?"
)


@dataclass
class CompletedSteps:
    """The outcomes of the steps of one `run_steps`, and the results that they reported to Dagster.

    The asset must return or yield the materializations and checks: `yield from completed.get_results()`. They are exactly
    those that handlers reported; none is implied.
    """

    run: str
    outcomes: Mapping[str, StepOutcome]
    _context: Context = field(repr=False)
    _replayed: PipesSession | None = field(default=None, init=False, repr=False)

    @property
    def values(self) -> dict[str, Any]:
        """The steps' values by key, in the order of the steps."""
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
        """The payloads of the custom messages that handlers reported, except those for Stepstile."""
        return self._session().get_custom_messages()

    def _session(self) -> PipesSession:
        if self._replayed is None:
            context = of_op(self._context)
            messages = [message for outcome in self.outcomes.values() for message in outcome.messages]
            handler = PipesMessageHandler(context, _ResultMessages(messages))
            with handler.handle_messages() as params:
                # Not open_pipes_session: it reports every asset, also one that may be skipped.
                self._replayed = PipesSession(cast(Any, pipes_data(context)), handler, {}, params, context)
            if context.has_assets_def and all(out.is_required for out in context.op_def.output_defs):
                context.set_requires_typed_event_stream(error_message=_RESULTS_NOT_RETURNED)
        return self._replayed


class _ResultMessages(PipesMessageReader):
    """Reads the messages from the steps' results, which are recorded once each."""

    def __init__(self, messages: Sequence[Mapping[str, Any]]) -> None:
        self._messages = messages

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Generator[dict[str, Any], None, None]:
        handle: Any = handler.handle_message  # its parameter is a TypedDict
        for message in self._messages:
            handle(message)
        yield {}

    def no_messages_debug_text(self) -> str:
        return "Messages are read from the steps' results."
