"""template.yaml deployed: created, updated by each parameter, beside a second stack, and deleted.

In an emulated AWS (emulated_aws.py says what it does as AWS does). Each test begins with the parameters' defaults.
"""

import json

import pytest
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse
from stacks import Stack
from test_deployment import CHANGED, EVERYTHING, TEMPLATE, TOGETHER
from test_deployment import Stack as Expected

# By parameter: where the value from CHANGED is seen once it is deployed. Where another value follows from it, that one
# stands beside: (where, value).
SEEN = {
    "HandlersLayerArn": lambda stack: stack.configuration("StepFunction")["Layers"],
    "StepImageUri": lambda stack: stack.code("StepImageFunction")["ImageUri"],
    "HandlersPolicyArns": (
        lambda stack: stack.policies("StepRole"),
        CHANGED["HandlersPolicyArns"].split(","),
    ),
    "HandlersConfig": lambda stack: stack.environment("StepFunction")["STEPSTILE_HANDLERS_CONFIG"],
    "Architecture": lambda stack: stack.of_every_function("Architectures"),
    "StepMemory": lambda stack: stack.configuration("StepFunction")["MemorySize"],
    "StepTimeout": lambda stack: stack.configuration("StepFunction")["Timeout"],
    "StepConcurrency": lambda stack: stack.mapping()["ScalingConfig"]["MaximumConcurrency"],
    "StepPollersMinimum": lambda stack: stack.mapping()["ProvisionedPollerConfig"]["MinimumPollers"],
    "StepPollersMaximum": lambda stack: (
        stack.mapping().get("ProvisionedPollerConfig", {}).get("MaximumPollers")
    ),
    "StepReservedConcurrency": lambda stack: stack.reserved("StepFunction"),
    "DispatchMemory": lambda stack: stack.configuration("DispatchFunction")["MemorySize"],
    "RunsMemory": lambda stack: stack.configuration("RunsFunction")["MemorySize"],
    "TableWarmReads": lambda stack: stack.table()["WarmThroughput"]["ReadUnitsPerSecond"],
    "TableWarmWrites": lambda stack: stack.table()["WarmThroughput"]["WriteUnitsPerSecond"],
    "LeaseSeconds": lambda stack: stack.of_every_function("STEPSTILE_LEASE_SECONDS"),
    "RetentionDays": lambda stack: stack.of_every_function("STEPSTILE_RETENTION_DAYS"),
    "EventBus": lambda stack: stack.environment("SweeperFunction")["STEPSTILE_EVENT_BUS"],
    "WebhookHosts": lambda stack: stack.environment("DispatchFunction")["STEPSTILE_WEBHOOK_HOSTS"],
    "WebhookPrivateAddresses": lambda stack: stack.environment("SweeperFunction")["STEPSTILE_WEBHOOK_PRIVATE"],
    "VpcSubnetIds": (lambda stack: stack.network("SubnetIds"), CHANGED["VpcSubnetIds"].split(",")),
    "VpcSecurityGroupIds": lambda stack: stack.network("SecurityGroupIds"),
    "KmsKeyArn": lambda stack: stack.keys(),
    "PermissionsBoundaryArn": lambda stack: stack.boundaries(),
    "DeletionProtection": (lambda stack: stack.table()["DeletionProtectionEnabled"], False),
    "PointInTimeRecovery": (lambda stack: stack.recovery(), "DISABLED"),
    "TableSuffix": (
        lambda stack: str(stack.of_every_function("STEPSTILE_TABLE")).removeprefix(stack.id("Table")),
        "-r1",
    ),
    "DeploymentType": (lambda stack: stack.rollouts(), "CodeDeployDefault.LambdaCanary10Percent5Minutes"),
    "Tracing": lambda stack: stack.of_every_function("TracingConfig"),
    "TracesEndpoint": lambda stack: stack.environment("SweeperFunction")["OTEL_EXPORTER_OTLP_ENDPOINT"],
    "TracesLayer": (
        lambda stack: stack.configuration("DispatchFunction")["Layers"],
        "arn:aws:lambda:eu-west-1:123456789012:layer:collector:2",
    ),
    "LogRetentionDays": lambda stack: stack.log_retention(),
    "OldestStepAlarmSeconds": lambda stack: stack.alarms()["OldestStepAlarm"]["Threshold"],
    "AccountConcurrency": lambda stack: stack.alarms()["ConcurrencyAlarm"]["Metrics"][0][
        "Expression"
    ].split()[-1],
    "AlarmTopicArn": lambda stack: stack.alarm_actions(),
    "AuditSchedule": lambda stack: stack.schedule("AuditTimer")["ScheduleExpression"],
}

