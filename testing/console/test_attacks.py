"""Other pages in the same browser, and texts that try to become part of the page."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import Served, Tab, run_address, step_address
from playwright.sync_api import Browser, Dialog, Page, expect
from stand_in import SCRIPT_KEY, Api, Failure, Run, Step

pytestmark = pytest.mark.quick


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of another port of this machine: same site, another origin."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = b"<!doctype html><title>elsewhere</title>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """The tests count what is asked."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def foreign(browser: Browser, elsewhere: str) -> Iterator[Page]:
    page = browser.new_context().new_page()
    page.goto(elsewhere)
    yield page
    page.context.close()


def test_another_page_can_neither_read_nor_change_nor_frame_it(
    foreign: Page, served: Served, api: Api
) -> None:
    before = sum(api.calls.values())
    said = foreign.evaluate(
        """async ([url, token]) => {
            const said = {};
            const attempt = async (name, ask) => {
                try {
                    const answer = await ask();
                    said[name] = `${answer.type} ${answer.status}`;
                } catch {
                    said[name] = 'failed';
                }
            };
            await attempt('read', () => fetch(url + '/v1/runs'));
            await attempt('blind read', () => fetch(url + '/v1/runs', { mode: 'no-cors' }));
            const cancel = url + '/v1/runs/nightly/cancel';
            const change = { method: 'POST', body: '{}' };
            await attempt('blind change', () => fetch(cancel, { ...change, mode: 'no-cors' }));
            await attempt('with the token', () => fetch(cancel, { ...change, headers: { 'x-stepstile-token': token } }));
            await attempt('page', () => fetch(url + '/'));
            await attempt('script', () => import(url + '/console/api.js').then(() => ({ type: 'imported', status: 200 })));
            const frame = document.createElement('iframe');
            frame.src = url + '/';
            document.body.append(frame);
            await new Promise((done) => { frame.onload = done; setTimeout(done, 2000); });
            try { said.frame = String(frame.contentDocument); } catch { said.frame = 'closed'; }
            return said;
        }""",
        [served.console.url, served.console.token],
    )
    assert said["read"] == said["with the token"] == said["page"] == said["script"] == "failed"
    assert said["blind read"] in ("opaque 0", "failed")
    assert said["blind change"] in ("opaque 0", "failed")
    assert said["frame"] in ("closed", "null")
    assert sum(api.calls.values()) == before, "no call of another page came through to the API"
    assert api.changes == []


def test_a_form_of_another_page_changes_nothing(foreign: Page, served: Served, api: Api) -> None:
    foreign.evaluate(
        """(url) => {
            const form = document.createElement('form');
            form.method = 'POST';
            form.enctype = 'text/plain';
            form.action = url + '/v1/runs/nightly/cancel';
            document.body.append(form);
            form.submit();
        }""",
        served.console.url,
    )
    expect(foreign.locator("body")).to_contain_text("not-from-a-page")
    assert api.changes == []


def test_a_name_that_leads_to_this_machine_gets_no_page(browser: Browser, served: Served, api: Api) -> None:
    page = browser.new_context().new_page()
    port = served.console.url.rsplit(":", 1)[1]
    answer = page.goto(f"http://rebound.example:{port}/")
    assert answer is not None
    assert answer.status == 403
    said = page.evaluate(
        "async (token) => (await fetch('/v1/runs', { headers: { 'x-stepstile-token': token } })).status",
        served.console.token,
    )
    assert said == 403
    assert not api.calls
    page.context.close()


def test_without_the_link_the_console_shows_nothing_and_says_why(
    browser: Browser, served: Served, api: Api
) -> None:
    tab = Tab(browser.new_context().new_page(), served.console.url)
    page = tab.show("/#/")
    expect(page.locator("#banner")).to_contain_text("open that link")
    assert not api.calls
    page.context.close()


def test_the_token_leaves_the_address_and_a_second_tab_has_it(
    browser: Browser, served: Served, api: Api
) -> None:
    page = browser.new_context().new_page()
    page.goto(served.console.link)
    expect(page.locator("tbody th").first).to_have_text("nightly")
    assert "token" not in page.url
    second = page.context.new_page()
    second.goto(f"{served.console.url}/#/dead-letters")
    expect(second.locator("main")).to_contain_text("dead letters read")
    page.context.close()


