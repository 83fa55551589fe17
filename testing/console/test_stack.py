"""The console that `./stepstile local` serves, with real steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from conftest import LAUNCHER, Tab, eventually, run_address, step_address
from playwright.sync_api import Browser, Page, expect

from stepstile import Step, StepstileClient
from stepstile.local_stack import LocalStack

HANDLERS = {
    "fails": {
        "command": [sys.executable, "-c", "import sys; print('row 7 is wrong'); sys.exit(65)"],
        "protocol": "plain",
    },
    "dies": {"command": [sys.executable, "-c", "raise OSError('disk 3 is full')"], "protocol": "plain"},
    "lasts": {
        "command": [
            sys.executable,
            "-uc",
            "import time\nfor i in range(600): print('page', i); time.sleep(0.5)",
        ],
        "protocol": "plain",
    },
}
PAUSED_AFTER = 5.5  # docs/protocol.md, "Pauses": nothing begins later than 5 s after the answer
KEY = "<script>alert('key')</script> é/[1]?%"


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    with LocalStack(LAUNCHER, tmp_path_factory.mktemp("stack"), lease_seconds=5, handlers=HANDLERS) as stack:
        yield stack


@pytest.fixture
def client(stack: LocalStack) -> Iterator[StepstileClient]:
    client = StepstileClient(stack.endpoint)
    yield client
    client.close()


@pytest.fixture
def page_of(stack: LocalStack, browser: Browser) -> Iterator[Tab]:
    tab = Tab(browser.new_context(viewport={"width": 1280, "height": 860}).new_page(), stack.endpoint)
    yield tab
    tab.page.context.close()
    assert tab.reported() == []


def confirm(page: Page, said: str) -> None:
    dialog = page.get_by_role("dialog").filter(has_text=said)
    dialog.locator(".buttons button").last.click()
    expect(dialog).to_have_count(0)


def test_a_run_is_followed_from_its_dispatch_to_its_end(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("followed", [Step(f"load/{n}", "stepstile.echo", input={"n": n}) for n in range(50)])
    page = page_of.show("/#/")
    row = page.locator("tbody tr").filter(has_text="followed")
    expect(row).to_contain_text("50 of 50")
    page = page_of.show(run_address("followed"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("50 SUCCEEDED")
    client.dispatch("followed", [Step(f"more/{n}", "stepstile.echo") for n in range(20)])
    assert eventually(lambda: page.locator(".chip.SUCCEEDED").inner_text() == "70 SUCCEEDED") < 8


def test_an_end_shows_within_two_seconds(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("waiting", [Step("first", "stepstile.echo"), Step("long", "lasts")])
    page = page_of.show(run_address("waiting"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("1 SUCCEEDED")
    client.dispatch("waiting", [Step("later", "stepstile.echo")])
    eventually(lambda: page.locator(".chip.SUCCEEDED").inner_text() == "2 SUCCEEDED")
    seen = time.time()
    finished = client.lookup("waiting", ["later"])["later"].finished_at
    assert finished is not None
    print(f"\nseen {seen - finished.timestamp():.1f} s after its end")
    assert seen - finished.timestamp() < 2
    client.cancel("waiting")


def test_a_failed_step_is_seen_understood_and_redriven(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("failing", [Step(KEY, "fails", input={"row": 7}), Step("fine", "stepstile.echo")])
    page = page_of.show(run_address("failing"))
    expect(page.locator(".chip.FAILED")).to_have_text("1 FAILED")
    expect(page.locator(".groups li")).to_contain_text("TERMINAL_FAILURE")
    page.locator(".chip.FAILED").click()
    expect(page.locator(".rows .key")).to_have_text([KEY])
    page.locator(".rows a").click()
    expect(page.locator("h1")).to_contain_text(KEY)
    expect(page.locator(".log")).to_contain_text("row 7 is wrong")
    page.get_by_role("button", name="Show the input").click()
    expect(page.locator(".json")).to_contain_text('"row": 7')
    page.get_by_role("button", name="Redrive …").click()
    page.get_by_role("dialog").get_by_text("Settings").click()
    page.get_by_label("Handler").fill("stepstile.echo")
    confirm(page, "1 step will run again")
    expect(page.locator(".badges")).to_contain_text("SUCCEEDED")


def test_a_running_step_shows_its_log_and_is_cancelled(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("lasting", [Step("long", "lasts"), Step("longer", "lasts")])
    page = page_of.show("/#/running")
    expect(page.locator("section.worker").first).to_contain_text("lasting")
    page = page_of.show(step_address("lasting", "long"))
    expect(page.locator(".log")).to_contain_text("page 3")
    page.get_by_role("button", name="Cancel …").click()
    confirm(page, "1 step will be cancelled")
    expect(page.locator(".badges")).to_contain_text("CANCELLED")
    page = page_of.show(run_address("lasting"))
    page.get_by_role("button", name="Cancel run …").click()
    confirm(page, "accepts no new dispatches")
    expect(page.locator(".chip.CANCELLED")).to_have_text("2 CANCELLED")


def test_a_paused_run_starts_nothing_until_it_is_resumed(client: StepstileClient, page_of: Tab) -> None:
    later = timedelta(hours=1)
    client.dispatch(
        "paused", [Step("early", "stepstile.echo"), Step("delayed", "stepstile.echo", not_before=later)]
    )
    page = page_of.show(run_address("paused"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("1 SUCCEEDED")
    page.get_by_role("button", name="Pause …").click()
    confirm(page, "1 waiting step will not start")
    expect(page.locator(".badges")).to_contain_text("paused")
    time.sleep(PAUSED_AFTER)
    client.dispatch("paused", [Step("late", "stepstile.echo")])
    page.locator(".chip.QUEUED").click()
    expect(page.locator(".chip.QUEUED")).to_have_text("2 QUEUED")
    expect(page.locator(".rows .row").filter(has_text="late")).to_contain_text("paused")
    time.sleep(2)
    assert client.lookup("paused", ["late"]) == {}
    page.get_by_role("button", name="Resume …").click()
    confirm(page, "will be sent again")
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("2 SUCCEEDED", timeout=60_000)


def test_what_the_steps_print_is_followed(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("printing", [Step("one", "lasts"), Step("two", "lasts")])
    page = page_of.show(run_address("printing"))
    expect(page.locator(".chip.RUNNING")).to_have_text("2 RUNNING")
    page.get_by_role("button", name="Follow the log").click()
    for key in ("one", "two"):
        expect(page.locator(".lines div").filter(has_text=f"{key} page").first).to_be_visible()
    seen = page.locator(".lines div").count()
    eventually(lambda: page.locator(".lines div").count() > seen)
    lines = page.locator(".lines div").all_inner_texts()
    assert len(lines) == len({line.split(" ", 1)[1] for line in lines}), "no line is shown twice"
    client.cancel("printing")


def test_a_handler_is_paused_in_every_run(client: StepstileClient, page_of: Tab) -> None:
    page = page_of.show("/#/")
    page.get_by_role("button", name="Pauses").click()
    page.get_by_label("Handler").fill("fails")
    page.get_by_role("button", name="Pause this handler").click()
    confirm(page, "No step of handler fails will start")
    page.keyboard.press("Escape")
    expect(page.locator("#paused")).to_contain_text("Handler fails is paused since")
    time.sleep(PAUSED_AFTER)
    client.dispatch("held", [Step("a", "fails"), Step("b", "stepstile.echo")])
    page = page_of.show(run_address("held"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("1 SUCCEEDED")
    expect(page.locator(".rows .row").filter(has_text="fails")).to_contain_text("QUEUED")
    expect(page.locator(".rows .row").filter(has_text="fails")).to_contain_text("paused")
    page.locator("#paused").get_by_role("button", name="Resume").click()
    confirm(page, "will be sent again")
    expect(page.locator("#paused")).to_be_hidden()
    expect(page.locator(".chip.FAILED")).to_have_text("1 FAILED", timeout=60_000)


def test_a_stack_that_is_started_again_is_followed_on(
    stack: LocalStack, client: StepstileClient, browser: Browser
) -> None:
    client.dispatch("kept", [Step("a", "stepstile.echo")])
    tab = Tab(browser.new_context().new_page(), stack.endpoint)
    page = tab.show(run_address("kept"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("1 SUCCEEDED")
    stack.stop()
    expect(page.locator("#banner")).to_contain_text("does not answer")
    stack.start()
    expect(page.locator("#banner")).to_be_hidden(timeout=40_000)
    client.dispatch("kept", [Step("b", "stepstile.echo")])
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("2 SUCCEEDED")
    page.get_by_role("button", name="Pauses").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nothing is paused.")
    page.context.close()


def test_dead_letters_are_read_and_redriven(client: StepstileClient, page_of: Tab) -> None:
    client.dispatch("dying", [Step(f"d{n}", "dies", max_attempts=1) for n in range(3)])
    page = page_of.show(run_address("dying"))
    expect(page.locator(".chip.DEAD")).to_have_text("3 DEAD")
    page = page_of.show("/#/dead-letters")
    cause = page.locator("section.cause").filter(has_text="dies")

    def all_read() -> bool:
        page.get_by_role("button", name="Read again").click()
        expect(page.get_by_role("button", name="Read again")).to_be_enabled()
        return cause.locator("li").count() == 3

    eventually(all_read)
    page.locator("section.cause").filter(has_text="dies").get_by_role("button", name="Redrive").click()
    page.get_by_role("dialog").get_by_text("Settings").click()
    page.get_by_role("dialog").get_by_label("Handler").fill("stepstile.echo")
    confirm(page, "3 dead letters will be redriven")
    page = page_of.show(run_address("dying"))
    expect(page.locator(".chip.SUCCEEDED")).to_have_text("3 SUCCEEDED")
