package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code stepstile runs}: which runs there are. */
@Command(
        name = "runs",
        description = "Which runs there are, newest first, with their counts.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile runs --open",
            "  ./stepstile runs --paused",
            "  ./stepstile runs --prefix nightly- --since 2d",
            "",
            "Exit status: docs/cli.md"
        })
public final class RunsCommand extends ListCommand {
    private static final int LARGEST_PAGE_OF_RUNS = 100;

    @Option(names = "--open", description = "With work that is left.")
    private boolean open;

    @Option(names = "--paused", description = "That are paused themselves, or with everything.")
    private boolean paused;

    @Option(names = "--prefix", paramLabel = "TEXT", description = "Whose ids begin with this.")
    private @Nullable String prefix;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Begun since then: 2026-11-24T08:00:00Z, or 30m, 2h, 3d ago.")
    private @Nullable String since;

    @Option(names = "--until", paramLabel = "TIME", description = "Begun before then.")
    private @Nullable String until;

    @Spec
    private @Nullable CommandSpec command;

    @Override
    int ask(Calls calls) {
        Instant now = InstantSource.system().instant();
        return list(
                calls,
                new ListCall("/v1/runs", query(now), "runs", LARGEST_PAGE_OF_RUNS),
                List.of(
                        Column.key("run", "runId"),
                        Column.told(
                                "age",
                                run -> Text.ago(run.path("createdAt").asText(), now),
                                Column.member("createdAt")),
                        Column.derived("state", RunsCommand::standing),
                        Column.whole("steps", "stepCount"),
                        Column.derived("waiting", run -> sum(run, "QUEUED", "RETRYING")),
                        Column.derived("running", run -> sum(run, "RUNNING")),
                        Column.derived("succeeded", run -> sum(run, "SUCCEEDED")),
                        Column.derived("failed", run -> sum(run, "FAILED", "DEAD", "UNKNOWN"))),
                Column.member("runId"),
                query(now).isEmpty() ? "There are no runs." : "No run is such a one.");
    }

    private Map<String, String> query(Instant now) {
        Map<String, String> query = new LinkedHashMap<>();
        CommandSpec spec = Objects.requireNonNull(command);
        if (open) {
            query.put("open", "true");
        }
        if (paused) {
            query.put("paused", "true");
        }
        if (prefix != null) {
            query.put("prefix", prefix);
        }
        if (since != null) {
            query.put("since", Selection.instant(since, now, spec));
        }
        if (until != null) {
            query.put("until", Selection.instant(until, now, spec));
        }
        return query;
    }

    static String standing(JsonNode run) {
        if (run.path("cancelled").asBoolean()) {
            return "cancelled";
        }
        boolean open = run.path("openDispatchCount").asLong() > 0;
        return open ? run.path("paused").asBoolean() ? "paused" : "open" : "ended";
    }

    private static String sum(JsonNode run, String... states) {
        long sum = 0;
        for (String state : states) {
            sum += run.path("counts").path(state).asLong();
        }
        return sum == 0 ? "" : String.valueOf(sum);
    }
}
