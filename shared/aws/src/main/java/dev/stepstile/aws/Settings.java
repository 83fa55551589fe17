package dev.stepstile.aws;

import dev.stepstile.step.Shards;
import dev.stepstile.usecase.Timing;
import dev.stepstile.webhook.WebhookRules;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The configuration of a function, from its environment variables. All four functions read the same ones, but for those
 * of notifications.
 *
 * @param endpoints where AWS's services are, if not where the SDK finds them
 * @param shards over how many partitions a new run's records are spread
 * @param retentionDays how long records are kept; longer than a step may wait for its first start, or a step whose
 *     record was deleted by age could start again
 * @param notifying whom dispatches may notify that they have ended
 */
public record Settings(
        ResourceNames resources,
        ServiceEndpoints endpoints,
        Timing timing,
        int shards,
        int retentionDays,
        Notifying notifying) {

    /**
     * Whom dispatches may notify.
     *
     * @param eventBus the name of the event bus; null for none
     * @param webhooks which webhooks
     * @param secrets where their secrets are: an ARN or a file; null for nowhere
     */
    public record Notifying(
            @Nullable String eventBus,
            WebhookRules webhooks,
            @Nullable String secrets) {}

    private static final String TABLE = "STEPSTILE_TABLE";
    private static final String QUEUE_URL = "STEPSTILE_QUEUE_URL";
    private static final String DLQ_URL = "STEPSTILE_DLQ_URL";
    private static final String BUCKET = "STEPSTILE_BUCKET";
    private static final String DYNAMODB_ENDPOINT = "STEPSTILE_DYNAMODB_ENDPOINT";
    private static final String SQS_ENDPOINT = "STEPSTILE_SQS_ENDPOINT";
    private static final String S3_ENDPOINT = "STEPSTILE_S3_ENDPOINT";
    private static final String LEASE = "STEPSTILE_LEASE_SECONDS";
    private static final String MARGIN = "STEPSTILE_MARGIN_SECONDS";
    private static final String SWEEP = "STEPSTILE_SWEEP_SECONDS";
    private static final String DISPATCH_TIMEOUT = "STEPSTILE_DISPATCH_TIMEOUT_SECONDS";
    private static final String SHARDS = "STEPSTILE_SHARDS";
    private static final String RETENTION = "STEPSTILE_RETENTION_DAYS";
    private static final String EVENT_BUS = "STEPSTILE_EVENT_BUS";

    /** The hosts that a dispatch may notify. */
    public static final String WEBHOOK_HOSTS = "STEPSTILE_WEBHOOK_HOSTS";

    /** Whether they may have private addresses: {@code true} or {@code false}. */
    public static final String WEBHOOK_PRIVATE = "STEPSTILE_WEBHOOK_PRIVATE";

    /** Where the secrets that sign are: the ARN of a secret in AWS Secrets Manager, or a file. */
    public static final String WEBHOOK_SECRETS = "STEPSTILE_WEBHOOK_SECRETS";

    /** The variables that every function reads; the template sets them all. */
    public static final List<String> NAMES = List.of(
            TABLE,
            QUEUE_URL,
            DLQ_URL,
            BUCKET,
            DYNAMODB_ENDPOINT,
            SQS_ENDPOINT,
            S3_ENDPOINT,
            LEASE,
            MARGIN,
            SWEEP,
            DISPATCH_TIMEOUT,
            SHARDS,
            RETENTION);

    /** Those that the dispatch function and the sweeper read besides; other functions notify nobody. */
    public static final List<String> NOTIFYING_NAMES =
            List.of(EVENT_BUS, WEBHOOK_HOSTS, WEBHOOK_PRIVATE, WEBHOOK_SECRETS);

    /**
     * What {@code sam local} passes for a reference to a resource unless it is told otherwise: the resource's logical id
     * in the template.
     */
    public static final Map<String, String> LOGICAL_IDS =
            Map.of(TABLE, "Table", QUEUE_URL, "StepQueue", DLQ_URL, "DeadLetterQueue", BUCKET, "PayloadBucket");

    /** {@code sam local} sets it to {@code true}. */
    private static final String SAM_LOCAL = "AWS_SAM_LOCAL";

    private static final int DEFAULT_RETENTION_DAYS = 30;

    /** Each shard costs a feed reader one query a poll. */
    private static final int MOST_SHARDS = 64;

    private static final int MOST_RETENTION_DAYS = 3_650;

    /** Longer than any of these times has a meaning; it also keeps their nanoseconds within a long. */
    private static final BigDecimal MOST_SECONDS = new BigDecimal(86_400);

    /** @throws IllegalArgumentException naming every variable that is missing or wrong, and what it should be */
    public static Settings read(Map<String, String> environment) {
        Reader reader = new Reader(environment);
        Settings settings = new Settings(
                new ResourceNames(
                        reader.text(TABLE), reader.text(QUEUE_URL), reader.text(DLQ_URL), reader.text(BUCKET)),
                reader.endpoints(),
                Timing.of(
                        reader.seconds(LEASE, Timing.DEFAULT.lease(), false),
                        reader.seconds(MARGIN, Timing.DEFAULT.margin(), true),
                        reader.seconds(SWEEP, Timing.DEFAULT.sweepEvery(), false),
                        reader.seconds(DISPATCH_TIMEOUT, Timing.DEFAULT.dispatchTimeout(), false)),
                reader.whole(SHARDS, Shards.DEFAULT, 1, MOST_SHARDS),
                reader.whole(
                        RETENTION,
                        DEFAULT_RETENTION_DAYS,
                        (int) Timing.DEFAULT.validity().toDays() + 1,
                        MOST_RETENTION_DAYS),
                reader.notifying());
        reader.failIfInvalid();
        return settings;
    }

    /** Reads variables and collects what is wrong with them, so that one failed start reports everything. */
    private static final class Reader {
        private final Map<String, String> environment;
        private final List<String> problems = new ArrayList<>();
        private String advice = "";

        Reader(Map<String, String> environment) {
            this.environment = environment;
        }

        String text(String name) {
            String text = value(name);
            if (text == null) {
                problems.add(name + " is missing");
                return "";
            }
            if ("true".equals(environment.get(SAM_LOCAL)) && text.equals(LOGICAL_IDS.get(name))) {
                problems.add(name + " is '" + text + "', the name of a resource in the template");
                advice = " Start './stepstile local --aws --sam-env FILE', and call sam with '--env-vars FILE'.";
            }
            return text;
        }

        /** All or none: with a part of them, a function would write to an emulator and to AWS. */
        ServiceEndpoints endpoints() {
            ServiceEndpoints endpoints =
                    new ServiceEndpoints(endpoint(DYNAMODB_ENDPOINT), endpoint(SQS_ENDPOINT), endpoint(S3_ENDPOINT));
            List<String> missing = Stream.of(DYNAMODB_ENDPOINT, SQS_ENDPOINT, S3_ENDPOINT)
                    .filter(name -> value(name) == null)
                    .toList();
            if (!missing.isEmpty() && missing.size() < 3) {
                problems.add(String.join(" and ", missing) + " is missing, while another endpoint is set");
            }
            return endpoints;
        }

        /** An emulated stack has no event bus, and HTTP is for it alone, to this machine. */
        Notifying notifying() {
            boolean emulated = value(DYNAMODB_ENDPOINT) != null;
            WebhookRules rules = WebhookRules.NONE;
            try {
                rules = WebhookRules.parse(value(WEBHOOK_HOSTS), "true".equals(value(WEBHOOK_PRIVATE)), emulated);
            } catch (IllegalArgumentException e) {
                problems.add(WEBHOOK_HOSTS + ": " + e.getMessage());
            }
            if (rules.allowsAny() && value(WEBHOOK_SECRETS) == null) {
                problems.add(WEBHOOK_SECRETS + " is missing, while " + WEBHOOK_HOSTS + " is set");
            }
            return new Notifying(emulated ? null : value(EVENT_BUS), rules, value(WEBHOOK_SECRETS));
        }

        private @Nullable URI endpoint(String name) {
            String text = value(name);
            if (text == null) {
                return null;
            }
            try {
                URI uri = new URI(text);
                if (("http".equals(uri.getScheme()) || "https".equals(uri.getScheme())) && uri.getHost() != null) {
                    return uri;
                }
            } catch (URISyntaxException e) {
                // reported below, as any other invalid text is
            }
            problems.add(name + " is '" + text + "', where a URL was expected, http or https");
            return null;
        }

        Duration seconds(String name, Duration otherwise, boolean mayBeZero) {
            String text = value(name);
            if (text == null) {
                return otherwise;
            }
            try {
                BigDecimal seconds = new BigDecimal(text);
                if (seconds.signum() > (mayBeZero ? -1 : 0) && seconds.compareTo(MOST_SECONDS) <= 0) {
                    return Duration.ofNanos(seconds.movePointRight(9)
                            .setScale(0, RoundingMode.HALF_UP)
                            .longValueExact());
                }
            } catch (NumberFormatException e) {
                // reported below, as any other invalid text is
            }
            problems.add(name + " is '" + text + "', where a number of seconds was expected, "
                    + (mayBeZero ? "from 0" : "above 0") + " to " + MOST_SECONDS);
            return otherwise;
        }

        int whole(String name, int otherwise, int least, int most) {
            String text = value(name);
            if (text == null) {
                return otherwise;
            }
            try {
                int number = Integer.parseInt(text);
                if (number >= least && number <= most) {
                    return number;
                }
            } catch (NumberFormatException e) {
                // reported below, as any other invalid text is
            }
            problems.add(
                    name + " is '" + text + "', where a whole number from " + least + " to " + most + " was expected");
            return otherwise;
        }

        void failIfInvalid() {
            if (!problems.isEmpty()) {
                throw new IllegalArgumentException(
                        "Invalid configuration: " + String.join("; ", problems) + "." + advice);
            }
        }

        private @Nullable String value(String name) {
            String text = environment.get(name);
            return text == null || text.isBlank() ? null : text.strip();
        }
    }
}
