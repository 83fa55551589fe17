package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.handlers.Echo;
import dev.stepstile.http.Http;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Executes the fenced blocks of docs/protocol.md in order; comments in the page state what happens between them. */
class ProtocolDocumentTest {
    private static final Path ROOT = Path.of("../..");
    private static final String ANY = "…";
    private static final Pattern PIECE =
            Pattern.compile("```(http|json)([^\n]*)\n(.*?)\n```|<!-- (.*?) -->", Pattern.DOTALL);

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    /** In which the next dispatch of a comment comes. */
    private @Nullable String trace;

    /** A handler that always fails. */
    private static final class Charge implements StepHandler {
        @Override
        public String name() {
            return "payments.charge";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            IllegalStateException declined = new IllegalStateException("card declined");
            declined.setStackTrace(
                    new StackTraceElement[] {new StackTraceElement("payments.Charge", "run", "Charge.java", 12)});
            throw declined;
        }
    }

    @BeforeEach
    void open() {
        stack = new Stack(folder, HandlerOutput.UNCAPTURED, new Echo(), new Charge());
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private static String document() throws IOException {
        return Files.readString(ROOT.resolve("docs/protocol.md"));
    }

    @Test
    void has_examples_that_are_answered_as_it_says() throws Exception {
        execute(document(), false);
    }

    /** A caller that was written against the page of a released version: answers may have gained members since. */
    @ParameterizedTest
    @ValueSource(strings = {"1-lease-of-a-step", "2-lease-of-a-worker"})
    void of_each_version_has_examples_that_are_answered_as_it_said(String format) throws Exception {
        Path fixtures = ROOT.resolve("testing/contracts/src/main/resources/formats");
        execute(Files.readString(fixtures.resolve(format).resolve("protocol.txt")), true);
    }

    /** @param more whether answers may have members that the examples do not show */
    private void execute(String document, boolean more) throws Exception {
        Matcher pieces = PIECE.matcher(document);
        Http.Answer answer = null;
        int examples = 0;
        while (pieces.find()) {
            if (pieces.group(4) != null) {
                happen(pieces.group(4));
            } else if (pieces.group(1).equals("http")) {
                answer = call(pieces.group(3));
            } else {
                String what = pieces.group(2).strip();
                JsonNode shown = Json.parse(pieces.group(3));
                if (what.equals("message")) {
                    fits(what, shown, Json.parse(stack.receive(10).getLast().body()), more);
                } else if (what.equals("notification")) {
                    Notifier.Notice notice = stack.told.notices().getLast();
                    fits(what, shown, Json.parse(notice.data()), more);
                } else if (what.equals("dead-letter")) {
                    fits(
                            what,
                            shown,
                            Json.parse(stack.ports.deadLetters().peek(100).getLast()),
                            more);
                } else {
                    assertThat(answer).isNotNull();
                    assertThat(answer.status()).as("%s", answer).isEqualTo(Integer.parseInt(what));
                    fits(what, shown, Json.parse(answer.body()), more);
                }
                examples++;
            }
        }
        assertThat(examples).isGreaterThanOrEqualTo(14);
    }

    private Http.Answer call(String text) throws InterruptedException {
        String[] parts = text.split("\n", 2);
        String[] line = parts[0].split(" ", -1);
        return api.call(line[0], line[1], parts.length == 2 ? parts[1] : null);
    }

    private void happen(String text) throws InterruptedException {
        String[] words = text.split(" ", 4);
        Map<String, String> headers = trace == null ? Map.of() : Map.of("traceparent", trace);
        trace = null;
        switch (words[0]) {
            case "deliver" -> {
                while (!stack.deliver(stack.receive(10)).isEmpty()) {
                    // until nothing is put back at once
                }
            }
            case "sweep" -> stack.sweepAfter(stack.timing.sweepEvery());
            case "lose" -> {
                stack.crashAfterClaim();
                stack.expireLease();
                stack.sweep();
            }
            case "heartbeat" -> heartbeat(words[1], Double.parseDouble(words[2]), words[3]);
            case "trace" -> trace = words[1];
            case "send" -> stack.ports.queue().send(List.of(new Outgoing("g", words[1], Duration.ZERO)));
            case "dispatch" -> {
                String body = words[3].replaceFirst("\\{", "{\"dispatchId\":\"" + words[2].replace(":", "") + "\",");
                assertThat(api.call("POST", "/v1/runs/" + words[1] + "/dispatches", headers, body)
                                .status())
                        .isEqualTo(202);
            }
            default -> throw new AssertionError("unknown comment: " + text);
        }
    }

    /** A worker shows what the step is doing, as if it had claimed it. */
    private void heartbeat(String key, double fraction, String note) {
        Assignment step = new Assignment(new StepId("nightly", key), 0, "nightly-1", 0);
        WorkerRecord worker = WorkerRecord.starting("3b0e2f6c", List.of(step), Stack.START.plus(stack.timing.lease()));
        Activity doing = new Activity(1, Stack.START, new StepState.Progress(fraction, note), note);
        stack.ports.workers().start(worker);
        stack.ports.workers().renew(worker.withBeat(worker.leaseUntil(), new TreeMap<>(Map.of(0, doing))));
    }

    /** Equal, but where the example shows {@value #ANY}. */
    private static void fits(String where, JsonNode shown, JsonNode real, boolean more) {
        if (shown.isTextual() && shown.textValue().equals(ANY)) {
            return;
        }
        if (shown.isObject() && real.isObject()) {
            Set<String> names = new TreeSet<>();
            shown.fieldNames().forEachRemaining(names::add);
            if (!names.remove(ANY) && !more) {
                Set<String> realNames = new TreeSet<>();
                real.fieldNames().forEachRemaining(realNames::add);
                assertThat(realNames).as(where + " of " + real).isEqualTo(names);
            }
            names.forEach(name -> fits(where + "." + name, shown.get(name), real.path(name), more));
        } else if (shown.isArray() && real.isArray()) {
            assertThat(real.size()).as(where).isEqualTo(shown.size());
            for (int i = 0; i < shown.size(); i++) {
                fits(where + "[" + i + "]", shown.get(i), real.get(i), more);
            }
        } else {
            assertThat(real).as(where).isEqualTo(shown);
        }
    }

    /** The types that the sources name, and only those. */
    @Test
    void lists_every_type_of_problem() throws IOException {
        Set<String> named = new TreeSet<>();
        Pattern problem = Pattern.compile("(?:badRequest\\(|Problem\\(\\s*\\d+,)\\s*\"([a-z-]+)\"");
        Pattern other = Pattern.compile("\"(bad-[a-z-]+)\"");
        for (Path source : sources("shared/engine", "shared/http", "shared/lambda", "local/stack")) {
            String text = Files.readString(source);
            for (Pattern pattern : List.of(problem, other)) {
                pattern.matcher(text).results().forEach(match -> named.add(match.group(1)));
            }
        }
        named.remove("bad-"); // completed by a parameter's name: limit, attempt
        named.addAll(List.of("bad-limit", "bad-attempt"));
        assertThat(firstColumn("Errors")).containsExactlyInAnyOrderElementsOf(named);
    }

    private static List<Path> sources(String... modules) throws IOException {
        List<Path> sources = new ArrayList<>();
        for (String module : modules) {
            try (Stream<Path> files = Files.walk(ROOT.resolve(module).resolve("src/main/java"))) {
                files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
            }
        }
        return sources;
    }

    @Test
    void lists_every_state_and_error_kind() throws IOException {
        List<String> names = new ArrayList<>();
        Arrays.stream(StepState.Name.values()).map(Enum::name).forEach(names::add);
        Arrays.stream(StepError.Kind.values()).map(Enum::name).forEach(names::add);
        assertThat(firstColumn("States and error kinds")).containsExactlyElementsOf(names);
    }

    @Test
    void says_which_states_are_ends() throws IOException {
        Set<String> ends = Arrays.stream(StepState.Ended.class.getPermittedSubclasses())
                .map(end -> end.getSimpleName().toUpperCase(Locale.ROOT))
                .collect(Collectors.toSet());
        String table = section("States and error kinds");
        for (StepState.Name state : StepState.Name.values()) {
            assertThat(table).contains("| " + state + " | " + (ends.contains(state.name()) ? "yes" : "no") + " |");
        }
    }

    @Test
    void states_the_limits_that_are_enforced() throws IOException {
        String limits = section("Limits");
        for (Object limit : new Object[] {
            Limits.STEPS_PER_DISPATCH,
            Limits.REQUEST_BYTES,
            Limits.INPUT_BYTES,
            Limits.RESULT_BYTES,
            Limits.LOG_BYTES,
            "| shared inputs | " + Limits.SHARED_INPUTS,
            Limits.TAGS + "; " + Limits.TAG_LENGTH,
            "| " + Limits.MAX_ATTEMPTS + " |",
            Limits.TIMEOUT.toSeconds(),
            Limits.RETRY_DELAY.toSeconds(),
            Limits.WEBHOOK_URL_LENGTH + " characters; " + Limits.NOTIFY_TAGS_BYTES + " bytes",
            Limits.PAGE + "; " + Limits.LOOKUP_KEYS,
            Limits.PAUSES + "; " + Limits.REASON_LENGTH + " characters",
            Timing.DEFAULT.validity().toDays() + " days"
        }) {
            assertThat(limits).contains(String.valueOf(limit));
        }
    }

    private static String section(String title) throws IOException {
        String from = document().split("\n## " + title + "\n", 2)[1];
        return from.split("\n## ", 2)[0];
    }

    private static List<String> firstColumn(String title) throws IOException {
        return section(title)
                .lines()
                .filter(line -> line.matches("\\| `?[A-Za-z_-]+`? \\|.*"))
                .map(line -> line.split("\\|", -1)[1].replace("`", "").strip())
                .filter(word -> !List.of("type", "state", "kind").contains(word))
                .toList();
    }
}
