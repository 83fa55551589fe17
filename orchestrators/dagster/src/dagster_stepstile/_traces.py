"""OpenTelemetry's spans of what Dagster does with one run of Stepstile, where OpenTelemetry is used.

A span of the whole, and below it one of each dispatch and, once it has ended, one of each step. The attempts on Stepstile
are below the dispatch, and a step's span has a link to the attempt that ended it. Nothing is imported, sent or tagged in a
process that has not loaded OpenTelemetry's API: whoever wants spans has set a provider of tracers, and loaded it for that.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from stepstile import Defaults, Dispatched, Step, StepEnded, attempt_span_id, limits
from stepstile_host import traces

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Span, SpanContext, Tracer

RUN_ID = "dagster.run_id"
STEP_KEY = "dagster.step_key"

GIVEN = "stepstile/traceparent"
"""The tag of a run that whoever launches it gives it: the context that it continues."""

OWN = "stepstile/trace"
"""The tag of a run with the context of its span: a run worker that resumes the run goes on below it."""

_API = "opentelemetry.trace"


class Traces:
    """The spans of one run of Stepstile; where there is no trace, nothing.

    :param name: of the span of the whole.
    :param attributes: Dagster's, of all spans.
    :param traceparent: the context to continue in place of the current one.
    :param alone: whether no step of the run was dispatched in another trace.
    """

    def __init__(
        self,
        name: str,
        run: str,
        attributes: Mapping[str, str],
        traceparent: str | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self._run = run
        self._attributes = {**attributes, "stepstile.run.id": run}
        self._alone = alone
        self._of_others: set[str] = set()
        self._spans: _Spans | None = None
        if _API in sys.modules:
            spans = _Spans(name, self._attributes, traceparent)
            if spans.context.is_valid:
                self._spans = spans

    @property
    def traceparent(self) -> str | None:
        """The context of the whole; None if its spans go nowhere."""
        context = None if self._spans is None else self._spans.context
        if context is None or not context.trace_flags.sampled:
            return None
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"

    def tagged(self, step: Step, key: str) -> Step:
        """A step of Dagster's with its key as a tag, which the spans of its attempts have, below those of the dispatch."""
        return replace(step, tags={STEP_KEY: _short(key), **step.tags}) if self.traceparent else step

    def defaults(self, given: Defaults | None, steps: Iterable[Step]) -> Defaults | None:
        """The defaults of a dispatch with Dagster's ids as tags, which spans have, unless a step would have too many."""
        before = given or Defaults()
        own = {
            name: _short(self._attributes[name]) for name in (RUN_ID, STEP_KEY) if name in self._attributes
        }
        tags = {**own, **(before.tags or {})}
        if self.traceparent is None or any(len({*tags, *step.tags}) > limits.TAGS for step in steps):
            return given
        return replace(before, tags=tags)

    @contextmanager
    def dispatching(self) -> Generator[None, None, None]:
        """A span of a dispatch, which is the current one, so that the client sends its context."""
        if self._spans is None:
            yield
            return
        with self._spans.current("dispatch", self._attributes) as span:
            try:
                yield
            except Exception as problem:
                _fail(span, type(problem).__name__)
                raise

    def dispatched(self, done: Dispatched, steps: Iterable[Step]) -> None:
        """Tells what became of a dispatch: steps that had been dispatched before stay in the trace of that time."""
        if not self._alone and (done.replayed or done.attached_count):
            self._of_others.update(step.key for step in steps)

    def step_ended(
        self, name: str, key: str, begun_ns: int, end: StepEnded | None, error: str | None
    ) -> None:
        """Makes the span of a step that has ended.

        :param key: Dagster's of the step.
        :param begun_ns: since 1970.
        :param end: what Stepstile said of it; None if it was not dispatched.
        :param error: the kind of its error; None if it succeeded.
        """
        if self._spans is None:
            return
        told: dict[str, str | int] = {**self._attributes, STEP_KEY: key}
        attempt: int | None = None
        if end is not None:
            told["stepstile.step.key"] = end.key
            told["stepstile.state"] = end.state
            told["stepstile.attempt"] = end.attempt
            if end.attempt and end.key not in self._of_others:
                attempt = int(attempt_span_id(self._run, end.key, end.attempt), 16)
        span = self._spans.begun(name, told, begun_ns, attempt)
        if error is not None:
            _fail(span, error)
        span.end()

    def end(self, error: str | None = None) -> None:
        """Ends the span of the whole.

        :param error: the kind of the error that it failed with; None if it succeeded.
        """
        if self._spans is not None:
            self._spans.end(error)


def of_run(instance: Any, run: Any, resumed: bool) -> Traces:
    """The spans of a Dagster run that the executor runs."""
    before: str | None = run.tags.get(OWN) if resumed else None
    spans = Traces(
        f"run {run.job_name}",
        run.run_id,
        {RUN_ID: run.run_id, "dagster.job_name": run.job_name},
        before or run.tags.get(GIVEN),
        alone=before is not None or not resumed,
    )
    if spans.traceparent and not before:
        instance.add_run_tags(run.run_id, {OWN: spans.traceparent})
    return spans


def flush() -> None:
    """Exports the spans that have ended, for 2 s at most: some of the processes that run a job end without doing it."""
    traces.flush()


class _Spans:
    """What needs OpenTelemetry's API."""

    def __init__(self, name: str, attributes: Mapping[str, str], traceparent: str | None) -> None:
        from opentelemetry import trace

        self._tracer: Tracer = trace.get_tracer("dagster_stepstile")
        self._whole: Span = self._tracer.start_span(
            name, context=_continued(traceparent), attributes=attributes
        )
        self._below: Context = trace.set_span_in_context(self._whole)
        self.context: SpanContext = self._whole.get_span_context()

    def current(self, name: str, attributes: Mapping[str, str]) -> Any:
        """A span that is the current one within a ``with``. No message of an exception is in it."""
        from opentelemetry.trace import SpanKind

        return self._tracer.start_as_current_span(
            name,
            context=self._below,
            kind=SpanKind.CLIENT,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        )

    def begun(
        self, name: str, attributes: Mapping[str, str | int], begun_ns: int, attempt: int | None
    ) -> Span:
        """A span that has begun, with a link to an attempt's span of this id."""
        from opentelemetry.trace import Link, SpanContext

        links: list[Link] = []
        if attempt is not None:
            own = self.context
            links.append(
                Link(SpanContext(own.trace_id, attempt, is_remote=True, trace_flags=own.trace_flags))
            )
        return self._tracer.start_span(
            name, context=self._below, attributes=attributes, links=links, start_time=begun_ns
        )

    def end(self, error: str | None) -> None:
        if error is not None:
            _fail(self._whole, error)
        self._whole.end()


def _continued(traceparent: str | None) -> Context | None:
    """The context to begin in; None for the current one."""
    if traceparent is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    return TraceContextTextMapPropagator().extract({"traceparent": traceparent}, Context())


def _fail(span: Span, error: str) -> None:
    from opentelemetry.trace import StatusCode

    span.set_status(StatusCode.ERROR)
    span.set_attribute("error.type", error)


def _short(text: str) -> str:
    return text[: limits.TAG_LENGTH]
