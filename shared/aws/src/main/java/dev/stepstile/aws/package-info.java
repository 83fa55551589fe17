/** The ports on AWS: the table on DynamoDB, the queues on SQS, large payloads on S3. */
@NullMarked
package dev.stepstile.aws;

import org.jspecify.annotations.NullMarked;
