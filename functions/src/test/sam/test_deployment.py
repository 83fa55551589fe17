"""What a deployment of template.yaml does, by AWS's own transform: which resources CloudFormation would be given.

The transform is samtranslator, the schemas of the resource types are cfn-lint's, and what `sam local` makes of the template
is SAM CLI's own reading of it; all three are in the environment of SAM CLI. Nothing is called.
"""

import copy
import itertools
import json
import re
from pathlib import Path

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import yaml_parse

TEMPLATE = Path(__file__).parents[4] / "template.yaml"
REGION = "eu-west-1"
ARTIFACT = "s3://artifacts/functions.zip"

# Another value for each parameter: here it is seen what it makes a new version of, in test_stack.py where it takes effect;
# a new one of the template fails the tests until it is here.
CHANGED = {
    "HandlersLayerArn": "arn:aws:lambda:eu-west-1:123456789012:layer:handlers:2",
    "StepImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/steps:2",
    "HandlersPolicyArns": "arn:aws:iam::123456789012:policy/warehouse,arn:aws:iam::123456789012:policy/secrets",
    "HandlersConfig": "/stepstile/prod",
    "Architecture": "x86_64",
    "StepMemory": 3008,
    "StepTimeout": 300,
    "StepConcurrency": 60,
    "StepPollersMinimum": 4,
    "StepPollersMaximum": 100,
    "StepReservedConcurrency": 200,
    "DispatchMemory": 1769,
    "RunsMemory": 1769,
    "TableWarmReads": 24000,
    "TableWarmWrites": 20000,
    "LeaseSeconds": 90,
    "RetentionDays": 31,
    "EventBus": "steps",
    "WebhookHosts": "hooks.example.com,*.example.org=partner",
    "WebhookPrivateAddresses": "true",
    "VpcSubnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "VpcSecurityGroupIds": "sg-0123456789abcdef0",
    "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/boundary",
    "DeletionProtection": "false",
    "PointInTimeRecovery": "false",
    "TableSuffix": "-r1",
    "DeploymentType": "Canary10Percent5Minutes",
    "Tracing": "Active",
    "TracesEndpoint": "https://otel.example.com",
    "TracesLayer": "collector:2",
    "LogRetentionDays": 14,
    "OldestStepAlarmSeconds": 7200,
    "AccountConcurrency": 3000,
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
    "AuditSchedule": "cron(0/5 1-4 * * ? *)",
}
# What has an effect, or is allowed, only together with others.
TOGETHER = {
    "StepPollersMinimum": {"StepPollersMaximum": 50},
    "TableWarmReads": {"TableWarmWrites": 8000},
    "TableWarmWrites": {"TableWarmReads": 16000},
    "VpcSubnetIds": {"VpcSecurityGroupIds": "sg-0123456789abcdef1"},
    "VpcSecurityGroupIds": {"VpcSubnetIds": "subnet-0123456789abcdef2"},
}
# What takes the place of another.
INSTEAD = {"StepImageUri": "HandlersLayerArn", "TracesEndpoint": "TracesLayer", "TracesLayer": "TracesEndpoint"}
# The stack as it is by default, from an image, and with everything that may be set.
IMAGE = {"StepImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/steps:1"}
EVERYTHING = {
    "HandlersLayerArn": "arn:aws:lambda:eu-west-1:123456789012:layer:handlers:1",
    "HandlersPolicyArns": "arn:aws:iam::123456789012:policy/warehouse",
    "HandlersConfig": "/stepstile/test",
    "StepPollersMaximum": 50,
    "StepReservedConcurrency": 100,
    "TableWarmReads": 16000,
    "TableWarmWrites": 8000,
    "EventBus": "other",
    "WebhookHosts": "other.example.com",
    "VpcSubnetIds": "subnet-0123456789abcdef2,subnet-0123456789abcdef3",
    "VpcSecurityGroupIds": "sg-0123456789abcdef1",
    "KmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/11234567-89ab-cdef-0123-456789abcdef",
    "PermissionsBoundaryArn": "arn:aws:iam::123456789012:policy/other",
    "DeploymentType": "Linear10PercentEvery1Minute",
    "Tracing": "Active",
    "TracesLayer": "collector:1",
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:other",
    "AuditSchedule": "rate(5 minutes)",
}
BASES = [{}, IMAGE, EVERYTHING]
# Of a function's properties, those that belong to it and not to a version.
UNVERSIONED = {"ReservedConcurrentExecutions"}
LONGEST_DESCRIPTION = 256