# What is still there when its stack is deleted. docs/operations.md says how it is deleted.
RETAINED = {"Table", "PayloadBucket", "StepQueue", "DeadLetterQueue"}

TEMPLATE_NOW = yaml_parse(TEMPLATE.read_text())


@pytest.fixture
def template():
    return yaml_parse(TEMPLATE.read_text())


@pytest.fixture(scope="module")
def deployed(aws):
    return Stack(aws, yaml_parse(TEMPLATE.read_text()), "one")


@pytest.fixture
def stack(deployed):
    deployed.update()
    return deployed


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [leaf for of in value for leaf in leaves(of)]
    return [str(int(value)) if isinstance(value, float) and value == int(value) else str(value)]


def exists(aws, kind, physical_id):
    """Asks the service. Not of what is a part of another resource, and goes with it: a permission, a policy, a stage."""
    try:
        match kind:
            case "AWS::DynamoDB::Table":
                aws("dynamodb").describe_table(TableName=physical_id)
            case "AWS::S3::Bucket":
                aws("s3").head_bucket(Bucket=physical_id)
            case "AWS::SQS::Queue":
                aws("sqs").get_queue_attributes(QueueUrl=physical_id, AttributeNames=["QueueArn"])
            case "AWS::IAM::Role":
                aws("iam").get_role(RoleName=physical_id)
            case "AWS::Logs::LogGroup":
                found = aws("logs").describe_log_groups(logGroupNamePrefix=physical_id)["logGroups"]
                return physical_id in [group["logGroupName"] for group in found]
            case "AWS::Lambda::Function" | "AWS::Lambda::Version" | "AWS::Lambda::Alias":
                aws("lambda").get_function(FunctionName=physical_id)
            case "AWS::Lambda::EventSourceMapping":
                aws("lambda").get_event_source_mapping(UUID=physical_id)
            case "AWS::ApiGatewayV2::Api":
                aws("apigatewayv2").get_api(ApiId=physical_id)
            case "AWS::Scheduler::Schedule":
                aws("scheduler").get_schedule(Name=physical_id)
            case "AWS::CloudWatch::Alarm":
                return aws("cloudwatch").describe_alarms(AlarmNames=[physical_id])["MetricAlarms"] != []
            case "AWS::CloudWatch::Dashboard":
                aws("cloudwatch").get_dashboard(DashboardName=physical_id)
            case "AWS::IAM::ManagedPolicy":
                aws("iam").get_policy(PolicyArn=physical_id)
            case "AWS::CodeDeploy::Application":
                aws("codedeploy").get_application(applicationName=physical_id)
            case (
                "AWS::S3::BucketPolicy"
                | "AWS::SQS::QueuePolicy"
                | "AWS::CodeDeploy::DeploymentGroup"
                | "AWS::Lambda::Permission"
                | "AWS::Lambda::EventInvokeConfig"
                | "AWS::ApiGatewayV2::Stage"
            ):
                return None
            case _:
                raise NotImplementedError(f"say here how one sees that there is a {kind}")
    except ClientError as e:
        if e.response["ResponseMetadata"]["HTTPStatusCode"] not in (400, 404):
            raise
        return False
    return True


