"""What cfn-lint, with all of its rules, and checkov report of the template as CloudFormation is given it.

Both see the output of AWS's own transform; checkov, which does not evaluate conditions, sees the resources with the
parameters' values. The latter is in an environment of its own: it does not go with SAM CLI's libraries. What is reported and
stays is in excused.yaml, with the reason.
"""

import copy
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from test_deployment import EVERYTHING, IMAGE, PARSED, REGION, TEMPLATE, Stack

CFN_LINT = Path(sys.executable).parent / "cfn-lint"
CHECKOV = TEMPLATE.parent / ".stepstile" / "python" / "checkov" / "bin" / "checkov"
# Informational rules too; and a number that is written as a text is a finding.
ALL_RULES = ["--include-checks", "I", "--configure-rule", "E3012:strict=true", "--regions", REGION]

STACKS = {"default": {}, "everything": {**EVERYTHING, **IMAGE, "HandlersLayerArn": ""}}
EXCUSED = yaml.safe_load((Path(__file__).parent / "excused.yaml").read_text())


def stack(name):
    return Stack(PARSED, **STACKS[name])


def cfn_lint(folder, templates):
    """By name of the template, what is found, as (rule, message)."""
    paths = {str(write(folder, name, template)): name for name, template in templates.items()}
    run = subprocess.run([CFN_LINT, *ALL_RULES, "--format", "json", "-t", *paths], capture_output=True, text=True)
    assert not run.stderr, run.stderr
    found = {name: set() for name in templates}
    for finding in json.loads(run.stdout):
        found[paths[finding["Filename"]]].add((finding["Rule"]["Id"], finding["Message"]))
    assert (run.returncode != 0) == any(found.values())
    return found


def checkov(folder, templates):
    """By name of the template, what is found, as (check, resource)."""
    paths = {write(folder, name, template).name: name for name, template in templates.items()}
    command = [CHECKOV, "-d", folder, "--framework", "cloudformation", "--compact", "--quiet", "--skip-download", "-o", "json"]
    run = subprocess.run(command, capture_output=True, text=True)
    report = json.loads(run.stdout)
    assert report["summary"]["parsing_errors"] == 0
    found = {name: set() for name in templates}
    for finding in report["results"]["failed_checks"]:
        found[paths[Path(finding["file_path"]).name]].add((finding["check_id"], finding["resource"].split(".")[-1]))
    assert (run.returncode != 0) == any(found.values())
    return found


def write(folder, name, template):
    path = folder / f"{name}.json"
    path.write_text(json.dumps(template))
    return path


def with_faults(transformed):
    """With an error, a warning and an informational finding for cfn-lint."""
    faulty = copy.deepcopy(transformed)
    faulty["Resources"]["StepQueue"]["Properties"]["VisibilityTimout"] = 30
    faulty["Parameters"]["Forgotten"] = {"Type": "String", "Default": ""}
    statements = faulty["Resources"]["ScheduleRole"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    statements[0]["Resource"] = {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:sweeper"}
    return faulty


def with_values(one):
    resources = {
        name: {"Type": resource["Type"], "Properties": one.value(resource.get("Properties", {}))}
        for name, resource in one.resources.items()
    }
    return {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}


def without_care(resolved):
    """With a public bucket and a role that may do anything, for checkov."""
    careless = copy.deepcopy(resolved)
    del careless["Resources"]["PayloadBucket"]["Properties"]["PublicAccessBlockConfiguration"]
    policy = careless["Resources"]["RunsRole"]["Properties"]["Policies"][0]["PolicyDocument"]
    policy["Statement"].append({"Effect": "Allow", "Action": "*", "Resource": "*"})
    return careless


@pytest.fixture(scope="module")
def linted(tmp_path_factory):
    templates = {name: stack(name).template for name in STACKS}
    return cfn_lint(tmp_path_factory.mktemp("lint"), {**templates, "faulty": with_faults(templates["default"])})


@pytest.fixture(scope="module")
def checked(tmp_path_factory):
    templates = {name: with_values(stack(name)) for name in STACKS}
    return checkov(tmp_path_factory.mktemp("check"), {**templates, "careless": without_care(templates["default"])})


@pytest.mark.parametrize("name", STACKS)
def test_cfn_lint_reports_what_is_excused_and_nothing_else(linted, name):
    assert linted[name] == {(each["rule"], each["message"]) for each in EXCUSED["cfn-lint"]}


@pytest.mark.parametrize("name", STACKS)
def test_checkov_reports_what_is_excused_and_nothing_else(checked, name):
    assert checked[name] == {
        (each["check"], resource)
        for each in EXCUSED["checkov"]
        if name in each["in"]
        for resource in set(stack(name).resources).intersection(each["resources"])
    }


def test_each_excuse_has_a_reason_and_names_resources_that_there_are():
    there = set(stack("default").resources) | set(stack("everything").resources)
    for each in EXCUSED["checkov"]:
        assert len(each["reason"]) > 40
        assert set(each["resources"]) <= there


def test_cfn_lint_sees_an_error_a_warning_and_an_informational_finding(linted):
    rules = {rule for rule, message in linted["faulty"] - linted["default"]}
    assert rules == {"E3002", "I3042", "W2001"}


def test_checkov_sees_a_public_bucket_and_a_role_that_may_do_anything(checked):
    new = checked["careless"] - checked["default"]
    assert {("CKV_AWS_53", "PayloadBucket"), ("CKV_AWS_56", "PayloadBucket")} <= new
    assert {resource for _, resource in new} == {"PayloadBucket", "RunsRole"}
