/** What stands in for AWS on one machine: DynamoDB Local and ElasticMQ as processes of their own, and a stub of S3. */
@NullMarked
package dev.stepstile.emulators;

import org.jspecify.annotations.NullMarked;
