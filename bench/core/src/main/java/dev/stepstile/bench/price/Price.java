package dev.stepstile.bench.price;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A list price; its figures are in {@code prices.csv}, which has a row of each. */
public enum Price {
    LAMBDA_REQUEST,
    LAMBDA_ARM_GB_SECOND,
    LAMBDA_X86_GB_SECOND,
    /** Of provisioned mode; a poller of SQS is one Event Poller Unit. */
    LAMBDA_POLLER_HOUR,
    LAMBDA_DURABLE_OPERATION,
    LAMBDA_DURABLE_WRITTEN,
    LAMBDA_DURABLE_STORED,
    DYNAMODB_WRITE,
    DYNAMODB_READ,
    DYNAMODB_STORED,
    /** Point-in-time recovery, by the size of the table. */
    DYNAMODB_BACKUP,
    SQS_REQUEST,
    /** In addition, for messages with a group. */
    SQS_FAIR_REQUEST,
    /** That writes; one that reads costs less. */
    S3_REQUEST,
    S3_STORED,
    /** HTTP API. */
    API_REQUEST,
    LOGS_WRITTEN,
    LOGS_STORED,
    /** By the hour in which it is sent. */
    METRIC_MONTH,
    ALARM_MONTH,
    DASHBOARD_MONTH,
    SCHEDULED_CALL,
    /** Of a Standard workflow, a retry too; also the start of a child of a distributed map. */
    TRANSITION,
    EXPRESS_REQUEST,
    /** The first tier, and twice to four times what follows from the 1,000th and the 5,000th in a month. */
    EXPRESS_GB_HOUR,
    FARGATE_ARM_CPU_HOUR,
    FARGATE_ARM_GB_HOUR,
    FARGATE_X86_CPU_HOUR,
    FARGATE_X86_GB_HOUR,
    TEMPORAL_ACTION,
    /** Of the Developer plan: a share of the usage. */
    TEMPORAL_PLAN,
    MWAA_SMALL_HOUR;

    private static final int FIELDS = 9;
    private static final Map<Price, Listed> LISTED = read();

    /**
     * The figures of a price.
     *
     * @param dollars for {@code per} units
     */
    private record Listed(double dollars, double per, String unit, Origin origin) {}

    /**
     * Where a price is from.
     *
     * @param source the vendor's page
     * @param dated when the number was published or last seen there: a date, or "undated"
     * @param lookedUp when it was looked up, a date
     * @param seen where it was read, as the head of the file says
     */
    public record Origin(String region, String source, String dated, String lookedUp, String seen) {}

    private static Map<Price, Listed> read() {
        String text;
        try (InputStream file = Objects.requireNonNull(Price.class.getResourceAsStream("prices.csv"))) {
            text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<String> rows =
                text.lines().filter(line -> !line.startsWith("#")).skip(1).toList();
        Map<Price, Listed> listed = new EnumMap<>(Price.class);
        for (String row : rows) {
            String[] fields = row.split(",", -1);
            if (fields.length != FIELDS) {
                throw new IllegalStateException("prices.csv: a row has " + FIELDS + " fields: " + row);
            }
            Origin origin = new Origin(fields[4], fields[5], fields[6], fields[7], fields[8]);
            listed.put(
                    valueOf(fields[0]),
                    new Listed(Double.parseDouble(fields[1]), Double.parseDouble(fields[2]), fields[3], origin));
        }
        return listed;
    }

    private Listed listed() {
        return Objects.requireNonNull(LISTED.get(this), () -> "prices.csv has no row of " + name());
    }

    /** Dollars for {@link #per} units. */
    public double dollars() {
        return listed().dollars();
    }

    /** For how many units the price is stated. */
    public double per() {
        return listed().per();
    }

    /** What is counted, in the plural. */
    public String unit() {
        return listed().unit();
    }

    public Origin origin() {
        return listed().origin();
    }

    /** Dollars for so many units. */
    public double of(double units) {
        return units * dollars() / per();
    }
}
