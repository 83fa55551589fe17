"""Each view, before an API in memory."""

from __future__ import annotations

import hashlib
import re
import statistics
from functools import partial

import pytest
from conftest import TEXTS, Served, Tab, eventually, filtered, opened, run_address, step_address
from playwright.sync_api import Browser, Locator, expect
from stand_in import Api, Refused


@pytest.mark.quick
def test_the_runs_are_listed_newest_first_and_found_by_the_beginning_of_their_ids(tab: Tab, api: Api) -> None:
    page = tab.show("/#/")
    names = page.locator("tbody th")
    expect(names).to_have_text(["nightly", "backfill-2025", "report", "mail-2026-11"])
    expect(page.locator("tbody tr").first).to_contain_text("of 2,000")
    page.get_by_label("Begins with").fill("rep")
    page.get_by_label("Begins with").press("Enter")
    expect(names).to_have_text(["report"])
    page.get_by_label("Begins with").fill("")
    page.get_by_label("Begins with").press("Enter")
    page.get_by_label("Open ones only").check()
    expect(names).to_have_text(["nightly"])
    page.get_by_label("Open ones only").uncheck()
    api.runs["report"].paused = True
    page.get_by_label("Paused ones only").check()
    expect(names).to_have_text(["report"])
    expect(page.locator("tbody tr").first).to_contain_text("paused")


def shows(element: Locator, text: str) -> bool:
    return text in element.inner_text().lower()


@pytest.mark.parametrize(
    ("address", "where"), [("/#/", "tbody tr:first-child"), (run_address("nightly"), ".chip.SUCCEEDED")]
)
def test_what_ends_shows_within_two_seconds(tab: Tab, api: Api, address: str, where: str) -> None:
    counts = tab.show(address).locator(where)
    expect(counts).to_contain_text(re.compile("[0-9,]+ succeeded", re.I))
    if address != "/#/":
        expect(tab.page.locator(".shown-count")).to_have_text("2,000 steps shown")
    eventually(lambda: api.calls["GET runs/{runId}/feed"] > 1)
    took: list[float] = []
    for _ in range(5):
        api.succeed("nightly", 3)
        succeeded = sum(step.state == "SUCCEEDED" for step in api.runs["nightly"].steps.values())
        took.append(eventually(partial(shows, counts, f"{succeeded:,} succeeded"), within=60))
    print("\nseen after " + ", ".join(f"{each:.1f} s" for each in took))
    assert statistics.median(took) < 2, "a busy machine stands still for seconds"


