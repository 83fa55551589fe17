package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.Limits;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stepstile dlq}: the dead letters. */
@Command(
        name = "dlq",
        description = "The dead-letter queue: what is in it and why, to run it again, or to empty it.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        footer = {
            "",
            "Examples:",
            "  ./stepstile dlq list --run nightly",
            "  ./stepstile dlq show nightly charge",
            "  ./stepstile dlq redrive --kind TIMEOUT --set timeoutSeconds=600",
            "  ./stepstile dlq purge --run nightly",
            "",
            "Exit status: docs/cli.md"
        },
        subcommands = {DlqCommand.Listed.class, DlqCommand.Show.class, DlqCommand.Redriven.class, DlqCommand.Purge.class
        })
public final class DlqCommand implements Runnable {
    private static final String LETTERS = "/v1/dead-letters";
    private static final String MEMBER = "deadLetters";

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(
                Objects.requireNonNull(spec).commandLine(), "Say what to do: list, show, redrive or purge.");
    }

    private static List<JsonNode> letters(JsonNode answer) {
        List<JsonNode> letters = new ArrayList<>();
        answer.path(MEMBER).forEach(letters::add);
        return letters;
    }

    /** {@code dlq list}. */
    @Command(
            name = "list",
            description = "The dead letters with their causes, newest first.",
            mixinStandardHelpOptions = true,
            footer = {"", "Example:", "  ./stepstile dlq list --run nightly", "", "Exit status: docs/cli.md"})
    static final class Listed extends ApiCommand {
        @Option(names = "--run", paramLabel = "RUN", description = "Of this run.")
        private @Nullable String run;

        @Option(names = "--handler", paramLabel = "NAME", description = "Of this handler.")
        private @Nullable String handler;

        @Option(names = "--kind", paramLabel = "KIND", description = "With an error of this kind.")
        private @Nullable String kind;

        @Option(names = "--limit", paramLabel = "N", description = "At most so many, up to 1000. Default: 100.")
        private int limit = 100;

        @Override
        int ask(Calls calls) {
            if (limit < 1 || limit > Limits.PAGE) {
                throw wrong("--limit takes 1 to " + Limits.PAGE + ": the queue has no pages.");
            }
            Instant now = InstantSource.system().instant();
            Map<String, String> query = new LinkedHashMap<>(Map.of("limit", String.valueOf(limit)));
            put(query, "runId", run);
            put(query, "handler", handler);
            put(query, "kind", kind);
            JsonNode answer = calls.get(LETTERS, query);
            List<JsonNode> letters = letters(answer);
            Listing listing = new Listing(
                    output().format(),
                    List.of(
                            Column.key("run", "runId"),
                            Column.key("key", "key"),
                            Column.told(
                                    "sent",
                                    letter -> Text.ago(letter.path("sentAt").asText(), now),
                                    Column.member("sentAt")),
                            Column.told("state", Listed::standing, Listed::standing),
                            Column.sentence("cause", Listed::cause)),
                    letter -> letter.has("key")
                            ? letter.path("runId").asText() + "/"
                                    + letter.path("key").asText()
                            : letter.path("messageId").asText(),
                    screen());
            listing.print(letters);
            if (letters.isEmpty()) {
                errors().say(query.size() == 1 ? "The dead-letter queue is empty." : "No dead letter is such a one.");
            }
            if (!answer.path("complete").asBoolean(true)) {
                errors().say("There are more, about "
                        + Text.count(answer.path("approximateCount").asLong())
                        + " in all: select some by --run, --handler or --kind"
                        + (limit < Limits.PAGE ? ", or raise --limit." : "."));
            }
            return Exit.DONE;
        }

        private static void put(Map<String, String> query, String name, @Nullable String value) {
            if (value != null) {
                query.put(name, value);
            }
        }

        /** The step's state now; a letter that is no step's, or whose step has gone on, says so. */
        private static String standing(JsonNode letter) {
            if (letter.path("unrecognised").asBoolean()) {
                return "no step's";
            }
            String state = letter.path("stepState").asText("GONE");
            return letter.path("stale").asBoolean() ? state + ", stale" : state;
        }

        private static String cause(JsonNode letter) {
            return letter.path("unrecognised").asBoolean()
                    ? letter.path("messageId").asText()
                    : letter.path("kind").asText() + ": "
                            + letter.path("message").asText();
        }
    }

    /** {@code dlq show}. */
    @Command(
            name = "show",
            description = "The dead letters of one step, whole: with the step's input.",
            mixinStandardHelpOptions = true,
            footer = {"", "Example:", "  ./stepstile dlq show nightly charge", "", "Exit status: docs/cli.md"})
    static final class Show extends ApiCommand {
        @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
        private String run = "";

        @Parameters(index = "1", paramLabel = "KEY", description = "The key of the step.")
        private String key = "";

        @Override
        int ask(Calls calls) {
            boolean json = output().isJson();
            List<JsonNode> letters = letters(calls.get(LETTERS, Map.of("runId", run, "key", key, "body", "true")));
            for (JsonNode letter : letters) {
                if (json) {
                    screen().line(letter.toString());
                } else {
                    print(letter);
                }
            }
            if (letters.isEmpty()) {
                return failed(
                        "no-dead-letter",
                        "The step has no dead letter.\nIts state: " + suggested("step", run, key),
                        Exit.REFUSED);
            }
            return Exit.DONE;
        }

        private void print(JsonNode letter) {
            screen().field("Letter", letter.path("messageId").asText());
            screen().field(
                            "Sent",
                            letter.path("sentAt").asText() + ", received "
                                    + Text.count(letter.path("receiveCount").asLong(), "time"));
            screen().field(
                            "Step",
                            letter.path("key").asText() + " of run "
                                    + letter.path("runId").asText() + ", attempt "
                                    + letter.path("attempt").asText() + ", now "
                                    + Listed.standing(letter));
            screen().field("Handler", letter.path("handler").asText());
            screen().field("Cause", Listed.cause(letter));
            String body = letter.path("body").asText();
            screen().line(screen().interactive() ? Text.clean(body) : body);
            screen().line("Run it again:  "
                    + suggested(
                            "dlq redrive",
                            List.of(),
                            Stream.of(option("--run", run), option("--key", key))
                                    .flatMap(List::stream)
                                    .toList()));
        }
    }

    /** {@code dlq redrive}. */
    @Command(
            name = "redrive",
            description =
                    "Runs the steps of dead letters again, then deletes the letters. Shows what would happen, and asks.",
            mixinStandardHelpOptions = true,
            footer = {
                "",
                "Example:",
                "  ./stepstile dlq redrive --run nightly --set maxAttempts=5",
                "",
                "Exit status: docs/cli.md"
            })
    static final class Redriven extends ChangeCommand {
        @Mixin
        private LetterSelection selection = new LetterSelection();

        @Mixin
        private Overrides overrides = new Overrides();

        @Override
        int ask(Calls calls) {
            selection.refuseNothing(false);
            ObjectNode body = JSON.createObjectNode();
            selection.into(body);
            overrides.into(body);
            body.put("redriveId", "cli-" + UUID.randomUUID());
            return change(
                    calls,
                    new Change(
                            LETTERS + "/redrive", body, "step", "redriven", List.of("redrivenCount", "deletedCount")));
        }
    }

    /** {@code dlq purge}. */
    @Command(
            name = "purge",
            description =
                    "Deletes dead letters whose steps have ended, and changes no step. Shows what would happen, and"
                            + " asks.",
            mixinStandardHelpOptions = true,
            footer = {
                "",
                "Examples:",
                "  ./stepstile dlq purge --run nightly",
                "  ./stepstile dlq purge --unrecognised",
                "",
                "Exit status: docs/cli.md"
            })
    static final class Purge extends ChangeCommand {
        @Mixin
        private LetterSelection selection = new LetterSelection();

        @Option(names = "--unrecognised", description = "Messages that are no step's; else they are left.")
        private boolean unrecognised;

        @Override
        int ask(Calls calls) {
            selection.refuseNothing(unrecognised);
            ObjectNode body = JSON.createObjectNode();
            selection.into(body);
            if (unrecognised) {
                body.put("unrecognised", true);
            }
            return change(
                    calls, new Change(LETTERS + "/purge", body, "dead letter", "deleted", List.of("purgedCount")));
        }
    }
}