PARSED = yaml_parse(TEMPLATE.read_text())


@pytest.fixture
def template():
    return copy.deepcopy(PARSED)


def transformed(template, parameters):
    """The template after the SAM transform, packaged: what `sam deploy` hands to CloudFormation."""
    packaged = copy.deepcopy(template)
    for resource in packaged["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function" and "CodeUri" in resource["Properties"]:
            resource["Properties"]["CodeUri"] = ARTIFACT
    return Translator({}, Parser()).translate(packaged, parameters)


class Stack:
    """A template with its parameters' values: intrinsic functions are worked out as far as they are known before."""

    def __init__(self, template, name="one", **parameters):
        self.template = transformed(template, parameters)
        defaults = {k: v.get("Default") for k, v in template["Parameters"].items()}
        self.values = {
            **defaults,
            **parameters,
            "AWS::StackName": name,
            "AWS::Region": REGION,
            "AWS::AccountId": "123456789012",
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }

    @property
    def resources(self):
        return {
            name: resource
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self.condition(resource["Condition"])
        }

    def condition(self, name):
        return self.value(self.template["Conditions"][name])

    def value(self, node):
        if isinstance(node, list):
            return [value for value in map(self.value, node) if value != {"Ref": "AWS::NoValue"}]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((function, argument),) = node.items()
            match function:
                case "Ref":
                    return self.values.get(argument, node)
                case "Condition":
                    return self.condition(argument)
                case "Fn::If":
                    return self.value(argument[1] if self.condition(argument[0]) else argument[2])
                case "Fn::Equals":
                    return self.value(argument[0]) == self.value(argument[1])
                case "Fn::Not":
                    return not self.value(argument[0])
                case "Fn::And":
                    return all(self.value(each) for each in argument)
                case "Fn::Or":
                    return any(self.value(each) for each in argument)
                case "Fn::FindInMap":
                    name, key, attribute = map(self.value, argument)
                    return self.template["Mappings"][name][str(key)][attribute]
                case "Fn::Split":
                    return self.value(argument[1]).split(argument[0])
                case "Fn::Select":
                    return self.value(argument[1])[argument[0]]
                case "Fn::Join":
                    parts = self.value(argument[1])
                    if isinstance(parts, str):  # a list as a parameter gives it
                        parts = parts.split(",")
                    return argument[0].join(part if isinstance(part, str) else json.dumps(part) for part in parts)
                case "Fn::Sub":
                    text, own = argument if isinstance(argument, list) else (argument, {})
                    for name, known in {**self.values, **self.value(own)}.items():
                        text = text.replace("${%s}" % name, known if isinstance(known, str) else json.dumps(known))
                    return text
        return {k: v for k, v in ((k, self.value(v)) for k, v in node.items()) if v != {"Ref": "AWS::NoValue"}}

    def of_type(self, wanted):
        return {name: self.value(r["Properties"]) for name, r in self.resources.items() if r["Type"] == wanted}

    def functions(self):
        return self.of_type("AWS::Lambda::Function")

    def versions(self):
        """By function: what decides whether CloudFormation makes a new version, its logical id and its properties."""
        versions = {}
        for name, properties in self.of_type("AWS::Lambda::Version").items():
            versions[properties["FunctionName"]["Ref"]] = (name, properties)
        return versions


def pairs(template, parameters):
    """As (parameter, before, after): two stacks that differ by one of these parameters, on each base."""
    for base in BASES:
        unchanged = Stack(template, **base)
        for parameter in parameters:
            others = {**TOGETHER.get(parameter, {}), **base}
            before = Stack(template, **others) if others != base else unchanged
            without_other = {INSTEAD[parameter]: ""} if parameter in INSTEAD else {}
            yield parameter, before, Stack(template, **{**others, **without_other, parameter: CHANGED[parameter]})


def versioned(stack):
    """By function: what of it a version has, and which version CloudFormation is asked for."""
    functions = {
        function: {name: value for name, value in properties.items() if name not in UNVERSIONED}
        for function, properties in stack.functions().items()
    }
    return functions, stack.versions()


class Changes:
    """What a change of each of these parameters alone does, on any of the bases."""

    def __init__(self, template, parameters=None):
        self.changed = set()  # as (function, parameter): its next version differs
        self.missed = set()  # and the alias is left with the version from before
        self.needless = set()  # a version is demanded of a function that did not change, which Lambda does not publish
        effective = set()
        parameters = parameters or list(template["Parameters"])
        for parameter, before, after in pairs(template, parameters):
            if self.all_of(before) != self.all_of(after):
                effective.add(parameter)
            (functions, versions), (new_functions, new_versions) = versioned(before), versioned(after)
            for function in functions.keys() & new_functions.keys():
                same = functions[function] == new_functions[function]
                same_version = versions[function] == new_versions[function]
                if not same:
                    self.changed.add((function, parameter))
                if same and not same_version:
                    self.needless.add((function, parameter))
                if same_version and not same:
                    self.missed.add((function, parameter))
        self.without_effect = sorted(set(parameters) - effective)

    @staticmethod
    def all_of(stack):
        return stack.value(stack.resources), stack.value(stack.template["Outputs"])


@pytest.fixture(scope="module")
def changes():
    return Changes(PARSED)


def test_each_parameter_of_a_function_makes_a_new_version_of_it(changes):
    assert changes.missed == set()


def test_no_version_is_made_of_a_function_that_does_not_change(changes):
    assert changes.needless == set()


def test_each_parameter_has_an_effect(changes):
    assert changes.without_effect == []


def test_the_functions_are_changed_by_the_parameters_that_are_theirs(changes):
    all_functions = ["Architecture", "LeaseSeconds", "RetentionDays", "TableSuffix", "Tracing", "VpcSecurityGroupIds", "VpcSubnetIds"]
    notifying = ["EventBus", "WebhookHosts", "WebhookPrivateAddresses"]
    traces = ["TracesEndpoint", "TracesLayer"]
    own = {
        "DispatchFunction": ["DispatchMemory", *notifying, *traces],
        "RunsFunction": ["RunsMemory"],
        "StepFunction": ["HandlersConfig", "HandlersLayerArn", "StepMemory", "StepTimeout", *traces],
        "StepImageFunction": ["HandlersConfig", "StepImageUri", "StepMemory", "StepTimeout", *traces],
        "SweeperFunction": [*notifying, *traces],
    }
    for function, parameters in own.items():
        assert sorted(p for f, p in changes.changed if f == function) == sorted(all_functions + parameters), function


def test_a_parameter_that_a_version_does_not_name_is_noticed(template):
    del template["Resources"]["StepFunction"]["Properties"]["VersionDescription"]
    named = ["HandlersLayerArn", "StepMemory", "VpcSubnetIds"]
    assert {("StepFunction", name) for name in named} <= Changes(template, named).missed


def test_a_version_that_names_more_than_its_function_uses_is_noticed(template):
    described = template["Resources"]["SweeperFunction"]["Properties"]["VersionDescription"]["Fn::Sub"]
    described[0] += " ${LogRetentionDays}"
    assert Changes(template, ["LogRetentionDays"]).needless == {("SweeperFunction", "LogRetentionDays")}


def test_a_parameter_without_effect_is_noticed(template):
    template["Resources"]["Table"]["Properties"]["DeletionProtectionEnabled"] = True
    assert Changes(template, ["DeletionProtection"]).without_effect == ["DeletionProtection"]


def test_the_alias_is_that_of_the_version(template):
    stack = Stack(template)
    for function, (version, _) in stack.versions().items():
        (alias,) = [a for a in stack.of_type("AWS::Lambda::Alias").values() if a["FunctionName"] == {"Ref": function}]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}


