package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile status}: how a run stands. */
@Command(
        name = "status",
        description = "How a run stands: its steps by state, and what to look at next.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Example:",
            "  ./stepstile status nightly --exact",
            "",
            "Exit status: 0, or 1 if steps have failed, are dead or unknown. Others:",
            "docs/cli.md"
        })
public final class StatusCommand extends ApiCommand {
    private static final List<String> STATES =
            List.of("QUEUED", "RUNNING", "RETRYING", "SUCCEEDED", "FAILED", "DEAD", "CANCELLED", "UNKNOWN");
    private static final List<String> BAD = List.of("FAILED", "DEAD", "UNKNOWN");
    private static final int BAR = 30;

    @Parameters(paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Option(
            names = "--exact",
            description = "Count now, by reading every record. Default: the counts of the last sweep, at most a minute"
                    + " old while steps run.")
    private boolean exact;

    @Override
    int ask(Calls calls) {
        boolean json = output().isJson();
        JsonNode status = status(calls);
        if (json) {
            screen().line(status.toString());
        } else {
            print(status);
        }
        return bad(status) == 0 ? Exit.DONE : Exit.NO;
    }

    /** A large run is counted in several calls; the last answer has the counts of all. */
    private JsonNode status(Calls calls) {
        Map<String, String> query = new LinkedHashMap<>();
        if (exact) {
            query.put("exact", "true");
        }
        JsonNode answer = calls.get(path(run), query);
        while (answer.has("cursor")) {
            query.put("cursor", answer.path("cursor").asText());
            answer = calls.get(path(run), query);
        }
        ((ObjectNode) answer).remove("cursor");
        return answer;
    }

    private static long bad(JsonNode status) {
        return BAD.stream()
                .mapToLong(state -> status.path("counts").path(state).asLong())
                .sum();
    }

    private void print(JsonNode status) {
        Instant now = InstantSource.system().instant();
        Screen screen = screen();
        String created = status.path("createdAt").asText();
        screen.line("Run         " + run + "  " + RunsCommand.standing(status));
        screen.line("Created     " + created + " (" + Text.ago(created, now) + " ago)");
        screen.line("Dispatches  " + Text.count(status.path("dispatchCount").asLong()) + ", "
                + Text.count(status.path("openDispatchCount").asLong()) + " open");
        String counted = status.path("countedAt").asText("");
        screen.line("Steps       " + Text.count(status.path("stepCount").asLong())
                + (counted.isEmpty() ? ", not counted yet" : ", counted " + Text.ago(counted, now) + " ago"));
        counts(status);
        for (JsonNode notification : status.path("notifications")) {
            screen.line("Notified    " + Text.clean(notification.toString()));
        }
        next(status);
    }

    private void counts(JsonNode status) {
        long total = 0;
        for (JsonNode count : status.path("counts")) {
            total += count.asLong();
        }
        for (String state : STATES) {
            long count = status.path("counts").path(state).asLong();
            if (count > 0) {
                int bar = (int) Math.max(1, count * BAR / Math.max(1, total));
                screen().line("  " + screen().state(state, Text.padded(state, 10))
                        + String.format(Locale.ROOT, "%,11d  %5.1f %%  ", count, 100.0 * count / total)
                        + screen().state(state, "█".repeat(bar)));
            }
        }
    }

    private void next(JsonNode status) {
        JsonNode counts = status.path("counts");
        if (status.path("paused").asBoolean()) {
            screen().line("What is paused:   " + suggested("pause", List.of(), List.of("--list")));
        }
        if (counts.path("FAILED").asLong() + counts.path("DEAD").asLong() > 0) {
            screen().line("Why they failed:  " + suggested("failures", run));
        }
        if (counts.path("UNKNOWN").asLong() > 0) {
            screen().line("Damaged records:  " + suggested("steps", List.of(run), List.of("--state", "UNKNOWN")));
        }
        if (counts.path("RUNNING").asLong() > 0) {
            screen().line("What runs:        " + suggested("running", run));
        }
    }
}
