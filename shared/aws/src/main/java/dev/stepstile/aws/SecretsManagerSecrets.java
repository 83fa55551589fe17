package dev.stepstile.aws;

import dev.stepstile.webhook.WebhookSecrets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.secretsmanager.SecretsManagerClient;

/** The secrets that sign webhooks, in one secret of AWS Secrets Manager. They are read when they are first needed. */
final class SecretsManagerSecrets implements WebhookSecrets.Source {
    /** After it, a rotated secret is read: each reading costs, and each sweep that notifies needs them. */
    static final Duration KEPT = Duration.ofMinutes(5);

    private final Supplier<SecretsManagerClient> secrets;
    private final String arn;
    private final InstantSource clock;
    private @Nullable Reading last;

    private record Reading(WebhookSecrets read, Instant until) {}

    SecretsManagerSecrets(Supplier<SecretsManagerClient> secrets, String arn, InstantSource clock) {
        this.secrets = secrets;
        this.arn = arn;
        this.clock = clock;
    }

    @Override
    public synchronized WebhookSecrets read() {
        Instant now = clock.instant();
        Reading reading = last;
        if (reading == null || !now.isBefore(reading.until)) {
            String json = AwsCalls.call(
                            "GetSecretValue of " + arn,
                            () -> secrets.get().getSecretValue(request -> request.secretId(arn)))
                    .secretString();
            if (json == null) {
                throw new IllegalArgumentException("the webhook secrets in " + arn + " are binary; store them as text");
            }
            reading = new Reading(WebhookSecrets.parse(json), now.plus(KEPT));
            last = reading;
        }
        return reading.read;
    }
}