# The longest value of each parameter that a pattern limits; of a name within, one character more is refused.
LONGEST = {
    "HandlersLayerArn": "arn:aws:lambda:eu-west-1:123456789012:layer:" + 40 * "x" + ":99999",
    "StepImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/steps:" + 64 * "x",
    "HandlersConfig": 40 * "x",
    "TableSuffix": "-r99",
    "EventBus": 30 * "x",
    "WebhookHosts": 60 * "x",
    "TracesEndpoint": "https://" + 20 * "x",
    "TracesLayer": 20 * "x" + ":99999",
    "VpcSubnetIds": ",".join(4 * ["subnet-" + 17 * "0"]),
    "VpcSecurityGroupIds": ",".join(2 * ["sg-" + 17 * "0"]),
}


@pytest.mark.parametrize("name", LONGEST)
def test_the_longest_value_is_taken_and_a_longer_one_is_not(template, name):
    pattern = template["Parameters"][name]["AllowedPattern"]
    assert re.search(pattern, "")
    assert re.search(pattern, LONGEST[name])
    assert not re.search(pattern, LONGEST[name] + "x")
    assert not re.search(pattern, LONGEST[name].replace("xx", "xxx", 1) + "0")


def test_each_pattern_is_explained_to_whom_it_refuses_a_value(template):
    patterns = {name for name, parameter in template["Parameters"].items() if "AllowedPattern" in parameter}
    assert patterns >= set(LONGEST)
    assert patterns == {name for name, parameter in template["Parameters"].items() if "ConstraintDescription" in parameter}


