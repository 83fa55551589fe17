package dev.stepstile.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepTags;
import dev.stepstile.step.Window;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is written is read back as it was, and foreign messages are recognised as such. */
class CodecsTest {
    private static final int ROUNDS = 600;
    /** Messages and manifests of version 1. */
    private static final Path FIRST_FORMAT =
            Path.of("../../testing/contracts/src/main/resources/formats/0-messages-of-version-1");

    private static final Instant NOW = Instant.parse("2026-11-24T08:00:00Z");

    private static void each(int seed, Consumer<Generated> round) {
        Random random = new Random(seed);
        for (int i = 0; i < ROUNDS; i++) {
            round.accept(new Generated(random));
        }
    }

    @Nested
    class A_record {
        @Test
        void is_read_back_as_it_was_written() {
            each(1, generated -> {
                StepRecord record = generated.record();
                assertThat(RecordCodec.read(RecordCodec.write(record))).isEqualTo(record);
            });
        }

        @Test
        void with_members_of_a_newer_version_is_read() {
            each(2, generated -> {
                StepRecord record = generated.record();
                ObjectNode node = (ObjectNode) Json.parse(RecordCodec.write(record));
                node.put("later", 1).putObject("more").put("deep", true);
                assertThat(RecordCodec.read(Json.print(node))).isEqualTo(record);
            });
        }

        @Test
        void that_is_broken_is_refused_and_nothing_else_happens() {
            each(3, generated -> refusedOrRead(generated, RecordCodec.write(generated.record()), RecordCodec::read));
        }

        @Test
        void of_a_queued_step_does_not_exist() {
            String json = RecordCodec.write(new Generated(new Random(4)).record())
                    .replaceFirst("\"state\":\"[A-Z]+\"", "\"state\":\"QUEUED\"");
            assertThatThrownBy(() -> RecordCodec.read(json)).isInstanceOf(Json.BadJson.class);
        }
    }

    @Nested
    class A_dispatch {
        @Test
        void is_read_back_as_it_was_written() {
            each(5, generated -> {
                Dispatch dispatch = generated.dispatch();
                assertThat(DispatchCodec.read(DispatchCodec.write(dispatch))).isEqualTo(dispatch);
            });
        }

        @Test
        void of_the_version_before_has_all_its_open_steps_read_by_the_next_sweep() {
            Dispatch dispatch = new Generated(new Random(7)).dispatch();
            ObjectNode old = (ObjectNode) Json.parse(DispatchCodec.write(dispatch));
            old.remove(List.of("readAt", "actAt", "cancelSeqRead", "endsReadTo"));
            old.put("sweptAt", 1_795_507_200_000L);
            Dispatch read = DispatchCodec.read(Json.print(old));
            assertThat(read.progress().reading()).isEqualTo(Dispatch.Reading.UNREAD);
            assertThat(read.schedule()).isEqualTo(dispatch.schedule());
        }

        @Test
        void that_is_broken_is_refused_and_nothing_else_happens() {
            each(
                    6,
                    generated ->
                            refusedOrRead(generated, DispatchCodec.write(generated.dispatch()), DispatchCodec::read));
        }
    }

    @Nested
    class A_worker {
        private static final Instant SINCE = Instant.ofEpochMilli(1_795_507_200_123L);

        private static final List<Assignment> STEPS = List.of(
                new Assignment(new StepId("r1", "a"), 0, "d1", 3),
                new Assignment(new StepId("r1", "b"), 1, "d1", 4),
                new Assignment(new StepId("r1", "c"), 2, "d2", 0),
                new Assignment(new StepId("r2", "a"), 0, "d2", 0));

        private static final SortedMap<Integer, Activity> DOING = new TreeMap<>(Map.of(
                0, new Activity(2, SINCE, new StepState.Progress(0.5, "half"), "printed"),
                3, new Activity(1, SINCE.plusSeconds(1), StepState.Progress.NONE, "")));

        @Test
        void is_read_back_as_it_was_written() {
            WorkerRecord worker = new WorkerRecord("w", STEPS, 7, SINCE, null, DOING);
            assertThat(WorkerCodec.read(WorkerCodec.write(worker))).isEqualTo(worker);
            WorkerRecord revoked = worker.withRevokedAt(SINCE.plusSeconds(20));
            assertThat(WorkerCodec.read(WorkerCodec.write(revoked))).isEqualTo(revoked);
        }

