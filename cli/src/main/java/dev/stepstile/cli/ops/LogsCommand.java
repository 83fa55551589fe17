package dev.stepstile.cli.ops;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.client.RefusedException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile logs}: what a step has printed. */
@Command(
        name = "logs",
        description =
                "What a step printed: its newest attempt, or with --follow each attempt until the step has ended.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile logs nightly load-eu",
            "  ./stepstile logs nightly load-eu --follow",
            "",
            "Exit status: docs/cli.md"
        })
public final class LogsCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final char RECORD = '\u001E';
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Set<String> ENDED = Set.of("SUCCEEDED", "FAILED", "DEAD", "CANCELLED", "UNKNOWN");

    @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Parameters(index = "1", paramLabel = "KEY", description = "The key of the step.")
    private String key = "";

    @Option(
            names = {"-f", "--follow"},
            description =
                    "Go on with what it prints, and with its next attempts, until the step has ended. Looks once a"
                            + " second.")
    private boolean follow;

    @Option(names = "--attempt", paramLabel = "N", description = "Of this attempt. Default: the newest.")
    private @Nullable Integer attempt;

    private int printedAttempt;
    private int printedPages;
    private boolean waitingSaid;

    @Override
    int ask(Calls calls) {
        output().isJson();
        if (follow && attempt != null) {
            throw wrong("--follow goes on with the newest attempt: leave out --attempt.");
        }
        while (true) {
            Optional<JsonNode> step = follow ? ifStarted(calls) : Optional.of(read(calls));
            if (step.isPresent()) {
                print(step.get());
                boolean ended = ENDED.contains(step.get().path("state").asText());
                if (ended || !follow || screen().closed()) {
                    return ended(step.get());
                }
            }
            try {
                Thread.sleep(POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Exit.DONE;
            }
        }
    }

    private JsonNode read(Calls calls) {
        Map<String, String> query = new LinkedHashMap<>(Map.of("key", key, "log", "true"));
        if (attempt != null) {
            query.put("attempt", String.valueOf(attempt));
        }
        return calls.get(path(run) + "/step", query);
    }

    /** Empty while it is queued. Its log is read only when there is more of it. */
    private Optional<JsonNode> ifStarted(Calls calls) {
        try {
            JsonNode step = calls.get(path(run) + "/step", Map.of("key", key));
            boolean same = step.path("attempt").asInt() == printedAttempt
                    && step.path("logPageCount").asInt() == printedPages;
            return Optional.of(same ? step : read(calls));
        } catch (RefusedException e) {
            if (!e.type().equals("step-not-started")) {
                throw e;
            }
            if (!waitingSaid) {
                errors().say("The step has not begun, or the run has no such step. This waits for it.");
                waitingSaid = true;
            }
            return Optional.empty();
        }
    }

    private void print(JsonNode step) {
        for (JsonNode page : step.path("logPages")) {
            int of = page.path("attempt").asInt();
            if (of != printedAttempt) {
                if (printedAttempt > 0) {
                    errors().say("Attempt " + of + " begins.");
                }
                printedAttempt = of;
                printedPages = 0;
            }
            if (page.path("page").asInt() >= printedPages) {
                printedPages = page.path("page").asInt() + 1;
                page.path("lines").forEach(line -> printed(line.asText(), page));
            }
        }
    }

    private void printed(String line, JsonNode page) {
        if (output().isJson()) {
            ObjectNode entry = JSON.createObjectNode();
            entry.set("attempt", page.path("attempt"));
            entry.set("at", page.path("at"));
            entry.put("line", line);
            screen().line(entry.toString());
        } else {
            shown(line).ifPresent(text -> screen().line(screen().interactive() ? Text.clean(text) : text));
        }
    }

    /** What a line stands for; empty for a record that is not for people. */
    private static Optional<String> shown(String line) {
        if (line.isEmpty() || line.charAt(0) != RECORD) {
            return Optional.of(line);
        }
        try {
            JsonNode record = JSON.readTree(line.substring(1));
            if (record.has("stderr")) {
                return Optional.of(record.path("stderr").asText());
            }
            JsonNode log = record.path("log");
            return log.isObject()
                    ? Optional.of(log.path("level").asText() + "  "
                            + log.path("message").asText())
                    : Optional.empty();
        } catch (JsonProcessingException e) {
            return Optional.empty();
        }
    }

    private int ended(JsonNode step) {
        if (printedPages == 0) {
            errors().say("The attempt has printed nothing yet; pages of its log come while it runs.");
        }
        if (follow) {
            errors().say("The step is " + step.path("state").asText() + ". " + StepsCommand.error(step));
        }
        return Exit.DONE;
    }
}
