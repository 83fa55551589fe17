"""Which runs and steps are meant."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stepstile import limits
from stepstile.records import moment


@dataclass(frozen=True)
class StepFilter:
    """Which steps of a run are meant: those that fit all that is named.

    :ivar states: one of these; none for any.
    :ivar kind: of the error by which they are FAILED or DEAD, or after which they are RETRYING, as `TIMEOUT`. Stepstile
        refuses one that it does not know (`bad-kind`).
    :ivar prefix: with which their keys begin, byte by byte: 1 to 512 bytes of UTF-8.
    :ivar tag: name and value, of at most 200 characters each: their own or that of their dispatch's defaults.
    :ivar since: they ended from then on; of a running step, its claim counts, and of others, since when they are queued.
    :ivar until: as `since`, before then.
    :ivar failure: the id of the `FailureGroup` of their failure.
    :raises BadInput: if a limit is exceeded.
    """

    states: Collection[str] = ()
    handler: str | None = None
    kind: str | None = None
    prefix: str | None = None
    tag: tuple[str, str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    failure: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "states", tuple(limits.check_filtered_states(self.states)))
        if self.handler is not None:
            limits.check_name("handler", self.handler)
        limits.check_prefix(self.prefix)
        limits.check_tag(self.tag)
        limits.check_span(self.since, self.until)
        limits.check_failure(self.failure)

    def to_query(self) -> dict[str, str]:
        """As the parameters of a call that reads.

        :raises BadInput: if the tag's name has an equals sign, which ends a name there.
        """
        query = self._named()
        if self.states:
            query["state"] = ",".join(sorted(self.states))
        if self.tag is not None:
            query["tag"] = f"{limits.check_tag_name(self.tag[0])}={self.tag[1]}"
        return query

    def to_json(self) -> dict[str, Any]:
        """As members of the body of a call that changes something."""
        named: dict[str, Any] = {**self._named()}
        if self.tag is not None:
            named["tag"] = {"name": self.tag[0], "value": self.tag[1]}
        body: dict[str, Any] = {"states": sorted(self.states)} if self.states else {}
        return {**body, "filter": named} if named else body

    def _named(self) -> dict[str, str]:
        """What is of the same form in a query and in a body."""
        members = {
            "handler": self.handler,
            "kind": self.kind,
            "prefix": self.prefix,
            **_span(self.since, self.until),
            "failure": self.failure,
        }
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True)
class RunFilter:
    """Which runs are meant: those that fit all that is named.

    :ivar open: those alone that have an open dispatch.
    :ivar paused: those alone that are paused.
    :ivar prefix: with which their ids begin: 1 to 128 of `A-Z a-z 0-9 . _ : ~ @ + = -`.
    :ivar since: they began from then on.
    :ivar until: they began before then.
    :raises BadInput: if a limit is exceeded.
    """

    open: bool = False
    paused: bool = False
    prefix: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def __post_init__(self) -> None:
        if self.prefix is not None:
            limits.check_id("prefix", self.prefix)
        limits.check_span(self.since, self.until)

    def to_query(self) -> dict[str, str]:
        members = {
            "open": "true" if self.open else None,
            "paused": "true" if self.paused else None,
            "prefix": self.prefix,
            **_span(self.since, self.until),
        }
        return {name: value for name, value in members.items() if value is not None}


def _span(since: datetime | None, until: datetime | None) -> dict[str, str | None]:
    return {
        name: None if at is None else str(moment(at)) for name, at in (("since", since), ("until", until))
    }
