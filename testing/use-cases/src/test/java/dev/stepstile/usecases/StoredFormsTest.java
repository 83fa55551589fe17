package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.codec.NotificationCodec;
import dev.stepstile.codec.RecordCodec;
import dev.stepstile.codec.RedriveCodec;
import dev.stepstile.codec.WorkerCodec;
import dev.stepstile.contracts.formats.Formats;
import dev.stepstile.contracts.formats.Specimens;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What each released version stored and sent is read by today's code, and today's forms keep what older code reads of them.
 * The README of the fixtures says what to do where one of these tests fails.
 */
class StoredFormsTest {
    private static final Path FIXTURES = Path.of("../contracts/src/main/resources/formats");
    private static final String FIRST = "0-messages-of-version-1";
    private static final String LEASE_OF_A_STEP = "1-lease-of-a-step";

    /** Held against a form of another name in the version before. */
    private static final Map<String, String> NAMED_BEFORE = Map.of("record-running", "record-leased");

    /** Members that a version stopped to write; each is read as the value that it has where it is absent. */
    private static final Map<String, Set<String>> GONE = Map.of(
            // When the last sweep was: of a version whose sweeps read each open step.
            "dispatch", Set.of("/sweptAt"),
            // An attempt's progress, 0 and "" before the first report: it is in its worker's item.
            "record-running", Set.of("/progress", "/progressNote"));

    /** How a form is written and read, and what its fixtures hold. */
    private record Form(String name, Object held, Function<Object, String> write, Function<String, Object> read) {
        @SuppressWarnings("unchecked")
        static <T> Form of(String name, T held, Function<T, String> write, Function<String, Object> read) {
            return new Form(name, held, (Function<Object, String>) write, read);
        }

        String today() {
            return write.apply(held);
        }
    }

    private static Form message(String name, StepSpec spec) {
        return Form.of(name, spec, MessageCodec::step, body -> ((Decoded.Step) MessageCodec.decode(body)).spec());
    }

    private static Form deadLetter(String name, StepSpec spec) {
        StepRecord record = Specimens.records().stream()
                .filter(each -> each.id().stepKey().equals("dead"))
                .findFirst()
                .orElseThrow();
        return Form.of(
                name,
                new Decoded.MovedBack(spec, record.attempt()),
                letter -> DeadLetterCodec.dead(letter.spec(), record, (StepState.Dead) record.state()),
                MessageCodec::decode);
    }

    private static Form manifest(String name, List<StepSpec> steps) {
        return Form.of(name, steps, ManifestCodec::write, ManifestCodec::read);
    }

    private static Form record(StepRecord record) {
        return Form.of("record-" + record.id().stepKey(), record, RecordCodec::write, RecordCodec::read);
    }

    private static List<Form> forms() {
        List<Form> forms = new ArrayList<>(List.of(
                message("message", Specimens.small()),
                message("message-with-all", Specimens.large()),
                message("message-of-a-tenant", Specimens.tenanted()),
                message("message-with-a-retry-rule", Specimens.ruled()),
                deadLetter("dead-letter-with-a-retry-rule", Specimens.ruled()),
                manifest("manifest-with-a-retry-rule", List.of(Specimens.ruled())),
                record(Specimens.ruledRecord()),
                message("message-with-a-delay", Specimens.delayed()),
                deadLetter("dead-letter-with-a-delay", Specimens.delayed()),
                manifest("manifest-with-a-delay", List.of(Specimens.delayed())),
                record(Specimens.delayedRecord()),
                message("message-with-a-deadline", Specimens.timed()),
                deadLetter("dead-letter-with-a-deadline", Specimens.timed()),
                manifest("manifest-with-a-deadline", List.of(Specimens.timed())),
                record(Specimens.timedRecord()),
                message("message-in-a-trace", Specimens.traced()),
                deadLetter("dead-letter-in-a-trace", Specimens.traced()),
                manifest("manifest-in-a-trace", List.of(Specimens.traced())),
                record(Specimens.tracedRecord()),
                record(Specimens.spannedRecord()),
                deadLetter("dead-letter", Specimens.small()),
                deadLetter("dead-letter-of-a-tenant", Specimens.tenanted()),
                Form.of(
                        "dead-letter-unrecognised",
                        MessageCodec.decode("{\"v\":1,\"größe\""),
                        _ -> DeadLetterCodec.unrecognised("m-1", "because", "{\"v\":1,\"größe\""),
                        MessageCodec::decode),
                manifest("manifest", List.of(Specimens.small(), Specimens.large())),
                manifest("manifest-of-a-tenant", List.of(Specimens.tenanted())),
                Form.of("dispatch", Specimens.dispatch(), DispatchCodec::write, DispatchCodec::read),
                Form.of(
                        "notification",
                        Specimens.notification(),
                        notification -> Json.print(NotificationCodec.write(notification)),
                        text -> NotificationCodec.read(Json.parse(text))),
                Form.of("redrive", Specimens.redrive(), RedriveCodec::write, RedriveCodec::read),
                Form.of("worker", Specimens.worker(), WorkerCodec::write, WorkerCodec::read),
                record(Specimens.leased()),
                record(Specimens.running())));
        Specimens.records().forEach(each -> forms.add(record(each)));
        return forms;
    }

    /** What today's code makes of a fixture, if that is not what it holds in today's form. */
    private static Object held(Form form, String format) {
        return format.equals(LEASE_OF_A_STEP) && form.held() instanceof Dispatch dispatch
                ? unread(dispatch)
                : form.held();
    }

