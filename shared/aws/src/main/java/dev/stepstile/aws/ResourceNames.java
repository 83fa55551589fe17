package dev.stepstile.aws;

/**
 * By what names the resources of one stack are called.
 *
 * @param table the DynamoDB table's name
 * @param bucket the S3 bucket's name
 */
public record ResourceNames(String table, String queueUrl, String deadLetterUrl, String bucket) {}
