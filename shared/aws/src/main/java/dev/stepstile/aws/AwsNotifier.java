package dev.stepstile.aws;

import dev.stepstile.port.Notifier;
import dev.stepstile.webhook.SecretsFile;
import dev.stepstile.webhook.WebhookNotifier;
import dev.stepstile.webhook.WebhookSecrets;
import java.nio.file.Path;
import java.time.InstantSource;

/** The notifier of a function, as its settings have it. Clients are built when something is first sent. */
public final class AwsNotifier {
    private static final String ARN = "arn:";

    private AwsNotifier() {}

    public static Notifier of(Settings.Notifying settings, InstantSource clock) {
        String named = settings.secrets();
        Notifier webhooks = new WebhookNotifier(settings.webhooks(), secrets(named == null ? "" : named, clock), clock);
        String bus = settings.eventBus();
        return bus == null
                ? webhooks
                : new EventBridgeNotifier(new Once<>(() -> AwsClients.eventBridge(builder -> {})), bus, webhooks);
    }

    private static WebhookSecrets.Source secrets(String named, InstantSource clock) {
        return named.startsWith(ARN)
                ? new SecretsManagerSecrets(new Once<>(() -> AwsClients.secretsManager(builder -> {})), named, clock)
                : new SecretsFile(Path.of(named));
    }
}
