"""What stands behind functions that run in containers, and how SAM is called. The scripts in build/ find the engine."""

import json
import os
import platform
import re
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import boto3

TOP = Path(__file__).parents[5]
EVENTS = TOP / "events"
SAM = TOP / ".stepstile" / "python" / "sam" / "bin" / "sam"
MACHINE = platform.machine().replace("aarch64", "arm64")
# Not the caller's own: SAM would pass them on to the functions.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "sample",
    "AWS_SECRET_ACCESS_KEY": "sample",
    "AWS_DEFAULT_REGION": "eu-west-1",
}
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    **CREDENTIALS,
    "SAM_CLI_TELEMETRY": "0",
}


def sam_local(*arguments):
    options = os.environ["SAM_LOCAL_OPTIONS"].split()
    return [str(SAM), "local", *arguments, "--parameter-overrides", f"Architecture={MACHINE}", *options]


def client(service, endpoint):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="sample",
        aws_secret_access_key="sample",
    )


def call(url, method="GET", body=None):
    """The status and the body of an answer, refusals included."""
    request = urllib.request.Request(url, method=method)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("content-type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=180) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def sqs_event(messages):
    """Received messages as Lambda hands them to a function."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:stepstile-StepQueue",
                "awsRegion": "eu-west-1",
            }
            for message in messages
        ]
    }


class Behind:
    """What stands behind the functions: the emulators, and nobody who takes messages from the queue."""

    def __init__(self, folder):
        self.file = folder / "sam-env.json"
        self._log = folder / "local.log"
        free_port = ["--port", "0", "--state", str(folder / "state")]
        command = ["./stepstile", "local", "--aws", "--workers", "0", *free_port]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, "--sam-env", str(self.file), "--sam-host", os.environ["SAM_HOST"]],
                cwd=TOP,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.endpoint = None
        give_up = time.monotonic() + 180
        while "sam local invoke" not in self.printed():
            assert self._process.poll() is None, self.printed()
            assert time.monotonic() < give_up, self.printed()
            time.sleep(0.1)
        self.endpoint = re.search(r"is up at (\S+)", self.printed())[1]
        self.variables = json.loads(self.file.read_text())["Parameters"]

    def printed(self):
        return self._log.read_text()

    def stop(self):
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)

    def invoke(self, function, event):
        """What the function answers. SAM's exit code says nothing: it is 0 when the function throws, too."""
        done = subprocess.run(
            sam_local("invoke", function, "-e", str(event), "--env-vars", str(self.file)),
            cwd=TOP,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert done.stdout.strip(), done.stderr
        return json.loads(done.stdout)

    def step(self, key):
        """A step of the run of the sample events, as the API of what stands behind shows it."""
        status, step = call(f"{self.endpoint}/v1/runs/nightly/step?key={urllib.parse.quote(key, safe='')}")
        assert status == 200, step
        return step

    def queue(self):
        # By this machine's name for itself: that of Docker Desktop is known only in containers.
        return client(
            "sqs", self.variables["STEPSTILE_SQS_ENDPOINT"].replace("host.docker.internal", "127.0.0.1")
        )

    def receive(self, seconds, hidden, queue="STEPSTILE_QUEUE_URL"):
        """Up to ten messages, which are hidden for that many seconds."""
        received = self.queue().receive_message(
            QueueUrl=self.variables[queue],
            MaxNumberOfMessages=10,
            WaitTimeSeconds=seconds,
            VisibilityTimeout=hidden,
        )
        return received.get("Messages", [])

    def messages(self, queue="STEPSTILE_QUEUE_URL"):
        """The bodies in a queue, which stay in it."""
        return [json.loads(message["Body"]) for message in self.receive(1, 0, queue)]

    def delete(self, messages):
        for message in messages:
            self.queue().delete_message(
                QueueUrl=self.variables["STEPSTILE_QUEUE_URL"], ReceiptHandle=message["ReceiptHandle"]
            )
