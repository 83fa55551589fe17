"""AWS on loopback: moto's server, with a CloudFormation that does what a deployment of template.yaml needs.

    python emulated_aws.py [PORT]     prints "http://127.0.0.1:PORT" once it answers; port 0, the default, is a free one

Moto parses templates, works out their functions and conditions, and answers for stacks and outputs. What happens to a
resource is done here, for every type, because moto's CloudFormation knows no aliases, HTTP APIs, schedules or alarms,
drops most properties of what it knows, and on an update changes little. Here, as in CloudFormation:

- properties are checked against the type's public schema, and numbers and texts become what the schema asks for;
- each property goes into a call of the service's own API, whose parameters botocore checks: none can be dropped;
- an update compares what the properties *become*, replaces a resource if the schema says that it must
  (createOnlyProperties), updates it in place otherwise, and does so in the order of the references;
- what is no longer wanted is deleted at the end, unless its DeletionPolicy or UpdateReplacePolicy retains it;
- a name that another stack's resource has, a reference to what there is not, and a version of a function that has not
  changed are errors.

docs/unverified.md lists what this cannot show.
"""

import functools
import json
import logging
import os
import re
import sys

import boto3
import botocore.config
import jsonschema
import moto.cloudformation.models
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER
from moto.awslambda.models import LambdaBackend, LambdaFunction, LambdaStorage
from moto.cloudformation.exceptions import ValidationError
from moto.cloudformation.parsing import OutputMap, ResourceMap, clean_json, parse_condition
from moto.cloudformation.utils import random_suffix
from moto.codedeploy.models import codedeploy_backends
from moto.dynamodb.models import dynamodb_backends
from moto.iam.access_control import PermissionResult
from moto.logs.models import logs_backends
from moto.s3.models import FakeBucket
from moto.server import ThreadedMotoServer
from moto.sqs.models import Queue

ACCOUNT = "123456789012"
REGION = "eu-west-1"
# An error here is one, and no reason to try again.
CLIENT = {
    "region_name": REGION,
    "aws_access_key_id": "emulated",
    "aws_secret_access_key": "emulated",
    "config": botocore.config.Config(retries={"total_max_attempts": 1}),
}


# ---------------------------------------------------------------- the types of resources


TYPES = {}


def of_type(name):
    def register(cls):
        TYPES[name] = cls
        return cls

    return register


def without(properties, *names):
    return {name: value for name, value in properties.items() if name not in names}


class Type:
    """How one type is made by its service's API. Its physical id is what `Ref` gives."""

    def __init__(self, aws):
        self.aws = aws

    def create(self, name, properties):
        """Makes the resource, by this name if the template gives none; returns its physical id."""
        raise NotImplementedError

    def update(self, physical_id, properties, before):
        raise NotImplementedError

    def delete(self, physical_id, properties):
        raise NotImplementedError

    def attributes(self, physical_id, properties):
        """What `Fn::GetAtt` gives."""
        return {}


@of_type("AWS::DynamoDB::Table")
class Table(Type):
    LATER = ("TimeToLiveSpecification", "PointInTimeRecoverySpecification")

    @staticmethod
    def renamed(properties):
        key = properties.get("SSESpecification", {"SSEEnabled": False})
        return {
            **properties,
            "SSESpecification": {"Enabled": key["SSEEnabled"], **without(key, "SSEEnabled")},
        }

    def create(self, name, properties):
        table = properties.get("TableName", name)
        plain = self.renamed(without(properties, *self.LATER))
        self.aws("dynamodb").create_table(**{"TableName": table, **plain})
        self.set_later(table, properties)
        return table

    def update(self, physical_id, properties, before):
        fixed = (*self.LATER, "KeySchema", "Tags", "GlobalSecondaryIndexes")
        new, old = (self.renamed(without(p, *fixed)) for p in (properties, before))
        changed = {name: value for name, value in new.items() if old.get(name) != value}
        indexes = []
        for index, was in zip(
            properties["GlobalSecondaryIndexes"], before["GlobalSecondaryIndexes"], strict=True
        ):
            if without(index, "WarmThroughput") != without(was, "WarmThroughput"):
                raise ValidationError(
                    message="an index is replaced by hand: add one, deploy, remove the other, deploy"
                )
            if index.get("WarmThroughput", was.get("WarmThroughput")) != was.get("WarmThroughput"):
                warm = {name: index[name] for name in ("IndexName", "WarmThroughput")}
                indexes.append({"Update": warm})
        if indexes:
            changed["GlobalSecondaryIndexUpdates"] = indexes
        if changed:
            self.aws("dynamodb").update_table(TableName=physical_id, **changed)
        # Moto's update leaves the key as it was.
        table = dynamodb_backends[ACCOUNT][REGION].get_table(physical_id)
        table.sse_specification = new["SSESpecification"]
        self.set_later(physical_id, properties)

    def set_later(self, physical_id, properties):
        if "TimeToLiveSpecification" in properties:
            self.aws("dynamodb").update_time_to_live(
                TableName=physical_id, TimeToLiveSpecification=properties["TimeToLiveSpecification"]
            )
        if "PointInTimeRecoverySpecification" in properties:
            self.aws("dynamodb").update_continuous_backups(
                TableName=physical_id,
                PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
            )

    def delete(self, physical_id, properties):
        self.aws("dynamodb").delete_table(TableName=physical_id)

    def attributes(self, physical_id, properties):
        return {"Arn": self.aws("dynamodb").describe_table(TableName=physical_id)["Table"]["TableArn"]}


