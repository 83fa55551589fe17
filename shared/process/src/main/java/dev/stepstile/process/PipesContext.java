package dev.stepstile.process;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.zip.DeflaterOutputStream;

/** What Dagster Pipes 0.1 hands to an external process: its context, and the parameters by which it finds both ends. */
final class PipesContext {
    /** A shared input whose members become the context's own fields. */
    static final String SHARED_FIELDS = "dagster.pipes";

    private static final List<String> FIELDS = List.of(
            "asset_keys",
            "code_version_by_asset_key",
            "provenance_by_asset_key",
            "partition_key",
            "partition_key_range",
            "partition_time_window",
            "run_id",
            "job_name");

    private PipesContext() {}

    /** The context of an attempt, as JSON. */
    static String of(StepInput input, StepContext step) {
        JsonNode given =
                input.sharedNames().contains(SHARED_FIELDS) ? Json.parse(input.shared(SHARED_FIELDS)) : Json.object();
        if (!given.isObject()) {
            throw new TerminalFailure("Shared input '" + SHARED_FIELDS + "' should be an object with members of "
                    + FIELDS + "; dispatch the step with such a one, or without it.");
        }
        ObjectNode context = Json.object();
        for (String field : FIELDS) {
            context.set(field, given.path(field).isMissingNode() ? NullNode.instance : given.path(field));
        }
        if (context.path("run_id").isNull()) {
            context.put("run_id", step.runId());
        }
        context.put("retry_number", step.attempt() - 1);
        context.set("extras", extras(input, step));
        return Json.print(context);
    }

    private static ObjectNode extras(StepInput input, StepContext step) {
        ObjectNode extras = Json.parse(input.json()) instanceof ObjectNode given
                ? given
                : Json.object().set("input", Json.parse(input.json()));
        ObjectNode own = Json.object()
                .put("run_id", step.runId())
                .put("step_key", step.stepKey())
                .put("attempt", step.attempt())
                .put("deadline", step.deadline().toString());
        ObjectNode tags = own.putObject("tags");
        step.tags().forEach(tags::put);
        ObjectNode shared = own.putObject("shared");
        for (String name : input.sharedNames()) {
            shared.putRawValue(name, new RawValue(input.shared(name))); // it is JSON, and may be large
        }
        extras.set("stepstile", own);
        return extras;
    }

    /** Parameters in the form of Pipes for an environment variable: base64 of zlib of JSON. */
    static String encode(JsonNode parameters) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (DeflaterOutputStream zlib = new DeflaterOutputStream(packed)) {
            zlib.write(Json.print(parameters).getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException("memory can be written", e);
        }
        return Base64.getEncoder().encodeToString(packed.toByteArray());
    }
}
