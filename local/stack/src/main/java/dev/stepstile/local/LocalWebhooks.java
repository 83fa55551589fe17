package dev.stepstile.local;

import dev.stepstile.aws.Settings;
import dev.stepstile.port.Notifier;
import dev.stepstile.webhook.SecretsFile;
import dev.stepstile.webhook.WebhookNotifier;
import dev.stepstile.webhook.WebhookRules;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;

/** The webhooks that a local stack may call, and the file of the secrets that sign them. */
record LocalWebhooks(String hosts, WebhookRules rules, Path secrets) {
    private static final String FILE = "webhook-secrets.json";

    /** @throws IllegalArgumentException with a sentence that says what is wrong with hosts or secrets, and what to do */
    static LocalWebhooks of(StackOptions options) {
        LocalWebhooks webhooks = checked(options);
        if (webhooks.rules.allowsAny() && options.addresses().webhooks().secrets() == null) {
            SecretsFile.createIfAbsent(webhooks.secrets, WebhookRules.DEFAULT_SECRET);
        }
        return webhooks;
    }

    /** As {@link #of}, and creates nothing. */
    static void check(StackOptions options) {
        LocalWebhooks _ = checked(options);
    }

    private static LocalWebhooks checked(StackOptions options) {
        StackOptions.Webhooks asked = options.addresses().webhooks();
        String hosts = asked.hosts() == null ? "" : asked.hosts();
        WebhookRules rules = WebhookRules.parse(hosts, asked.privateAddresses(), true);
        Path named = asked.secrets();
        Path secrets = named == null ? options.state().folder().resolve(FILE) : named;
        if (named != null && rules.allowsAny()) {
            SecretsFile.check(named, rules);
        }
        return new LocalWebhooks(hosts, rules, secrets);
    }

    Notifier notifier(InstantSource clock) {
        return new WebhookNotifier(rules, new SecretsFile(secrets), clock);
    }

    /** What functions in processes of their own find in their environment, with this. */
    Map<String, String> addedTo(Map<String, String> variables) {
        Map<String, String> all = new LinkedHashMap<>(variables);
        if (rules.allowsAny()) {
            all.put(Settings.WEBHOOK_HOSTS, hosts);
            all.put(Settings.WEBHOOK_PRIVATE, Boolean.toString(rules.privateAddresses()));
            all.put(Settings.WEBHOOK_SECRETS, secrets.toString());
        }
        return all;
    }
}