        @Test
        void names_a_dispatch_once_for_neighbouring_steps() {
            String json = WorkerCodec.writeSteps(STEPS);
            assertThat(json)
                    .isEqualTo("[[\"r1\",\"d1\",[\"a\",0,3],[\"b\",1,4]],[\"r1\",\"d2\",[\"c\",2,0]],"
                            + "[\"r2\",\"d2\",[\"a\",0,0]]]");
            assertThat(WorkerCodec.readSteps(json)).isEqualTo(STEPS);
        }

        @Test
        void tells_what_its_steps_are_doing_by_their_place() {
            String json = WorkerCodec.writeActivities(DOING);
            assertThat(json)
                    .isEqualTo("{\"0\":[2,1795507200123,0.5,\"half\",\"printed\"],"
                            + "\"3\":[1,1795507201123,0.0,\"\",\"\"]}");
            assertThat(WorkerCodec.readActivities(json)).isEqualTo(DOING);
        }
    }

    private static void refusedOrRead(Generated generated, String json, Consumer<String> read) {
        for (String broken : List.of(generated.broken(json), generated.mistyped(json))) {
            try {
                read.accept(broken);
            } catch (Json.BadJson | IllegalArgumentException refused) {
                assertThat(refused.getMessage()).isNotBlank();
            }
        }
    }

    @Nested
    class A_message {
        @Test
        void is_read_back_as_it_was_written() {
            each(7, generated -> {
                StepSpec spec = generated.spec();
                assertThat(MessageCodec.decode(MessageCodec.step(spec))).isEqualTo(new MessageCodec.Decoded.Step(spec));
            });
        }

        @Test
        void with_members_of_a_newer_minor_kind_is_read() {
            each(8, generated -> {
                StepSpec spec = generated.spec();
                ObjectNode node = (ObjectNode) Json.parse(MessageCodec.step(spec));
                node.put("priority", 5).putArray("hints").add(1);
                assertThat(MessageCodec.decode(Json.print(node))).isEqualTo(new MessageCodec.Decoded.Step(spec));
            });
        }

        @Test
        void names_its_tenant_only_if_that_is_not_the_run() {
            each(23, generated -> {
                StepSpec spec = generated.spec();
                JsonNode tenant = Json.parse(MessageCodec.step(spec)).get("tenant");
                assertThat(tenant == null ? spec.id().runId() : tenant.textValue())
                        .isEqualTo(spec.tenant());
                assertThat(tenant == null)
                        .isEqualTo(spec.tenant().equals(spec.id().runId()));
            });
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 2})
        void of_an_older_version_names_the_key_otherwise_and_is_read(int version) {
            each(21, generated -> {
                StepSpec spec = generated.spec();
                ObjectNode node = (ObjectNode) Json.parse(MessageCodec.step(spec));
                node.put("v", version).set("stepKey", node.remove("key"));
                assertThat(MessageCodec.decode(Json.print(node))).isEqualTo(new MessageCodec.Decoded.Step(spec));
            });
        }

