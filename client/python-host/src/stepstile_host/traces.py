"""OpenTelemetry in a step: its trace is the current one, and its spans are exported before its process ends.

Nothing is imported where OpenTelemetry's API is not installed, or where a step has no trace and its code does not use it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module

VARIABLES = ("TRACEPARENT", "TRACESTATE")
"""A step's W3C Trace Context, as its process gets it."""

FLUSH_SECONDS = 2.0
"""How long a step waits for its spans to be exported."""

_API = "opentelemetry.trace"


def load(environment: Mapping[str, str]) -> None:
    """Imports what :func:`enter` needs, in the host: once, and not in the child of each step that has a trace."""
    if environment.get(VARIABLES[0]):
        with suppress(Exception):  # not installed, or damaged: a trace never fails a step
            import_module("opentelemetry.trace.propagation.tracecontext")


def enter(environment: Mapping[str, str]) -> None:
    """Makes a step's context the current one, where OpenTelemetry's API is installed.

    Of the host's own context nothing is kept: it is not the step's.
    """
    carrier = {name.lower(): environment[name] for name in VARIABLES if environment.get(name)}
    if VARIABLES[0].lower() not in carrier:
        return
    with suppress(Exception):  # not installed, or damaged: a trace never fails a step
        from opentelemetry.context import Context, attach
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        attach(TraceContextTextMapPropagator().extract(carrier, Context()))


def flush() -> None:
    """Exports the spans that have ended, if a tracer provider keeps them, and waits ``FLUSH_SECONDS`` at most.

    A forked process ends without Python's ``atexit``, by which a provider would do it.
    """
    if _API not in sys.modules:
        return
    from opentelemetry.trace import get_tracer_provider

    force_flush = getattr(get_tracer_provider(), "force_flush", None)
    if force_flush is None:  # the API's own provider, which makes no spans
        return
    # In a thread, as some exporters go on trying for longer than they were told to.
    exporting = threading.Thread(target=force_flush, args=(int(FLUSH_SECONDS * 1000),), daemon=True)
    exporting.start()
    exporting.join(FLUSH_SECONDS)
