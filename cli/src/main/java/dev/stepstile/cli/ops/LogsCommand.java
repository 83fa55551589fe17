package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.RefusedException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code stepstile logs}: what a step, or all steps of a run, have printed. */
@Command(
        name = "logs",
        description = "What a step printed: its newest attempt, or with --follow each attempt until the step has ended."
                + " Without KEY what all steps of the run printed, each line with its step, as it was written.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile logs nightly load-eu",
            "  ./stepstile logs nightly load-eu --follow",
            "  ./stepstile logs nightly --follow",
            "",
            "Exit status: docs/cli.md"
        })
public final class LogsCommand extends ApiCommand {
    private static final Duration POLL = Duration.ofSeconds(1);
    private static final Duration STATUS_EVERY = Duration.ofSeconds(5);
    private static final Set<String> ENDED = Set.of("SUCCEEDED", "FAILED", "DEAD", "CANCELLED", "UNKNOWN");

    @Parameters(index = "0", paramLabel = "RUN", description = "The id of the run.")
    private String run = "";

    @Parameters(index = "1", paramLabel = "KEY", arity = "0..1", description = "The key of the step. Default: all.")
    private @Nullable String key;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on with what it prints, and with its next attempts, until the step has ended; of all"
                    + " steps until no dispatch of the run is open. Looks once a second.")
    private boolean follow;

    @Option(names = "--attempt", paramLabel = "N", description = "Of this attempt of KEY. Default: the newest.")
    private @Nullable Integer attempt;

    private int printedAttempt;
    private int printedPages;
    private boolean waitingSaid;

    /** What follows goes on after a restart of the stack. */
    @Override
    Duration patience() {
        return follow ? ClientOptions.PATIENCE : super.patience();
    }

    @Override
    int ask(Calls calls) {
        LogPrinter printer = new LogPrinter(screen(), output().isJson(), key == null);
        if (attempt != null && (follow || key == null)) {
            throw wrong(
                    key == null
                            ? "--attempt is of one step: give its KEY, too."
                            : "--follow goes on with the newest attempt: leave out --attempt.");
        }
        return key == null ? ofRun(calls, printer) : ofStep(calls, key, printer);
    }

    private int ofRun(Calls calls, LogPrinter printer) {
        calls.get(path(run), Map.of()); // refused if there is no such run
        RunLog log = new RunLog(calls, run, path(run), printer);
        InstantSource clock = InstantSource.system();
        Instant statusAt = clock.instant();
        boolean open = true;
        while (true) {
            boolean some = log.printNew();
            if (!printer.isRead()) {
                return Exit.DONE;
            }
            if (!follow || (!some && !open)) {
                return endOfRun(log);
            }
            Instant now = clock.instant();
            if (!now.isBefore(statusAt)) {
                open = calls.get(path(run), Map.of()).path("openDispatchCount").asLong() > 0;
                statusAt = now.plus(STATUS_EVERY);
            }
            if (!slept(FollowPause.after(log.feed()))) {
                return Exit.DONE;
            }
        }
    }

    private int endOfRun(RunLog log) {
        if (log.pages() == 0) {
            errors().say("No step of the run has printed anything so far.");
        }
        if (follow) {
            errors().say("The run has ended: no dispatch of it is open.");
        }
        return Exit.DONE;
    }

    private int ofStep(Calls calls, String stepKey, LogPrinter printer) {
        while (true) {
            Optional<JsonNode> step = follow ? ifStarted(calls, stepKey) : Optional.of(read(calls, stepKey));
            if (step.isPresent()) {
                print(stepKey, step.get(), printer);
                boolean ended = ENDED.contains(step.get().path("state").asText());
                if (ended || !follow) {
                    return endOfStep(step.get());
                }
            }
            if (!printer.isRead() || !slept(POLL)) {
                return Exit.DONE;
            }
        }
    }

    /** False if this process is to end. */
    private static boolean slept(Duration pause) {
        try {
            Thread.sleep(pause);
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private JsonNode read(Calls calls, String stepKey) {
        Map<String, String> query = new LinkedHashMap<>(Map.of("key", stepKey, "log", "true"));
        if (attempt != null) {
            query.put("attempt", String.valueOf(attempt));
        }
        return calls.get(path(run) + "/step", query);
    }

    /** Empty while it is queued. Its log is read only when there is more of it. */
    private Optional<JsonNode> ifStarted(Calls calls, String stepKey) {
        try {
            JsonNode step = calls.get(path(run) + "/step", Map.of("key", stepKey));
            boolean same = step.path("attempt").asInt() == printedAttempt
                    && step.path("logPageCount").asInt() == printedPages;
            return Optional.of(same ? step : read(calls, stepKey));
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

    private void print(String stepKey, JsonNode step, LogPrinter printer) {
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
                printer.print(stepKey, page);
            }
        }
    }

    private int endOfStep(JsonNode step) {
        if (printedPages == 0) {
            errors().say("The attempt has printed nothing yet; pages of its log come while it runs.");
        }
        if (follow) {
            errors().say("The step is " + step.path("state").asText() + ". " + StepsCommand.error(step));
        }
        return Exit.DONE;
    }
}
