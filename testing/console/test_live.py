"""How soon each view shows a change, before the functions of AWS as an operator reaches them.

Each function environment is a process on AWS's runtime client, over AWS's adapters; `stepstile console` signs the
calls, and a gateway that checks the signatures adds what a cloud adds. `build/console-check --live` prints the figures
of docs/console.md.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from conftest import CHECKOUT, LAUNCHER, Console, Tab, run_address, step_address
from playwright.sync_api import Browser, Page, Request
from test_access import CALLS_A_MINUTE

from stepstile import Step, StepstileClient
from stepstile.local_stack import LocalStack

sys.path.insert(0, str(CHECKOUT / "testing/python"))
from signed_gateway import OPERATOR, Gateway, serving

WITHIN = 2.0  # seconds from a change to the frame that shows it
ROUNDS = 5  # of which the median counts: a busy machine stands still for seconds
LATENCY = 0.06  # of each call: API Gateway, Lambda, and the way there
INDEX_LAG = 0.3  # by how much the feed's index is older than the table; DynamoDB Local's never is
PATIENCE = 30_000  # milliseconds; how late a change may be at most to be measured
RUN = "live"

# Ends with the status that a file of the step's name says.
HOLDS = """
import os, sys, time
told = os.path.join(sys.argv[1], os.environ["STEPSTILE_STEP_KEY"])
while not os.path.exists(told):
    time.sleep(0.01)
