package dev.stepstile.aws;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/**
 * Where DynamoDB, SQS and S3 are; null for where the SDK finds them, which is AWS. Only Stepstile's own calls go there:
 * {@code AWS_ENDPOINT_URL} would also divert those of a handler.
 */
public record ServiceEndpoints(
        @Nullable URI dynamoDb, @Nullable URI sqs, @Nullable URI s3) {}
