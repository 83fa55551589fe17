"""The questions of the night (docs/operations.md): each by its view and buttons, before a real stack."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import CHECKOUT, LAUNCHER, Tab, eventually
from playwright.sync_api import Browser, Locator, Page, expect

from stepstile import Step, StepstileClient
from stepstile.local_stack import LocalStack

COMMAND_ALONE = "the command alone"
SECTION = re.compile(r"## The questions of the night\n(.*?)\n## ", re.S)
WAY = re.compile(r"`(#/[^`]*)`(?:: ((?:\*[^*]+\*(?:, )?)+))?")


@dataclass(frozen=True)
class Way:
    """A view, and what is pressed in it, one after the other."""

    address: str
    buttons: list[str]


def questions() -> dict[str, list[Way]]:
    section = SECTION.search((CHECKOUT / "docs/operations.md").read_text())
    assert section
    rows = [line.split(" | ") for line in section[1].splitlines() if line.startswith("| ")][1:]
    return {
        row[0].removeprefix("| "): [
            Way(way[1], re.findall(r"\*([^*]+)\*", way[2] or "")) for way in ways(row[2])
        ]
        for row in rows
    }


def ways(cell: str) -> Iterator[re.Match[str]]:
    said = cell.removesuffix(" |")
    found = [WAY.fullmatch(each) for each in said.split("; ")] if said != COMMAND_ALONE else []
    assert all(found), f"neither ways to answer it nor '{COMMAND_ALONE}': {said}"
    return (each for each in found if each)


@dataclass(frozen=True)
class Answer:
    """What a way to answer a question leads to.

    :ivar where: a selector of the element that says it.
    :ivar dialog: what the dialog that opens says before; None if none does.
    :ivar done: whether the dialog's button is pressed then.
    :ivar fields: what is filled in, by label.
    """

    where: str
    says: str
    dialog: str | None = None
    done: bool = True
    fields: tuple[tuple[str, str], ...] = ()


# In the order of the page, each way of a question after the other. A question that is in none of the two fails.
ANSWERS = {
    "Which runs are open, and how far are they?": [Answer("tbody tr", "nightly")],
    "How does this run stand?": [Answer("p.facts", "2 of 3 steps ended")],
    "What runs now, and where?": [Answer("section.worker", "load-asia")],
    "What ends, as it ends?": [Answer(".chip.SUCCEEDED", "1 SUCCEEDED")],
    "Why do steps fail?": [Answer(".groups", "TIMEOUT stepstile.sleep")],
    "Which steps are it?": [Answer(".rows .key", "load-eu")],
    "What happened to this step, and what was its input?": [Answer(".json", '"seconds": 600')],
    "What did it print, and what all steps?": [
        Answer("section[aria-labelledby=h-log]", "Nothing was printed."),
        Answer("section[aria-labelledby=h-log]", "Stop following"),
    ],
    "How do I stop it for now?": [Answer(".badges", "paused", "0 waiting steps will not start")],
    "How do I stop one handler, or everything?": [
        Answer(
            "#paused",
            "Handler stepstile.echo is paused",
            "No step of handler",
            fields=(("Handler", "stepstile.echo"),),
        ),
        Answer("#paused", "Everything is paused", "No step of any run will start"),
    ],
    "What is paused, and which runs are?": [Answer("dialog", "everything"), Answer("tbody tr", "nightly")],
    "How does it go on?": [
        Answer("#told", "nightly is resumed", "will be sent again"),
        Answer("#told", "Resumed", "will be sent again"),
    ],
    "What would running it again do?": [Answer("dialog", "1 DEAD", "1 step will run again", done=False)],
    "How do I run what failed again, with more time?": [
        Answer(
            ".chip.RUNNING", "2 RUNNING", "1 step will run again", fields=(("Timeout of an attempt", "600"),)
        )
    ],
    "What is in the dead-letter queue, and why?": [Answer("section.cause", "weekly / load-eu")],
    "How do I run dead letters again?": [Answer("#told", "1 step redriven", "will be redriven as steps")],
    "How do I get rid of them?": [Answer("#told", "purged", "will be deleted for good")],
    "Do records, feed and dead letters of the run agree?": [
        Answer("section[aria-labelledby=h-audit]", "no violations. 3 steps checked")
    ],
    "How do I end one step, or the run, for good?": [
        Answer(".badges", "CANCELLED", "1 step will be cancelled"),
        Answer(".chip.CANCELLED", "2 CANCELLED", "accepts no new dispatches"),
    ],
}
BY_COMMAND = {
    "Is anything wrong, and what do I do?",
    "Is what is stored of all runs right?",
}


@pytest.fixture
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """One step is dead, one succeeded, one runs on; and a step of another run is dead."""
    late: dict[str, Any] = {"input": {"seconds": 600}, "timeout_seconds": 1, "max_attempts": 1}
    with LocalStack(LAUNCHER, tmp_path_factory.mktemp("stack"), lease_seconds=5) as stack:
        with StepstileClient(stack.endpoint) as client:
            client.dispatch("weekly", [Step("load-eu", "stepstile.sleep", **late)])
            steps = [Step("load-eu", "stepstile.sleep", **late), Step("load-us", "stepstile.echo")]
            client.dispatch("nightly", [*steps, Step("load-asia", "stepstile.sleep", input={"seconds": 600})])
            for run in ("weekly", "nightly"):
                eventually(lambda run=run: "load-eu" in client.lookup(run, ["load-eu"]))
                eventually(
                    lambda run=run: client.lookup(run, ["load-eu"])["load-eu"].state == "DEAD", within=60
                )
        yield stack


def pressed(page: Page, name: str) -> None:
    dialogs = page.get_by_role("dialog")
    within: Page | Locator = dialogs.last if dialogs.count() > 0 else page.locator("header, main")
    button = within.get_by_role(
        "button", name=re.compile(rf"^{re.escape(name)}( \(\d+\))?$")
    )  # some say how many
    (within.get_by_text(name, exact=True) if name == "Settings" else button).first.click()


def read_until_there_is(page: Page, name: str) -> None:
    """A letter is in the queue once its step's death was recorded, and hidden while another call looks at it."""
    again = page.get_by_role("button", name="Read again")

    def there() -> bool:
        expect(again).to_be_enabled()
        if page.locator("section.cause").get_by_role("button", name=name).count() > 0:
            return True
        again.click()
        return False

    eventually(there, within=60)


