package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.RefusedException;
import dev.stepstile.codec.Json;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile step}: one step. */
@Command(
        name = "step",
        description = "One step: its state, its attempts, and what to do next.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile step nightly load-eu",
            "  ./stepstile step nightly load-eu --result",
            "  ./stepstile step nightly load-eu --input",
            "",
            "Exit status: 0, or 1 if the step has failed, is dead or unknown. Others:",
            "docs/cli.md"
        })
public final class StepCommand extends ApiCommand {
    private static final List<String> BAD = List.of("FAILED", "DEAD", "UNKNOWN");

    @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Parameters(index = "1", paramLabel = "KEY", description = "The key of the step.")
    private String key = "";

    @Option(names = "--result", description = "Print its result alone, as JSON, of any size.")
    private boolean result;

    @Option(names = "--input", description = "Print the input of its newest attempt alone, as JSON; up to 3 MB.")
    private boolean input;

    @Override
    int ask(Calls calls) {
        boolean json = output().isJson();
        String path = path(run);
        if (result && input) {
            throw wrong("--result and --input each print one thing: give one of them.");
        }
        if (input) {
            return input(calls.raw(path + "/step", Map.of("key", key, "input", "true")));
        }
        if (result) {
            screen().line(calls.client().result(run, key).text());
            return Exit.DONE;
        }
        Optional<JsonValue> answer = answer(calls);
        if (answer.isEmpty()) {
            return failed("no-such-step", "Run " + run + " has no step '" + Text.clean(key) + "'.", Exit.REFUSED);
        }
        JsonNode step = answer.get().tree();
        if (json) {
            screen().line(answer.get().text());
        } else {
            print(step, InstantSource.system().instant());
        }
        return BAD.contains(step.path("state").asText()) ? Exit.NO : Exit.DONE;
    }

    /** A step that no worker has claimed has no record: the list of steps shows it. */
    private Optional<JsonValue> answer(Calls calls) {
        try {
            return Optional.of(calls.raw(path(run) + "/step", Map.of("key", key)));
        } catch (RefusedException e) {
            if (!e.type().equals("step-not-started")) {
                throw e;
            }
        }
        List<JsonNode> found = new ArrayList<>();
        calls.pages(
                path(run) + "/steps",
                Map.of("prefix", key),
                "steps",
                new Calls.Page(0, ListCommand.LARGEST_PAGE),
                steps -> {
                    steps.stream()
                            .filter(step -> step.path("key").asText().equals(key))
                            .forEach(found::add);
                    return found.isEmpty();
                });
        return found.stream().map(JsonValue::of).findFirst();
    }

    private int input(JsonValue answer) {
        JsonNode step = Json.parse(answer.text());
        JsonNode location = step.path("inputLocation");
        if (location.isMissingNode()) {
            screen().line(Json.print(step.path("input")));
            return Exit.DONE;
        }
        errors().say("The input has " + Text.count(location.path("size").asLong())
                + " bytes, too many for an answer. It is in the "
                + (location.path("store").asText().equals("TABLE") ? "table" : "payload store") + ", as "
                + location.path("key").asText() + ".");
        return Exit.REFUSED;
    }

    private void print(JsonNode step, Instant now) {
        String state = step.path("state").asText();
        field("Step", step.path("key").asText() + "  of run " + run);
        screen().line(Text.padded("State", Screen.LABEL)
                + screen().state(state, state)
                + attempts(step)
                + (step.path("paused").asBoolean() ? ", paused" : "")
                + (step.path("suspect").asBoolean() ? ", suspect: it may have killed a worker" : ""));
        field("Handler", step.path("handler").asText());
        field("Dispatch", step.path("dispatchId").asText());
        moment("Queued", step, "queuedSince", now);
        moment("Started", step, "startedAt", now);
        moment("Ended", step, "finishedAt", now);
        took(step);
        moment("Begins", step, "notBefore", now);
        moment("Deadline", step, "dispatchDeadline", now);
        field("Worker", step.path("worker").asText("") + (step.path("lost").asBoolean() ? ", which is lost" : ""));
        progress(step);
        field("Error", StepsCommand.error(step));
        field("Redriven", step.path("redrivenBy").asText(""));
        trace(step);
        result(step);
        history(step);
        next(step, state);
    }

    private static String attempts(JsonNode step) {
        int attempt = step.path("attempt").asInt();
        String budget = step.path("maxAttempts").asText("?");
        return attempt == 0
                ? ""
                : ", attempt " + attempt
                        + (step.has("redrivenBy") ? ", redriven with a budget of " + budget : " of " + budget);
    }

    private void field(String label, String value) {
        screen().field(label, value);
    }

    private void moment(String label, JsonNode step, String member, Instant now) {
        String at = step.path(member).asText("");
        if (!at.isEmpty()) {
            Duration since = Duration.between(Instant.parse(at), now);
            String distance = Text.duration(Math.abs(since.toMillis() / 1000.0));
            field(label, at + (since.isNegative() ? " (in " + distance + ")" : " (" + distance + " ago)"));
        }
    }

    private void took(JsonNode step) {
        if (step.path("startedAt").isTextual() && step.path("finishedAt").isTextual()) {
            Duration took = Duration.between(
                    Instant.parse(step.path("startedAt").asText()),
                    Instant.parse(step.path("finishedAt").asText()));
            field("Took", Text.duration(took.toMillis() / 1000.0));
        }
    }

    private void progress(JsonNode step) {
        if (step.path("progress").isNumber()) {
            field(
                    "Progress",
                    String.format(
                                    Locale.ROOT,
                                    "%.0f %%  ",
                                    100 * step.path("progress").asDouble())
                            + step.path("progressNote").asText(""));
        }
        field("Printed", step.path("lastLine").asText(""));
    }

    /** By its id it is found where spans are. */
    private void trace(JsonNode step) {
        String[] parts = step.path("traceparent").asText("").split("-", -1);
        if (parts.length >= 4) {
            boolean sampled = (HexFormat.fromHexDigits(parts[3]) & 1) != 0;
            field("Trace", parts[1] + (sampled ? "" : ", not sampled"));
        }
    }

    private void result(JsonNode step) {
        if (step.has("result")) {
            field("Result", Text.cutEnd(step.path("result").toString(), 200));
        } else if (step.has("resultLocation")) {
            field(
                    "Result",
                    Text.count(step.path("resultLocation").path("size").asLong()) + " bytes; --result prints it");
        }
    }

    private void history(JsonNode step) {
        if (!step.path("attempts").isEmpty()) {
            screen().line("Attempts that did not succeed:");
        }
        for (JsonNode attempt : step.path("attempts")) {
            screen().say(String.format(
                            Locale.ROOT,
                            "  %2d  %s  ",
                            attempt.path("attempt").asInt(),
                            attempt.path("endedAt").asText())
                    + Text.clean(attempt.path("kind").asText() + ": "
                            + attempt.path("message").asText()));
        }
    }

    private void next(JsonNode step, String state) {
        if (step.path("logPageCount").asInt() > 0) {
            screen().line("What it printed:  " + suggested("logs", run, key));
        }
        switch (state) {
            case "FAILED", "DEAD", "CANCELLED" -> screen().line("Run it again:     " + suggested("redrive", run, key));
            case "RUNNING" ->
                screen().line("Follow it:        " + suggested("logs", List.of(run, key), List.of("--follow")));
            default -> {} // waits, or has succeeded: nothing is to be done
        }
    }
}
