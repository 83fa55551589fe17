"""Other pages in the same browser, and texts that try to become part of the page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from conftest import Served, Tab, run_address, step_address
from playwright.sync_api import Browser, Dialog, Page, expect
from stand_in import Api

pytestmark = pytest.mark.quick

SCRIPT_KEY = "<script>alert('key')</script>"


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


def test_a_script_as_key_id_or_message_is_shown(tab: Tab, api: Api) -> None:
    alerts: list[str] = []

    def note(dialog: Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    tab.page.on("dialog", note)
    step = api.runs["<script>alert(1)</script>"].steps[SCRIPT_KEY]
    step.state, step.error = "DEAD", {"kind": "HANDLER_FAILED", "message": "<img src=x onerror=alert(2)>"}
    step.log = ["<img src=x onerror=alert(3)>"]
    page = tab.show("/#/")
    expect(page.locator("tbody th").last).to_have_text("<script>alert(1)</script>")
    page = tab.show(run_address("<script>alert(1)</script>"))
    expect(page.locator("h1")).to_contain_text("<script>alert(1)</script>")
    expect(page.locator(".rows .key").first).to_have_text(SCRIPT_KEY)
    expect(page.locator(".groups")).to_contain_text("<img src=x onerror=")
    page = tab.show(step_address("<script>alert(1)</script>", SCRIPT_KEY))
    expect(page.locator("h1")).to_contain_text(SCRIPT_KEY)
    expect(page.locator(".error")).to_contain_text("<img src=x onerror=alert(2)>")
    expect(page.locator(".log")).to_contain_text("<img src=x onerror=alert(3)>")
    assert alerts == []


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
