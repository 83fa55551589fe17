"""AWS on loopback, for the tests that deploy; it ends with them."""

import functools
import io
import json
import os
import zipfile

import boto3
import emulated_aws
import pytest
from test_deployment import ARTIFACT, CHANGED

# SAM's transform wants one, and asks it nothing.
os.environ["AWS_DEFAULT_REGION"] = emulated_aws.REGION


@pytest.fixture(scope="session")
def aws():
    """By service, a client of an emulated AWS in which is what a deployment refers to: the artifact and layers."""
    endpoint = emulated_aws.start()

    @functools.cache
    def client(service):
        return boto3.client(service, endpoint_url=endpoint, **emulated_aws.CLIENT)

    bucket, key = ARTIFACT.removeprefix("s3://").split("/")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("empty", "")
    location = {"LocationConstraint": emulated_aws.REGION}
    client("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration=location)
    client("s3").put_object(Bucket=bucket, Key=key, Body=file.getvalue())
    for layer, version in (CHANGED["HandlersLayerArn"].split(":")[-2:], CHANGED["TracesLayer"].split(":")):
        for _ in range(int(version)):
            made = client("lambda").publish_layer_version(
                LayerName=layer, Content={"S3Bucket": bucket, "S3Key": key}
            )
        assert made["LayerVersionArn"].endswith(f":layer:{layer}:{version}")
    for arn in [*CHANGED["HandlersPolicyArns"].split(","), CHANGED["PermissionsBoundaryArn"]]:
        nothing = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
        client("iam").create_policy(PolicyName=arn.split("/")[1], PolicyDocument=json.dumps(nothing))
    return client
