"""What Stepstile would refuse is refused here, before anything is sent, in a sentence that names argument and limit.

The limits are those of `docs/protocol.md`, and a test compares them with its table.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from stepstile.errors import BadInput

STEPS_PER_CALL: Final = 10_000
REQUEST_BYTES: Final = 6_000_000
"""The largest request, as Lambda counts: the body is a JSON string in its event, so a quote takes two bytes."""
INPUT_BYTES: Final = 5 * 1024 * 1024
SHARED_INPUTS: Final = 8
TAGS: Final = 20
TAG_LENGTH: Final = 200
KEY_BYTES: Final = 512
MAX_ATTEMPTS: Final = 100
TIMEOUT_SECONDS: Final = 880
RETRY_SECONDS: Final = 43_200
RETRY_NAMES: Final = 10
RETRY_NAME_LENGTH: Final = 200
LOOKUP_KEYS: Final = 100
CANCEL_KEYS: Final = 1000
REASON_LENGTH: Final = 200
NOT_BEFORE: Final = timedelta(days=7)
DEADLINE: Final = timedelta(days=14)
URL_LENGTH: Final = 500
NOTIFY_TAGS_BYTES: Final = 1024

_ID = re.compile(r"[A-Za-z0-9._:~@+=-]{1,128}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
_PLAIN_KEY = re.compile(r"[!\"$-~]([ !\"$-~]{0,510}[!\"$-~])?")
_FAILURE = re.compile("[0-9a-f]{12}")
_REDRIVEN = frozenset({"FAILED", "DEAD", "CANCELLED"})
_CANCELLED = frozenset({"QUEUED", "RUNNING", "RETRYING"})
STATES: Final = _REDRIVEN | _CANCELLED | {"SUCCEEDED", "UNKNOWN"}
_SHOWN = 100


def check_run_id(value: str) -> str:
    """As a part of a path, `.` and `..` would be resolved by a proxy, and make another call of it."""
    if value in (".", ".."):
        raise _refused("run_id", "not be . or ..", f"is {value}")
    return check_id("run_id", value)


def check_id(field: str, value: str) -> str:
    if not _ID.fullmatch(value):
        raise _refused(field, "be 1 to 128 of A-Z a-z 0-9 . _ : ~ @ + = -", f"is {_shown(value)}")
    return value


def check_name(field: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        raise _refused(field, "be 1 to 128 of A-Z a-z 0-9 . _ -", f"is {_shown(value)}")
    return value


def check_key(key: str) -> str:
    fault = None if _PLAIN_KEY.fullmatch(key) else _key_fault(key)
    if fault:
        raise _refused(
            "key",
            f"be 1 to {KEY_BYTES} bytes of UTF-8 without #, control characters and blanks at its ends",
            f"is {_shown(key)}: {fault}",
        )
    return key


def _key_fault(key: str) -> str | None:
    if not key:
        return "it is empty"
    if _is_blank(key[0]) or _is_blank(key[-1]):
        return "a blank is at an end"
    wrong = next(filter(_is_refused_in_key, key), None)
    if wrong is not None:
        return f"it has U+{ord(wrong):04X}"
    size = len(key.encode())
    return f"it has {size} bytes" if size > KEY_BYTES else None


def _is_blank(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) == "Zs" or character == "\ufeff"


def _is_refused_in_key(character: str) -> bool:
    code = ord(character)
    return (
        unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")
        or character == "#"
        or code & 0xFFFE == 0xFFFE
        or 0xFDD0 <= code <= 0xFDEF
        or 0x202A <= code <= 0x202E
        or 0x2066 <= code <= 0x2069
    )


def check_settings(
    handler: str | None,
    max_attempts: int | None,
    timeout_seconds: int | None,
    input: Any = None,  # noqa: A002
) -> None:
    if handler is not None:
        check_name("handler", handler)
    if max_attempts is not None and not _is_whole(max_attempts, MAX_ATTEMPTS):
        raise _refused("max_attempts", f"be from 1 to {MAX_ATTEMPTS}", f"is {max_attempts!r}")
    if timeout_seconds is not None and not _is_whole(timeout_seconds, TIMEOUT_SECONDS):
        raise _refused(
            "timeout_seconds", f"be whole seconds from 1 to {TIMEOUT_SECONDS}", f"is {timeout_seconds!r}"
        )
    if input is not None:
        check_input(input)


def _is_whole(value: Any, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def check_failures(field: str, names: Sequence[str] | None) -> None:
    if names is not None and len(names) > RETRY_NAMES:
        raise _refused(field, f"be at most {RETRY_NAMES} names", f"are {len(names)}")
    if field == "on" and names is not None and not names:
        raise _refused(field, "be at least one name", "is none")
    for name in names or ():
        if not 1 <= len(name) <= RETRY_NAME_LENGTH:
            raise _refused(field, f"have names of 1 to {RETRY_NAME_LENGTH} characters", f"has {_shown(name)}")


def check_backoff(field: str, seconds: float | None) -> None:
    if seconds is not None and not 0 <= seconds <= RETRY_SECONDS:
        raise _refused(field, f"be from 0 to {RETRY_SECONDS} seconds", f"is {seconds!r}")


def check_moment(field: str, at: datetime | timedelta | None, most: timedelta) -> None:
    """:param most: after the call; how far away an instant may be is a matter of Stepstile's clock."""
    if isinstance(at, timedelta):
        if not timedelta() <= at <= most:
            ahead = f"from 0 to {most.total_seconds():.0f} seconds ahead"
            raise _refused(field, f"be an instant, or {ahead}", f"is {at}")
    elif at is not None and at.tzinfo is None:
        raise _refused(field, "have a time zone", f"{at.isoformat()} has none")
    elif at is not None and at.timestamp() < 0:
        raise _refused(field, "be an instant from 1970 to 9999, or a time ahead", f"is {at.isoformat()}")


