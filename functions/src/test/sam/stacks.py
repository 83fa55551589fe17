"""A stack of template.yaml in an emulated AWS, and what it made."""

import functools
import json

from test_deployment import transformed


class Stack:
    """Deployed as `sam deploy` does: transformed with the parameters' values, then created or updated with them."""

    def __init__(self, aws, template, name, **parameters):
        self.aws = aws
        self.template = template
        self.name = name
        self.parameters = parameters
        aws("cloudformation").create_stack(**self.request(parameters))

    def request(self, parameters):
        return {
            "StackName": self.name,
            "TemplateBody": json.dumps(transformed(self.template, parameters)),
            "Parameters": [{"ParameterKey": k, "ParameterValue": str(v)} for k, v in parameters.items()],
            "Capabilities": ["CAPABILITY_IAM"],
        }

    def update(self, **parameters):
        """To these parameters; those that are not named go back to their defaults."""
        if parameters != self.parameters:
            self.aws("cloudformation").update_stack(**self.request(parameters))
            self.parameters = parameters
            self.__dict__.pop("resources", None)

    def delete(self):
        self.aws("cloudformation").delete_stack(StackName=self.name)

    @property
    def outputs(self):
        (stack,) = self.aws("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @functools.cached_property
    def resources(self):
        """By logical id: (type, physical id)."""
        listed = self.aws("cloudformation").describe_stack_resources(StackName=self.name)["StackResources"]
        return {r["LogicalResourceId"]: (r["ResourceType"], r["PhysicalResourceId"]) for r in listed}

    def id(self, logical_id):
        return self.resources[logical_id][1]

    def of_type(self, wanted):
        """By logical id: the physical ids."""
        return {name: physical_id for name, (kind, physical_id) in self.resources.items() if kind == wanted}

    def configuration(self, function, qualifier="live"):
        """Of a function, by its logical id: of the version that the alias points at."""
        answer = self.aws("lambda").get_function_configuration(
            FunctionName=self.id(function), Qualifier=qualifier
        )
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}

    def environment(self, function):
        return self.configuration(function)["Environment"]["Variables"]

    def code(self, function):
        return self.aws("lambda").get_function(FunctionName=self.id(function), Qualifier="live")["Code"]

    def mapping(self):
        """The event source mapping of the step function."""
        ((_, physical_id),) = self.of_type("AWS::Lambda::EventSourceMapping").items()
        return self.aws("lambda").get_event_source_mapping(UUID=physical_id)

    def alarms(self):
        """By logical id."""
        names = self.of_type("AWS::CloudWatch::Alarm")
        alarms = self.aws("cloudwatch").describe_alarms(AlarmNames=list(names.values()))["MetricAlarms"]
        by_name = {alarm["AlarmName"]: alarm for alarm in alarms}
        return {name: by_name[physical_id] for name, physical_id in names.items()}

    def schedule(self, name):
        return self.aws("scheduler").get_schedule(Name=self.id(name))

    def table(self):
        return self.aws("dynamodb").describe_table(TableName=self.id("Table"))["Table"]

    def recovery(self):
        answer = self.aws("dynamodb").describe_continuous_backups(TableName=self.id("Table"))
        return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"][
            "PointInTimeRecoveryStatus"
        ]

    def policies(self, role):
        """The managed ones, by ARN."""
        attached = self.aws("iam").list_attached_role_policies(RoleName=self.id(role))["AttachedPolicies"]
        return [policy["PolicyArn"] for policy in attached]

    def reserved(self, function):
        answer = self.aws("lambda").get_function_concurrency(FunctionName=self.id(function))
        return answer.get("ReservedConcurrentExecutions")

    # What is the same for all of a kind; where it is not, all that it is.

    def of_every_function(self, setting):
        """setting: of a configuration, or a variable of the environment."""
        configurations = map(self.configuration, self.of_type("AWS::Lambda::Function"))
        return common(c.get(setting) or c["Environment"]["Variables"].get(setting) for c in configurations)

    def network(self, kind):
        """kind: SubnetIds or SecurityGroupIds."""
        functions = self.of_type("AWS::Lambda::Function")
        return common(self.configuration(function).get("VpcConfig", {}).get(kind) for function in functions)

    def alarm_actions(self):
        return common(alarm["AlarmActions"] for alarm in self.alarms().values())

    def log_retention(self):
        return common(group["retentionInDays"] for group in self.log_groups())

    def log_groups(self):
        groups = self.aws("logs").describe_log_groups()["logGroups"]
        ours = self.of_type("AWS::Logs::LogGroup").values()
        return [group for group in groups if group["logGroupName"] in ours]

    def keys(self):
        """The KMS keys of the table, the queues, the bucket and the logs."""
        keys = [self.table().get("SSEDescription", {}).get("KMSMasterKeyArn")]
        for queue in self.of_type("AWS::SQS::Queue").values():
            answer = self.aws("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
            keys.append(answer["Attributes"].get("KmsMasterKeyId") or None)
        answer = self.aws("s3").get_bucket_encryption(Bucket=self.id("PayloadBucket"))
        (rule,) = answer["ServerSideEncryptionConfiguration"]["Rules"]
        keys.append(rule["ApplyServerSideEncryptionByDefault"].get("KMSMasterKeyID"))
        return common(keys + [group.get("kmsKeyId") for group in self.log_groups()])

    def boundaries(self):
        roles = [
            self.aws("iam").get_role(RoleName=r)["Role"] for r in self.of_type("AWS::IAM::Role").values()
        ]
        return common(role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn") for role in roles)

    def rollouts(self):
        """How the aliases move; none where they move at once."""
        application = {"applicationName": self.id("ServerlessDeploymentApplication")}
        groups = self.of_type("AWS::CodeDeploy::DeploymentGroup").values()
        ask = self.aws("codedeploy").get_deployment_group
        answers = [ask(deploymentGroupName=group, **application)["deploymentGroupInfo"] for group in groups]
        return common(answer["deploymentConfigName"] for answer in answers)


def common(values):
    found = {json.dumps(value): value for value in values}
    return next(iter(found.values())) if len(found) == 1 else " and ".join(sorted(found))
