"""Spans of all sides in one form: of OpenTelemetry's SDK for Python, as objects or as lines of a file, and of a stack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult


@dataclass(frozen=True)
class Span:
    """Ids are hex digits; that of no parent is empty."""

    name: str
    trace: str
    id: str
    parent: str
    links: Sequence[tuple[str, str]]
    attributes: Mapping[str, Any]


class Lines(SpanExporter):
    """Writes the spans of a process to a file that several processes share, a line each."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        with self._file.open("a") as file:
            for span in spans:
                file.write(span.to_json(indent=None).replace("\n", " ") + "\n")
        return SpanExportResult.SUCCESS


def of_sdk(spans: Sequence[ReadableSpan]) -> list[Span]:
    return [_of_sdk(json.loads(span.to_json())) for span in spans]


def in_lines(file: Path) -> list[Span]:
    """What `Lines` has written."""
    return [_of_sdk(json.loads(line)) for line in file.read_text().splitlines()]


def of_stack(file: Path) -> list[Span]:
    """What `./stepstile local --traces FILE` has written: OTLP in JSON, a batch in each line.

    A span may be told again, and is the same then.
    """
    found: dict[str, Span] = {}
    for line in file.read_text().splitlines():
        for span in _of_batch(json.loads(line)):
            assert found.setdefault(span.id, span) == span
    return list(found.values())


def _of_sdk(told: Mapping[str, Any]) -> Span:
    return Span(
        told["name"],
        *_ids(told["context"]),
        _hex(told["parent_id"]),
        [_ids(link["context"]) for link in told["links"]],
        told["attributes"],
    )


def _ids(context: Mapping[str, Any]) -> tuple[str, str]:
    return _hex(context["trace_id"]), _hex(context["span_id"])


def _hex(number: str | None) -> str:
    return (number or "").removeprefix("0x")


def _of_batch(batch: Mapping[str, Any]) -> Iterator[Span]:
    for of_resource in batch["resourceSpans"]:
        for of_scope in of_resource["scopeSpans"]:
            for told in of_scope["spans"]:
                links = [(link["traceId"], link["spanId"]) for link in told.get("links", [])]
                attributes = {each["key"]: _value(each["value"]) for each in told.get("attributes", [])}
                parent = told.get("parentSpanId", "")
                yield Span(told["name"], told["traceId"], told["spanId"], parent, links, attributes)


def _value(told: Mapping[str, Any]) -> Any:
    [(kind, value)] = told.items()
    return int(value) if kind == "intValue" else value