@pytest.mark.lies
def test_a_script_as_any_text_of_the_api_is_shown(tab: Tab, api: Api) -> None:
    """Also as a run id, a handler or a worker, which the API refuses to accept."""
    alerts: list[str] = []

    def note(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    def script(what: str) -> str:
        return f"<img src=x onerror=alert('{what}')>"

    tab.page.on("dialog", note)
    run = Run(script("run"), time.time() - 60)
    run.open, run.paused = 1, True
    api.runs[run.run_id] = run
    dead, running = run.add(Step(0, run.created, SCRIPT_KEY)), run.add(Step(1, run.created, script("key")))
    for step in (dead, running):
        step.handler = script("handler")
        step.run(time.time() - 30, script("worker"), 1)
        step.log = [script("line")]
    dead.fail(Failure(script("kind"), script("message"), 9), time.time() - 20, "DEAD")
    run.ended(dead)
    api.letters.insert(0, api.letter(run, dead))
    api.pauses = [
        {"scope": "handler", "handler": script("paused"), "pausedAt": script("at"), "reason": script("why")}
    ]
    page = tab.show("/#/")
    expect(page.locator("tbody th").first).to_have_text(script("run"))
    expect(page.locator("#paused")).to_contain_text(script("why"))
    page = tab.show(run_address(run.run_id))
    expect(page.locator("h1")).to_contain_text(script("run"))
    expect(page.locator(".rows .key")).to_have_text([SCRIPT_KEY, script("key")])
    expect(page.locator(".rows")).to_contain_text(script("handler"))
    expect(page.locator(".groups")).to_contain_text("<img src=x onerror=alert(…)>")
    for step in (dead, running):
        page = tab.show(step_address(run.run_id, step.key))
        expect(page.locator("h1")).to_contain_text(step.key)
        expect(page.locator(".log")).to_contain_text(script("line"))
    page = tab.show("/#/running")
    expect(page.locator("section.worker").filter(has_text=script("worker"))).to_contain_text(script("line"))
    page = tab.show("/#/dead-letters")
    expect(page.locator("section.cause").filter(has_text=script("handler"))).to_contain_text(script("kind"))
    assert alerts == []


@pytest.mark.parametrize("run_id", [".", ".."])
def test_a_run_whose_id_a_browser_resolves_in_a_path_reaches_no_other_call(
    tab: Tab, api: Api, run_id: str
) -> None:
    """A pause of such a run would be one of everything. The API refuses the id; older ones did not."""
    for address in (run_address(run_id), step_address(run_id, "a")):
        page = tab.show(address)
        expect(page.locator("main")).to_contain_text(f"'{run_id}' is no id of a run")
        expect(page.locator("main .actions button:visible")).to_have_count(0)
    assert {call for call in api.calls if call != "GET pauses"} == set()


def test_long_and_reordering_texts_stay_where_they_are(tab: Tab, api: Api) -> None:
    """An override of the direction, as U+202E, ends with the text that has it; 10,000 characters make no view wider."""
    override, long = "\u202e", "w" * 10_000
    step = next(step for step in api.runs["nightly"].steps.values() if step.state == "DEAD")
    step.error = {"kind": "HANDLER_FAILED", "message": f"{override}evil {long}"}
    step.attempts[-1]["message"] = step.error["message"]
    step.log = [f"{override}{long}"]
    api.letters.append(api.letter(api.runs["nightly"], step))
    api.pauses = [
        {"scope": "all", "pausedAt": "2026-11-24T08:00:00Z", "reason": f"{override}evil {'r' * 190}"}
    ]
    failed = run_address("nightly", "?state=DEAD")
    for address in ("/#/", failed, step_address("nightly", step.key), "/#/running", "/#/dead-letters"):
        page = tab.show(address)
        notice = page.locator("#paused p")
        expect(notice).to_contain_text("evil")
        said, button = notice.locator("span").bounding_box(), notice.get_by_role("button").bounding_box()
        assert said
        assert button
        assert button["x"] >= said["x"] + said["width"] or button["y"] >= said["y"] + said["height"]
        page.wait_for_timeout(500)
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, address
    page = tab.show(step_address("nightly", "k" * 600))
    page.get_by_role("button", name="Show the input").click()
    expect(page.get_by_role("alert").first).to_contain_text("kkk")
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0
    tab.errors.clear()  # a browser reports each answer of 404


@pytest.mark.parametrize("address", ["/#/?prefix=%3Cscript%3E", "/#/running?worker=%3Cscript%3E"])
def test_what_the_api_refuses_is_said_in_the_view(tab: Tab, api: Api, address: str) -> None:
    api.refused = "The API says what is wrong with <script>."
    page = tab.show(address)
    expect(page.locator("main")).to_contain_text(api.refused)
    expect(page.locator("main")).not_to_contain_text("Reading")
    tab.errors.clear()  # a browser reports each answer of 400


def test_the_policy_stops_what_would_get_into_the_page(tab: Tab) -> None:
    page = tab.show("/#/")
    said = page.evaluate(
        """async () => {
            const said = {};
            try { document.body.innerHTML = '<b>x</b>'; said.html = 'parsed'; } catch (e) { said.html = e.name; }
            // Later, as what is evaluated by a debugger may evaluate.
            setTimeout(() => { try { eval('1'); said.eval = 'ran'; } catch (e) { said.eval = e.name; } });
            await new Promise((done) => setTimeout(done, 200));
            try { await fetch('http://127.0.0.1:9/'); said.call = 'made'; } catch (e) { said.call = e.name; }
            return said;
        }"""
    )
    assert said == {"html": "TypeError", "eval": "EvalError", "call": "TypeError"}
    tab.errors.clear()  # each of these is reported