def answered(tab: Tab, way: Way, answer: Answer) -> None:
    page = tab.show(f"/{way.address}")
    if way.address == "#/dead-letters":
        read_until_there_is(page, way.buttons[0] if way.buttons else "Redrive …")
    for number, name in enumerate(way.buttons, 1):
        if number == len(way.buttons):
            fill(page, answer)
        pressed(page, name)
    fill(page, answer)
    if answer.dialog:
        dialog = page.get_by_role("dialog").filter(has_text=answer.dialog)
        expect(dialog).to_contain_text(answer.dialog)
        if answer.done:
            dialog.locator(".buttons button").last.click()
            expect(dialog).to_have_count(0)
    expect(page.locator(answer.where).filter(has_text=answer.says).first).to_be_visible()


def fill(page: Page, answer: Answer) -> None:
    for label, value in answer.fields:
        field = page.get_by_role("dialog").last.get_by_label(label, exact=True)
        if field.count() > 0 and field.is_visible() and field.input_value() != value:
            field.fill(value)


def test_each_question_is_answered_by_its_view_and_buttons(night: LocalStack, browser: Browser) -> None:
    asked = questions()
    assert {question for question, found in asked.items() if not found} == BY_COMMAND
    assert [question for question in asked if question not in BY_COMMAND] == list(ANSWERS)
    tab = Tab(browser.new_context(viewport={"width": 1280, "height": 860}).new_page(), night.endpoint)
    for question, found in asked.items():
        expected = ANSWERS.get(question, [])
        assert len(found) == len(expected), question
        for way, answer in zip(found, expected, strict=True):
            print(f"{question} {way}")
            answered(tab, way, answer)
        if question == "How does it go on?":
            with StepstileClient(night.endpoint) as client:
                for pause in client.pauses():  # the one of the two that the button did not end
                    client.resume(handler=pause.handler, everything=pause.handler is None)
    tab.page.context.close()
    assert tab.reported() == []


@pytest.mark.parametrize("cell", ["", "soon |", "`#/run/nightly`: Pause |", "`#/run/nightly`, *Pause …* |"])
def test_a_row_without_a_way_to_answer_it_is_found(cell: str) -> None:
    with pytest.raises(AssertionError):
        ways(cell)
