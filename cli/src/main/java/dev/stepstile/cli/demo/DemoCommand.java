package dev.stepstile.cli.demo;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.cli.console.Progress;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.client.Attempt;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.Retry;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepResult;
import dev.stepstile.client.StepSettings;
import dev.stepstile.client.StepState;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.examples.flights.DayTable;
import dev.stepstile.examples.flights.FlightsCheck;
import dev.stepstile.examples.flights.FlightsReport;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.stackfaults.Faults;
import dev.stepstile.stackfaults.FaultyStack;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The flights example from end to end, on this machine. */
@Command(
        name = "demo",
        description =
                "Runs the flights example (a step per day of 2013, then a report) on a stack of its own, and checks the result.",
        mixinStandardHelpOptions = true,
        subcommands = DagsterDemo.class)
public final class DemoCommand implements Callable<Integer> {
    private static final Duration AT_MOST = Duration.ofMinutes(10);
    private static final String REPORT_STEP = "report";

    @Option(
            names = "--aws",
            description = "Through the AWS adapters, against DynamoDB Local and ElasticMQ as processes of their own.")
    private boolean aws;

    @Option(
            names = "--isolated",
            description = "With --aws: each function environment is a process of its own, and a crash is a SIGKILL.")
    private boolean isolated;

    @Option(
            names = "--inject",
            paramLabel = "FAULTS",
            description =
                    "Faults: crash=SHARE,duplicate=SHARE,poison=COUNT[,seed=N], as crash=0.05,duplicate=0.1,poison=2.")
    private @Nullable String inject;

    @Spec
    private @Nullable CommandSpec spec;

    private final PrintStream out = System.out;
    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws InterruptedException {
        if (isolated && !aws) {
            throw wrong("--isolated needs --aws: processes of their own need a wire between them.");
        }
        Faults faults = faults();
        Path log = LogFile.in(Stacks.home());
        List<String> days = days();
        Set<String> poisoned = poisoned(days, faults);
        Path folder = Stacks.home().resolve("demo");
        StackOptions options =
                faults.any() ? Stacks.faulty(aws, isolated, folder) : Stacks.steady(aws, isolated, folder);
        terminal.say("Starting the "
                + (aws
                        ? "AWS stack (DynamoDB Local, ElasticMQ"
                                + (isolated ? ", a process for each function environment" : "") + ")"
                        : "embedded stack")
                + (faults.any() ? " with " + faults : "") + "; its log is " + log + " ...");
        Instant begun = Instant.now();
        try (FaultyStack stack = FaultyStack.start(options.withConsole(terminal::say), faults, keys(poisoned))) {
            out.printf(
                    Locale.ROOT,
                    "Up after %.1f s at %s%n",
                    since(begun),
                    stack.stack().endpoint());
            return run(stack, days, poisoned, faults);
        }
    }