def longest_descriptions(template):
    def longest(name, parameter):
        if "AllowedValues" in parameter:
            return max(map(str, parameter["AllowedValues"]), key=len)
        return LONGEST.get(name, str(parameter.get("MaxValue", "")))

    every = {name: longest(name, parameter) for name, parameter in template["Parameters"].items()}
    # A zip has a layer, an image has none; a collector is in a layer or elsewhere: the parameter of the other is empty.
    for other in itertools.product(("StepImageUri", "HandlersLayerArn"), ("TracesEndpoint", "TracesLayer")):
        for function, (_, properties) in Stack(template, **{**every, **dict.fromkeys(other, "")}).versions().items():
            yield function, len(properties["Description"])


def test_a_versions_description_is_never_too_long(template):
    lengths = dict(sorted(longest_descriptions(template)))
    assert set(lengths) == {"DispatchFunction", "StepFunction", "StepImageFunction", "SweeperFunction", "RunsFunction"}
    assert max(lengths.values()) <= LONGEST_DESCRIPTION


def test_a_description_that_may_become_too_long_is_noticed(template):
    template["Resources"]["StepFunction"]["Properties"]["VersionDescription"]["Fn::Sub"][0] += " ${HandlersLayerArn}"
    assert dict(longest_descriptions(template))["StepFunction"] > LONGEST_DESCRIPTION


def refused(template, **parameters):
    """The rules that these parameters break, as CloudFormation says before it changes anything."""
    stack = Stack(template, **parameters)
    return [name for name, rule in stack.template["Rules"].items() if not all(stack.value(a["Assert"]) for a in rule["Assertions"])]


def test_parameters_that_belong_together_are_refused_apart(template):
    assert [refused(template, **base) for base in BASES] == [[], [], []]
    for parameter, rule in {
        "VpcSubnetIds": "NetworkIsWhole",
        "VpcSecurityGroupIds": "NetworkIsWhole",
        "TableWarmReads": "WarmThroughputIsWhole",
        "TableWarmWrites": "WarmThroughputIsWhole",
    }.items():
        assert refused(template, **{parameter: CHANGED[parameter]}) == [rule]
    assert refused(template, StepPollersMaximum=1) == ["PollersAreAtLeastTwo"]
    assert refused(template, **IMAGE, HandlersLayerArn=CHANGED["HandlersLayerArn"]) == ["StepsAreInOnePlace"]
    assert refused(template, **{name: CHANGED[name] for name in ("TracesEndpoint", "TracesLayer")}) == ["TracesGoToOnePlace"]


def test_each_parameter_is_in_one_group_and_in_the_order_of_the_template(template):
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(template["Parameters"])


def test_the_queue_hides_a_message_for_six_timeouts_of_its_function(template):
    timeouts = template["Parameters"]["StepTimeout"]["AllowedValues"]
    for timeout in timeouts:
        stack = Stack(template, StepTimeout=timeout)
        assert stack.functions()["StepFunction"]["Timeout"] == timeout
        assert stack.of_type("AWS::SQS::Queue")["StepQueue"]["VisibilityTimeout"] == 6 * timeout


@pytest.mark.parametrize("base", [{}, IMAGE])
def test_pollers_take_the_place_of_the_maximum_concurrency(template, base):
    (standard,) = Stack(template, **base).of_type("AWS::Lambda::EventSourceMapping").values()
    assert standard["ScalingConfig"] == {"MaximumConcurrency": 50}
    assert "ProvisionedPollerConfig" not in standard
    pollers = Stack(template, **base, StepPollersMinimum=3, StepPollersMaximum=20)
    (provisioned,) = pollers.of_type("AWS::Lambda::EventSourceMapping").values()
    assert provisioned["ProvisionedPollerConfig"] == {"MinimumPollers": 3, "MaximumPollers": 20}
    assert "ScalingConfig" not in provisioned


