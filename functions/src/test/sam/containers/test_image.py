"""The step function's image with the Dagster example, under the emulator that is in it. Called by build/image-check.

A container is one environment of the function. What AWS does between the queue and the function, the test does: it receives
messages, hands them to the function, and deletes those that the answer does not name.
"""

import json
import os
import re
import statistics
import subprocess
import time

import pytest
from sam_local import CREDENTIALS, EVENTS, TOP, Behind, call, sqs_event
from samtranslator.yaml_helper import yaml_parse

IMAGE = os.environ["STEP_IMAGE"]
CLI = os.environ["CONTAINER_CLI"]
ENVIRONMENTS = 3
# What the example's demo does: a day's assets and checks, all days, a dynamic job, compared with a plain single pass.
DEMO = """
import os, sys
os.makedirs("/tmp/dagster")
sys.path.insert(0, "/opt/project")
import demo
sys.exit(0 if demo.run(days=1, weeks=2) else 1)
"""


def environment_variables(behind, more):
    """As the template and Lambda set them, with the table, the queues and the bucket of what stands behind."""
    template = yaml_parse((TOP / "template.yaml").read_text())
    declared = {
        **template["Globals"]["Function"]["Environment"]["Variables"],
        **template["Resources"]["StepImageFunction"]["Properties"]["Environment"]["Variables"],
    }
    return {
        **{name: value for name, value in declared.items() if isinstance(value, str)},
        **behind.variables,
        **CREDENTIALS,
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "900",
        **more,
    }


def run(options, variables, *command):
    """Starts a container of the image, and returns its id."""
    given = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
    return subprocess.check_output([CLI, "run", "-d", *options, *given, IMAGE, *command], text=True).strip()


class Environment:
    """A container of the image, as a function environment: the memory of the template, one event at a time."""

    def __init__(self, behind, **more):
        self._id = run(["--memory", "2048m", "-p", "127.0.0.1::8080"], environment_variables(behind, more))
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

    def cpu_seconds(self):
        """What all processes of the container have used so far, those that have ended included."""
        read = "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpuacct/cpuacct.usage 2>/dev/null || true"
        said = subprocess.check_output([CLI, "exec", self._id, "/bin/sh", "-c", read], text=True)
        if found := re.search(r"usage_usec (\d+)", said):
            return int(found[1]) / 1e6
        return int(re.search(r"^\d+$", said, re.MULTILINE)[0]) / 1e9

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


def inspect(container, wanted):
    return subprocess.check_output([CLI, "inspect", "--format", wanted, container], text=True).strip()


def test_dagsters_runs_are_as_in_a_plain_single_pass(behind, environment):
    """The run worker is in a container of the same image, as the same code must be on both sides."""
    variables = {
        "STEPSTILE_ENDPOINT": behind.endpoint,
        "DAGSTER_HOME": "/tmp/dagster",
        "FLIGHTS_DATA": "/opt/project/data",
        "DAGSTER_DISABLE_TELEMETRY": "yes",
    }
    worker = run(["--network", "host", "--entrypoint", "/opt/python/bin/python"], variables, "-c", DEMO)
    try:
        handle_all(behind, environment, lambda: inspect(worker, "{{.State.Status}}") == "exited")
        said = subprocess.run([CLI, "logs", worker], capture_output=True, text=True, check=True)
        print(said.stdout)
        assert inspect(worker, "{{.State.ExitCode}}") == "0", said
        assert "Check      passed: 842 flights in 1 days and 12208 in 2 weeks" in said.stdout
    finally:
        subprocess.run([CLI, "rm", "-f", worker], capture_output=True, check=True)


def measured(environment, events):
    """How long each event takes, as (CPU seconds, seconds by the clock); the first one starts the function."""
    took = []
    try:
        for event in events:
            before = environment.cpu_seconds()
            _, seconds = environment.handle(event)
            took.append((environment.cpu_seconds() - before, seconds))
    finally:
        environment.stop()
    return took


def without_handlers(behind):
    newer = json.loads((EVENTS / "step-newer-version.json").read_text())
    (first,) = measured(Environment(behind, STEPSTILE_HANDLERS='{"handlers": {}}'), [newer])
    return first


def two_steps(behind, number):
    """Of the warm host, which loads the project's code while the JVM starts; the handler refuses their input."""
    events = []
    for key in ("first", "second"):
        dispatch(behind, f"new-{number}", {"key": key, "handler": "dagster", "maxAttempts": 1, "input": {}})
        received = behind.receive(5, 60)
        assert len(received) == 1
        behind.delete(received)
        events.append(sqs_event(received))
    return measured(Environment(behind), events)


def python_alone():
    code = (
        "import time; begun = time.perf_counter(); import dagster_stepstile.worker, dagster_flights.definitions;"
        "print(time.process_time(), time.perf_counter() - begun)"
    )
    command = [CLI, "run", "--rm", "--entrypoint", "/opt/python/bin/python", IMAGE, "-c", code]
    return tuple(map(float, subprocess.check_output(command, text=True).split()))


def test_how_long_a_new_environment_takes(behind):
    """Prints it, JVM and Python apart. On a busy machine only the CPU seconds say something."""
    jvm = [without_handlers(behind) for _ in range(ENVIRONMENTS)]
    python = [python_alone() for _ in range(ENVIRONMENTS)]
    steps = [two_steps(behind, number) for number in range(ENVIRONMENTS)]
    rows = {
        "the JVM alone, to its first answer": jvm,
        "Python alone, with the project's code": python,
        "both, to the end of a first step": [first for first, _ in steps],
        "a second step": [second for _, second in steps],
    }
    print(f"\nA new environment of the image, medians of {ENVIRONMENTS}:")
    for name, measures in rows.items():
        cpu, clock = (statistics.median(column) for column in zip(*measures, strict=True))
        print(f"  {name:<38} {cpu:5.2f} CPU s, {clock:6.2f} s by the clock")
    assert all(first[0] > second[0] for first, second in steps), steps
    assert min(cpu for cpu, _ in python) > 0.1, python