sys.exit(int(open(told).read()))
"""

COUNTED_MS = 15_000


class Cloud(Gateway):
    """What lies between an operator and the runs function."""

    def do_GET(self) -> None:
        time.sleep(LATENCY)
        super().do_GET()

    do_POST = do_GET

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        if "/feed" in self.path:
            time.sleep(INDEX_LAG)
        super()._answer(status, content_type, body)


class Views:
    """The views of one run, each in a tab of its own, and what they showed when."""

    def __init__(self, browser: Browser, console: Console) -> None:
        context = browser.new_context(
            viewport={"width": 1280, "height": 1200},
            storage_state={
                "cookies": [],
                "origins": [
                    {
                        "origin": console.url,
                        "localStorage": [{"name": "stepstile-token", "value": console.token}],
                    }
                ],
            },
        )
        self.context = context
        self.tabs = {
            name: Tab(context.new_page(), console.url) for name in ("runs", "run", "step", "running")
        }
        self.tabs["runs"].show("/#/")
        self.tabs["run"].show(run_address(RUN))
        self.tabs["running"].show("/#/running")

    def page(self, view: str) -> Page:
        return self.tabs[view].page

    def expect(self, view: str, holds: str) -> None:
        """Has the page note when this expression of JavaScript holds first: `$$` finds elements, `text` their text."""
        self.page(view).evaluate(
            """(holds) => {
                const $$ = (selector) => [...document.querySelectorAll(selector)];
                const text = (selector) => $$(selector).map((each) => each.innerText).join("\\n");
                const test = new Function("$$", "text", `return ${holds}`);
                window.shownAt = 0;
                const look = () => {
                    if (!window.shownAt && test($$, text)) {
                        window.shownAt = Date.now();
                    }
                };
                window.looking?.disconnect();
                window.looking = new MutationObserver(look);
                window.looking.observe(document.body, {
                    subtree: true, childList: true, characterData: true, attributes: true,
                });
            }""",
            holds,
        )

    def shown_at(self, view: str) -> float:
        self.page(view).wait_for_function("() => window.shownAt", timeout=PATIENCE)
        return float(self.page(view).evaluate("() => window.shownAt")) / 1000

    def close(self) -> None:
        self.context.close()


Took = dict[tuple[str, str], list[float]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "told"
    folder.mkdir()
    return folder


@pytest.fixture
def stack(tmp_path: Path, folder: Path) -> Iterator[LocalStack]:
    handlers = {"holds": {"command": [sys.executable, "-c", HOLDS, str(folder)], "protocol": "plain"}}
    options = ("--aws", "--isolated", "--grace", "0")
    with LocalStack(LAUNCHER, tmp_path / "stack", handlers=handlers, options=options) as stack:
        yield stack


@pytest.fixture
def client(stack: LocalStack) -> Iterator[StepstileClient]:
    client = StepstileClient(stack.endpoint)
    yield client
    client.close()


@pytest.fixture
def console(stack: LocalStack, tmp_path: Path) -> Iterator[Console]:
    class Here(Cloud):
        upstream = stack.endpoint

    with serving(Here) as endpoint:
        console = Console(endpoint, tmp_path, ("--region", OPERATOR["AWS_REGION"]), **OPERATOR)
        yield console
        console.close()


def row(key: str, state: str) -> str:
    return f"$$('.rows .row').some((row) => row.innerText.includes('{key}') && row.innerText.includes('{state}'))"


def test_each_view_shows_a_change_within_two_seconds(
    browser: Browser, client: StepstileClient, console: Console, folder: Path
) -> None:
    client.dispatch(RUN, [Step("first", "holds")])
    (folder / "first").write_text("0")
    while client.status(RUN).open_dispatch_count > 0:
        time.sleep(0.2)
    views = Views(browser, console)
    took: Took = {}

    def change(
        what: str, act: Callable[[], object], shown: dict[str, str], at: Callable[[], float] | None = None
    ) -> None:
        """Makes a change, and notes how long after it each view has shown it; `at` is when it was recorded."""
        for view, holds in shown.items():
            views.expect(view, holds)
        act()
        acted = time.time()
        for view in shown:
            seen = views.shown_at(view)
            since = at() if at else acted
            took.setdefault((what, view), []).append(max(0.0, seen - since))

    def claimed(key: str) -> float:
        started = client.lookup(RUN, [key])[key].started_at
        assert started is not None
        return started.timestamp()

    def ended(key: str) -> float:
        finished = client.lookup(RUN, [key])[key].finished_at
        assert finished is not None
        return finished.timestamp()

    def tell(key: str, status: int) -> None:
        waiting = folder / f".{key}"
        waiting.write_text(str(status))
        waiting.rename(folder / key)

    steps = 1
    for n in range(ROUNDS):
        good, bad, later = f"good-{n}", f"bad-{n}", f"later-{n}"
        views.tabs["step"].show(step_address(RUN, good))
        time.sleep(0.37 * n)  # so that changes come at other moments of a poll
        steps += 1
        change(
            "claimed",
            partial(client.dispatch, RUN, [Step(good, "holds")]),
            {
                "run": row(good, "RUNNING"),
                "step": "text('.badges').includes('RUNNING')",
                "running": f"text('tbody').includes('{good}')",
            },
            partial(claimed, good),
        )
        if n == 0:
            count_calls(views)
        change(
            "succeeded",
            partial(tell, good, 0),
            {
                "runs": f"text('tbody').includes('{steps} of {steps}')",
                "run": row(good, "SUCCEEDED"),
                "step": "text('.badges').includes('SUCCEEDED')",
                "running": f"!text('section.worker').includes('{good}')",
            },
            partial(ended, good),
        )
        client.dispatch(RUN, [Step(bad, "holds", max_attempts=1)])
        steps += 1
        change(
            "failed",
            partial(tell, bad, 65),
            {
                "runs": f"text('tbody').includes('{steps} of {steps}')",
                "run": row(bad, "FAILED"),
            },
            partial(ended, bad),
        )
        steps += 1
        change(
            "dispatched",
            partial(client.dispatch, RUN, [Step(later, "holds", not_before=timedelta(hours=1))]),
            {"runs": f"text('tbody').includes('of {steps}')", "run": row(later, "QUEUED")},
        )
        change(
            "cancelled",
            partial(client.cancel_steps, RUN, keys=[later]),
            {"runs": f"text('tbody').includes('{steps} of {steps}')", "run": row(later, "CANCELLED")},
        )
        change(
            "run paused",
            partial(client.pause, run_id=RUN),
            {"runs": "text('tbody').includes('paused')", "run": "text('.badges').includes('paused')"},
        )
        change(
            "run resumed",
            partial(client.resume, run_id=RUN),
            {"runs": "!text('tbody').includes('paused')", "run": "!text('.badges').includes('paused')"},
        )
        everywhere = dict.fromkeys(views.tabs, "text('#paused').includes('other')")
        change("handler paused", partial(client.pause, handler="other"), everywhere)
        client.resume(handler="other")
    views.close()
    print(f"\n{'change':16}{'view':10}{'median':>8}{'latest of':>11} {ROUNDS}")
    for (what, view), each in took.items():
        print(f"{what:16}{view:10}{statistics.median(each):6.1f} s{max(each):9.1f} s")
    late = {change: each for change, each in took.items() if statistics.median(each) >= WITHIN}
    assert late == {}
    for tab in views.tabs.values():  # the step is looked at before it is dispatched
        assert [error for error in tab.reported() if "404" not in error] == []


def count_calls(views: Views) -> None:
    """Of each view at rest, while a step runs."""
    calls: dict[str, list[str]] = {name: [] for name in views.tabs}

    def note(made: list[str], request: Request) -> None:
        made.append(request.url)

    for name, tab in views.tabs.items():
        tab.page.on("request", partial(note, calls[name]))
    began = time.monotonic()
    views.page("run").wait_for_timeout(COUNTED_MS)
    minutes = (time.monotonic() - began) / 60
    a_minute = {name: len(made) / minutes for name, made in calls.items()}
    print("\n" + ", ".join(f"{name}: {each:.0f} calls a minute" for name, each in a_minute.items()))
    for name, made in a_minute.items():
        assert CALLS_A_MINUTE[name] * 0.5 <= made <= CALLS_A_MINUTE[name] * 1.05 + 4, name
