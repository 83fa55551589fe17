package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A step that a process runs.
 *
 * @param number by which the two sides name it
 * @param taken completed once the process has taken it up
 * @param end the event that reports its end
 */
record HostedStep(int number, StepContext context, CompletableFuture<Void> taken, CompletableFuture<JsonNode> end) {
    private static final Logger LOG = LoggerFactory.getLogger(HostedStep.class);

    HostedStep(int number, StepContext context) {
        this(number, context, new CompletableFuture<>(), new CompletableFuture<>());
    }

    String name() {
        return context.runId() + "/" + context.stepKey() + " (attempt " + context.attempt() + ")";
    }

    /** Takes note of what the process reports. */
    void handle(String type, JsonNode event) {
        switch (type) {
            case "taken" -> taken.complete(null);
            case "log" -> context.log(event.path("line").asText());
            case "progress" ->
                context.progress(
                        Double.parseDouble(event.path("fraction").asText()),
                        event.path("note").asText());
            case "ended" -> end.complete(event);
            default -> LOG.warn("A handlers' process sent an event of the unknown type '{}'; it is ignored.", type);
        }
    }
}
