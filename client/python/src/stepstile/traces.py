"""W3C Trace Context: what a dispatch takes along, and the ids of the spans of attempts.

Nothing of OpenTelemetry is needed. Its current span is used where the program has loaded its API, because otherwise there
is none.
"""

from __future__ import annotations

import hashlib
import re
import sys

_SENDABLE = re.compile(r"[!-~]([ -~]{0,510}[!-~])?")
"""What a header may have. Whether it is a context is Stepstile's to say, which ignores what is none."""

_API = "opentelemetry.trace"


def attempt_span_id(run_id: str, key: str, attempt: int) -> str:
    """The id of an attempt's span, 16 hex digits: known without a read, and the same whoever reports the span.

    Its trace is that of the dispatch. A span of your own can link to it.
    """
    digest = hashlib.sha256(f"{run_id}/{key}/{attempt}".encode()).hexdigest()
    return next(part for part in (digest[:16], digest[16:32]) if part.strip("0"))


def headers(traceparent: str | None, tracestate: str | None) -> dict[str, str]:
    """The headers of a dispatch: of what is given, else of OpenTelemetry's current span.

    None of a context that no header can have: a trace never fails a call.
    """
    if traceparent is None:
        traceparent, tracestate = _current()
    if not traceparent or not _SENDABLE.fullmatch(traceparent):
        return {}
    if not tracestate or not _SENDABLE.fullmatch(tracestate):
        return {"traceparent": traceparent}
    return {"traceparent": traceparent, "tracestate": tracestate}


def _current() -> tuple[str | None, str | None]:
    if _API not in sys.modules:
        return None, None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent"), carrier.get("tracestate")
