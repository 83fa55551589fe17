"""The step function's image with the Dagster example, under the emulator that is in it. Called by build/image-check.

A container is one environment of the function. What AWS does between the queue and the function, the test does: it receives
messages, hands them to the function, and deletes those that the answer does not name.
"""

import json
import os
import statistics
import subprocess
import threading
import time

import pytest
from sam_local import CREDENTIALS, EVENTS, TOP, Behind, call, sqs_event

IMAGE = os.environ["STEP_IMAGE"]
CLI = os.environ["CONTAINER_CLI"]
ENVIRONMENTS = 3
# What the example's demo does: two days' assets and checks, all days, a dynamic job, compared with a plain single pass.
DEMO = """
import sys
sys.path.insert(0, "/opt/project")
import demo
sys.exit(0 if demo.run(days=1, weeks=2) else 1)
"""
STEPS = 9


class Environment:
    """A container of the image, as a function environment: the memory of the template, one event at a time."""

    def __init__(self, behind):
        variables = {**behind.variables, **CREDENTIALS, "AWS_LAMBDA_FUNCTION_TIMEOUT": "900", "AWS_REGION": "eu-west-1"}
        options = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        command = [CLI, "run", "-d", "--memory", "2048m", "-p", "127.0.0.1:0:8080", *options, IMAGE]
        self._id = subprocess.check_output([part.replace("127.0.0.1:0:", "127.0.0.1::") for part in command], text=True).strip()
        port = subprocess.check_output([CLI, "port", self._id, "8080"], text=True).split(":")[-1].strip()
        self._url = f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations"
        self._wait()

    def _wait(self):
        """Until the emulator listens; it starts the function with the first event."""
        give_up = time.monotonic() + 60
        while "exec" not in self.log():
            assert time.monotonic() < give_up, self.log()
            time.sleep(0.05)

    def log(self):
        return subprocess.run([CLI, "logs", self._id], capture_output=True, text=True, check=True).stderr

    def handle(self, event):
        """The answer, and how long it took."""
        begun = time.monotonic()
        status, answer = call(self._url, "POST", event)
        assert status == 200, answer
        assert "batchItemFailures" in answer, (answer, self.log())
        return answer["batchItemFailures"], time.monotonic() - begun

    def stop(self):
        subprocess.run([CLI, "rm", "-f", self._id], capture_output=True, check=True)


@pytest.fixture(scope="module")
def behind(tmp_path_factory):
    started = Behind(tmp_path_factory.mktemp("behind"))
    yield started
    started.stop()


@pytest.fixture
def environment(behind):
    started = Environment(behind)
    yield started
    started.stop()


def dispatch(behind, run, *steps):
    status, answer = call(f"{behind.endpoint}/v1/runs/{run}/dispatches", "POST", {"steps": list(steps)})
    assert status == 202, answer


def handle_all(behind, environment, until):
    """Hands messages to the function until that holds and the queue has none."""
    while True:
        ended = until()
        received = behind.receive(1, 900)
        if received:
            stay, _ = environment.handle(sqs_event(received))
            named = {message["itemIdentifier"] for message in stay}
            behind.delete([message for message in received if message["MessageId"] not in named])
        elif ended:
            return


def test_the_sample_events_of_steps_are_answered(behind, environment):
    dispatch_event = json.loads((EVENTS / "dispatch-direct.json").read_text())
    assert call(behind.endpoint + dispatch_event["path"], "POST", dispatch_event["body"])[0] == 202
    newer = json.loads((EVENTS / "step-newer-version.json").read_text())
    assert environment.handle(newer)[0] == [{"itemIdentifier": newer["Records"][0]["messageId"]}]
    for name in ("step-single", "step-redelivery", "step-batch"):
        assert environment.handle(json.loads((EVENTS / f"{name}.json").read_text()))[0] == []
    for key in ("extract", "load[us]", "load[eu]"):
        step = behind.step(key)
        assert (step["state"], step["attempt"]) == ("SUCCEEDED", 1), step
    behind.delete(behind.receive(1, 60))


def test_dagsters_runs_are_as_in_a_plain_single_pass(behind, environment, tmp_path):
    """The run worker is in a container of the same image, as the same code must be on both sides."""
    command = [CLI, "run", "--rm", "--network", "host", "--entrypoint", "/opt/python/bin/python"]
    variables = {
        "STEPSTILE_ENDPOINT": behind.endpoint,
        "DAGSTER_HOME": "/tmp/dagster",
        "FLIGHTS_DATA": "/opt/project/data",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    options = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    with (tmp_path / "worker.log").open("w") as log:
        worker = subprocess.Popen(
            [*command, *options, IMAGE, "-c", "import os; os.makedirs('/tmp/dagster')" + DEMO],
            cwd=TOP,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        handle_all(behind, environment, lambda: worker.poll() is not None)
    said = (tmp_path / "worker.log").read_text()
    print(said)
    assert worker.returncode == 0, said
    assert "Check      passed" in said


def test_how_long_a_new_environment_takes(behind):
    """Prints it. The JVM: the first event of a container, for which no handler runs. Python: the first step of a handler of
    the warm host, which loads the project's code, less the second step."""
    newer = json.loads((EVENTS / "step-newer-version.json").read_text())
    jvm, python, step = [], [], []
    for number in range(ENVIRONMENTS):
        environment = Environment(behind)
        try:
            jvm.append(environment.handle(newer)[1])
            took = []
            for key in ("first", "second"):
                # The handler refuses the input, once its code is loaded.
                dispatch(behind, f"new-{number}", {"key": key, "handler": "dagster", "maxAttempts": 1, "input": {}})
                received = behind.receive(5, 60)
                took.append(environment.handle(sqs_event(received))[1])
                behind.delete(received)
            python.append(took[0] - took[1])
            step.append(took[1])
        finally:
            environment.stop()
    print(
        f"\nA new environment, median of {ENVIRONMENTS}: JVM {statistics.median(jvm):.1f} s, "
        f"Python and the project's code {statistics.median(python):.1f} s; "
        f"a step after that {statistics.median(step):.2f} s."
    )
    assert min(python) > 0