def found(stack, resources):
    return {name for name, (kind, physical_id) in resources.items() if exists(stack.aws, kind, physical_id)}


def not_in_the_alias(stack):
    """As (function, setting): what a function has and the version that everyone calls has not."""
    differing = []
    for function in stack.of_type("AWS::Lambda::Function"):
        latest, live = (stack.configuration(function, qualifier) for qualifier in ("$LATEST", "live"))
        for name in sorted(latest | live):
            own = ("Version", "FunctionArn", "Description", "LastModified", "LastUpdateStatus", "RevisionId")
            if name not in own and latest.get(name) != live.get(name):
                differing.append((function, name))
    return differing


def test_all_resources_of_the_template_are_made(stack, template):
    resources = stack.resources
    assert set(resources) == set(Expected(template, "one").resources)
    assert [
        name
        for name, (kind, physical_id) in resources.items()
        if exists(stack.aws, kind, physical_id) is False
    ] == []


def test_each_output_is_of_a_resource_that_there_is(stack):
    assert set(stack.outputs) == set(TEMPLATE_NOW["Outputs"])
    resources = stack.resources
    ids = [resources[name][1] for name in found(stack, resources)]
    for name, value in stack.outputs.items():
        assert any(physical_id in value for physical_id in ids), (name, value)


def test_the_api_leads_to_the_aliases_of_its_functions(stack):
    api = stack.outputs["ApiUrl"].removeprefix("https://").split(".")[0]
    uris = [i["IntegrationUri"] for i in stack.aws("apigatewayv2").get_integrations(ApiId=api)["Items"]]
    functions = {uri.split("/functions/")[1].removesuffix("/invocations") for uri in uris}
    aliases = stack.of_type("AWS::Lambda::Alias")
    assert functions == {aliases["DispatchFunctionAliaslive"], aliases["RunsFunctionAliaslive"]}
    assert len(stack.aws("apigatewayv2").get_routes(ApiId=api)["Items"]) == len(uris) == 24


def seen(stack, parameter):
    where = SEEN[parameter][0] if isinstance(SEEN[parameter], tuple) else SEEN[parameter]
    try:
        return set(leaves(where(stack)))
    except KeyError:  # as of a function or a setting that there is not
        return set()


@pytest.fixture(scope="module")
def by_default(deployed):
    """What is seen of each parameter before any is changed."""
    deployed.update()
    return {parameter: seen(deployed, parameter) for parameter in SEEN}


@pytest.mark.parametrize("parameter", TEMPLATE_NOW["Parameters"])
def test_a_changed_parameter_is_in_effect(deployed, by_default, parameter):
    before = by_default[parameter]
    if parameter in TOGETHER:
        deployed.update(**TOGETHER[parameter], **{p: v for p, v in EVERYTHING.items() if p == parameter})
        before = seen(deployed, parameter)
    value = SEEN[parameter][1] if isinstance(SEEN[parameter], tuple) else CHANGED[parameter]
    assert before.isdisjoint(leaves(value))
    deployed.update(**TOGETHER.get(parameter, {}), **{parameter: CHANGED[parameter]})
    assert seen(deployed, parameter).issuperset(leaves(value))
    assert not_in_the_alias(deployed) == []


def test_each_case_is_of_a_parameter():
    assert set(SEEN) == set(TEMPLATE_NOW["Parameters"])


def test_an_update_that_changes_nothing_changes_no_resource(stack):
    before = stack.resources
    stack.aws("cloudformation").update_stack(**stack.request({}))
    del stack.resources
    assert stack.resources == before


def test_an_update_keeps_the_versions_to_which_one_can_roll_back(stack):
    versions = stack.of_type("AWS::Lambda::Version")
    stack.update(LeaseSeconds=CHANGED["LeaseSeconds"])
    assert set(versions.values()).isdisjoint(stack.of_type("AWS::Lambda::Version").values())
    assert [name for name, arn in versions.items() if not exists(stack.aws, "AWS::Lambda::Version", arn)] == []


