"""Each button: what its dialog says before, and the call that is made after."""

from __future__ import annotations

import pytest
from conftest import Served, Tab, eventually, run_address, step_address
from playwright.sync_api import Page, expect
from stand_in import Api

FAILED = "images/2026-11-04/000003.png"


def confirm(page: Page, said: str, verb: str) -> None:
    dialog = page.get_by_role("dialog").filter(has_text=said)
    expect(dialog.get_by_role("button", name="Do nothing")).to_be_focused()
    dialog.get_by_role("button", name=verb).click()
    expect(dialog).to_have_count(0)


def changed(api: Api) -> tuple[str, dict[str, object]]:
    eventually(lambda: len(api.changes) > 0)
    assert len(api.changes) == 1
    return api.changes.pop()


def test_escape_does_nothing(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    for name in ("Pause …", "Redrive failed …", "Cancel run …"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    assert api.changes == []


def test_a_redrive_says_what_runs_again_and_takes_overrides(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Redrive failed …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("21 steps will run again with a fresh budget of attempts")
    expect(dialog.locator(".examples li")).to_have_count(10)
    dialog.get_by_text("Settings").click()
    dialog.get_by_label("Attempts", exact=True).fill("101")
    expect(dialog.get_by_role("alert")).to_contain_text("a whole number from 1 to 100")
    expect(dialog.get_by_role("button", name="Redrive")).to_be_disabled()
    dialog.get_by_label("Attempts", exact=True).fill("5")
    dialog.get_by_label("First retry after").fill("2")
    dialog.get_by_label("Not before").fill("60")
    dialog.get_by_role("button", name="Redrive 21 steps").click()
    path, body = changed(api)
    assert path == "/v1/runs/nightly/redrive"
    assert str(body.pop("redriveId")).startswith("console-")
    assert body == {
        "overrides": {"maxAttempts": 5, "retry": {"baseSeconds": 2, "capSeconds": 300}, "notBefore": 60}
    }
    tab.errors.clear()  # a browser reports the answer 400
    expect(page.locator("#told")).to_have_text("21 steps of nightly redriven.")
    expect(page.locator(".chip.DEAD")).to_have_count(0)


def test_an_older_api_cannot_say_before_and_the_dialog_says_so(tab: Tab, api: Api) -> None:
    api.has_dry_runs = False
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Redrive failed …").click()
    confirm(page, "it cannot say before", "Redrive")
    assert set(changed(api)[1]) == {"redriveId"}
    tab.errors.clear()  # a browser reports the answer 400


def test_the_steps_shown_are_redriven_and_no_other(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly", "?state=DEAD&handler=mail.send"))
    page.get_by_role("button", name="Redrive shown …").click()
    confirm(page, "steps will run again", "Redrive")
    _, body = changed(api)
    body.pop("redriveId")
    assert body == {"states": ["DEAD"], "filter": {"handler": "mail.send"}}


def test_steps_with_a_text_in_their_keys_are_redriven_by_their_keys(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly", "?text=000003"))
    page.get_by_role("button", name="Redrive shown …").click()
    confirm(page, "1 step will run again", "Redrive 1 step")
    _, body = changed(api)
    assert body["keys"] == [FAILED]


def test_a_cause_of_failures_is_redriven(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    page.locator(".groups li").first.get_by_role("button", name="Redrive").click()
    confirm(page, "2 steps will run again", "Redrive 2 steps")
    _, body = changed(api)
    assert list(body["filter"]) == ["failure"]  # type: ignore[call-overload]


def test_a_step_is_redriven_with_another_input(tab: Tab, api: Api) -> None:
    page = tab.show(step_address("nightly", FAILED))
    page.get_by_role("button", name="Redrive …").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Settings").click()
    dialog.get_by_label("Input").fill("{not JSON")
    expect(dialog.get_by_role("alert")).to_contain_text("this is no JSON")
    dialog.get_by_label("Input").fill('{"width": 100}')
    dialog.get_by_role("button", name="Redrive 1 step").click()
    _, body = changed(api)
    assert body["keys"] == [FAILED]
    assert body["overrides"] == {"input": {"width": 100}}


@pytest.mark.quick
def test_a_run_is_cancelled_after_the_dry_run(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Cancel run …").click()
    confirm(page, "accepts no new dispatches", "Cancel")
    assert changed(api) == ("/v1/runs/nightly/cancel", {})
    expect(page.locator(".badges")).to_contain_text("cancelled")


def test_the_steps_shown_are_cancelled_and_the_run_stays_open(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly", "?state=QUEUED,SUCCEEDED"))
    page.get_by_role("button", name="Cancel shown …").click()
    confirm(page, "the run stays open", "Cancel")
    assert changed(api) == ("/v1/runs/nightly/cancel", {"states": ["QUEUED"]})


def test_a_step_is_cancelled(tab: Tab, api: Api) -> None:
    step = next(step for step in api.runs["nightly"].steps.values() if step.state == "RUNNING")
    page = tab.show(step_address("nightly", step.key))
    page.get_by_role("button", name="Cancel …").click()
    confirm(page, "1 step will be cancelled", "Cancel 1 step")
    assert changed(api)[1] == {"keys": [step.key]}


def test_a_run_is_paused_with_a_reason_and_resumed(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    expect(page.locator(".shown-count")).to_have_text("2,000 steps shown")
    page.get_by_role("button", name="Pause …").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("will not start until the run is resumed")
    dialog.get_by_label("Reason").fill("the database is down")
    dialog.get_by_role("button", name="Pause").click()
    assert changed(api) == ("/v1/runs/nightly/pause", {"reason": "the database is down"})
    expect(page.locator(".badges")).to_contain_text("paused")
    page.locator(".chip.QUEUED").click()
    expect(page.locator(".rows .row").first).to_contain_text("paused")
    page.get_by_role("button", name="Resume …").click()
    confirm(page, "will be sent again", "Resume")
    assert changed(api)[0] == "/v1/runs/nightly/resume"
    expect(page.locator(".badges")).not_to_contain_text("paused")
    expect(page.locator(".rows .row").first).not_to_contain_text("paused")


def test_a_handler_and_everything_are_paused_and_resumed(tab: Tab, api: Api) -> None:
    page = tab.show("/#/")
    notice = page.locator("#paused")
    expect(notice).to_be_hidden()
    page.get_by_role("button", name="Pauses").click()
    expect(page.get_by_role("dialog")).to_contain_text("Nothing is paused.")
    page.get_by_label("Handler").fill("mail.send")
    page.get_by_role("button", name="Pause this handler").click()
    confirm(page, "No step of handler mail.send will start", "Pause")
    assert changed(api) == ("/v1/pause", {"handler": "mail.send"})
    expect(notice).to_contain_text("Handler mail.send is paused since")
    page.get_by_role("button", name="Pause everything").click()
    confirm(page, "No step of any run will start", "Pause")
    assert changed(api) == ("/v1/pause", {})
    pauses = page.get_by_role("dialog").locator("li")
    expect(pauses).to_have_count(2)
    pauses.filter(has_text="mail.send").get_by_role("button", name="Resume").click()
    confirm(page, "will be sent again", "Resume")
    assert changed(api) == ("/v1/resume", {"handler": "mail.send"})
    expect(pauses).to_have_count(1)
    page.keyboard.press("Escape")
    expect(notice.locator("p")).to_have_count(1)
    notice.get_by_role("button", name="Resume").click()
    confirm(page, "will be sent again", "Resume")
    assert changed(api) == ("/v1/resume", {})
    expect(notice).to_be_hidden()


def test_the_page_looks_at_dead_letters_once_at_a_time(tab: Tab, served: Served, api: Api) -> None:
    """Two calls at once hide letters from each other: the later dry run would find none."""
    page = tab.show("/#/dead-letters")
    expect(page.locator("section.cause")).to_have_count(9)
    served.stand_in.letters_take, served.stand_in.most_looking = 1.0, 0
    page.get_by_role("button", name="Read again").click()
    page.locator("section.cause").first.get_by_role("button", name="Redrive").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Settings").click()
    dialog.get_by_label("Handler").fill("mail.send")
    expect(dialog.get_by_role("button", name="Redrive")).to_be_enabled()
    expect(dialog).to_contain_text("will be redriven as steps")
    assert served.stand_in.most_looking == 1


def test_dead_letters_are_redriven_and_purged_by_cause_and_all(tab: Tab, api: Api) -> None:
    page = tab.show("/#/dead-letters")
    expect(page.locator("section.cause")).to_have_count(9)
    page.locator("section.cause").first.get_by_role("button", name="Redrive").click()
    confirm(page, "will be redriven as steps", "Redrive")
    path, body = changed(api)
    assert path == "/v1/dead-letters/redrive"
    assert set(body) == {"handler", "kind", "redriveId"}
    expect(page.locator("section.cause")).to_have_count(8)
    page.locator("section.cause").first.get_by_role("button", name="Purge").click()
    confirm(page, "will be deleted for good", "Purge")
    assert changed(api)[0] == "/v1/dead-letters/purge"
    page.get_by_role("button", name="Redrive all …").click()
    confirm(page, "will be redriven as steps", "Redrive")
    assert changed(api)[1].get("all") is True
    expect(page.locator("main")).to_contain_text("No dead letter was found.")