def test_every_role_has_the_boundary_if_there_is_one(template):
    for gradual in ("AllAtOnce", "Canary10Percent5Minutes"):
        boundary = CHANGED["PermissionsBoundaryArn"]
        roles = Stack(template, PermissionsBoundaryArn=boundary, DeploymentType=gradual).of_type("AWS::IAM::Role")
        assert {name: role.get("PermissionsBoundary") for name, role in roles.items()} == dict.fromkeys(roles, boundary)
        assert len(roles) == 6
    assert not [r for r in Stack(template).of_type("AWS::IAM::Role").values() if "PermissionsBoundary" in r]


@pytest.mark.parametrize("base", [{}, IMAGE])
def test_spans_are_exported_only_if_asked_for_by_the_functions_that_have_some(template, base):
    step = "StepImageFunction" if base else "StepFunction"

    def exporting(**parameters):
        stack = Stack(template, **base, **parameters)
        variables = {name: f["Environment"]["Variables"] for name, f in stack.functions().items()}
        targets = {name: v["OTEL_EXPORTER_OTLP_ENDPOINT"] for name, v in variables.items() if "OTEL_EXPORTER_OTLP_ENDPOINT" in v}
        return targets, {name: f["Layers"] for name, f in stack.functions().items() if f.get("Layers")}

    tracing = {"DispatchFunction", step, "SweeperFunction"}
    assert exporting() == ({}, {})
    endpoint = "http://otel.internal:4318"
    assert exporting(TracesEndpoint=endpoint) == (dict.fromkeys(tracing, endpoint), {})
    layer = f"arn:aws:lambda:{REGION}:123456789012:layer:collector:2"
    targets, layers = exporting(TracesLayer="collector:2")
    assert targets == dict.fromkeys(tracing, "http://localhost:4318")
    assert layers == dict.fromkeys(tracing - {"StepImageFunction"}, [layer])


def test_the_key_encrypts_all_that_is_stored_and_no_other_encryption_is_named_beside_it(template):
    stack = Stack(template, KmsKeyArn=CHANGED["KmsKeyArn"])
    encrypted = {
        name
        for name, resource in stack.resources.items()
        if CHANGED["KmsKeyArn"] in json.dumps(stack.value(resource["Properties"]))
    }
    stored = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::S3::Bucket", "AWS::Logs::LogGroup"}
    assert encrypted == {"FunctionsPolicy"} | {name for name, r in stack.resources.items() if r["Type"] in stored}
    assert not [queue for queue in stack.of_type("AWS::SQS::Queue").values() if "SqsManagedSseEnabled" in queue]


def test_a_gradual_deployment_shifts_every_alias_and_watches_its_functions_errors(template):
    for base, step in (({}, "StepFunction"), (IMAGE, "StepImageFunction")):
        stack = Stack(template, **base, DeploymentType="Canary10Percent5Minutes")
        groups = stack.of_type("AWS::CodeDeploy::DeploymentGroup")
        functions = {"DispatchFunction", step, "SweeperFunction", "RunsFunction"}
        assert set(groups) == {f"{function}DeploymentGroup" for function in functions}
        for function in functions:
            alias = stack.resources[f"{function}Aliaslive"]
            assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {"Ref": f"{function}DeploymentGroup"}
            (alarm,) = groups[f"{function}DeploymentGroup"]["AlarmConfiguration"]["Alarms"]
            watched = stack.value(stack.resources[alarm["Name"]["Ref"]]["Properties"])
            stats = [query["MetricStat"]["Metric"] for query in watched["Metrics"] if "MetricStat" in query]
            assert {stat["MetricName"] for stat in stats} == {"Errors", "Invocations"}
            for stat in stats:
                assert stat["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": function}}]
        assert set(stack.of_type("AWS::IAM::Role")) == set(Stack(template).of_type("AWS::IAM::Role"))