    private Faults faults() {
        try {
            return inject == null ? Faults.NONE : Faults.parse(inject);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    private int run(FaultyStack stack, List<String> days, Set<String> poisoned, Faults faults)
            throws InterruptedException {
        try (StepstileClient client = StepstileClient.of(stack.stack().endpoint())) {
            return run(client, stack, days, poisoned, faults);
        }
    }

    private int run(StepstileClient client, FaultyStack stack, List<String> days, Set<String> poisoned, Faults faults)
            throws InterruptedException {
        String runId = "flights-" + Instant.now().toEpochMilli();
        Instant begun = Instant.now();
        List<Step> steps = days.stream()
                .map(day -> Step.of(key(day), "flights.day", Map.of("day", day)))
                .toList();
        StepSettings defaults = StepSettings.NONE
                .withMaxAttempts(3)
                .withTimeout(Duration.ofSeconds(15))
                .withRetry(new Retry(Duration.ofMillis(200), Duration.ofSeconds(2)));
        client.dispatch(runId, Dispatch.of("days", steps).withDefaults(defaults));
        Map<String, StepEnded> ended =
                follow(client, runId, days.stream().map(DemoCommand::key).toList());
        double daysSeconds = since(begun);

        Map<String, JsonValue> results = results(ended.values());
        Instant reportBegun = Instant.now();
        StepEnded report = results.isEmpty() ? null : report(client, runId, results);
        double reportSeconds = since(reportBegun);

        List<String> wrong = new ArrayList<>();
        check(days, poisoned, ended, results, report, wrong);
        List<MessageCodec.Letter> deadLetters = awaitLetters(stack.stack(), poisoned.size());
        checkLetters(poisoned, deadLetters, wrong);
        summary(stack, ended.values(), faults, daysSeconds, reportSeconds, deadLetters);
        if (report != null
                && report.state() instanceof StepState.Succeeded(Instant _, StepResult.Value(JsonValue json))) {
            out.println("Report     " + write(json.tree()));
        }
        if (wrong.isEmpty()) {
            out.println("Check      passed: the result equals an independent single pass over the same 336,776 flights"
                    + (poisoned.isEmpty() ? "." : ", without the " + poisoned.size() + " poisonous days."));
            return 0;
        }
        out.println("Check      FAILED, " + wrong.size() + " differences:");
        wrong.stream().limit(20).forEach(line -> out.println("           " + line));
        return 1;
    }

    private Map<String, StepEnded> follow(StepstileClient client, String runId, List<String> keys) {
        Map<String, StepEnded> ended = new TreeMap<>();
        Progress progress = new Progress(out, "Days", keys.size());
        boolean complete = client.follow(runId, keys).await(AT_MOST, event -> {
            if (event instanceof StepEnded end) {
                ended.put(end.key(), end);
                progress.at(ended.size());
            }
        });
        if (!complete) {
            throw new IllegalStateException(
                    "Only " + ended.size() + " of " + keys.size() + " steps had ended after " + AT_MOST.toMinutes()
                            + " minutes; the log is in " + Stacks.home().resolve("stepstile.log") + ".");
        }
        return ended;
    }

    /** The results of the days that succeeded, by step key. */
    private static Map<String, JsonValue> results(Collection<StepEnded> ended) {
        Map<String, JsonValue> results = new TreeMap<>();
        for (StepEnded end : ended) {
            if (end.state() instanceof StepState.Succeeded(Instant _, StepResult.Value(JsonValue json))) {
                results.put(end.key(), json);
            }
        }
        return results;
    }

    private static StepEnded report(StepstileClient client, String runId, Map<String, JsonValue> results) {
        Step step = Step.of(REPORT_STEP, "flights.report", null)
                .withSettings(StepSettings.handler("flights.report").withMaxAttempts(20));
        JsonValue days = JsonValue.of(results.values());
        client.dispatch(runId, Dispatch.of("report", List.of(step)).withSharedInputs(Map.of("days", days)));
        List<StepEnded> ended = new ArrayList<>();
        client.follow(runId, List.of(REPORT_STEP)).await(AT_MOST, event -> {
            if (event instanceof StepEnded end) {
                ended.add(end);
            }
        });
        if (ended.isEmpty()) {
            throw new IllegalStateException("The report's step did not end; the log is in "
                    + Stacks.home().resolve("stepstile.log") + ".");
        }
        return ended.getFirst();
    }

    private static void check(
            List<String> days,
            Set<String> poisoned,
            Map<String, StepEnded> ended,
            Map<String, JsonValue> results,
            @Nullable StepEnded report,
            List<String> wrong) {
        for (String day : days) {
            StepEnded end = ended.get(key(day));
            String status = end == null ? "missing" : end.state().status().name();
            String expected = poisoned.contains(day) ? "DEAD" : "SUCCEEDED";
            if (!status.equals(expected)) {
                wrong.add(day + ": " + status + ", expected " + expected);
            }
        }
        try {
            List<DayTable> tables = new ArrayList<>();
            for (JsonValue json : results.values()) {
                tables.add(Objects.requireNonNull(json.as(DayTable.class)));
            }
            wrong.addAll(FlightsCheck.differences(tables, poisoned));
            if (report != null
                    && report.state() instanceof StepState.Succeeded(Instant _, StepResult.Value(JsonValue json))) {
                wrong.addAll(
                        FlightsCheck.reportDifferences(Objects.requireNonNull(json.as(FlightsReport.class)), poisoned));
            } else {
                wrong.add("the report's step is "
                        + (report == null ? "missing" : report.state().status().name()));
            }
        } catch (IllegalArgumentException e) {
            wrong.add("a result does not read: " + e.getMessage());
        }
    }

    /** A dead step is dead-lettered just after it is seen DEAD, so its dead letter may be a moment behind. */
    private static List<MessageCodec.Letter> awaitLetters(LocalStack stack, int steps) throws InterruptedException {
        Map<String, MessageCodec.Letter> deadLetters = new LinkedHashMap<>();
        for (int i = 0; i < 50; i++) {
            for (String body : stack.deadLetters(1000)) {
                MessageCodec.Letter deadLetter = MessageCodec.deadLetter(body);
                deadLetters.put(deadLetter.step() + "#" + deadLetter.attempt(), deadLetter);
            }
            if (deadLetters.size() >= steps) {
                break;
            }
            Thread.sleep(200);
        }
        return new ArrayList<>(deadLetters.values());
    }

    private static void checkLetters(Set<String> poisoned, List<MessageCodec.Letter> deadLetters, List<String> wrong) {
        Set<String> deadLettered = new TreeSet<>();
        deadLetters.forEach(deadLetter -> {
            var step = deadLetter.step();
            deadLettered.add(step == null ? "an unrecognised message" : step.stepKey());
        });
        if (!deadLettered.equals(keys(poisoned))) {
            wrong.add("in the dead-letter queue: " + deadLettered + ", expected " + keys(poisoned));
        }
    }

    private void summary(
            FaultyStack stack,
            Collection<StepEnded> ended,
            Faults faults,
            double daysSeconds,
            double reportSeconds,
            List<MessageCodec.Letter> deadLetters) {
        Map<String, Integer> states = new TreeMap<>();
        int retried = 0;
        int silent = 0;
        for (StepEnded end : ended) {
            states.merge(end.state().status().name(), 1, Integer::sum);
            retried += end.attempt() - 1;
            for (Attempt attempt : end.attempts()) {
                silent += attempt.kind().equals("WORKER_LOST") ? 1 : 0;
            }
        }
        InMemoryMeter tally = stack.stack().tally();
        out.println();
        row(
                "Steps",
                states + " in " + Progress.time(daysSeconds)
                        + String.format(Locale.ROOT, " (%.0f/s)", ended.size() / daysSeconds));
        row("Report step", Progress.time(reportSeconds));
        if (faults.any()) {
            row("Workers lost", stack.workersLost());
            row("Attempts retried", retried);
            row("Attempts lost", silent + " (their lease expired)");
            row("Messages sent twice", stack.duplicated());
            // What a killed process had not printed yet is not counted.
            String least = isolated ? "at least " : "";
            row("Duplicates suppressed", least + tally.of(Metric.DUPLICATES_SUPPRESSED));
            row("Stale results refused", least + tally.of(Metric.STALE_REFUSED));
            row("Dead letters", deadLetters.size());
            deadLetters.forEach(deadLetter ->
                    row("", deadLetter.step() + " at attempt " + deadLetter.attempt() + ": " + deadLetter.kind()));
        }
    }

    private void row(String name, Object value) {
        out.printf(Locale.ROOT, "%-22s %s%n", name, value);
    }

    private static Path write(JsonNode report) {
        Path folder = Stacks.home().resolve("demo").resolve("report");
        try {
            Files.createDirectories(folder);
            Files.writeString(
                    folder.resolve("totals.csv"), report.path("totalsCsv").asText());
            Files.writeString(folder.resolve("days.csv"), report.path("daysCsv").asText());
            return Files.writeString(
                    folder.resolve("flights.html"), report.path("html").asText());
        } catch (IOException e) {
            throw new UncheckedIOException("The report could not be written to " + folder, e);
        }
    }

    private static List<String> days() {
        return LocalDate.of(2013, 1, 1)
                .datesUntil(LocalDate.of(2014, 1, 1))
                .map(LocalDate::toString)
                .toList();
    }

    private static Set<String> poisoned(List<String> days, Faults faults) {
        SplittableRandom random = new SplittableRandom(faults.seed());
        Set<String> poisoned = new TreeSet<>();
        while (poisoned.size() < Math.min(faults.poison(), days.size())) {
            poisoned.add(days.get(random.nextInt(days.size())));
        }
        return poisoned;
    }

    private static Set<String> keys(Set<String> days) {
        Set<String> keys = new TreeSet<>();
        days.forEach(day -> keys.add(key(day)));
        return keys;
    }

    private static String key(String day) {
        return "day[" + day + "]";
    }

    private static double since(Instant instant) {
        return Duration.between(instant, Instant.now()).toMillis() / 1000.0;
    }
}
