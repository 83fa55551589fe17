package dev.stepstile.api;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A result with what is reported to Dagster, in the form that process handlers use: materializations, asset checks and
 * messages of Dagster Pipes beside the value. They are a part of the result, so that they are reported
 * once, whatever is redelivered, and never by an attempt that lost.
 */
public final class PipesReport {
    private final List<Object> messages = new ArrayList<>();
    private final @Nullable Object value;

    private PipesReport(@Nullable Object value) {
        this.value = value;
    }

    /** A report without a value. */
    public static PipesReport none() {
        return new PipesReport(null);
    }

    /** A report of this value, which is made of what {@link StepResult#of} takes. */
    public static PipesReport of(Object value) {
        return new PipesReport(value);
    }

    /** How bad it is that a check did not pass. */
    public enum Severity {
        WARN,
        ERROR
    }

    /**
     * Metadata of a stated type.
     *
     * @param type one of Pipes: text, url, path, notebook, json, md, float, int, bool, dagster_run, asset, null, table,
     *     table_schema, table_column_lineage, timestamp
     * @param rawValue what the type is made of, as in Pipes
     */
    public record Metadata(String type, @Nullable Object rawValue) {}

    /**
     * An asset was materialized.
     *
     * @param assetKey its parts joined by slashes
     * @param metadata by name: {@link Metadata}, or plain values whose type Dagster infers
     */
    public PipesReport materialization(String assetKey, Map<String, ?> metadata) {
        return materialization(assetKey, null, metadata);
    }

    /**
     * An asset was materialized.
     *
     * @param assetKey its parts joined by slashes
     * @param dataVersion of what was written; null to leave it to Dagster
     * @param metadata by name: {@link Metadata}, or plain values whose type Dagster infers
     */
    public PipesReport materialization(String assetKey, @Nullable String dataVersion, Map<String, ?> metadata) {
        Map<String, @Nullable Object> params = new LinkedHashMap<>();
        params.put("asset_key", assetKey);
        params.put("data_version", dataVersion);
        params.put("metadata", typed(metadata));
        return message("report_asset_materialization", params);
    }

    /**
     * An asset was checked.
     *
     * @param assetKey its parts joined by slashes
     * @param metadata by name: {@link Metadata}, or plain values whose type Dagster infers
     */
    public PipesReport check(
            String assetKey, String checkName, boolean passed, Severity severity, Map<String, ?> metadata) {
        Map<String, @Nullable Object> params = new LinkedHashMap<>();
        params.put("asset_key", assetKey);
        params.put("check_name", checkName);
        params.put("passed", passed);
        params.put("severity", severity.name());
        params.put("metadata", typed(metadata));
        return message("report_asset_check", params);
    }

    /** A custom message for the client that dispatched the step. */
    public PipesReport custom(Object payload) {
        return message("report_custom_message", Map.of("payload", payload));
    }

    private PipesReport message(String method, Map<String, ?> params) {
        messages.add(Map.of("__dagster_pipes_version", "0.1", "method", method, "params", params));
        return this;
    }

    private static Map<String, Object> typed(Map<String, ?> metadata) {
        Map<String, Object> typed = new LinkedHashMap<>();
        metadata.forEach((name, given) -> {
            Metadata value = given instanceof Metadata stated ? stated : new Metadata("__infer__", given);
            Map<String, @Nullable Object> entry = new LinkedHashMap<>();
            entry.put("type", value.type());
            entry.put("raw_value", value.rawValue());
            typed.put(name, entry);
        });
        return typed;
    }

    /** As the step's result. */
    public StepResult toResult() {
        Map<String, Object> result = new LinkedHashMap<>();
        if (value != null) {
            result.put("value", value);
        }
        if (!messages.isEmpty()) {
            result.put("messages", List.copyOf(messages));
        }
        return StepResult.of(result);
    }
}