def test_the_audit_is_there_only_if_it_is_asked_for(template):
    off, on = Stack(template), Stack(template, AuditSchedule="rate(5 minutes)")
    assert set(on.resources) - set(off.resources) == {"AuditTimer", "AuditViolationsAlarm", "AuditAlarm"}
    assert set(off.resources) - set(on.resources) == set()
    changed = {
        name: (off.value(off.resources[name]), on.value(on.resources[name]))
        for name in off.resources
        if off.value(off.resources[name]) != on.value(on.resources[name])
    }
    assert set(changed) == {"ScheduleRole", "Dashboard"}
    body = changed["Dashboard"][1]["Properties"]["DashboardBody"]
    assert ', "${AuditViolationsAlarm.Arn}", "${AuditAlarm.Arn}"]' in body
    assert on.of_type("AWS::Scheduler::Schedule")["AuditTimer"]["ScheduleExpression"] == "rate(5 minutes)"


@pytest.mark.parametrize("refused", ["5 minutes", "rate(0 minutes)", "rate(5)", "cron()", "at(2026-11-30T00:00:00)", "off"])
def test_what_is_no_schedule_is_refused(template, refused):
    pattern = template["Parameters"]["AuditSchedule"]["AllowedPattern"]
    assert not re.search(pattern, refused)
    for taken in ("", "rate(1 minute)", "rate(12 hours)", "cron(0 3 * * ? *)", "cron(0/15 8 ? * MON-FRI *)", "cron(0 0 ? * 2#1 *)"):
        assert re.search(pattern, taken)


def test_without_a_gradual_deployment_nothing_of_codedeploy_is_there(template):
    assert [r["Type"] for r in Stack(template).resources.values() if "CodeDeploy" in r["Type"]] == []


def test_the_rights_of_handlers_are_those_of_the_step_function_alone(template):
    roles = Stack(template, HandlersPolicyArns=CHANGED["HandlersPolicyArns"]).of_type("AWS::IAM::Role")
    warehouse, secrets = CHANGED["HandlersPolicyArns"].split(",")
    assert roles["StepRole"]["ManagedPolicyArns"] == ['{"Ref": "FunctionsPolicy"}', warehouse, secrets]
    assert roles["RunsRole"]["ManagedPolicyArns"] == [{"Ref": "FunctionsPolicy"}]
    assert Stack(template).of_type("AWS::IAM::Role")["StepRole"]["ManagedPolicyArns"] == ['{"Ref": "FunctionsPolicy"}']


def physical_names(stack):
    """As (type, name): every name that the template gives itself, by the types' own schemas, and does not leave to AWS."""
    names = set()
    for resource in stack.resources.values():
        schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, resource["Type"]).schema
        read_only = set(schema.get("readOnlyProperties", []))
        identifiers = [schema["primaryIdentifier"], *schema.get("additionalIdentifiers", [])]
        if read_only.issuperset(schema["primaryIdentifier"]):  # such as a queue's URL: the name is what it is made of
            identifiers.append(["/properties/%sName" % resource["Type"].split("::")[-1]])
        for identifier in identifiers:
            given = [i.removeprefix("/properties/") for i in identifier if i not in read_only]
            values = [stack.value(resource.get("Properties", {})).get(name) for name in given]
            text = json.dumps(values)
            # One that a reference is a part of is as unique as what it refers to.
            refers = any(reference in text for reference in ('"Ref"', '"Fn::GetAtt"', "${"))
            if values and None not in values and not refers:
                names.add((resource["Type"], text))
    return names


def test_two_stacks_in_one_account_and_region_have_no_name_in_common(template):
    one, two = physical_names(Stack(template, "one")), physical_names(Stack(template, "two"))
    assert len(one) == 5  # the log groups, by the stack's name
    assert one & two == set()


def test_a_fixed_name_is_noticed(template):
    template["Resources"]["StepQueue"]["Properties"]["QueueName"] = "steps"
    del template["Resources"]["SweeperFunction"]["Properties"]["Events"]["EveryMinute"]["Properties"]["OmitName"]
    common = physical_names(Stack(template, "one")) & physical_names(Stack(template, "two"))
    assert {kind for kind, _ in common} == {"AWS::SQS::Queue", "AWS::Scheduler::Schedule"}


def test_sam_local_finds_every_function_and_no_layer_where_none_is_given():
    stacks, _ = SamLocalStackProvider.get_stacks(str(TEMPLATE))
    functions = {function.name: function for function in SamFunctionProvider(stacks).get_all()}
    assert {"DispatchFunction", "StepFunction", "SweeperFunction", "RunsFunction"} <= set(functions)
    assert {name: [layer.arn for layer in function.layers] for name, function in functions.items() if function.layers} == {}
