"""A stack of template.yaml in an emulated AWS, and what it made."""

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

    def delete(self):
        self.aws("cloudformation").delete_stack(StackName=self.name)

    @property
    def outputs(self):
        (stack,) = self.aws("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
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

    def log_groups(self):
        groups = self.aws("logs").describe_log_groups()["logGroups"]
        ours = self.of_type("AWS::Logs::LogGroup").values()
        return [group for group in groups if group["logGroupName"] in ours]

    def table(self):
        return self.aws("dynamodb").describe_table(TableName=self.id("Table"))["Table"]
