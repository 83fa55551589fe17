package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code stepstile pause}: no further step begins. */
@Command(
        name = "pause",
        description =
                "No further step of a run, a handler or everything begins, from at most 5 s on. What runs goes on; what"
                        + " waits is kept, and neither counted nor lost. --list shows what is paused.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile pause nightly --reason \"the warehouse is down\"",
            "  ./stepstile pause --handler payments.charge",
            "  ./stepstile pause --list",
            "",
            "Exit status: docs/cli.md"
        })
public final class PauseCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    private Scope scope = new Scope();

    @Option(names = "--reason", paramLabel = "TEXT", description = "For whoever looks later; at most 200 characters.")
    private @Nullable String reason;

    @Option(names = "--list", description = "What is paused now.")
    private boolean list;

    @Override
    int ask(Calls calls) {
        if (list) {
            return list(calls);
        }
        boolean json = output().isJson();
        if (!scope.isOne()) {
            throw wrong("Name one of RUN, --handler and --everything, or --list.");
        }
        ObjectNode body = JSON.createObjectNode();
        if (reason != null) {
            body.put("reason", reason);
        }
        String run = scope.run();
        if (scope.handler() != null) {
            body.put("handler", scope.handler());
        }
        JsonNode answer = calls.post(run == null ? "/v1/pause" : path(run) + "/pause", body);
        if (json) {
            screen().line(answer.toString());
        } else {
            screen().say(scope.told()
                    + (answer.path("changed").asBoolean()
                            ? " is paused. No further step begins, from at most 5 s on; what runs goes on."
                            : " was paused already, since "
                                    + answer.path("pausedAt").asText() + "."));
        }
        return Exit.DONE;
    }

    private int list(Calls calls) {
        Instant now = InstantSource.system().instant();
        List<JsonNode> pauses = new ArrayList<>();
        calls.get("/v1/pauses", Map.of()).path("pauses").forEach(pauses::add);
        new Listing(
                        output().format(),
                        List.of(
                                Column.whole("scope", "scope"),
                                Column.sentence("of", PauseCommand::of),
                                Column.told(
                                        "for",
                                        pause -> Text.ago(pause.path("pausedAt").asText(), now),
                                        Column.member("pausedAt")),
                                Column.sentence("reason", Column.member("reason"))),
                        PauseCommand::of,
                        screen())
                .print(pauses);
        if (pauses.isEmpty()) {
            errors().say("Nothing is paused.");
        }
        return Exit.DONE;
    }

    private static String of(JsonNode pause) {
        return pause.path("runId").asText(pause.path("handler").asText(""));
    }
}