    /** Each of its open steps is read by the next sweep. */
    private static Dispatch unread(Dispatch dispatch) {
        Dispatch.Progress progress = dispatch.progress();
        return new Dispatch(
                dispatch.id(),
                dispatch.accepted(),
                dispatch.sending(),
                new Dispatch.Progress(
                        progress.finished(),
                        progress.finishedCounts(),
                        progress.openCounts(),
                        progress.countedAt(),
                        Dispatch.Reading.UNREAD),
                dispatch.schedule(),
                dispatch.refresh(),
                dispatch.version());
    }

    @Test
    void of_every_version_are_read_as_what_they_hold() {
        for (Form form : forms()) {
            for (String format : Formats.of(form.name())) {
                if (!format.equals(FIRST)) {
                    Object read =
                            form.read().apply(Formats.text(format, form.name()).orElseThrow());
                    assertThat(read).as("%s of %s", form.name(), format).isEqualTo(held(form, format));
                }
            }
        }
    }

    @Test
    void of_messages_of_version_1_are_read() {
        StepSpec message = (StepSpec) message("message", Specimens.small())
                .read()
                .apply(Formats.text(FIRST, "message").orElseThrow());
        List<StepSpec> steps =
                ManifestCodec.read(Formats.text(FIRST, "manifest").orElseThrow());
        assertThat(steps).extracting(step -> step.id().stepKey()).containsExactly("load[eu]", "charge");
        assertThat(steps.getFirst()).isEqualTo(message);
        assertThat(steps).extracting(StepSpec::tenant).containsOnly(message.id().runId());
    }

    @Test
    void of_today_are_those_of_the_newest_fixtures() {
        for (Form form : forms()) {
            List<String> formats = Formats.of(form.name());
            assertThat(formats).as("a fixture of %s", form.name()).isNotEmpty();
            if (!form.name().equals("record-leased")) { // written no more
                assertThat(form.today())
                        .as("%s, which changed since %s: see the README there", form.name(), formats.getLast())
                        .isEqualTo(Formats.text(formats.getLast(), form.name()).orElseThrow());
            }
        }
    }

    @Test
    void keep_each_member_that_the_version_before_wrote_and_so_may_need() {
        Set<String> found = new TreeSet<>();
        for (Form form : forms()) {
            String before = null;
            for (String format : Formats.ALL) {
                String name = Formats.text(format, form.name()).isPresent()
                        ? form.name()
                        : NAMED_BEFORE.getOrDefault(form.name(), form.name());
                String fixture = Formats.text(format, name).orElse(null);
                if (fixture == null || format.equals(FIRST)) { // messages of version 2 and 3 have other names
                    continue;
                }
                if (before != null) {
                    assertThat(Formats.lost(before, fixture))
                            .as("%s, lost in %s", form.name(), format)
                            .allMatch(path ->
                                    GONE.getOrDefault(form.name(), Set.of()).contains(path))
                            .allSatisfy(path -> found.add(form.name() + path));
                }
                before = fixture;
            }
        }
        assertThat(found)
                .as("what is said to be gone is")
                .isEqualTo(GONE.entrySet().stream()
                        .flatMap(gone -> gone.getValue().stream().map(path -> gone.getKey() + path))
                        .collect(Collectors.toCollection(TreeSet::new)));
    }

    /** A message of a tenant has all that one of a run has, which older workers read. */
    @Test
    void of_a_tenant_keep_each_member_of_those_without() {
        for (String name : List.of("message", "dead-letter")) {
            String without = Formats.text("2-lease-of-a-worker", name).orElseThrow();
            assertThat(Formats.lost(
                            without,
                            Formats.text("3-tenant", name + "-of-a-tenant").orElseThrow()))
                    .isEmpty();
        }
    }

    @Test
    void are_all_in_these_tests_and_never_change() throws IOException {
        Map<String, String> sums = new TreeMap<>();
        try (Stream<Path> files = Files.walk(FIXTURES)) {
            for (Path file : files.filter(each -> each.getParent().getParent().endsWith("formats"))
                    .toList()) {
                sums.put(FIXTURES.relativize(file).toString(), sha256(Files.readAllBytes(file)));
            }
        }
        Map<String, String> written = Files.readAllLines(FIXTURES.resolve("SHA256SUMS")).stream()
                .map(line -> line.split("  ", 2))
                .collect(Collectors.toMap(words -> words[1], words -> words[0], (a, b) -> a, TreeMap::new));
        assertThat(sums).as("the README there says how to add one").isEqualTo(written);
        Set<String> read = forms().stream().map(Form::name).collect(Collectors.toCollection(TreeSet::new));
        read.addAll(Set.of("items", "pauses")); // by StoredItemsTest
        read.addAll(Set.of("cursors", "protocol")); // below, and by ProtocolDocumentTest
        for (String file : sums.keySet()) {
            assertThat(read).contains(file.substring(file.indexOf('/') + 1).replaceFirst("\\..*", ""));
        }
    }

    private static String sha256(byte[] bytes) {
        return Sha256.hex(bytes);
    }

    @Test
    void of_cursors_are_accepted_by_each_call(@TempDir Path folder) throws InterruptedException {
        Map<String, String> calls = Map.of(
                "feed", "/feed?cursor=",
                "steps", "/steps?cursor=",
                "status", "?exact=true&cursor=",
                "running", "/running?cursor=");
        try (Stack stack = new Stack(folder)) {
            Api api = new Api(stack);
            String run = "/v1/runs/" + Specimens.RUN;
            api.ok(202, "POST", run + "/dispatches", "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\"}]}");
            for (String format : Formats.of("cursors")) {
                for (var cursor : Json.parse(Formats.text(format, "cursors").orElseThrow())
                        .properties()) {
                    assertThat(api.get(run
                                    + calls.get(cursor.getKey())
                                    + cursor.getValue().textValue()))
                            .as("%s of %s", cursor.getKey(), format)
                            .isNotEmpty();
                }
            }
        }
    }
}