@pytest.mark.quick
def test_a_run_shows_its_progress_its_throughput_and_its_failures_by_cause(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    expect(page.locator("p.facts")).to_contain_text("of 2,000 steps ended")
    expect(page.locator(".throughput rect.good")).to_have_count(60)
    groups = page.locator(".groups li")
    expect(groups).to_have_count(12)  # four kinds, three handlers
    for kind in ("HANDLER_FAILED", "TIMEOUT", "WORKER_LOST", "TERMINAL_FAILURE"):
        expect(groups.locator(".kind").get_by_text(kind, exact=True)).to_have_count(3)
    cause = groups.first.get_by_role("link")
    address = cause.get_attribute("href")
    cause.click()  # two are DEAD, and a third of those that wait for their retry met the same
    expect(page.locator(".shown-count")).to_have_text("14 steps shown")
    assert page.url == f"{tab.url}/{address}"
    page = tab.show(f"/{address}")
    expect(page.locator(".shown-count")).to_have_text("14 steps shown")
    expect(page.locator(".groups [aria-current=true]")).to_have_count(1)


@pytest.mark.steps(100_000)
def test_a_hundred_thousand_steps_are_filtered_within_200_ms(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    expect(page.locator(".shown-count")).to_have_text("100,000 steps shown")
    assert page.locator(".rows .row").count() < 60, "only what is in sight is an element"
    keys = list(api.runs["nightly"].steps)
    for text, took in filtered(page, {text: sum(text in key for key in keys) for text in TEXTS}).items():
        print(f"\n100,000 steps filtered by '{text}': {took}")
        assert took.is_within_the_limit(), text


def test_the_measure_of_the_filter_sees_a_page_that_is_too_slow(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    expect(page.locator(".shown-count")).to_have_text("2,000 steps shown")
    page.evaluate(
        """() => document.getElementById('text').addEventListener('input', () => {
            const began = performance.now();
            while (performance.now() - began < 220);
        })"""
    )
    assert not filtered(page, {"": 2000})[""].is_within_the_limit()


def test_steps_are_filtered_by_state_text_and_handler_and_the_address_says_so(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    page.locator(".chip.FAILED").click()
    expect(page.locator(".shown-count")).to_have_text("6 steps shown")
    page.get_by_label("Handler").select_option("images.resize")
    page.get_by_label("Key has").fill("png")
    expect(page.locator(".rows .row")).not_to_have_count(0)
    shown = page.locator(".shown-count").inner_text()
    address = page.url[len(tab.url) :]
    assert "state=FAILED" in address
    assert "handler=images.resize" in address
    assert "text=png" in address
    page = tab.show(address)
    expect(page.locator(".shown-count")).to_have_text(shown)
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(".shown-count")).to_have_text("2,000 steps shown")


def test_the_table_is_read_and_sorted_by_keyboard(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("nightly"))
    expect(page.locator(".shown-count")).to_have_text("2,000 steps shown")
    page.locator(".rows").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".rows .row[data-index='1'] a")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator(".rows .row[data-index='1999'] a")).to_be_focused()
    page.get_by_role("button", name="Attempt", exact=True).press("Enter")
    page.get_by_role("button", name="Attempt", exact=True).press("Enter")
    expect(page.locator("[aria-sort=descending]")).to_have_text("Attempt")
    expect(page.locator(".rows .row").first.locator(".attempt")).to_have_text("3")
    page.locator(".rows a").first.press("Enter")
    expect(page.locator("h1")).to_contain_text("Step")
    page.locator("body").press("u")
    expect(page.locator("h1")).to_contain_text("Run nightly")
    page.locator("body").press("/")
    expect(page.get_by_label("Key has")).to_be_focused()
    page.locator("main").press("?")
    expect(page.get_by_role("dialog")).to_contain_text("running now")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("n")
    expect(page.locator("h1")).to_have_text("Running now")


def test_a_table_of_few_steps_is_as_tall_as_they_are(tab: Tab, api: Api) -> None:
    run = next(run for run in api.runs.values() if 0 < len(run.steps) < 10)
    rows = tab.show(run_address(run.run_id)).locator(".rows")
    expect(rows.locator(".row")).to_have_count(len(run.steps))
    assert (
        rows.evaluate("rows => [rows.clientHeight, rows.scrollHeight]") == [max(102, 34 * len(run.steps))] * 2
    )


def test_a_narrow_screen_shows_a_key_to_its_end(browser: Browser, served: Served, api: Api) -> None:
    tab = opened(browser, served, size=(420, 860))
    page = tab.show(run_address("nightly"))
    key = page.locator(".rows .key").first
    expect(key).to_have_text("images/2026-11-01/000000.png")
    end = key.evaluate(
        """(cell) => {
            const text = cell.querySelector('a').firstChild;
            const range = document.createRange();
            range.setStart(text, text.length - 1);
            range.setEnd(text, text.length);
            const [end, whole] = [range.getBoundingClientRect(), cell.getBoundingClientRect()];
            return end.right <= whole.right && end.bottom <= whole.bottom + 1;
        }"""
    )
    assert end, "the end of the key is cut off"
    api.pause("pause", {})
    page.reload()
    expect(page.locator("#pauses")).to_have_text("Pauses (1)")
    tops = [
        page.locator(each).evaluate("(each) => each.offsetTop") for each in ("#pauses", "#theme", "#help")
    ]
    assert max(tops) - min(tops) < 4, "a button of the header is in a line of its own"
    page.context.close()


@pytest.mark.quick
def test_a_step_shows_its_attempts_its_input_and_its_result_when_asked(tab: Tab, api: Api) -> None:
    page = tab.show(step_address("nightly", "images/2026-11-04/000003.png"))
    expect(page.locator(".timeline li")).to_have_count(3)
    expect(page.locator(".error .trace")).to_contain_text("has no column 'price'")
    page.get_by_role("button", name="Show the input").click()
    expect(page.locator(".json")).to_contain_text('"width": 200')
    page = tab.show(step_address("nightly", "images/2026-11-01/000000.png"))
    page.get_by_role("button", name="Show the result").click()
    expect(page.locator(".json")).to_contain_text(
        "12345678901234567890"
    )  # as it was sent, not as JavaScript reads it


def test_the_log_of_a_running_step_goes_on(tab: Tab, api: Api) -> None:
    step = next(step for step in api.runs["nightly"].steps.values() if step.state == "RUNNING")
    page = tab.show(step_address("nightly", step.key))
    expect(page.locator(".log")).to_contain_text("0 of 100 pages")
    api.print("nightly", step.key, "1 of 100 pages")
    assert eventually(lambda: "1 of 100 pages" in page.locator(".log").inner_text()) < 2


def test_what_the_steps_of_a_run_print_is_followed(tab: Tab, api: Api) -> None:
    running = [step for step in api.runs["nightly"].steps.values() if step.state == "RUNNING"]
    page = tab.show(run_address("nightly"))
    log = page.locator(".lines")
    page.get_by_role("button", name="Follow the log").click()
    eventually(lambda: api.calls["GET runs/{runId}/feed"] > 1)
    for n, step in enumerate(running[:3]):
        api.print("nightly", step.key, f"<b>page {n} of {step.handler}</b>")
    for n, step in enumerate(running[:3]):
        expect(log.locator("div").filter(has_text=f"<b>page {n} of")).to_contain_text(step.key)
    page.get_by_label("Handler").select_option(running[0].handler)
    expect(page.locator(".shown-count")).not_to_have_text("2,000 steps shown")
    for step in running[:3]:
        api.print("nightly", step.key, f"later {step.handler}")
    expect(log).to_contain_text(f"later {running[0].handler}")
    expect(log).not_to_contain_text(f"later {running[1].handler}")
    page.get_by_role("button", name="Stop following").click()
    before = api.calls["GET runs/{runId}/step"]
    api.print("nightly", running[0].key, "after that")
    page.wait_for_timeout(2500)
    assert api.calls["GET runs/{runId}/step"] == before


def test_a_step_with_a_trace_shows_its_id_to_be_copied(tab: Tab, api: Api) -> None:
    key = "images/2026-11-04/000003.png"
    page = tab.show(step_address("nightly", key))
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy the trace id").click()
    expect(page.locator("#told")).to_have_text("The trace id is copied.")
    expected = hashlib.sha256(key.encode()).hexdigest()[:32]
    expect(page.locator(".trace-id")).to_have_text(expected)
    assert page.evaluate("() => navigator.clipboard.readText()") == expected
    api.runs["nightly"].traced = False
    page = tab.show(step_address("nightly", key))
    expect(page.locator(".timeline li")).to_have_count(3)
    expect(page.locator(".trace-id")).to_have_count(0)


@pytest.mark.parametrize("address", ["/#/", run_address("nightly"), "/#/running"])
def test_what_a_person_has_begun_survives_the_next_reading(tab: Tab, api: Api, address: str) -> None:
    """An element that is replaced between press and release of a button is not clicked."""
    page = tab.show(address)
    link = page.locator("main table a, main .rows a").first
    expect(link).to_be_visible()
    element = link.element_handle()
    assert element
    text = element.evaluate("(each) => getSelection().selectAllChildren(each) || each.textContent")
    calls = sum(api.calls.values())
    api.succeed("nightly", 5)
    eventually(lambda: sum(api.calls.values()) > calls + 6)
    assert element.evaluate("(each) => each.isConnected")
    assert page.evaluate("() => String(getSelection())") == text


def test_what_runs_is_shown_by_worker_with_the_lost_ones(tab: Tab, api: Api) -> None:
    page = tab.show("/#/running")
    workers = page.locator("section.worker")
    expect(workers).to_have_count(3)
    expect(workers.nth(0)).to_contain_text("alive")
    expect(workers.nth(2)).to_contain_text("lost")
    workers.nth(0).get_by_role("link").first.click()
    expect(page.locator("h1")).to_contain_text("Step images/")


def test_dead_letters_are_shown_by_cause(tab: Tab, api: Api) -> None:
    page = tab.show("/#/dead-letters")
    expect(page.locator("section.cause")).to_have_count(9)
    expect(page.locator("main")).to_contain_text("15 dead letters read")


def test_a_run_that_is_not_there_and_a_step_that_waits_say_so(tab: Tab, api: Api) -> None:
    expect(tab.show(run_address("nothing")).locator("main")).to_contain_text("No such run")
    waiting = next(step for step in api.runs["nightly"].steps.values() if step.state == "QUEUED")
    expect(tab.show(step_address("nightly", waiting.key)).locator("main")).to_contain_text("has not started")
    tab.errors.clear()  # a browser reports each answer of 404


def test_an_api_that_does_not_answer_is_said_at_the_top_and_read_again(tab: Tab, served: Served) -> None:
    page = tab.show("/#/")
    expect(page.locator("tbody th").first).to_have_text("nightly")
    served.stand_in.silent = True
    expect(page.locator("#banner")).to_contain_text("does not answer")
    served.stand_in.silent = False
    expect(page.locator("#banner")).to_be_hidden(timeout=30_000)
    tab.errors.clear()


DAMAGED = {
    "kind": "RECORD_DAMAGED",
    "key": "images/2026-11-04/000003.png",
    "evidence": f"<img src=x onerror=alert('evidence')> is no state {'w' * 2000}",
}
STEPLESS = {"kind": "DISPATCH_WRONG", "dispatchId": "d-1", "evidence": "2,000 steps, and 1,999 bits"}
NOT_IN_THE_FEED = {
    "kind": "FEED_MISSING",
    "key": "images/2026-11-01/000000.png",
    "evidence": "attempt 1 SUCCEEDED has no entry",
}
AUDIT = "section[aria-labelledby=h-audit]"


@pytest.mark.quick
def test_a_run_of_which_all_that_is_stored_is_right_is_said_to_be(tab: Tab, api: Api) -> None:
    page = tab.show(run_address("report"))
    audit = page.locator(AUDIT)
    page.get_by_role("button", name="Check").press("Enter")
    expect(audit.get_by_role("status")).to_contain_text("no violations. 3 steps checked, 7 reads made.")
    expect(page.get_by_role("button", name="Check")).to_be_focused()
    expect(audit).not_to_contain_text("not looked at")
    assert api.calls["GET runs/{runId}/audit"] == 1
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Check").dblclick()
    expect(audit.get_by_role("status")).to_contain_text("no violations. 2,000 steps checked")
    expect(audit.get_by_role("status")).to_contain_text("12 payloads or ends in the feed were not looked at")
    assert api.calls["GET runs/{runId}/audit"] == 2, "a double click checks once"


@pytest.mark.quick
def test_a_violation_shows_its_step_its_evidence_and_what_to_do(tab: Tab, api: Api) -> None:
    api.violations = [DAMAGED, STEPLESS]
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Check").click()
    audit = page.locator(AUDIT)
    expect(audit.get_by_role("status")).to_contain_text("2 violations. 2,000 steps checked")
    damaged, stepless = audit.locator(".violations").all()
    expect(damaged).to_contain_text("RECORD_DAMAGED 1")
    expect(damaged).to_contain_text("A step is UNKNOWN")
    expect(damaged.locator("pre")).to_have_text(DAMAGED["evidence"])
    expect(damaged.get_by_role("link")).to_have_text(DAMAGED["key"])
    expect(stepless.locator("li")).to_contain_text("Dispatch d-1")
    expect(stepless).to_contain_text("report it")
    assert audit.locator("img").count() == 0
    page.set_viewport_size({"width": 420, "height": 860})
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    damaged.get_by_role("link").click()
    expect(page.locator("h1")).to_contain_text(f"Step {DAMAGED['key']}")


def test_what_work_under_way_can_look_like_is_looked_at_twice(tab: Tab, api: Api) -> None:
    api.violations = [NOT_IN_THE_FEED]
    tab.page.clock.install()
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Check").click()
    said = page.locator(AUDIT).get_by_role("status")
    expect(said).to_contain_text("may be work under way: it is looked at again at")
    expect(page.locator(".violations")).to_have_count(0)
    page.clock.fast_forward(31_000)
    expect(said).to_contain_text("1 violation. 2,000 steps checked")
    expect(page.locator(".violations")).to_contain_text(NOT_IN_THE_FEED["evidence"])


@pytest.mark.parametrize("leave", ["by another view", "by the button"])
def test_leaving_an_audit_ends_its_calls(tab: Tab, api: Api, leave: str) -> None:
    api.audited_at_once = 1
    page = tab.show(run_address("nightly"))
    page.get_by_role("button", name="Check").click()
    audit = page.locator(AUDIT)
    expect(audit).to_contain_text(re.compile("[1-9][0-9]* steps? checked, no violations so far"))
    if leave == "by the button":
        page.get_by_role("button", name="Stop checking").click()
        expect(audit.get_by_role("status")).to_contain_text("Not checked to the end: no violations so far.")
    else:
        page.locator("main").press("u")
        expect(page.locator("tbody th").first).to_have_text("nightly")
    page.wait_for_timeout(500)
    before = api.calls["GET runs/{runId}/audit"]
    page.wait_for_timeout(1500)
    assert before == api.calls["GET runs/{runId}/audit"] < 2000


def test_an_audit_that_is_refused_says_why_and_one_without_an_answer_goes_on(tab: Tab, api: Api) -> None:
    api.audit_refusal = Refused(403, "", "Forbidden")  # by IAM
    page = tab.show(run_address("report"))
    audit, check = page.locator(AUDIT), page.get_by_role("button", name="Check", exact=True)
    check.click()
    expect(audit.get_by_role("alert")).to_have_text("Forbidden")
    expect(audit.get_by_role("status")).to_contain_text("Not checked to the end")
    api.audit_refusal = Refused(503, "unavailable", "The table does not answer.")
    check.click()
    expect(audit.get_by_role("status")).to_have_text("The table does not answer.")
    expect(audit.get_by_role("alert")).to_have_count(0)
    api.audit_refusal = None
    expect(audit.get_by_role("status")).to_contain_text("no violations. 3 steps checked")
    page = tab.show(run_address("nothing"))
    page.get_by_role("button", name="Check").click()
    expect(page.locator(AUDIT).get_by_role("alert")).to_contain_text("No such run")
    tab.errors.clear()  # a browser reports each refusal