def test_a_setting_that_no_version_names_does_not_reach_the_alias(aws, template):
    del template["Resources"]["StepFunction"]["Properties"]["VersionDescription"]
    stack = Stack(aws, template, "without-description")
    stack.update(StepMemory=CHANGED["StepMemory"])
    assert not_in_the_alias(stack) == [("StepFunction", "MemorySize")]
    stack.delete()


def everything_said(stack):
    """What the resources of a stack refer to, as text."""
    said = [stack.configuration(function) for function in stack.of_type("AWS::Lambda::Function")]
    for role in stack.of_type("AWS::IAM::Role").values():
        for policy in stack.aws("iam").list_role_policies(RoleName=role)["PolicyNames"]:
            said.append(stack.aws("iam").get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"])
    said.append(stack.mapping())
    said.append(stack.aws("apigatewayv2").get_integrations(ApiId=stack.id("Api"))["Items"])
    for schedule in stack.of_type("AWS::Scheduler::Schedule").values():
        said.append(stack.aws("scheduler").get_schedule(Name=schedule)["Target"])
    for queue in stack.of_type("AWS::SQS::Queue").values():
        said.append(
            stack.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        )
    said.append(stack.alarms())
    return json.dumps(said, default=str)


def test_a_second_stack_has_nothing_in_common_and_what_is_retained_outlives_both(stack, template):
    second = Stack(stack.aws, template, "two")
    resources = {"one": stack.resources, "two": second.resources}
    fixed = {"$default"}  # the stage, which is of its API
    ids = {
        name: {physical_id for _, physical_id in made.values()} - fixed for name, made in resources.items()
    }
    assert set(resources["one"]) == set(resources["two"])
    assert ids["one"] & ids["two"] == set()
    for own, other in ((stack, "two"), (second, "one")):
        said = everything_said(own)
        assert [physical_id for physical_id in ids[other] if physical_id in said] == []
        assert [physical_id for physical_id in ids[own.name] if physical_id in said] != []

    for each in (stack, second):
        each.aws("dynamodb").put_item(
            TableName=each.id("Table"), Item={"pk": {"S": each.name}, "sk": {"S": "kept"}}
        )
        each.aws("s3").put_object(Bucket=each.id("PayloadBucket"), Key=each.name, Body=b"kept")
    stack.delete()
    assert found(stack, resources["one"]) == RETAINED
    there = {
        name
        for name, (kind, physical_id) in resources["two"].items()
        if exists(stack.aws, kind, physical_id) is not False
    }
    assert there == set(resources["two"])
    second.delete()
    assert found(second, resources["two"]) == RETAINED
    for name, made in resources.items():
        (item,) = stack.aws("dynamodb").scan(TableName=made["Table"][1])["Items"]
        assert item["pk"] == {"S": name}
        assert stack.aws("s3").get_object(Bucket=made["PayloadBucket"][1], Key=name)["Body"].read() == b"kept"


def refused(aws, template, name="refused"):
    with pytest.raises(ClientError) as caught:
        Stack(aws, template, name)
    aws("cloudformation").delete_stack(StackName=name)
    return caught.value.response["Error"]["Message"]


def test_an_output_of_nothing_is_refused(aws, template):
    template["Outputs"]["QueueUrl"]["Value"] = {"Ref": "Queue"}
    assert "Unresolved resource dependencies [Queue]" in refused(aws, template)


def test_a_property_that_the_type_has_not_is_refused(aws, template):
    template["Resources"]["StepQueue"]["Properties"]["VisibilityTimout"] = 30
    assert "VisibilityTimout" in refused(aws, template)


def test_a_fixed_name_is_refused_in_the_second_stack(aws, template):
    template["Resources"]["StepQueue"]["Properties"]["QueueName"] = "steps"
    first = Stack(aws, template, "first")
    assert "already exists" in refused(aws, template, "second")
    first.delete()
