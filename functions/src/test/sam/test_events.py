"""Each event of events/ through the built artifact, by AWS's emulator and runtime client, in a stack of its own.

The functions have the environment variables that the alias has in the stack, and its table, queues and bucket, in an
emulated AWS. Called by build/sam-check after `sam build`. events/answers.yaml says what is expected.
"""

import copy
import json
from pathlib import Path

import emulated_aws
import pytest
import yaml
from lambda_emulator import Function, FunctionFailed
from samtranslator.yaml_helper import yaml_parse
from stacks import Stack
from test_deployment import TEMPLATE

TOP = Path(__file__).parents[4]
EVENTS = TOP / "events"
SCENES = yaml.safe_load((EVENTS / "answers.yaml").read_text())
FUNCTIONS = {
    "dispatch": "DispatchFunction",
    "step": "StepFunction",
    "sweeper": "SweeperFunction",
    "runs": "RunsFunction",
}


def event_of(name):
    return json.loads((EVENTS / f"{name}.json").read_text())


class Deployed:
    """A stack whose functions run, each in one process from its first event on."""

    def __init__(self, aws):
        self.aws = aws
        self.stack = Stack(aws, yaml_parse(TEMPLATE.read_text()), "events")
        self.running = {}
        outputs = self.stack.outputs
        self.queue, self.letters = outputs["QueueUrl"], outputs["DeadLetterQueueUrl"]
        self.table, self.bucket = outputs["TableName"], outputs["BucketName"]
        self.in_flight = {}

    def function(self, name):
        if name not in self.running:
            self.running[name] = start(name, self.stack.configuration(name))
        return self.running[name]

    def invoke(self, name, event):
        return json.loads(self.function(name).invoke(json.dumps(event)))

    def stop(self):
        for function in self.running.values():
            function.stop()
        self.stack.delete()

    def empty(self):
        self.in_flight = {}
        for queue in (self.queue, self.letters):
            self.aws("sqs").purge_queue(QueueUrl=queue)
        for item in self.aws("dynamodb").scan(TableName=self.table)["Items"]:
            key = {name: item[name] for name in ("pk", "sk")}
            self.aws("dynamodb").delete_item(TableName=self.table, Key=key)
        for stored in self.aws("s3").list_objects_v2(Bucket=self.bucket).get("Contents", []):
            self.aws("s3").delete_object(Bucket=self.bucket, Key=stored["Key"])

    def receive(self, queue):
        return self.aws("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])

    def waiting(self):
        """In the step queue: visible or not."""
        names = [f"ApproximateNumberOfMessages{which}" for which in ("", "NotVisible", "Delayed")]
        counts = self.aws("sqs").get_queue_attributes(QueueUrl=self.queue, AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())

    def deliver(self, event):
        """As the event source mapping: received messages go to the function, and those that it does not name are deleted.

        The event's messages are those that a dispatch has sent; where one was not sent, it is sent first.
        """
        self.take()
        event = copy.deepcopy(event)
        ids = {}
        for record in event["Records"]:
            if without_time(record["body"]) not in self.in_flight:
                self.aws("sqs").send_message(QueueUrl=self.queue, MessageBody=record["body"])
                self.take()
            message = self.in_flight[without_time(record["body"])]
            ids[message["MessageId"]] = record
            record["receiptHandle"] = message["ReceiptHandle"]
            record["messageId"] = message["MessageId"]
        answer = self.invoke("StepFunction", event)
        for failure in answer["batchItemFailures"]:
            record = ids.pop(failure["itemIdentifier"])
            failure["itemIdentifier"] = self.sample_ids[without_time(record["body"])]
        for record in ids.values():
            del self.in_flight[without_time(record["body"])]
            self.aws("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=record["receiptHandle"])
        return answer

    def take(self):
        while messages := self.receive(self.queue):
            self.in_flight |= {without_time(message["Body"]): message for message in messages}

    @property
    def sample_ids(self):
        """By body: the id that a message has in the sample events."""
        samples = [event_of(path.stem) for path in EVENTS.glob("step-*.json")]
        return {without_time(r["body"]): r["messageId"] for event in samples for r in event["Records"]}

    def counts(self):
        call = {"method": "GET", "path": "/v1/runs/nightly", "query": {"exact": "true"}}
        return self.invoke("RunsFunction", call)["body"]["counts"]

    def dead_letters(self):
        messages = self.aws("sqs").receive_message(
            QueueUrl=self.letters, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"]) for message in messages.get("Messages", [])]

    # What an event may need before.

    def do_input_stored(self):
        """The text whose size and hash the event names."""
        (record,) = event_of("step-stored-input")["Records"]
        rows = ",".join(f'"{row:05d} {"x" * 24}"' for row in range(800))
        key = json.loads(record["body"])["input"]["stored"]
        self.aws("s3").put_object(Bucket=self.bucket, Key=key, Body=f'{{"rows":[{rows}]}}'.encode())

    def do_due(self):
        """Otherwise a dispatch is left alone for as long as its own call may last."""
        (item,) = [i for i in self.aws("dynamodb").scan(TableName=self.table)["Items"] if "nextSweepAt" in i]
        self.aws("dynamodb").update_item(
            TableName=self.table,
            Key={name: item[name] for name in ("pk", "sk")},
            UpdateExpression="SET nextSweepAt = :now",
            ExpressionAttributeValues={":now": {"N": "1"}},
        )

    def do_broken(self):
        """In the place of its message comes one whose input is not in the bucket."""
        event = event_of("step-batch")
        (record,) = [r for r in event["Records"] if json.loads(r["body"])["key"] == "load[eu]"]
        self.take()
        sent = self.in_flight.pop(without_time(record["body"]))
        self.aws("sqs").delete_message(QueueUrl=self.queue, ReceiptHandle=sent["ReceiptHandle"])
        (missing,) = event_of("step-stored-input")["Records"]
        body = {**json.loads(record["body"]), "input": json.loads(missing["body"])["input"]}
        self.deliver({"Records": [{**record, "body": json.dumps(body)}]})
        assert self.counts() == {"DEAD": 1, "QUEUED": 2}


def start(name, configuration, artifact=None):
    return Function(
        configuration,
        artifact=TOP / ".aws-sam" / "build" / (artifact or name),
        runtime_client=TOP / ".stepstile" / "runtime-client",
        folder=TOP / ".stepstile" / "emulator" / name,
        credentials={
            "AWS_REGION": emulated_aws.REGION,
            "AWS_ACCESS_KEY_ID": "emulated",
            "AWS_SECRET_ACCESS_KEY": "emulated",
            "AWS_ENDPOINT_URL": emulated_aws.Resources.endpoint,
        },
    )


def without_time(body):
    """A message but for the time until which it is valid, by which one that was sent is found for its sample."""
    try:
        message = json.loads(body)
    except ValueError:
        return body
    message.pop("validUntil", None)
    return json.dumps(message, sort_keys=True)


def difference(expected, actual, place=""):
    """Where the answer has not what is expected of it, or nothing. It may have more members, not more elements."""
    if isinstance(expected, dict):
        if isinstance(actual, str):
            actual = json.loads(actual)
        if not isinstance(actual, dict):
            return f"{place}: {actual!r}"
        found = [difference(of, actual.get(name), f"{place}/{name}") for name, of in expected.items()]
        return next(filter(None, found), None)
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{place}: {actual!r}"
        found = [
            difference(e, a, f"{place}/{i}") for i, (e, a) in enumerate(zip(expected, actual, strict=True))
        ]
        return next(filter(None, found), None)
    if isinstance(expected, str) and expected.startswith("…"):
        return None if isinstance(actual, str) and actual.endswith(expected[1:]) else f"{place}: {actual!r}"
    return None if expected == actual else f"{place}: {actual!r} where {expected!r} is expected"


@pytest.fixture(scope="module")
def deployed(aws):
    made = Deployed(aws)
    yield made
    made.stop()


@pytest.mark.parametrize("scene", SCENES, ids=[scene["scene"] for scene in SCENES])
def test_each_event_is_answered_by_the_artifact_as_it_is_described(deployed, scene):
    deployed.empty()
    for step in scene["events"]:
        name = step["event"]
        if "after" in step:
            getattr(deployed, f"do_{step['after'].replace('-', '_')}")()
        event = event_of(name)
        if name.startswith("step-"):
            answer = deployed.deliver(event)
        else:
            answer = deployed.invoke(FUNCTIONS[name.split("-")[0]], event)
        assert difference(step["answer"], answer, name) is None
        if "counts" in step:
            assert deployed.counts() == step["counts"], name
        if "waiting" in step:
            assert deployed.waiting() == step["waiting"], name
        if "letters" in step:
            assert difference(step["letters"], deployed.dead_letters(), f"{name}: letters") is None


def test_every_event_is_in_a_scene():
    named = {step["event"] for scene in SCENES for step in scene["events"]}
    assert named == {path.stem for path in EVENTS.glob("*.json")}


def test_every_event_is_one_of_those_that_run_in_containers_too():
    """`build/sam-local-check` asks for it as well, and does not run each time."""
    in_containers = (Path(__file__).parent / "containers/test_local.py").read_text()
    assert [path.stem for path in EVENTS.glob("*.json") if f'("{path.stem}", ' not in in_containers] == []


def test_a_variable_that_the_stack_does_not_set_is_missed(deployed):
    configuration = deployed.stack.configuration("RunsFunction")
    del configuration["Environment"]["Variables"]["STEPSTILE_TABLE"]
    function = start("RunsFunction-without-a-table", configuration, artifact="RunsFunction")
    try:
        with pytest.raises(FunctionFailed, match="STEPSTILE_TABLE is missing"):
            function.invoke("{}")
    finally:
        function.stop()


def test_an_answer_that_differs_is_noticed():
    answer = {"statusCode": 202, "body": '{"type":"https://a/bad-json","steps":[1,2]}'}
    assert difference({"statusCode": 202, "body": {"type": "…/bad-json"}}, answer) is None
    assert difference({"statusCode": 200}, answer) == "/statusCode: 202 where 200 is expected"
    assert difference({"body": {"type": "…/other"}}, answer) == "/body/type: 'https://a/bad-json'"
    assert difference({"body": {"steps": [1]}}, answer) == "/body/steps: [1, 2]"
    assert difference({"body": {"absent": None}}, answer) is None
