"""The OpenAPI document, as a check of what a server is asked and answers."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs

Json = dict[str, Any]
FILE = Path(__file__).parents[2] / "shared/http/src/main/resources/dev/stepstile/http/openapi.json"


class Document:
    """Finds what is not as the document says."""

    def __init__(self) -> None:
        self._document: Json = json.loads(FILE.read_text())
        self._paths = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path)
            for path in sorted(self._document["paths"], key=lambda path: path.count("{"))
        ]
        self._validators: dict[tuple[str, ...], Any] = {}

    def wrong(self, method: str, path: str, query: Json, asked: Json, status: int, answer: Json) -> list[str]:
        """What is wrong with an answer; and with the request, if it is not refused.

        :param path: percent-encoded, as it is sent.
        """
        named = next((name for pattern, name in self._paths if pattern.fullmatch(path)), None)
        if named is None or method.lower() not in self._document["paths"][named]:
            return [] if status in (404, 405) else [f"{method} {path} is no call of the document"]
        call = self._document["paths"][named][method.lower()]
        at = (named, method)
        found = self._not_of(call["responses"].get(str(status)), answer, (*at, str(status)))
        if status == 200:
            names = {self._followed(each)["name"] for each in call.get("parameters", [])}
            names |= {
                self._followed(each)["name"] for each in self._document["paths"][named].get("parameters", [])
            }
            found += [f"unknown parameter {name}" for name in query.keys() - names]
            if method == "POST":
                found += self._not_of(call.get("requestBody"), asked, (*at, "request"))
        return [f"{method} {named} {status}: {each}" for each in found]

    def _not_of(self, content: Json | None, said: Json, name: tuple[str, ...]) -> list[str]:
        if content is None:
            return [f"{name[-1]} is not in the document"]
        kinds = self._followed(content)["content"]
        gateway = "application/json" in kinds and said.keys() <= {
            "message",
            "Message",
        }  # no problem, but its own form
        kind = "application/json" if gateway else next(iter(kinds))
        validator = self._validators.get((*name, kind))
        if validator is None:
            schema = {"components": self._document["components"], **kinds[kind]["schema"]}
            validator = jsonschema_rs.validator_for(schema, validate_formats=True)
            self._validators[(*name, kind)] = validator
        return [
            f"{'/'.join(map(str, e.instance_path))}: {e.message[:300]}" for e in validator.iter_errors(said)
        ]

    def _followed(self, node: Json) -> Json:
        while "$ref" in node:
            found: Any = self._document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node