def check_webhook(url: str) -> None:
    if not 1 <= len(url) <= URL_LENGTH:
        raise _refused("url", f"be 1 to {URL_LENGTH} characters", f"has {len(url)}")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and parts.hostname
    except ValueError:
        good = False
    if not good:
        raise _refused("url", "begin with https:// and a host", f"is {_shown(url)}")


def check_notify_tags(tags: Mapping[str, str]) -> None:
    size = json_bytes(tags)
    if size > NOTIFY_TAGS_BYTES:
        raise _refused("tags", f"be at most {NOTIFY_TAGS_BYTES} bytes of JSON beside a notify", f"are {size}")


def check_tags(tags: Mapping[str, Any]) -> None:
    if len(tags) > TAGS:
        raise _refused("tags", f"be at most {TAGS}", f"are {len(tags)}")
    for name, value in tags.items():
        if not all(isinstance(text, str) and len(text) <= TAG_LENGTH for text in (name, value)):
            raise _refused(
                "tags",
                f"have names and values of at most {TAG_LENGTH} characters",
                f"have {_shown(str(name))} with a longer one, or one that is no string",
            )


def check_input(value: Any) -> None:
    size = json_bytes(value)
    if size > INPUT_BYTES:
        raise _refused("input", f"be at most {INPUT_BYTES} bytes of JSON", f"is {size}")


def check_shared_inputs(inputs: Mapping[str, Any]) -> None:
    if len(inputs) > SHARED_INPUTS:
        raise _refused("shared_inputs", f"be at most {SHARED_INPUTS}", f"are {len(inputs)}")
    for name in inputs:
        check_name("name of a shared_input", name)
    size = sum(map(json_bytes, inputs.values()))
    if size > INPUT_BYTES:
        raise _refused("shared_inputs", f"be at most {INPUT_BYTES} bytes of JSON together", f"are {size}")


def check_fits(field: str, size: int, room: int) -> None:
    """Whether a step alone, or what all have in common, fits into a request."""
    if size > room:
        raise _refused(
            field,
            f"fit into a request of {REQUEST_BYTES} bytes as a string of JSON",
            f"takes {size} of the {room} that are left for it",
        )


