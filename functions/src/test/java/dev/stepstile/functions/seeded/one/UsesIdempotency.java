package dev.stepstile.functions.seeded.one;

import software.amazon.awssdk.services.dynamodb.DynamoDbClient;
import software.amazon.lambda.powertools.idempotency.persistence.BasePersistenceStore;

/** Breaks the rules that one class alone knows Powertools idempotency, and the adapters alone the SDK. */
public record UsesIdempotency(BasePersistenceStore store, DynamoDbClient client) {}
