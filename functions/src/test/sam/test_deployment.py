"""What a deployment of template.yaml does, by AWS's own transform: which resources CloudFormation would be given.

The transform is samtranslator, the schemas of the resource types are cfn-lint's, and what `sam local` makes of the template
is SAM CLI's own reading of it; all three are in the environment of SAM CLI. Nothing is called.
"""

import copy
import json
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
# a new one of the template fails the test until it is here.
CHANGED = {
    "Architecture": "x86_64",
    "HandlersLayerArn": "arn:aws:lambda:eu-west-1:123456789012:layer:handlers:2",
    "StepImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/steps:2",
    "StepConcurrency": 60,
    "StepMemory": 3008,
    "LeaseSeconds": 90,
    "RetentionDays": 31,
    "LogRetentionDays": 14,
    "OldestMessageAlarmSeconds": 7200,
    "AlarmTopicArn": "arn:aws:sns:eu-west-1:123456789012:alarms",
}
LONGEST_DESCRIPTION = 256


@pytest.fixture
def template():
    return yaml_parse(TEMPLATE.read_text())


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


def parameters_without_a_version(template):
    """As (function, parameter): what changes a function, and leaves the alias with the version from before."""
    missed = []
    for base in ({}, {"StepImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/steps:1"}):
        before = Stack(template, **base)
        for parameter in template["Parameters"]:
            after = Stack(template, **{**base, parameter: CHANGED[parameter]})
            for function, properties in after.functions().items():
                if function in before.functions() and before.functions()[function] != properties:
                    if before.versions()[function] == after.versions()[function]:
                        missed.append((function, parameter))
    return missed


def test_each_parameter_of_a_function_makes_a_new_version_of_it(template):
    assert parameters_without_a_version(template) == []


def test_a_parameter_that_a_version_does_not_name_is_noticed(template):
    del template["Resources"]["StepFunction"]["Properties"]["VersionDescription"]
    assert ("StepFunction", "StepMemory") in parameters_without_a_version(template)
    assert ("StepFunction", "HandlersLayerArn") in parameters_without_a_version(template)


def test_the_functions_are_changed_by_the_parameters_that_are_theirs(template):
    before = Stack(template).functions()["StepFunction"]
    changing = [p for p in template["Parameters"] if Stack(template, **{p: CHANGED[p]}).functions().get("StepFunction") != before]
    assert changing == ["Architecture", "HandlersLayerArn", "StepImageUri", "StepMemory", "LeaseSeconds", "RetentionDays"]


def test_what_concerns_no_function_makes_no_version(template):
    before = Stack(template).versions()
    for parameter in ("LogRetentionDays", "OldestMessageAlarmSeconds", "AlarmTopicArn", "StepConcurrency"):
        assert Stack(template, **{parameter: CHANGED[parameter]}).versions() == before, parameter


def test_the_alias_is_that_of_the_version(template):
    stack = Stack(template)
    for function, (version, _) in stack.versions().items():
        (alias,) = [a for a in stack.of_type("AWS::Lambda::Alias").values() if a["FunctionName"] == {"Ref": function}]
        assert alias["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}


def test_a_versions_description_is_never_too_long(template):
    def longest(parameter):
        return "x" * parameter["MaxLength"] if "MaxLength" in parameter else str(parameter.get("MaxValue", "x" * 10))

    # A zip has a layer, an image has none: the parameter of the other is empty.
    every = {name: longest(parameter) for name, parameter in template["Parameters"].items() if name != "AlarmTopicArn"}
    for other in ("StepImageUri", "HandlersLayerArn"):
        for _, properties in Stack(template, **{**every, other: ""}).versions().values():
            assert len(properties["Description"]) <= LONGEST_DESCRIPTION


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
    assert len(one) == 4  # the log groups, by the stack's name
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