def check_states(states: Iterable[str]) -> list[str]:
    found = list(states)
    if not found or not set(found) <= _REDRIVEN:
        raise _refused("states", "be FAILED, DEAD or CANCELLED", f"are {_shown(', '.join(found))}")
    return found


def check_filtered_states(states: Iterable[str]) -> list[str]:
    found = [states] if isinstance(states, str) else list(states)
    if not set(found) <= STATES:
        raise _refused("states", f"be of {', '.join(sorted(STATES))}", f"are {_shown(', '.join(found))}")
    return found


def check_cancelled(keys: Sequence[str], states: Iterable[str], *, is_filtered: bool) -> None:
    """What a cancel of steps names."""
    if not keys and not is_filtered:
        raise _refused(
            "keys", "be at least one where no filter is given", "are none: cancel(run_id) is for the run"
        )
    if len(keys) > CANCEL_KEYS:
        raise _refused("keys", f"be at most {CANCEL_KEYS}", f"are {len(keys)}")
    if not set(states) <= _CANCELLED:
        raise _refused("states", "be QUEUED, RUNNING or RETRYING", f"are {_shown(', '.join(states))}")


def check_prefix(prefix: str | None) -> None:
    """What a step key can begin with: it may end with a blank."""
    fault = None if prefix is None else _key_fault(prefix)
    if prefix is not None and fault and (not prefix or _key_fault(prefix + "x")):
        raise _refused(
            "prefix",
            f"be 1 to {KEY_BYTES} bytes of UTF-8 without #, control characters and a blank at its beginning",
            f"is {_shown(prefix)}: {fault}",
        )


def check_tag(tag: tuple[str, str] | None) -> None:
    if tag is not None and not all(len(text) <= TAG_LENGTH for text in tag):
        raise _refused(
            "tag",
            f"have a name and a value of at most {TAG_LENGTH} characters",
            f"has {_shown(tag[0])} with a longer one",
        )


def check_tag_name(name: str) -> str:
    if "=" in name:
        raise _refused("tag", "have a name without = in a call that reads", f"has {_shown(name)}")
    return name


def check_span(since: datetime | None, until: datetime | None) -> None:
    for field, at in (("since", since), ("until", until)):
        if at is not None and at.tzinfo is None:
            raise _refused(field, "have a time zone", f"{at.isoformat()} has none")
    if since is not None and until is not None and since >= until:
        raise _refused("since", "be before until", f"is {since.isoformat()} with until {until.isoformat()}")


def check_failure(failure: str | None) -> None:
    if failure is not None and not _FAILURE.fullmatch(failure):
        raise _refused("failure", "be the id of a group of failures, 12 of 0-9 a-f", f"is {_shown(failure)}")


def check_reason(reason: str) -> str:
    if len(reason) > REASON_LENGTH:
        raise _refused("reason", f"be at most {REASON_LENGTH} characters", f"has {len(reason)}")
    return reason


def check_keys(keys: Iterable[str]) -> list[str]:
    return [check_key(key) for key in keys]


def check_attempt(attempt: int) -> int:
    if attempt < 1:
        raise _refused("attempt", "be at least 1", f"is {attempt}")
    return attempt


def refuse(field: str, limit: str, fact: str) -> BadInput:
    return _refused(field, limit, fact)


def text_of(value: Any) -> str:
    """A value as JSON."""
    try:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError) as e:
        raise BadInput(f"A step's input, shared input or tag is not JSON: {e}") from e


def json_bytes(value: Any) -> int:
    """The bytes of a value's JSON as Stepstile counts them: of UTF-8, without escapes that need not be."""
    try:
        return len(
            json.dumps(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode(
                errors="surrogatepass"
            )
        )
    except (TypeError, ValueError) as e:
        raise BadInput(f"A step's input, shared input or tag is not JSON: {e}") from e


def _refused(field: str, limit: str, fact: str) -> BadInput:
    return BadInput(f"{field} must {limit}, and {fact}.", field)


def _shown(text: str) -> str:
    shown = json.dumps(text[:_SHOWN])
    return shown[:-1] + '…"' if len(text) > _SHOWN else shown