@of_type("AWS::S3::Bucket")
class Bucket(Type):
    def create(self, name, properties):
        bucket = properties.get("BucketName", name.lower())
        self.aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.update(bucket, properties, {})
        return bucket

    def update(self, physical_id, properties, before):
        s3 = self.aws("s3")
        for name, value in without(properties, "BucketName").items():
            match name:
                case "PublicAccessBlockConfiguration":
                    s3.put_public_access_block(Bucket=physical_id, PublicAccessBlockConfiguration=value)
                case "OwnershipControls":
                    s3.put_bucket_ownership_controls(Bucket=physical_id, OwnershipControls=value)
                case "BucketEncryption":
                    rules = [
                        {
                            {"ServerSideEncryptionByDefault": "ApplyServerSideEncryptionByDefault"}.get(
                                k, k
                            ): v
                            for k, v in rule.items()
                        }
                        for rule in value["ServerSideEncryptionConfiguration"]
                    ]
                    s3.put_bucket_encryption(
                        Bucket=physical_id, ServerSideEncryptionConfiguration={"Rules": rules}
                    )
                case "LifecycleConfiguration":
                    rules = [
                        {
                            "ID": rule["Id"],
                            "Filter": {"Prefix": rule.get("Prefix", "")},
                            "Expiration": {"Days": rule["ExpirationInDays"]},
                            **without(rule, "Id", "Prefix", "ExpirationInDays"),
                        }
                        for rule in value["Rules"]
                    ]
                    s3.put_bucket_lifecycle_configuration(
                        Bucket=physical_id, LifecycleConfiguration={"Rules": rules}
                    )
                case "VersioningConfiguration":
                    s3.put_bucket_versioning(Bucket=physical_id, VersioningConfiguration=value)
                case _:
                    raise ValidationError(message=f"Bucket.{name}: say in {__file__} how it is set")

    def delete(self, physical_id, properties):
        self.aws("s3").delete_bucket(Bucket=physical_id)

    def attributes(self, physical_id, properties):
        return {"Arn": f"arn:aws:s3:::{physical_id}"}


@of_type("AWS::S3::BucketPolicy")
class BucketPolicy(Type):
    def create(self, name, properties):
        self.aws("s3").put_bucket_policy(
            Bucket=properties["Bucket"], Policy=json.dumps(properties["PolicyDocument"])
        )
        return properties["Bucket"]

    def update(self, physical_id, properties, before):
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        self.aws("s3").delete_bucket_policy(Bucket=physical_id)


@of_type("AWS::SQS::Queue")
class StepQueue(Type):
    def create(self, name, properties):
        queue = properties.get("QueueName", name)
        return self.aws("sqs").create_queue(QueueName=queue, Attributes=self.as_texts(properties))["QueueUrl"]

    def update(self, physical_id, properties, before):
        gone = {"KmsMasterKeyId": ""} if "KmsMasterKeyId" in before else {}
        attributes = {**gone, **self.as_texts(properties)}
        self.aws("sqs").set_queue_attributes(QueueUrl=physical_id, Attributes=attributes)

    def delete(self, physical_id, properties):
        self.aws("sqs").delete_queue(QueueUrl=physical_id)

    @staticmethod
    def as_texts(properties):
        return {
            k: v if isinstance(v, str) else json.dumps(v) for k, v in without(properties, "QueueName").items()
        }

    def attributes(self, physical_id, properties):
        arn = self.aws("sqs").get_queue_attributes(QueueUrl=physical_id, AttributeNames=["QueueArn"])[
            "Attributes"
        ]["QueueArn"]
        return {"Arn": arn, "QueueName": arn.split(":")[-1], "QueueUrl": physical_id}


