package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.RefusedException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Work that does not go on: what waits long, is paused, lost, suspect, dead or damaged. Reads, and bounds what it reads. */
final class StuckWork {
    /** Two sweeps and some time for workers to start. */
    private static final Duration LONG = Duration.ofMinutes(10);

    /** The newest of them; others are not looked at. */
    private static final int RUNS = 20;

    private final Calls calls;
    private final Consumer<Finding> found;
    private final Suggesting suggested;
    private final Instant now = InstantSource.system().instant();

    StuckWork(Calls calls, Consumer<Finding> found, Suggesting suggested) {
        this.calls = calls;
        this.found = found;
        this.suggested = suggested;
    }

    /** Makes the command of these words and options, to be copied. */
    interface Suggesting {
        String command(String command, List<String> words, List<String> options);
    }

    private String command(String command, String... words) {
        return suggested.command(command, List.of(words), List.of());
    }

    void examine() {
        known("pauses", this::pauses);
        known("waiting", () -> {
            List<JsonNode> open = list("/v1/runs", Map.of("open", "true", "limit", String.valueOf(RUNS)), "runs");
            waiting(open);
            damaged(open);
        });
        known("workers", this::lost);
        known("dead letters", this::deadLetters);
    }

    /** An API that was deployed earlier than this command line was built may lack a call. */
    private void known(String check, Runnable examined) {
        try {
            examined.run();
        } catch (RefusedException e) {
            found.accept(Finding.unknown(
                    check,
                    "this API cannot tell: " + e.getMessage(),
                    "If it is of an earlier version than this command line, deploy the current one."));
        }
    }

    private List<JsonNode> list(String path, Map<String, String> query, String member) {
        List<JsonNode> entries = new ArrayList<>();
        calls.get(path, query).path(member).forEach(entries::add);
        return entries;
    }

    private void pauses() {
        List<JsonNode> pauses = list("/v1/pauses", Map.of(), "pauses");
        found.accept(
                pauses.isEmpty()
                        ? Finding.ok("pauses", "nothing is paused")
                        : Finding.wrong(
                                "pauses",
                                Text.count(pauses.size(), "pause") + ", the oldest for "
                                        + Text.ago(
                                                oldest(pauses).path("pausedAt").asText(), now),
                                "See them: " + suggested.command("pause", List.of(), List.of("--list"))
                                        + "\nEnd the oldest: " + resumed(oldest(pauses))));
    }

    private static JsonNode oldest(List<JsonNode> pauses) {
        return Collections.min(
                pauses,
                Comparator.comparing(
                        pause -> Instant.parse(pause.path("pausedAt").asText())));
    }

    private String resumed(JsonNode pause) {
        return switch (pause.path("scope").asText()) {
            case "run" -> command("resume", pause.path("runId").asText());
            case "handler" ->
                suggested.command(
                        "resume",
                        List.of(),
                        List.of("--handler", pause.path("handler").asText()));
            default -> suggested.command("resume", List.of(), List.of("--everything"));
        };
    }

    /** Steps that could run, and have waited for long; and attempts that may have killed their worker. */
    private void waiting(List<JsonNode> open) {
        List<String> stuck = new ArrayList<>();
        List<String> suspects = new ArrayList<>();
        String before = now.minus(LONG).toString();
        for (JsonNode run : open) {
            String id = run.path("runId").asText();
            String path = "/v1/runs/" + id + "/steps";
            for (JsonNode step :
                    list(path, Map.of("state", "QUEUED,RETRYING", "until", before, "limit", "100"), "steps")) {
                if (step.path("suspect").asBoolean()) {
                    suspects.add(id);
                } else if (!step.path("paused").asBoolean() && isDue(step)) {
                    stuck.add(id);
                    break;
                }
            }
        }
        found.accept(
                stuck.isEmpty()
                        ? Finding.ok("waiting", "no step waits for " + LONG.toMinutes() + " minutes")
                        : Finding.wrong(
                                "waiting",
                                Text.count(stuck.size(), "run") + " with steps that have waited for " + LONG.toMinutes()
                                        + " minutes, such as " + stuck.getFirst(),
                                "See what runs instead: " + command("running")
                                        + "\nIf nothing does, workers are missing"
                                        + " or fail to claim: read the step function's log, and its metrics"
                                        + " (docs/operations.md#metrics)."));
        if (!suspects.isEmpty()) {
            found.accept(Finding.wrong(
                    "suspects",
                    Text.count(suspects.size(), "step") + " may have killed a worker, such as of run "
                            + suspects.getFirst(),
                    "They run alone now.\nRead their attempts: "
                            + suggested.command(
                                    "steps", List.of(suspects.getFirst()), List.of("--state", "RETRYING"))));
        }
    }

    private boolean isDue(JsonNode step) {
        String notBefore = step.path("notBefore").asText("");
        return notBefore.isEmpty() || Instant.parse(notBefore).isBefore(now.minus(LONG));
    }

    private void lost() {
        List<JsonNode> lost = list("/v1/running", Map.of("limit", "1000"), "steps").stream()
                .filter(step -> step.path("lost").asBoolean())
                .toList();
        found.accept(
                lost.isEmpty()
                        ? Finding.ok("workers", "none is lost")
                        : Finding.wrong(
                                "workers",
                                Text.count(lost.size(), "attempt") + " of lost workers, such as "
                                        + lost.getFirst().path("runId").asText() + "/"
                                        + lost.getFirst().path("key").asText(),
                                "They are ended and run again within 140 s. If this stays: the sweeper does not run, or"
                                        + " workers run out of memory (docs/runbooks.md#a-lost-worker)."));
    }

    private void damaged(List<JsonNode> open) {
        List<String> damaged = open.stream()
                .filter(run -> run.path("counts").path("UNKNOWN").asLong() > 0)
                .map(run -> run.path("runId").asText())
                .toList();
        if (!damaged.isEmpty()) {
            found.accept(Finding.wrong(
                    "records",
                    Text.count(damaged.size(), "run") + " with damaged records, such as " + damaged.getFirst(),
                    "Read what is damaged: "
                            + suggested.command("steps", List.of(damaged.getFirst()), List.of("--state", "UNKNOWN"))));
        }
    }

    private void deadLetters() {
        long count = calls.get("/v1/dead-letters", Map.of("limit", "1"))
                .path("approximateCount")
                .asLong();
        found.accept(
                count == 0
                        ? Finding.ok("dead letters", "none")
                        : Finding.wrong(
                                "dead letters",
                                "about " + Text.count(count, "letter") + " in the dead-letter queue",
                                "Read the causes: " + command("dlq list") + "\nOnce they are mended: "
                                        + suggested.command("dlq redrive", List.of(), List.of("--all"))));
    }
}
