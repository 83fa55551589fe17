package dev.stepstile.emulators;

import java.util.Optional;

/** What the first start of the emulators on a machine fetches. */
public final class EmulatorDownload {
    private EmulatorDownload() {}

    /** A sentence for people: what is about to be downloaded, from where and to where; empty if nothing is. */
    public static Optional<String> announcement() {
        return announcement(EmulatorJars.ofThisMachine());
    }

    static Optional<String> announcement(EmulatorJars jars) {
        boolean dynamoDb = jars.has(DynamoDbLocal.NAME);
        boolean elasticMq = jars.has(ElasticMq.NAME);
        if (dynamoDb && elasticMq) {
            return Optional.empty();
        }
        String what = dynamoDb
                ? "ElasticMQ (60 MB)"
                : elasticMq ? "DynamoDB Local (75 MB)" : "DynamoDB Local (75 MB) and ElasticMQ (60 MB)";
        return Optional.of("Fetching " + what + " from your Maven repository, once, into " + jars.folder()
                + "; this can take a few minutes ...");
    }
}
