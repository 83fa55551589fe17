package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code stepstile resume}: ends a pause. */
@Command(
        name = "resume",
        description = "Ends the pause of a run, a handler or everything: what waits begins within two sweeps, 120 s.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile resume nightly",
            "  ./stepstile resume --everything",
            "",
            "Exit status: docs/cli.md"
        })
public final class ResumeCommand extends ApiCommand {
    private static final ObjectMapper JSON = new ObjectMapper();

    @Mixin
    private Scope scope = new Scope();

    @Override
    int ask(Calls calls) {
        boolean json = output().isJson();
        if (!scope.isOne()) {
            throw wrong("Name one of RUN, --handler and --everything. What is paused: "
                    + suggested("pause", List.of(), List.of("--list")));
        }
        ObjectNode body = JSON.createObjectNode();
        if (scope.handler() != null) {
            body.put("handler", scope.handler());
        }
        String run = scope.run();
        JsonNode answer = calls.post(run == null ? "/v1/resume" : path(run) + "/resume", body);
        if (json) {
            screen().line(answer.toString());
        } else {
            screen().say(scope.told()
                    + (answer.path("changed").asBoolean()
                            ? " is resumed. What waits begins within two sweeps, 120 s."
                            : " was not paused; another pause may still hold it: "
                                    + suggested("pause", List.of(), List.of("--list"))));
        }
        return Exit.DONE;
    }
}