@of_type("AWS::SQS::QueuePolicy")
class QueuePolicy(Type):
    def create(self, name, properties):
        self.set(properties, json.dumps(properties["PolicyDocument"]))
        return name

    def update(self, physical_id, properties, before):
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        self.set(properties, "")

    def set(self, properties, policy):
        for queue in properties["Queues"]:
            self.aws("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})


@of_type("AWS::IAM::ManagedPolicy")
class ManagedPolicy(Type):
    def create(self, name, properties):
        plain = without(properties, "PolicyDocument", "ManagedPolicyName")
        policy = self.aws("iam").create_policy(
            PolicyName=properties.get("ManagedPolicyName", name),
            PolicyDocument=json.dumps(properties["PolicyDocument"]),
            **plain,
        )
        return policy["Policy"]["Arn"]

    def update(self, physical_id, properties, before):
        iam = self.aws("iam")
        document = json.dumps(properties["PolicyDocument"])
        iam.create_policy_version(PolicyArn=physical_id, PolicyDocument=document, SetAsDefault=True)
        self.forget_other_versions(physical_id)

    def forget_other_versions(self, physical_id):
        for version in self.aws("iam").list_policy_versions(PolicyArn=physical_id)["Versions"]:
            if not version["IsDefaultVersion"]:
                self.aws("iam").delete_policy_version(PolicyArn=physical_id, VersionId=version["VersionId"])

    def delete(self, physical_id, properties):
        self.aws("iam").delete_policy(PolicyArn=physical_id)

    def attributes(self, physical_id, properties):
        return {"PolicyArn": physical_id}


@of_type("AWS::IAM::Role")
class Role(Type):
    def create(self, name, properties):
        role = properties.get("RoleName", name)
        plain = without(properties, "Policies", "ManagedPolicyArns", "RoleName")
        plain["AssumeRolePolicyDocument"] = json.dumps(plain["AssumeRolePolicyDocument"])
        self.aws("iam").create_role(RoleName=role, **plain)
        self.set_policies(role, properties, {})
        return role

    def update(self, physical_id, properties, before):
        iam = self.aws("iam")
        document = json.dumps(properties["AssumeRolePolicyDocument"])
        iam.update_assume_role_policy(RoleName=physical_id, PolicyDocument=document)
        if "PermissionsBoundary" in properties:
            iam.put_role_permissions_boundary(
                RoleName=physical_id, PermissionsBoundary=properties["PermissionsBoundary"]
            )
        elif "PermissionsBoundary" in before:
            iam.delete_role_permissions_boundary(RoleName=physical_id)
        self.set_policies(physical_id, properties, before)

    def set_policies(self, physical_id, properties, before):
        iam = self.aws("iam")
        wanted = {policy["PolicyName"]: policy["PolicyDocument"] for policy in properties.get("Policies", [])}
        for policy in before.get("Policies", []):
            if policy["PolicyName"] not in wanted:
                iam.delete_role_policy(RoleName=physical_id, PolicyName=policy["PolicyName"])
        for name, document in wanted.items():
            # SAM writes some without a version, which IAM takes and moto does not.
            text = json.dumps({"Version": "2012-10-17", **document})
            iam.put_role_policy(RoleName=physical_id, PolicyName=name, PolicyDocument=text)
        attached, had = (set(p.get("ManagedPolicyArns", [])) for p in (properties, before))
        for arn in had - attached:
            iam.detach_role_policy(RoleName=physical_id, PolicyArn=arn)
        for arn in attached - had:
            iam.attach_role_policy(RoleName=physical_id, PolicyArn=arn)

    def delete(self, physical_id, properties):
        self.set_policies(physical_id, {}, properties)
        self.aws("iam").delete_role(RoleName=physical_id)

    def attributes(self, physical_id, properties):
        role = self.aws("iam").get_role(RoleName=physical_id)["Role"]
        return {"Arn": role["Arn"], "RoleId": role["RoleId"]}


@of_type("AWS::Logs::LogGroup")
class LogGroup(Type):
    def create(self, name, properties):
        group = properties.get("LogGroupName", name)
        self.aws("logs").create_log_group(logGroupName=group)
        self.update(group, properties, {})
        return group

    def update(self, physical_id, properties, before):
        logs = self.aws("logs")
        others = without(properties, "LogGroupName", "RetentionInDays", "KmsKeyId")
        if others:
            raise ValidationError(message=f"LogGroup.{', '.join(others)}: say in {__file__} how it is set")
        if "RetentionInDays" in properties:
            logs.put_retention_policy(logGroupName=physical_id, retentionInDays=properties["RetentionInDays"])
        # Moto has no call for it.
        group = logs_backends[ACCOUNT][REGION].groups[physical_id]
        group.kms_key_id = properties.get("KmsKeyId")

    def delete(self, physical_id, properties):
        self.aws("logs").delete_log_group(logGroupName=physical_id)

    def attributes(self, physical_id, properties):
        return {"Arn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{physical_id}:*"}


# What CloudFormation sends when a property of a function is removed.
EMPTY = {
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "KMSKeyArn": "",
    "TracingConfig": {"Mode": "PassThrough"},
    "SnapStart": {"ApplyOn": "None"},
}


@of_type("AWS::Lambda::Function")
class Function(Type):
    CODE = ("Code", "Architectures")
    FIXED = ("FunctionName", "PackageType", "Tags", "ReservedConcurrentExecutions")

    def create(self, name, properties):
        function = properties.get("FunctionName", name)
        tags = (
            {"Tags": {tag["Key"]: tag["Value"] for tag in properties["Tags"]}} if "Tags" in properties else {}
        )
        plain = self.renamed(without(properties, "Tags", "FunctionName", "ReservedConcurrentExecutions"))
        self.aws("lambda").create_function(FunctionName=function, **plain, **tags)
        self.reserve(function, properties, {})
        return function

    def update(self, physical_id, properties, before):
        code, code_before = (
            {**p["Code"], **({"Architectures": p["Architectures"]} if "Architectures" in p else {})}
            for p in (properties, before)
        )
        if code != code_before:
            self.aws("lambda").update_function_code(FunctionName=physical_id, **code)
        new, old = (self.renamed(without(p, *self.CODE, *self.FIXED)) for p in (properties, before))
        if new != old:
            gone = {name: EMPTY[name] for name in old if name not in new}
            self.aws("lambda").update_function_configuration(FunctionName=physical_id, **new, **gone)
        self.reserve(physical_id, properties, before)

    @staticmethod
    def renamed(properties):
        return {{"KmsKeyArn": "KMSKeyArn"}.get(name, name): value for name, value in properties.items()}

    def reserve(self, physical_id, properties, before):
        reserved = "ReservedConcurrentExecutions"
        if reserved in properties:
            self.aws("lambda").put_function_concurrency(
                FunctionName=physical_id, **{reserved: properties[reserved]}
            )
        elif reserved in before:
            self.aws("lambda").delete_function_concurrency(FunctionName=physical_id)

    def delete(self, physical_id, properties):
        self.aws("lambda").delete_function(FunctionName=physical_id)

    def attributes(self, physical_id, properties):
        return {"Arn": self.aws("lambda").get_function_configuration(FunctionName=physical_id)["FunctionArn"]}


@of_type("AWS::Lambda::Version")
class Version(Type):
    def create(self, name, properties):
        function = properties["FunctionName"]
        versions = self.aws("lambda").list_versions_by_function(FunctionName=function)["Versions"]
        made = self.aws("lambda").publish_version(**properties)
        if made["Version"] in [version["Version"] for version in versions]:
            raise ValidationError(
                message=f"A version for this Lambda function exists ( {made['Version']} ). Modify the function to "
                "create a new version."
            )
        return made["FunctionArn"]

    def delete(self, physical_id, properties):
        function, version = physical_id.split(":")[-2:]
        self.aws("lambda").delete_function(FunctionName=function, Qualifier=version)

    def attributes(self, physical_id, properties):
        return {"Version": physical_id.split(":")[-1], "FunctionArn": physical_id}


@of_type("AWS::Lambda::Alias")
class Alias(Type):
    def create(self, name, properties):
        return self.aws("lambda").create_alias(**properties)["AliasArn"]

    def update(self, physical_id, properties, before):
        self.aws("lambda").update_alias(**properties)

    def delete(self, physical_id, properties):
        self.aws("lambda").delete_alias(FunctionName=properties["FunctionName"], Name=properties["Name"])

    def attributes(self, physical_id, properties):
        return {"AliasArn": physical_id}


@of_type("AWS::Lambda::Permission")
class Permission(Type):
    def create(self, name, properties):
        self.aws("lambda").add_permission(StatementId=name, **properties)
        return name

    def delete(self, physical_id, properties):
        self.aws("lambda").remove_permission(FunctionName=properties["FunctionName"], StatementId=physical_id)


@of_type("AWS::Lambda::EventSourceMapping")
class EventSourceMapping(Type):
    def create(self, name, properties):
        return self.aws("lambda").create_event_source_mapping(**properties)["UUID"]

    def update(self, physical_id, properties, before):
        gone = {name: {} for name in ("ScalingConfig", "ProvisionedPollerConfig") if name in before}
        changing = without(properties, "EventSourceArn")
        self.aws("lambda").update_event_source_mapping(UUID=physical_id, **{**gone, **changing})

    def delete(self, physical_id, properties):
        self.aws("lambda").delete_event_source_mapping(UUID=physical_id)

    def attributes(self, physical_id, properties):
        return {"Id": physical_id}


@of_type("AWS::Lambda::EventInvokeConfig")
class EventInvokeConfig(Type):
    def create(self, name, properties):
        self.aws("lambda").put_function_event_invoke_config(**properties)
        return name

    def update(self, physical_id, properties, before):
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        # Moto keeps one for the function and forgets it with the function; AWS keeps one for each qualifier.
        pass


@of_type("AWS::ApiGatewayV2::Api")
class Api(Type):
    def create(self, name, properties):
        api = self.aws("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")["ApiId"]
        self.update(api, properties, {})
        return api

    def update(self, physical_id, properties, before):
        others = without(properties, "Body", "FailOnWarnings", "Name", "ProtocolType")
        if others:
            self.aws("apigatewayv2").update_api(ApiId=physical_id, **others)
        body = json.dumps(properties["Body"])
        self.aws("apigatewayv2").reimport_api(
            ApiId=physical_id, Body=body, FailOnWarnings=properties["FailOnWarnings"]
        )

    def delete(self, physical_id, properties):
        self.aws("apigatewayv2").delete_api(ApiId=physical_id)

    def attributes(self, physical_id, properties):
        return {
            "ApiId": physical_id,
            "ApiEndpoint": f"https://{physical_id}.execute-api.{REGION}.amazonaws.com",
        }


@of_type("AWS::ApiGatewayV2::Stage")
class Stage(Type):
    def create(self, name, properties):
        return self.aws("apigatewayv2").create_stage(**properties)["StageName"]

    def update(self, physical_id, properties, before):
        self.aws("apigatewayv2").update_stage(**properties)

    def delete(self, physical_id, properties):
        self.aws("apigatewayv2").delete_stage(ApiId=properties["ApiId"], StageName=physical_id)


@of_type("AWS::Scheduler::Schedule")
class Schedule(Type):
    def create(self, name, properties):
        schedule = properties.get("Name", name)
        self.aws("scheduler").create_schedule(**{**properties, "Name": schedule})
        return schedule

    def update(self, physical_id, properties, before):
        self.aws("scheduler").update_schedule(**{**properties, "Name": physical_id})

    def delete(self, physical_id, properties):
        self.aws("scheduler").delete_schedule(Name=physical_id)

    def attributes(self, physical_id, properties):
        return {"Arn": self.aws("scheduler").get_schedule(Name=physical_id)["Arn"]}


@of_type("AWS::CloudWatch::Alarm")
class Alarm(Type):
    def create(self, name, properties):
        alarm = properties.get("AlarmName", name)
        self.aws("cloudwatch").put_metric_alarm(**{**properties, "AlarmName": alarm})
        return alarm

    def update(self, physical_id, properties, before):
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        self.aws("cloudwatch").delete_alarms(AlarmNames=[physical_id])

    def attributes(self, physical_id, properties):
        return {"Arn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{physical_id}"}


@of_type("AWS::CloudWatch::Dashboard")
class Dashboard(Type):
    def create(self, name, properties):
        dashboard = properties.get("DashboardName", name)
        self.aws("cloudwatch").put_dashboard(
            DashboardName=dashboard, DashboardBody=properties["DashboardBody"]
        )
        return dashboard

    def update(self, physical_id, properties, before):
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        self.aws("cloudwatch").delete_dashboards(DashboardNames=[physical_id])


def in_camel_case(value):
    """As CodeDeploy's API names its members."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: in_camel_case(of) for name, of in value.items()}
    return [in_camel_case(of) for of in value] if isinstance(value, list) else value


@of_type("AWS::CodeDeploy::Application")
class Application(Type):
    def create(self, name, properties):
        plain = in_camel_case(without(properties, "ApplicationName"))
        self.aws("codedeploy").create_application(applicationName=name, **plain)
        return name

    def delete(self, physical_id, properties):
        # Moto has no call for it, nor for deployment groups.
        del codedeploy_backends[ACCOUNT][REGION].applications[physical_id]


@of_type("AWS::CodeDeploy::DeploymentGroup")
class DeploymentGroup(Type):
    def create(self, name, properties):
        self.aws("codedeploy").create_deployment_group(deploymentGroupName=name, **in_camel_case(properties))
        return name

    def update(self, physical_id, properties, before):
        self.delete(physical_id, before)
        self.create(physical_id, properties)

    def delete(self, physical_id, properties):
        groups = codedeploy_backends[ACCOUNT][REGION].deployment_groups
        del groups[properties["ApplicationName"]][physical_id]


# ---------------------------------------------------------------- what moto does otherwise than AWS


def take_calls_without_tls():
    """The bucket's policy refuses what comes without TLS. Moto does not read conditions, and would refuse all."""
    FakeBucket.get_permission = lambda self, action, resource: PermissionResult.NEUTRAL


def deliver_no_messages():
    """Moto would run the functions in Docker. Whoever tests them receives the messages, as the event source does."""
    Queue.lambda_event_source_mappings = property(lambda self: {}, lambda self, value: None)


def keep_what_a_function_is_given():
    """Moto's Lambda has no place for some of a function's settings, and takes others at the creation alone."""
    kept = ("Architectures", "ImageConfig", "KMSKeyArn", "LoggingConfig", "SnapStart", "TracingConfig")
    init, code, configure, answer = (
        LambdaFunction.__init__,
        LambdaFunction.update_function_code,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def keep(self, given):
        # A new dict, as published versions are copies that share it.
        self.given = {**getattr(self, "given", {}), **{name: given[name] for name in kept if name in given}}

    def initialised(self, account_id, spec, *more, **named):
        init(self, account_id, spec, *more, **named)
        keep(self, spec)

    def coded(self, given):
        keep(self, given)
        return code(self, given)

    def configured(self, given):
        keep(self, given)
        return configure(self, given)

    def answered(self, on_create=False):
        return {**answer(self, on_create), **without(self.given, "ImageConfig")}

    LambdaFunction.__init__ = initialised
    LambdaFunction.update_function_code = coded
    LambdaFunction.update_configuration = configured
    LambdaFunction.get_configuration = answered

    update_mapping = LambdaBackend.update_event_source_mapping

    def mapped(self, uuid, spec):
        mapping = update_mapping(self, uuid, spec)
        # As AWS has it, an empty one is none.
        for name, field in (
            ("ScalingConfig", "scaling_config"),
            ("ProvisionedPollerConfig", "poller_config"),
        ):
            if name in spec:
                setattr(mapping, field, spec[name] or None)
        return mapping

    LambdaBackend.update_event_source_mapping = mapped

    publish = LambdaStorage.publish_version

    def published(self, name_or_arn, description=""):
        """By a number that no version had before, not even one that is deleted."""
        function = self.get_function_by_name_or_arn_forbid_qualifier(name_or_arn)
        before = list(self._functions[function.function_name]["versions"])
        made = publish(self, name_or_arn, description)
        if made not in before:
            function.last_version = getattr(function, "last_version", 0) + 1
            made.set_version(function.last_version)
            self._arns[made.function_arn] = made
        return made

    LambdaStorage.publish_version = published


# ---------------------------------------------------------------- properties, by the type's schema


def schema_of(type_name):
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type_name).schema


def conformed(value, schema, root):
    """The value with its numbers, texts and booleans as the schema has them, as CloudFormation converts them."""
    while "$ref" in schema:
        target = root
        for part in schema["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    if isinstance(value, dict):
        members = schema.get("properties", {})
        others = next(iter(schema.get("patternProperties", {}).values()), {})
        return {name: conformed(of, members.get(name, others), root) for name, of in value.items()}
    if isinstance(value, list):
        return [conformed(of, schema.get("items", {}), root) for of in value]
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "string" in kinds and not isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, str) and "string" not in kinds and {"integer", "number", "boolean"} & set(kinds):
        try:
            return json.loads(value)
        except ValueError:
            return value  # the check that follows reports it
    return value


def check(logical_id, type_name, properties):
    for error in jsonschema.Draft7Validator(schema_of(type_name)).iter_errors(properties):
        place = "/".join(map(str, error.absolute_path))
        raise ValidationError(
            message=f"Properties validation failed for resource {logical_id}: {place}: {error.message}"
        )


def without_nothing(value):
    """Without what AWS::NoValue has removed, in lists too."""
    if isinstance(value, dict):
        return {name: without_nothing(of) for name, of in value.items() if of is not None}
    if isinstance(value, list):
        return [without_nothing(of) for of in value if of is not None]
    return value


# ---------------------------------------------------------------- stacks


def as_text(value):
    """Parameters, and what they are compared with, are texts in CloudFormation; moto makes numbers of some."""
    if isinstance(value, dict):
        return {name: as_text(of) for name, of in value.items()}
    if isinstance(value, list):
        return [as_text(of) for of in value]
    return value if isinstance(value, str) else json.dumps(value)


def check_parameter(name, value, parameter):
    for each in value if isinstance(value, list) else [value]:
        allowed = as_text(parameter.get("AllowedValues", [each]))
        pattern = parameter.get("AllowedPattern", ".*")
        number = float(each) if parameter["Type"] == "Number" else 0
        least, most = parameter.get("MinValue", number), parameter.get("MaxValue", number)
        longest = int(parameter.get("MaxLength", len(each)))
        if each not in allowed or not re.fullmatch(pattern, each) or len(each) > longest:
            raise ValidationError(message=f"Parameter {name}: {each!r} is not allowed")
        if not float(least) <= number <= float(most):
            raise ValidationError(message=f"Parameter {name}: {each} is not from {least} to {most}")


class Resource:
    def __init__(self, type_name, logical_resource_id, physical_resource_id, properties, json, handler):
        self.type = self.cf_resource_type = type_name
        self.logical_resource_id = logical_resource_id
        self.physical_resource_id = physical_resource_id
        self.properties = properties
        self.json = json
        self.handler = handler
        self.status = "CREATE_COMPLETE"

    def get_cfn_attribute(self, name):
        attributes = self.handler.attributes(self.physical_resource_id, self.properties)
        if name not in attributes:
            raise ValidationError(message=f"{self.logical_resource_id} has no attribute {name}")
        return attributes[name]

    @property
    def identity(self):
        """The same for two resources only if one of them cannot be: a stage's name is its own within its API."""
        names = [place.split("/")[2] for place in schema_of(self.type)["primaryIdentifier"]]
        return (self.type, self.physical_resource_id, *(str(self.properties.get(name)) for name in names))

    def delete(self, policy, retaining=("Retain", "RetainExceptOnCreate")):
        if self.json.get(policy) not in retaining:
            self.handler.delete(self.physical_resource_id, self.properties)
            OWNERS.pop(self.identity)

    def is_created(self):
        return True


# By the identity of a resource: the stack that made it.
OWNERS = {}


class Resources(ResourceMap):
    """The resources of a stack. A deployment is one pass over the template, in which each resource is settled once."""

    endpoint = ""

    def __init__(self, *more, **named):
        super().__init__(*more, **named)
        self.deploying = False
        self.made = {}
        self.settled = {}
        self.replaced = []
        self.pseudo = dict(self._parsed_resources)

    @classmethod
    @functools.cache
    def aws(cls, service):
        return boto3.client(service, endpoint_url=cls.endpoint, **CLIENT)

    # What moto asks for.

    def load(self):
        self.load_mapping()
        self.load_parameters()
        parameters = {name: as_text(value) for name, value in self.resolved_parameters.items()}
        self._parsed_resources.update(parameters)
        for name, value in parameters.items():
            check_parameter(name, value, self._template["Parameters"][name])
        self._template["Conditions"] = as_text(self._template.get("Conditions", {}))
        self.load_conditions()
        for name, rule in self._template.get("Rules", {}).items():
            for assertion in rule["Assertions"]:
                if not parse_condition(as_text(assertion["Assert"]), self, self.lazy_condition_map):
                    raise ValidationError(message=f"Rule {name}: {assertion['AssertDescription']}")

    def __getitem__(self, key):
        if key in self._parsed_resources:
            return self._parsed_resources[key]
        if not self.deploying:
            return self.made[key]
        if key in self.settled:
            return self.settled[key]
        if key not in self._resource_json_map:
            raise ValidationError(message=f"Unresolved resource dependencies [{key}] in the template")
        if not self.wanted(key):
            raise ValidationError(message=f"Unresolved resource dependencies [{key}]: its condition is false")
        try:
            self.settled[key] = self.settle(key, self._resource_json_map[key])
        except ValidationError:
            raise
        except Exception as e:
            raise ValidationError(message=f"{key}: {type(e).__name__}: {e}") from e
        return self.settled[key]

    @property
    def resources(self):
        return list(self.made)

    def create(self, template):
        try:
            self.deploy(template)
        except Exception:
            self.made = self.settled
            self.delete(retaining=("Retain",))
            raise
        return True

    def update(self, template, parameters=None):
        self._template = template
        self.input_parameters = parameters or {}
        self._parsed_resources = dict(self.pseudo)
        self.load()
        self.deploy(template)

    def delete(self, **named):
        for name in reversed(list(self.made)):
            self.made.pop(name).delete("DeletionPolicy", **named)

    # What a deployment is.

    def wanted(self, name):
        condition = self._resource_json_map[name].get("Condition")
        return condition is None or self.lazy_condition_map[condition]

    def deploy(self, template):
        """Not rolled back if it fails, but for a creation."""
        self._resource_json_map = template["Resources"]
        self.settled = {}
        self.deploying = True
        try:
            for name in filter(self.wanted, self._resource_json_map):
                _ = self[name]
            self.check_outputs(template)
        finally:
            self.deploying = False
        gone = [resource for name, resource in self.made.items() if name not in self.settled]
        replaced, self.replaced = self.replaced, []
        self.made = self.settled
        for resource in reversed(replaced):
            resource.delete("UpdateReplacePolicy")
        for resource in reversed(gone):
            resource.delete("DeletionPolicy")

    def check_outputs(self, template):
        for value in OutputMap(self, template, self.stack_id).values():
            if value is not None and (not isinstance(value.value, str) or "${" in value.value):
                raise ValidationError(message=f"Output {value.key} is no text: {value.value!r}")

    def settle(self, name, resource):
        for dependency in resource.get("DependsOn", []):
            _ = self[dependency]
        kind = resource["Type"]
        if kind not in TYPES:
            raise ValidationError(message=f"{name}: say in {__file__} how a {kind} is made")
        properties = without_nothing(clean_json(resource.get("Properties", {}), self))
        properties = conformed(properties, schema_of(kind), schema_of(kind))
        before = self.made.get(name)
        if before is not None and before.type == kind and before.properties == properties:
            before.json = resource
            return before
        if "${" in json.dumps(without(properties, "Body", "DashboardBody")):
            raise ValidationError(message=f"{name}: a reference of Fn::Sub is not resolved: {properties}")
        check(name, kind, properties)
        handler = TYPES[kind](self.aws)
        if before is not None and not self.must_be_replaced(before, kind, properties):
            handler.update(before.physical_resource_id, properties, before.properties)
            return Resource(kind, name, before.physical_resource_id, properties, resource, handler)
        physical_id = handler.create(self.name_for(name), properties)
        made = Resource(kind, name, physical_id, properties, resource, handler)
        if made.identity in OWNERS:
            raise ValidationError(
                message=f"{name}: {physical_id} already exists in stack {OWNERS[made.identity]}"
            )
        OWNERS[made.identity] = self.pseudo["AWS::StackName"]
        if before is not None:
            self.replaced.append(before)
        return made

    @staticmethod
    def must_be_replaced(before, kind, properties):
        fixed = [place.split("/")[2] for place in schema_of(kind).get("createOnlyProperties", [])]
        changed = [name for name in fixed if before.properties.get(name) != properties.get(name)]
        return before.type != kind or changed != []

    def name_for(self, logical_id):
        """Within 63 characters, as a bucket's and a function's name must be."""
        return f"{self.pseudo['AWS::StackName'][:24]}-{logical_id[:24]}-{random_suffix()}"


def start(port=0):
    """Starts the server in this process, on loopback; returns its URL."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    # A queue may be purged as often as a test wants.
    os.environ["MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR"] = "false"
    take_calls_without_tls()
    deliver_no_messages()
    keep_what_a_function_is_given()
    moto.cloudformation.models.ResourceMap = Resources
    # Moto reads it as YAML, which takes a second; what SAM hands over is JSON.
    moto.cloudformation.models.Stack.parse_template = staticmethod(json.loads)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=port, verbose=False)
    server.start()
    Resources.endpoint = f"http://127.0.0.1:{server.get_host_and_port()[1]}"
    return Resources.endpoint


if __name__ == "__main__":
    print(start(int(sys.argv[1]) if len(sys.argv) > 1 else 0), flush=True)
    sys.stdin.read()  # until whoever started this is gone