        @Test
        void of_a_newer_version_is_known_as_such_whatever_else_it_holds() {
            assertThat(MessageCodec.decode("{\"v\":5}")).isEqualTo(new MessageCodec.Decoded.NewerVersion(5));
            assertThat(MessageCodec.decode("{\"steps\":[1,2],\"dead\":7,\"v\":2147483647}"))
                    .isEqualTo(new MessageCodec.Decoded.NewerVersion(Integer.MAX_VALUE));
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    " ",
                    "hello",
                    "null",
                    "7",
                    "[]",
                    "\"v\"",
                    "{}",
                    "{\"v\":null}",
                    "{\"v\":\"1\"}",
                    "{\"v\":1.0}",
                    "{\"v\":0}",
                    "{\"v\":-1}",
                    "{\"v\":1e99}",
                    "{\"v\":99999999999}",
                    "{\"v\":1}",
                    "{\"v\":1,\"dead\":null}",
                    "{\"v\":1,\"dead\":{}}",
                    "{\"v\":1,\"undecodable\":7}",
                    "{\"v\":3,\"unrecognised\":7}",
                    "{\"v\":1} {\"v\":1}",
                    "{\"v\":1,\"v\":1}",
                    "\u0000",
                    "\uD800"
                })
        void that_is_not_ours_is_told_so(String body) {
            assertThat(MessageCodec.decode(body)).isInstanceOf(MessageCodec.Decoded.Unrecognised.class);
        }

        @Test
        void nested_too_deep_or_with_too_long_a_number_is_not_ours() {
            String message = MessageCodec.step(new Generated(new Random(9)).spec());
            String start = message.substring(0, message.length() - 1);
            for (String member : List.of(
                    "\"x\":1e9999999999977785",
                    "\"x\":" + "[".repeat(5_000) + "]".repeat(5_000),
                    "\"x\":" + "9".repeat(100_000),
                    "\"x\":1e-99999999999")) {
                assertThat(MessageCodec.decode(start + "," + member + "}"))
                        .isInstanceOf(MessageCodec.Decoded.Unrecognised.class);
            }
        }

        @Test
        void that_names_what_no_step_can_be_is_not_ours() {
            StepSpec spec = new Generated(new Random(10)).spec();
            ObjectNode node = (ObjectNode) Json.parse(MessageCodec.step(spec));
            for (String member : List.of("index", "shard", "maxAttempts", "timeoutMillis", "baseMillis", "capMillis")) {
                ObjectNode negative = node.deepCopy().put(member, -1);
                int least = member.equals("maxAttempts") ? 1 : 0;
                assertThat(MessageCodec.decode(Json.print(negative)))
                        .isEqualTo(new MessageCodec.Decoded.Unrecognised("'" + member + "' must be at least " + least));
            }
            for (String member : List.of("runId", "key", "dispatchId", "handler", "tenant")) {
                ObjectNode odd = node.deepCopy().put(member, "a/b#c");
                assertThat(MessageCodec.decode(Json.print(odd)))
                        .isEqualTo(new MessageCodec.Decoded.Unrecognised("invalid '" + member + "'"));
            }
            assertThat(MessageCodec.decode(Json.print(node.deepCopy().put("validUntil", Long.MAX_VALUE))))
                    .isInstanceOf(MessageCodec.Decoded.Step.class);
        }

        @Test
        void that_is_broken_is_decoded_to_something_whatever_it_is_and_not_quoted() {
            each(11, generated -> {
                String json = MessageCodec.step(generated.spec()).replace("\"handler\":\"", "\"handler\":\"s3cret");
                for (String broken : List.of(generated.broken(json), generated.mistyped(json))) {
                    if (MessageCodec.decode(broken) instanceof MessageCodec.Decoded.Unrecognised(String reason)) {
                        assertThat(reason).isNotBlank().doesNotContain("s3cret");
                    }
                }
            });
        }

        @Test
        void stays_within_what_a_queue_takes_for_the_largest_inline_input() {
            assertThat(MessageCodec.step(new Generated(new Random(12)).spec()).length())
                    .isLessThan(64 * 1024);
        }
    }

    @Nested
    class A_dead_letter {
        @Test
        void moved_back_names_its_step_and_the_attempt_it_died_at() {
            each(13, generated -> {
                StepSpec spec = generated.spec();
                StepRecord record = generated.record();
                if (record.state() instanceof StepState.Dead dead) {
                    String deadLetter = DeadLetterCodec.dead(spec, record, dead);
                    assertThat(MessageCodec.decode(deadLetter))
                            .isEqualTo(new MessageCodec.Decoded.MovedBack(spec, record.attempt()));
                    assertThat(DeadLetterCodec.read(deadLetter))
                            .isEqualTo(new DeadLetterCodec.Summary(
                                    spec.id(),
                                    record.attempt(),
                                    dead.error().kind().name(),
                                    dead.error().message(),
                                    spec.settings().dispatchId(),
                                    spec.settings().handler(),
                                    dead.finishedAt()));
                }
            });
        }

        @Test
        void of_a_message_that_is_not_ours_keeps_it_whole_and_is_not_ours_again_when_moved_back() {
            each(14, generated -> {
                String body = generated.broken(generated.json(3) + "?");
                String deadLetter = DeadLetterCodec.unrecognised("m1", "because", body);
                assertThat(Json.parse(deadLetter).get("unrecognised").textValue())
                        .isEqualTo(body);
                assertThat(MessageCodec.decode(deadLetter)).isEqualTo(MessageCodec.decode(body));
                assertThat(DeadLetterCodec.read(deadLetter).kind()).isEqualTo("UNRECOGNISED_MESSAGE");
            });
        }

        @Test
        void that_sqs_moved_there_by_itself_is_read_as_the_message_of_its_step() {
            each(16, generated -> {
                StepSpec spec = generated.spec();
                DeadLetterCodec.Summary read = DeadLetterCodec.read(MessageCodec.step(spec));
                assertThat(read.step()).isEqualTo(spec.id());
                assertThat(read.kind()).isEqualTo("RECEIVED_TOO_OFTEN");
                assertThat(read.handler()).isEqualTo(spec.settings().handler());
            });
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "",
                    "hello",
                    "{\"v\":1",
                    "{}",
                    "[]",
                    "null",
                    "{\"dead\":{}}",
                    "{\"dead\":{\"runId\":7}}",
                    "{\"v\":3,\"runId\":\"a b\",\"key\":\"k\"}",
                    "{\"v\":3,\"dead\":{\"runId\":\"r\",\"key\":\"k\"}}",
                    "{\"v\":3,\"attempt\":1,\"finishedAt\":\"soon\",\"dead\":{\"runId\":\"r\",\"key\":\"k\"}}"
                })
        void that_does_not_parse_is_shown_as_an_unrecognised_message(String body) {
            assertThat(DeadLetterCodec.read(body).kind()).isEqualTo("UNRECOGNISED_MESSAGE");
        }

        @Test
        void that_is_anything_else_can_be_shown() {
            each(
                    15,
                    generated -> assertThat(DeadLetterCodec.read(generated.broken(generated.json(3))))
                            .isNotNull());
        }
    }

    @Nested
    class A_manifest {
        @Test
        void is_read_back_in_its_order() {
            Generated generated = new Generated(new Random(16));
            List<StepSpec> steps = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                steps.add(at(i, generated.spec()));
            }
            assertThat(ManifestCodec.read(ManifestCodec.write(steps))).isEqualTo(steps);
        }

        private static StepSpec at(int index, StepSpec spec) {
            StepSettings settings = spec.settings();
            return new StepSpec(
                    spec.id(),
                    spec.shard(),
                    new StepSettings(
                            settings.dispatchId(),
                            index,
                            settings.handler(),
                            settings.retry(),
                            settings.timeout(),
                            null,
                            settings.window()),
                    spec.input(),
                    spec.sharedInputs(),
                    spec.tags(),
                    spec.queueing());
        }

        @Test
        void says_once_what_its_steps_share() {
            StepSettings settings = new StepSettings("d-1", 0, "handler", RetryPolicy.DEFAULT, Duration.ofMinutes(5));
            SortedMap<String, Payload> shared = new TreeMap<>();
            shared.put("plan", new Payload.Inline("{\"day\":\"2026-11-24\"}"));
            Payload tags = new Payload.Item("shared/" + "ab".repeat(32), 8_000, "ab".repeat(32));
            List<StepSpec> steps = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                StepSpec spec = new StepSpec(
                        new StepId("run", "s" + i),
                        3,
                        settings,
                        Payload.NULL,
                        shared,
                        new StepTags(new TreeMap<>(), tags),
                        NOW);
                steps.add(at(i, spec));
            }
            String manifest = ManifestCodec.write(steps);
            assertThat(manifest.length()).as("bytes a step").isLessThan(60 * steps.size());
            assertThat(ManifestCodec.read(manifest)).isEqualTo(steps);
        }

        @Test
        void as_it_was_written_before_is_still_read() throws IOException {
            List<StepSpec> steps = ManifestCodec.read(resource("manifest.json"));
            assertThat(steps).extracting(step -> step.id().stepKey()).containsExactly("load[eu]", "charge");
            assertThat(steps.get(0)).isEqualTo(step(resource("message.json")));
            assertThat(steps.get(1).settings())
                    .isEqualTo(new StepSettings(
                            "m-1",
                            1,
                            "payments.charge",
                            new RetryPolicy(1, Duration.ZERO, Duration.ZERO),
                            Duration.ofMinutes(1)));
            assertThat(ManifestCodec.read(ManifestCodec.write(steps))).isEqualTo(steps);
        }

        @Test
        void of_version_2_names_the_key_otherwise_and_is_read() {
            Generated generated = new Generated(new Random(22));
            List<StepSpec> steps = List.of(at(0, generated.spec()), at(1, generated.spec()));
            ObjectNode manifest = (ObjectNode) Json.parse(ManifestCodec.write(steps));
            manifest.put("v", 2).path("steps").forEach(step -> {
                ObjectNode own = (ObjectNode) step;
                own.set("stepKey", own.remove("key"));
            });
            assertThat(ManifestCodec.read(Json.print(manifest))).isEqualTo(steps);
        }

        @Test
        void of_a_newer_form_is_not_misread() {
            assertThatThrownBy(() -> ManifestCodec.read("{\"v\":4,\"steps\":[]}"))
                    .isInstanceOf(Json.BadJson.class);
        }

        private static StepSpec step(String body) {
            return ((MessageCodec.Decoded.Step) MessageCodec.decode(body)).spec();
        }

        private static String resource(String name) throws IOException {
            return Files.readString(FIRST_FORMAT.resolve(name));
        }

        @Test
        void has_messages_that_older_workers_leave_alone_if_these_would_misread_them() {
            each(18, generated -> {
                StepSpec spec = generated.spec();
                int version = Json.parse(MessageCodec.step(spec)).path("v").intValue();
                boolean plain = spec.settings().retry().rule().equals(RetryRule.ANY)
                        && spec.settings().window().equals(Window.ANY);
                assertThat(version).isEqualTo(plain ? 3 : MessageCodec.VERSION);
                assertThat(step(MessageCodec.step(spec))).isEqualTo(spec);
            });
        }
    }

    @Nested
    class A_redrive_call {
        @Test
        void is_read_back_as_it_was_written() {
            RedriveCall begun = new RedriveCall("r", "once", "ab", NOW, null, List.of());
            assertThat(RedriveCodec.read(RedriveCodec.write(begun))).isEqualTo(begun);
            RedriveCall done = begun.done(0, List.of("a[1]", "b"));
            assertThat(RedriveCodec.read(RedriveCodec.write(done))).isEqualTo(done);
        }
    }

    @Nested
    class A_payload {
        @Test
        void is_read_back_as_it_was_written() {
            each(17, generated -> {
                Payload payload = generated.payload();
                assertThat(PayloadJson.read(Json.parse(Json.print(PayloadJson.write(payload)))))
                        .isEqualTo(payload);
            });
        }

        @Test
        void of_null_is_there() {
            assertThat(PayloadJson.read(Json.parse("{\"inline\":null}"))).isEqualTo(Payload.NULL);
        }
    }

    @Nested
    class Json_text {
        @Test
        void keeps_numbers_as_they_came() {
            for (String number : List.of(
                    "0.1",
                    "1.10",
                    "3.14159265358979323846264338327950288",
                    "123456789012345678901234567890",
                    "1E+400")) {
                assertThat(Json.print(Json.parse(number))).isEqualTo(number);
            }
        }

        @Test
        void escapes_what_a_queue_refuses_and_nothing_more() {
            String text = "a\uD800b\uDC00\uDC00c\uFFFE\uFFFF🚀ü\uFFFD";
            String printed = Json.print(TextNode.valueOf(text));
            assertThat(printed).isEqualTo("\"a\\uD800b\\uDC00\\uDC00c\\uFFFE\\uFFFF🚀ü\uFFFD\"");
            assertThat(Json.parse(printed).textValue()).isEqualTo(text);
        }

        @Test
        void that_is_wrong_is_located_and_not_quoted() {
            for (String text :
                    List.of("{\"a\": s3cret}", "{\"s3cret\":1,\"s3cret\":1}", "\"s3cret", "[1,\n2,\ns3cret")) {
                assertThatThrownBy(() -> Json.parse(text))
                        .as(text)
                        .isInstanceOf(Json.BadJson.class)
                        .hasMessageContaining("line")
                        .message()
                        .doesNotContain("s3cret");
            }
            assertThatThrownBy(() -> Json.parse("[1,\n2,\ns3cret")).hasMessageContaining("line 3, column");
        }

        @Test
        void is_exactly_one_value() {
            for (String text : List.of("", "  ", "1 2", "{} x", "nul")) {
                assertThatThrownBy(() -> Json.parse(text)).as(text).isInstanceOf(Json.BadJson.class);
            }
            JsonNode node = Json.parse(" {\"b\":1,\"a\":2} ");
            assertThat(Json.print(node)).isEqualTo("{\"b\":1,\"a\":2}");
        }
    }
}
