"""`sam local` with every event of events/, as events/README.md writes it. Called by build/sam-local-check.

That script finds a container engine, whose bridge it passes in SAM_HOST. What stands behind the functions is
`./stepstile local --aws`, whose own HTTP API shows what a function has changed.
"""

import contextlib
import json
import re
import socket
import subprocess
import time

import pytest
from sam_local import ENVIRONMENT, EVENTS, TOP, Behind, call, client, sam_local, sqs_event


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    started = Behind(tmp_path_factory.mktemp("behind"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def with_failures(tmp_path_factory):
    started = Behind(tmp_path_factory.mktemp("with-failures"))
    yield started
    started.stop()


# ---------------------------------------------------------------- what each event does


def body(answer, status):
    """The body of an answer to the HTTP API, or to a direct call."""
    if "statusCode" in answer:
        answer = {"status": answer["statusCode"], "body": json.loads(answer["body"])}
    assert answer["status"] == status, answer
    return answer["body"]


def refused(code):
    def check(answer, behind):
        assert body(answer, 400)["type"].endswith("/" + code)
        assert call(f"{behind.endpoint}/v1/runs/nightly")[0] == 404

    return check


def dispatched(answer, behind):
    assert body(answer, 202)["replayed"] is False
    assert {message["key"] for message in behind.messages()} == {"extract", "load[us]", "load[eu]"}


def dispatched_again(answer, behind):
    assert body(answer, 202)["replayed"] is True
    assert {message["key"] for message in behind.messages()} == {"extract", "load[us]", "load[eu]"}


def ran(*keys):
    def check(answer, behind):
        assert answer == {"batchItemFailures": []}
        for key in keys:
            step = behind.step(key)
            assert (step["state"], step["attempt"]) == ("SUCCEEDED", 1), step

    return check


def not_run(answer, behind):
    message_id = json.loads((EVENTS / "step-newer-version.json").read_text())["Records"][0]["messageId"]
    assert answer == {"batchItemFailures": [{"itemIdentifier": message_id}]}
    assert behind.messages("STEPSTILE_DLQ_URL") == []


def buried_as_it_is(answer, behind):
    assert answer == {"batchItemFailures": []}
    (letter,) = behind.messages("STEPSTILE_DLQ_URL")
    assert letter["unrecognised"] == "hello, is this the right queue?"


def nothing_running(answer, behind):
    assert body(answer, 200)["steps"] == []


def counted(answer, behind):
    assert body(answer, 200)["counts"]["SUCCEEDED"] == 3


def listed(answer, behind):
    assert {step["key"] for step in body(answer, 200)["steps"]} == {"extract", "load[us]", "load[eu]"}


def one_step(answer, behind):
    step = body(answer, 200)
    assert (step["key"], step["result"]) == ("load[us]", {"table": "orders", "region": "us"})


def no_such_step(answer, behind):
    assert body(answer, 404)["type"].endswith("/step-not-started")


def fed(answer, behind):
    feed = body(answer, 200)
    assert {entry["key"] for entry in feed["entries"]} == {"extract", "load[us]", "load[eu]"}
    assert feed["cursor"]


def looked_up(answer, behind):
    found = body(answer, 200)
    assert {step["key"]: step["state"] for step in found["entries"]} == {
        "extract": "SUCCEEDED",
        "load[us]": "SUCCEEDED",
    }
    assert found["absentKeys"] == ["load[ap]"]


def listed_as_open(answer, behind):
    (run,) = body(answer, 200)["runs"]
    assert (run["runId"], run["openDispatchCount"]) == ("nightly", 1)


def with_its_input(answer, behind):
    step = body(answer, 200)
    assert (step["key"], step["input"]) == ("load[us]", {"table": "orders", "region": "us"})


def changed(answer, behind):
    assert body(answer, 200)["changed"] is True


def both_paused(answer, behind):
    pauses = body(answer, 200)["pauses"]
    assert [pause["scope"] for pause in pauses] == ["handler", "run"]
    assert pauses[1]["reason"] == "the warehouse is down"


def purged(answer, behind):
    """What step-unrecognised has left."""
    assert body(answer, 200) == {"purgedCount": 1, "leftCount": 0, "complete": True}
    assert behind.messages("STEPSTILE_DLQ_URL") == []


def load_eu_is_dead(answer, behind):
    assert [step["key"] for step in body(answer, 200)["steps"]] == ["load[eu]"]


def two_failed(answer, behind):
    groups = body(answer, 200)["failures"]
    assert {group["kind"]: group["count"] for group in groups} == {"PAYLOAD_MISSING": 1, "TIMEOUT": 1}


def two_letters(answer, behind):
    letters = body(answer, 200)["deadLetters"]
    assert {letter["key"]: letter["stepState"] for letter in letters} == {
        "extract": "DEAD",
        "load[eu]": "DEAD",
    }


def would_be_redriven(answer, behind):
    plan = body(answer, 200)
    assert plan == {"dryRun": True, "counts": {"DEAD": 1}, "examples": ["load[eu]"], "complete": True}
    assert behind.step("load[eu]")["state"] == "DEAD"


def redriven_by_its_letter(answer, behind):
    """extract; load[eu] has succeeded by now, and its letter goes too."""
    done = {"redrivenCount": 1, "deletedCount": 2, "leftCount": 0, "complete": True}
    assert body(answer, 200) == done
    assert behind.step("extract")["state"] == "RETRYING"


def extract_is_cancelled(answer, behind):
    assert body(answer, 200) == {"cancelledCount": 1, "stoppingCount": 0, "complete": True}
    assert behind.step("extract")["state"] == "CANCELLED"


def swept(answer, behind):
    """All steps have ended, so the sweep closes the dispatch."""
    assert (answer["dispatches"], answer["closed"], answer["unreachable"]) == (1, 1, 0)


def dead(answer, behind):
    assert answer == {"batchItemFailures": []}
    assert behind.step("extract")["state"] == "DEAD"
    (letter,) = behind.messages("STEPSTILE_DLQ_URL")
    assert letter["kind"] == "PAYLOAD_MISSING"
    load_eu_dies(behind)


def audited(answer, behind):
    audit = body(answer, 200)
    assert (audit["violations"], audit["checkedCount"]) == ([], 3)


def all_audited(answer, behind):
    audit = body(answer, 200)
    assert (audit["violations"], audit["checkedCount"], audit["complete"]) == ([], 3, True)


def load_eu_dies(behind):
    """As the next events have it: its one attempt takes too long."""
    event = json.loads((EVENTS / "step-batch.json").read_text())
    (record,) = [one for one in event["Records"] if json.loads(one["body"])["key"] == "load[eu]"]
    slow = {"handler": "stepstile.sleep", "timeoutMillis": 300, "input": {"inline": {"seconds": 5}}}
    record["body"] = json.dumps({**json.loads(record["body"]), **slow})
    file = behind.file.with_name("load-eu.json")
    file.write_text(json.dumps({"Records": [record]}))
    assert behind.invoke("StepFunction", file) == {"batchItemFailures": []}
    step = behind.step("load[eu]")
    assert (step["state"], step["attempt"], step["error"]["kind"]) == ("DEAD", 1, "TIMEOUT"), step


def ran_again(answer, behind):
    """As the dead letter has it: by another handler than that of the first attempt."""
    assert answer == {"batchItemFailures": []}
    step = behind.step("load[eu]")
    assert (step["state"], step["attempt"]) == ("SUCCEEDED", 2), step


def not_redriven(answer, behind):
    """The step that the event names has succeeded by now."""
    assert body(answer, 200) == {"redrivenCount": 0, "replayed": False, "unknownKeys": []}
    assert behind.step("load[eu]")["attempt"] == 2


def cancelled(answer, behind):
    """load[us], the only one that has not ended."""
    assert body(answer, 200) == {"cancelledCount": 1, "stoppingCount": 0}
    assert behind.step("load[us]")["state"] == "CANCELLED"


WITHOUT_FAILURES = [
    ("dispatch-malformed", refused("bad-json")),
    ("dispatch-duplicate-member", refused("bad-json")),
    ("dispatch-duplicate-key", refused("duplicate-step-key")),
    ("dispatch-http", dispatched),
    ("dispatch-http-base64", dispatched_again),
    ("dispatch-direct", dispatched_again),
    ("step-single", ran("extract")),
    ("step-redelivery", ran("extract")),
    ("step-newer-version", not_run),
    ("step-batch", ran("extract", "load[us]", "load[eu]")),
    ("step-unrecognised", buried_as_it_is),
    ("runs-dead-letters-purge", purged),
    ("runs-list", listed_as_open),
    ("runs-running", nothing_running),
    ("runs-running-of-all", nothing_running),
    ("runs-pause", changed),
    ("runs-pause-handler", changed),
    ("runs-pauses", both_paused),
    ("runs-resume", changed),
    ("runs-status", counted),
    ("runs-steps", listed),
    ("runs-step", one_step),
    ("runs-step-input", with_its_input),
    ("runs-step-by-key", no_such_step),
    ("runs-feed", fed),
    ("runs-audit", audited),
    ("runs-audit-schedule", all_audited),
    ("runs-lookup", looked_up),
    ("sweeper-schedule", swept),
]
WITH_FAILURES = [
    ("dispatch-http", dispatched),
    ("step-stored-input", dead),
    ("runs-steps-filter", load_eu_is_dead),
    ("runs-failures", two_failed),
    ("runs-dead-letters", two_letters),
    ("runs-redrive-plan", would_be_redriven),
    ("step-moved-back", ran_again),
    ("runs-redrive", not_redriven),
    ("runs-dead-letters-redrive", redriven_by_its_letter),
    ("runs-cancel-steps", extract_is_cancelled),
    ("runs-cancel", cancelled),
]


def functions():
    """The function of each event, as events/README.md has it."""
    rows = re.findall(
        r"^\| \[(\S+)\.json\].*? \| `(\w+)` \|", (EVENTS / "README.md").read_text(), re.MULTILINE
    )
    return dict(rows)


def test_every_event_is_invoked():
    files = {path.stem for path in EVENTS.glob("*.json")}
    assert {name for name, _ in WITHOUT_FAILURES + WITH_FAILURES} == files
    assert set(functions()) == files


@pytest.mark.parametrize(("event", "check"), WITHOUT_FAILURES, ids=[name for name, _ in WITHOUT_FAILURES])
def test_sam_local_invoke(behind, event, check):
    check(behind.invoke(functions()[event], EVENTS / f"{event}.json"), behind)


@pytest.mark.parametrize(("event", "check"), WITH_FAILURES, ids=[name for name, _ in WITH_FAILURES])
def test_sam_local_invoke_of_a_run_with_failures(with_failures, event, check):
    check(with_failures.invoke(functions()[event], EVENTS / f"{event}.json"), with_failures)


# ---------------------------------------------------------------- without the variables


def test_without_the_variables_a_function_refuses_to_start_and_says_what_to_do():
    done = subprocess.run(
        sam_local("invoke", "RunsFunction", "-e", str(EVENTS / "runs-status.json")),
        cwd=TOP,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    said = done.stdout + done.stderr
    assert "STEPSTILE_TABLE is 'Table', the name of a resource in the template" in said
    assert "Start './stepstile local --aws --sam-env FILE', and call sam with '--env-vars FILE'." in said
    assert "statusCode" not in done.stdout


# ---------------------------------------------------------------- start-api and start-lambda


@contextlib.contextmanager
def serving(kind, behind, log):
    """`sam local start-api` or `start-lambda`, at the URL that it serves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = sam_local(
        f"start-{kind}", "--env-vars", str(behind.file), "--port", str(port), "--warm-containers", "LAZY"
    )
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=TOP, env=ENVIRONMENT, stdout=out, stderr=subprocess.STDOUT)
        try:
            give_up = time.monotonic() + 120
            while "Running on http" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < give_up, log.read_text()
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()  # not an interrupt, which a job in the background ignores
            process.wait(60)


def test_start_api_dispatches_and_start_lambda_runs_what_is_in_the_queue(behind, tmp_path):
    for message in behind.receive(0, 60):
        behind.delete([message])
    steps = {"steps": [{"key": "a b/c", "handler": "stepstile.echo", "input": {"n": 1}}]}
    with serving("api", behind, tmp_path / "api.log") as api:
        status, answer = call(f"{api}/v1/runs/served/dispatches", "POST", steps)
        assert (status, answer["replayed"]) == (202, False)
        assert call(f"{api}/v1/runs/served/dispatches", "POST", {"steps": []})[0] == 400
        assert call(f"{api}/v1/runs/unknown")[0] == 404

        with serving("lambda", behind, tmp_path / "lambda.log") as functions_url:
            functions_client = client("lambda", functions_url)
            received = behind.receive(5, 60)
            ran_it = functions_client.invoke(
                FunctionName="StepFunction", Payload=json.dumps(sqs_event(received))
            )
            assert "FunctionError" not in ran_it
            assert json.load(ran_it["Payload"]) == {"batchItemFailures": []}
            threw = functions_client.invoke(
                FunctionName="StepFunction", Payload=json.dumps({"Records": "none"})
            )
            assert threw["FunctionError"] == "Unhandled"

        status, step = call(f"{api}/v1/runs/served/step?key=a%20b%2Fc")
        assert (status, step["state"], step["result"]) == (200, "SUCCEEDED", {"n": 1})
        status, status_of_run = call(f"{api}/v1/runs/served?exact=true")
        assert (status, status_of_run["counts"]["SUCCEEDED"]) == (200, 1)
