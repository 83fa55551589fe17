package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.FeedReader;
import dev.stepstile.client.JsonValue;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile feed}: the ends of steps, as they come. */
@Command(
        name = "feed",
        description = "The steps of a run that have ended, in the order of their ends; with --follow as they end.",
        mixinStandardHelpOptions = true,
        footer = {"", "Example:", "  ./stepstile feed nightly --follow", "", "Exit status: docs/cli.md"})
public final class FeedCommand extends ApiCommand {
    private static final Duration STATUS_EVERY = Duration.ofSeconds(5);
    private static final int AFTER_KEY = 39;

    /** A feed has them part by part. */
    private static final Comparator<JsonValue> BY_TIME = Comparator.comparing(
            (JsonValue entry) -> Instant.parse(entry.tree().path("at").asText()));

    @Parameters(paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until no dispatch of the run is open.")
    private boolean follow;

    @Option(names = "--log-pages", description = "Print too that an attempt has written a page of its log.")
    private boolean logPages;

    /** What follows goes on after a restart of the stack. */
    @Override
    Duration patience() {
        return follow ? ClientOptions.PATIENCE : super.patience();
    }

    @Override
    int ask(Calls calls) {
        boolean json = output().isJson();
        calls.get(path(run), Map.of()); // refused if there is no such run
        FeedReader feed = calls.client().feed(run);
        InstantSource clock = InstantSource.system();
        Instant statusAt = clock.instant();
        boolean open = true;
        while (true) {
            List<JsonValue> entries = feed.poll();
            entries.stream().sorted(BY_TIME).forEach(entry -> print(entry, json));
            if (screen().closed() || (feed.caughtUp() && entries.isEmpty() && !(follow && open))) {
                return Exit.DONE;
            }
            Instant now = clock.instant();
            if (follow && !now.isBefore(statusAt)) {
                open = calls.get(path(run), Map.of()).path("openDispatchCount").asLong() > 0;
                statusAt = now.plus(STATUS_EVERY);
            }
            try {
                Thread.sleep(follow ? FollowPause.after(feed) : feed.pause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Exit.DONE;
            }
        }
    }

    private void print(JsonValue entry, boolean json) {
        JsonNode node = entry.tree();
        boolean page = node.has("page");
        if (page && !logPages) {
            return;
        }
        if (json) {
            screen().line(entry.text());
            return;
        }
        String state = page ? "log page" : node.path("state").asText();
        String key = Text.clean(node.path("key").asText());
        int room = Math.max(10, screen().columns() - AFTER_KEY);
        screen().line(screen().faint(Text.padded(node.path("at").asText(), 24)) + "  "
                + screen().state(state, Text.padded(state, 9)) + "  "
                + (screen().interactive() ? Text.cutMiddle(key, room) : key)
                + (node.path("attempt").asInt() > 1
                        ? " #" + node.path("attempt").asInt()
                        : ""));
    }
}
