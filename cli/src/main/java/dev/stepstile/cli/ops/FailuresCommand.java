package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code stepstile failures}: why steps failed, grouped. */
@Command(
        name = "failures",
        description = "Why the steps of a run failed: grouped by kind, handler and message, with examples.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile failures nightly",
            "  ./stepstile failures nightly --state RETRYING",
            "",
            "Exit status: 0 none, 1 there are failures. Others: docs/cli.md"
        })
public final class FailuresCommand extends ApiCommand {
    @Parameters(paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Mixin
    private Selection selection = new Selection();

    private long others;

    @Override
    int ask(Calls calls) {
        Instant now = InstantSource.system().instant();
        List<JsonNode> groups = groups(calls);
        List<Column> columns = List.of(
                Column.whole("count", "count"),
                Column.whole("failure", "failure"),
                Column.whole("kind", "kind"),
                Column.sentence("handler", Column.member("handler")),
                Column.told("last", group -> Text.ago(group.path("lastAt").asText(), now), Column.member("lastAt")),
                Column.below("message", Column.member("message")));
        new Listing(output().format(), columns, Column.member("failure"), screen()).print(groups);
        if (groups.isEmpty()) {
            errors().say("No step of the run has failed.");
            return Exit.DONE;
        }
        if (others > 0) {
            errors().say(Text.count(others, "further failure")
                    + " have other causes: select some by --handler, --kind or" + " --prefix.");
        }
        next(groups.getFirst());
        return Exit.NO;
    }

    /** Each page counts its own steps; groups of one id are added up, the largest first. */
    private List<JsonNode> groups(Calls calls) {
        Map<String, ObjectNode> groups = new LinkedHashMap<>();
        Map<String, String> query = new LinkedHashMap<>(selection.query());
        while (true) {
            JsonNode answer = calls.get(path(run) + "/failures", query);
            answer.path("failures")
                    .forEach(group ->
                            groups.merge(group.path("failure").asText(), (ObjectNode) group, FailuresCommand::added));
            others += answer.path("otherCount").asLong();
            if (!answer.has("cursor")) {
                List<JsonNode> sorted = new ArrayList<>(groups.values());
                sorted.sort(Comparator.comparingLong(
                                (JsonNode group) -> group.path("count").asLong())
                        .reversed());
                return sorted;
            }
            query.put("cursor", answer.path("cursor").asText());
        }
    }

    private static ObjectNode added(ObjectNode one, ObjectNode other) {
        one.put("count", one.path("count").asLong() + other.path("count").asLong());
        ObjectNode states = one.withObjectProperty("states");
        other.path("states")
                .properties()
                .forEach(state -> states.put(
                        state.getKey(),
                        states.path(state.getKey()).asLong() + state.getValue().asLong()));
        if (other.path("firstAt").asText().compareTo(one.path("firstAt").asText()) < 0) {
            one.set("firstAt", other.path("firstAt"));
        }
        if (other.path("lastAt").asText().compareTo(one.path("lastAt").asText()) > 0) {
            one.set("lastAt", other.path("lastAt"));
        }
        return one;
    }

    private void next(JsonNode largest) {
        if (output().format() != OutputOptions.Format.TABLE) {
            return;
        }
        String failure = largest.path("failure").asText();
        for (JsonNode example : largest.path("examples")) {
            screen().line("An example:     "
                    + suggested("step", run, example.path("key").asText()));
            break;
        }
        screen().line("Run them again: " + suggested("redrive", List.of(run), List.of("--failure", failure)));
    }
}
