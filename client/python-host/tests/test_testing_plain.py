"""The test kit for programs of the plain protocol: what they are given, and what their exit status comes to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from stepstile_host.plain import last_json
from stepstile_host.testing import EndedStep

Run = Callable[..., EndedStep]

DIGEST = Path(__file__).parents[3] / "examples/plain/bash"


def _script(text: str) -> list[str]:
    return ["bash", "-c", text]


def test_a_script_reads_its_input_and_prints_its_result(run_step: Run) -> None:
    ended = run_step(["./digest.sh"], {"file": "../sample.csv"}, protocol="plain", directory=DIGEST)
    assert (ended.state, ended.value["attempt"], ended.value["file"]) == ("SUCCEEDED", 1, "../sample.csv")


def test_status_65_is_terminal_and_75_is_a_retry_at_the_time_that_it_prints(run_step: Run) -> None:
    refused = run_step(["./digest.sh"], {"file": "no such file"}, protocol="plain", directory=DIGEST)
    assert (refused.state, len(refused.attempts)) == ("FAILED", 1)
    assert refused.attempts[0].failure == "TERMINAL_FAILURE"
    later = run_step(
        _script('[ "$STEPSTILE_ATTEMPT" = 2 ] && echo 2 && exit; echo 600; exit 75'), protocol="plain"
    )
    assert (later.state, later.value) == ("SUCCEEDED", 2)
    assert later.attempts[0].retry_after == 600


def test_a_script_is_told_which_step_it_is(run_step: Run) -> None:
    told = run_step(
        _script(
            'echo "[\\"$STEPSTILE_RUN_ID\\", \\"$STEPSTILE_STEP_KEY\\", \\"$STEPSTILE_TENANT\\", $STEPSTILE_ATTEMPT,'
            ' $STEPSTILE_TAGS, $(cat "$STEPSTILE_SHARED_FILE"), $STEPSTILE_INPUT, $(cat "$STEPSTILE_INPUT_FILE"),'
            ' $STEPSTILE_SECONDS_LEFT, \\"$MODE\\"]"'
        ),
        [1],
        protocol="plain",
        key="k",
        run_id="r",
        tenant="acme",
        tags={"b": "2", "a": "1"},
        shared={"plan": 7},
        timeout=30,
        environment={"MODE": "test"},
    )
    *known, left, mode = told.value
    assert known == ["r", "k", "acme", 1, {"a": "1", "b": "2"}, {"plan": 7}, [1], [1]]
    assert (0 < left <= 30, mode) == (True, "test")


def test_a_variable_of_the_tests_own_environment_does_not_stand_for_a_missing_input(
    run_step: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEPSTILE_INPUT", '"of another step"')
    monkeypatch.setenv("STEPSTILE_SHARED_FILE", "/of/another/step")
    large = run_step(
        _script('echo "\\"${STEPSTILE_INPUT-none} ${STEPSTILE_SHARED_FILE-none}\\""'),
        "x" * 40_000,
        protocol="plain",
    )
    assert large.value == "none none"


def test_a_function_cannot_speak_it(run_step: Run) -> None:
    with pytest.raises(ValueError, match="needs a command"):
        run_step(print, protocol="plain")


def test_a_result_that_is_too_large_is_not_retried(run_step: Run) -> None:
    # As JSON within the limit, but not with the quotes around it.
    just_over = "head -c 10485759 /dev/zero | tr '\\0' x"
    printed = run_step(_script(f"printf '\"'; {just_over}; echo '\"'"), protocol="plain")
    assert (printed.state, printed.attempts[0].failure) == ("FAILED", "RESULT_TOO_LARGE")
    fits = run_step(
        _script("printf '\"'; head -c 10485758 /dev/zero | tr '\\0' x; echo '\"'"), protocol="plain"
    )
    assert (fits.state, len(fits.value)) == ("SUCCEEDED", 10485758)


@pytest.mark.parametrize(
    ("printed", "cut", "expected"),
    [
        ("", False, (None, "none")),
        ("done", False, (None, "none")),
        ("reading\n[1]\n\n", False, ([1], "value")),
        ('{\r\n"a": [\r\n1\r\n]\r\n}', False, ({"a": [1]}, "value")),
        ('{"n": 1}\n{"n": 2}', False, ({"n": 2}, "value")),
        ("NaN", False, ("NaN", "value")),
        ('{"rows": 1}\nbye', False, (None, "before")),
        ("{'rows': 1}", False, (None, "broken")),
        ("{\n1\n}\n]", False, (None, "broken")),
        ("[a line]", False, (None, "none")),
        ("x" * 10, True, (None, "too long")),
        ("1\n}", True, (None, "too long")),
        ("much\nof it", True, (None, "none")),
    ],
)
def test_the_JSON_that_is_printed_last(printed: str, cut: bool, expected: object) -> None:
    assert last_json(printed, cut) == expected
