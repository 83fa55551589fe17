package dev.stepstile.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.client.Follower;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.examples.flights.DayTable;
import dev.stepstile.examples.flights.FlightsCheck;
import dev.stepstile.examples.flights.FlightsReport;
import dev.stepstile.local.Faults;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.protocol.Count;
import dev.stepstile.protocol.Tally;
import dev.stepstile.wire.Json;
import dev.stepstile.wire.StepMessages;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.LocalDate;
import java.util.ArrayList;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
        subcommands = PythonScript.Demo.class)
final class DemoCommand implements Callable<Integer> {
    private static final Duration POLL = Duration.ofMillis(100);
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
        Path log = Logs.in(Stacks.home());
        List<String> days = days();
        Set<String> poisoned = poisoned(days, faults);
        Path folder = Stacks.home().resolve("demo");
        StackOptions options = faults.any()
                ? Stacks.faulty(aws, isolated, folder, faults, keys(poisoned))
                : Stacks.steady(aws, isolated, folder);
        terminal.say("Starting the "
                + (aws
                        ? "AWS stack (DynamoDB Local, ElasticMQ"
                                + (isolated ? ", a process for each function environment" : "") + ")"
                        : "embedded stack")
                + (faults.any() ? " with " + faults : "") + "; its log is " + log + " ...");
        Instant begun = Instant.now();
        try (LocalStack stack = LocalStack.start(options.withConsole(terminal::say))) {
            out.printf(Locale.ROOT, "Up after %.1f s at %s%n", since(begun), stack.endpoint());
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

    private int run(LocalStack stack, List<String> days, Set<String> poisoned, Faults faults)
            throws InterruptedException {
        StepstileClient client = new StepstileClient(stack.endpoint());
        String runId = "flights-" + Instant.now().toEpochMilli();
        Instant begun = Instant.now();
        ObjectNode request = Json.object();
        ArrayNode steps = request.putArray("steps");
        for (String day : days) {
            steps.addObject()
                    .put("key", key(day))
                    .put("handler", "flights.day")
                    .putObject("input")
                    .put("day", day);
        }
        request.putObject("defaults")
                .put("maxAttempts", 3)
                .put("timeoutSeconds", 15)
                .putObject("retry")
                .put("baseSeconds", 0.2)
                .put("capSeconds", 2);
        client.dispatch(runId, request);
        Map<String, JsonNode> ended =
                follow(client, runId, days.stream().map(DemoCommand::key).toList());
        double daysSeconds = since(begun);

        List<JsonNode> records = records(client, runId, ended);
        Map<String, String> results = results(records);
        Instant reportBegun = Instant.now();
        JsonNode report = results.isEmpty() ? Json.object() : report(client, runId, results);
        double reportSeconds = since(reportBegun);

        List<String> wrong = new ArrayList<>();
        check(days, poisoned, ended, results, report, wrong);
        List<StepMessages.Letter> letters = awaitLetters(stack, poisoned.size());
        checkLetters(poisoned, letters, wrong);
        summary(stack, records, faults, daysSeconds, reportSeconds, letters);
        if (report.has("result")) {
            out.println("Report     " + write(report.path("result")));
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

    private Map<String, JsonNode> follow(StepstileClient client, String runId, List<String> keys)
            throws InterruptedException {
        Follower feed = new Follower(client, runId, keys, InstantSource.system());
        Map<String, JsonNode> ended = new TreeMap<>();
        Progress progress = new Progress(out, "Days", keys.size());
        Instant giveUp = Instant.now().plus(AT_MOST);
        CountDownLatch never = new CountDownLatch(1);
        while (!feed.complete()) {
            feed.poll().forEach(entry -> ended.put(entry.path("stepKey").asText(), entry));
            progress.at(ended.size());
            if (Instant.now().isAfter(giveUp)) {
                throw new IllegalStateException(
                        "Only " + ended.size() + " of " + keys.size() + " steps had ended after " + AT_MOST.toMinutes()
                                + " minutes; the log is in " + Stacks.home().resolve("stepstile.log") + ".");
            }
            if (!feed.complete()) {
                never.await(POLL.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
        return ended;
    }

    /** The steps' records, looked up consistently. */
    private static List<JsonNode> records(StepstileClient client, String runId, Map<String, JsonNode> ended)
            throws InterruptedException {
        List<String> keys = new ArrayList<>(ended.keySet());
        List<JsonNode> records = new ArrayList<>();
        for (int from = 0; from < keys.size(); from += 100) {
            client.lookup(runId, keys.subList(from, Math.min(keys.size(), from + 100)))
                    .path("entries")
                    .forEach(records::add);
        }
        return records;
    }

    /** The results of the days that succeeded, by step key. */
    private static Map<String, String> results(List<JsonNode> records) {
        Map<String, String> results = new TreeMap<>();
        for (JsonNode entry : records) {
            if (entry.path("state").asText().equals("SUCCEEDED")) {
                results.put(entry.path("stepKey").asText(), Json.print(entry.path("result")));
            }
        }
        return results;
    }

    private JsonNode report(StepstileClient client, String runId, Map<String, String> results)
            throws InterruptedException {
        ObjectNode request = Json.object();
        request.putArray("steps")
                .addObject()
                .put("key", REPORT_STEP)
                .put("handler", "flights.report")
                .put("maxAttempts", 20);
        request.putObject("sharedInputs").set("days", Json.parse("[" + String.join(",", results.values()) + "]"));
        client.dispatch(runId, request);
        Follower feed = new Follower(client, runId, List.of(REPORT_STEP), InstantSource.system());
        CountDownLatch never = new CountDownLatch(1);
        Instant giveUp = Instant.now().plus(AT_MOST);
        while (!feed.complete()) {
            feed.poll();
            if (!feed.complete()) {
                never.await(POLL.toMillis(), TimeUnit.MILLISECONDS);
            }
            if (Instant.now().isAfter(giveUp)) {
                throw new IllegalStateException("The report's step did not end; the log is in "
                        + Stacks.home().resolve("stepstile.log") + ".");
            }
        }
        return client.step(runId, REPORT_STEP);
    }

    private static void check(
            List<String> days,
            Set<String> poisoned,
            Map<String, JsonNode> ended,
            Map<String, String> results,
            JsonNode report,
            List<String> wrong) {
        for (String day : days) {
            JsonNode entry = ended.get(key(day));
            String state = entry == null ? "missing" : entry.path("state").asText();
            String expected = poisoned.contains(day) ? "DEAD" : "SUCCEEDED";
            if (!state.equals(expected)) {
                wrong.add(day + ": " + state + ", expected " + expected);
            }
        }
        try {
            List<DayTable> tables = new ArrayList<>();
            for (String json : results.values()) {
                tables.add(Json.MAPPER.readValue(json, DayTable.class));
            }
            wrong.addAll(FlightsCheck.differences(tables, poisoned));
            if (!report.path("state").asText().equals("SUCCEEDED")) {
                wrong.add("the report's step is " + report.path("state").asText("missing"));
            } else {
                wrong.addAll(FlightsCheck.reportDifferences(
                        Json.MAPPER.treeToValue(report.path("result"), FlightsReport.class), poisoned));
            }
        } catch (JsonProcessingException e) {
            wrong.add("a result does not read: " + e.getOriginalMessage());
        }
    }

    /** A dead step is buried just after it is seen dead, so its letter may be a moment behind. */
    private static List<StepMessages.Letter> awaitLetters(LocalStack stack, int steps) throws InterruptedException {
        Map<String, StepMessages.Letter> letters = new LinkedHashMap<>();
        CountDownLatch never = new CountDownLatch(1);
        for (int i = 0; i < 50; i++) {
            for (String body : stack.deadLetters(1000)) {
                StepMessages.Letter letter = StepMessages.letter(body);
                letters.put(letter.step() + "#" + letter.attempt(), letter);
            }
            if (letters.size() >= steps) {
                break;
            }
            never.await(200, TimeUnit.MILLISECONDS);
        }
        return new ArrayList<>(letters.values());
    }

    private static void checkLetters(Set<String> poisoned, List<StepMessages.Letter> letters, List<String> wrong) {
        Set<String> buried = new TreeSet<>();
        letters.forEach(letter -> {
            var step = letter.step();
            buried.add(step == null ? "a message that is not ours" : step.stepKey());
        });
        if (!buried.equals(keys(poisoned))) {
            wrong.add("in the dead-letter queue: " + buried + ", expected " + keys(poisoned));
        }
    }

    private void summary(
            LocalStack stack,
            List<JsonNode> records,
            Faults faults,
            double daysSeconds,
            double reportSeconds,
            List<StepMessages.Letter> letters) {
        Map<String, Integer> states = new TreeMap<>();
        int retried = 0;
        int silent = 0;
        for (JsonNode record : records) {
            states.merge(record.path("state").asText(), 1, Integer::sum);
            retried += record.path("attempt").asInt() - 1;
            for (JsonNode attempt : record.path("attempts")) {
                silent += attempt.path("cause").asText().equals("WORKER_LOST") ? 1 : 0;
            }
        }
        Tally tally = stack.tally();
        out.println();
        row(
                "Steps",
                states + " in " + Progress.time(daysSeconds)
                        + String.format(Locale.ROOT, " (%.0f/s)", records.size() / daysSeconds));
        row("Report step", Progress.time(reportSeconds));
        if (faults.any()) {
            row("Workers lost", stack.workersLost());
            row("Attempts retried", retried);
            row("Attempts lost", silent + " (their worker fell silent)");
            row("Messages sent twice", stack.duplicated());
            // What a killed process had not printed yet is not counted.
            String least = isolated ? "at least " : "";
            row("Duplicates suppressed", least + tally.of(Count.DUPLICATES_SUPPRESSED));
            row("Stale results refused", least + tally.of(Count.STALE_REFUSED));
            row("Dead letters", letters.size());
            letters.forEach(
                    letter -> row("", letter.step() + " at attempt " + letter.attempt() + ": " + letter.cause()));
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
