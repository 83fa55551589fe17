package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.ManifestCodec;
import dev.stepstile.contracts.StateFolderDamage;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.StepBits;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.AuditRounds;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.LiveAudit;
import dev.stepstile.usecase.Violation.Kind;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each kind of corruption, made past the protocol in a run that has ended or is under way, and what the auditor says. */
class LiveAuditTest {
    private static final String LARGE = "\"" + "x".repeat(20_000) + "\"";
    private static final String MEDIUM = "\"" + "0123456789abcdef".repeat(500) + "\"";

    private static final Set<Kind> FOUND = EnumSet.noneOf(Kind.class);
    private static int tests;

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open(TestInfo test) {
        tests += test.getTestMethod().orElseThrow().isAnnotationPresent(Test.class) ? 1 : 0;
        stack = new Stack(folder);
        api = new Api(stack);
        stack.work.on("item", (input, context) -> StepResult.of(MEDIUM));
        stack.work.on("object", (input, context) -> StepResult.of(LARGE));
        stack.work.on("dead", (input, context) -> {
            throw new IllegalStateException("always");
        });
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** If no test was left out. */
    @AfterAll
    static void each_kind_was_found() {
        long all = Arrays.stream(LiveAuditTest.class.getDeclaredMethods())
                .filter(method -> method.isAnnotationPresent(Test.class))
                .count();
        if (tests == all) {
            assertThat(FOUND).isEqualTo(EnumSet.allOf(Kind.class));
        }
    }

    /** Steps of each end and of each size of result, whose dispatch is closed. */
    private void endAll() throws InterruptedException {
        stack.dispatch("d1", Stack.step("small"), Stack.step("item"), Stack.step("object"), Stack.once("dead"));
        stack.deliverAll();
        stack.recover(5);
        assertThat(stack.dispatched("d1").closed()).isTrue();
    }

    /** All violations of an audit by the API, as {@code KIND key}, in a look and after a wait a second one. */
    private List<String> audit() throws InterruptedException {
        List<String> found = new ArrayList<>();
        List<String> again = new ArrayList<>();
        String cursor = "";
        do {
            JsonNode page = api.get("/v1/runs/r1/audit?cursor=" + cursor);
            page.path("violations").forEach(each -> found.add(shown(each)));
            if (page.has("secondLook")) {
                again.add(page.path("secondLook").path("cursor").asText());
            }
            cursor = page.path("cursor").asText();
        } while (!cursor.isEmpty());
        if (!again.isEmpty()) {
            stack.time.advance(LiveAudit.LOOK_AGAIN_AFTER);
        }
        for (String second : again) {
            api.get("/v1/runs/r1/audit?cursor=" + second).path("violations").forEach(each -> found.add(shown(each)));
        }
        return found;
    }

    private static String shown(JsonNode violation) {
        assertThat(violation.path("evidence").asText())
                .hasSizeBetween(20, 500)
                .endsWith(".")
                .doesNotContain("xxxx", "0123456789abcdef0123456789abcdef"); // what payloads consist of
        FOUND.add(Kind.valueOf(violation.path("kind").asText()));
        String of = violation.has("key")
                ? violation.path("key").asText()
                : violation.path("dispatchId").asText();
        return violation.path("kind").asText() + " " + of;
    }

    private void finds(Kind kind, String of) throws InterruptedException {
        assertThat(audit()).containsExactly(kind + " " + of);
    }

    private void rewrite(String key, UnaryOperator<StepRecord> change) {
        StepRecord found = stack.record(key);
        assertThat(stack.ports.store().write(change.apply(found), Precondition.asRead(found)))
                .isEqualTo(new WriteResult.Written());
    }

    private static StepRecord in(StepRecord found, StepState state) {
        return new StepRecord(
                found.id(),
                found.shard(),
                found.settings(),
                found.createdAt(),
                found.attempts(),
                found.answered(),
                state);
    }

    private static StepRecord at(StepRecord found, int attempt, int budgetFrom) {
        Attempts.Newest was = found.attempts().newest();
        Attempts.Newest newest = new Attempts.Newest(attempt, was.owner(), was.startedAt(), was.pages());
        return new StepRecord(
                found.id(),
                found.shard(),
                found.settings(),
                found.createdAt(),
                new Attempts(newest, budgetFrom, found.history()),
                found.answered(),
                found.state());
    }

    private void rewrite(UnaryOperator<Dispatch.Progress> change) {
        Dispatch found = stack.dispatched("d1");
        rewrite(found, found.accepted(), change.apply(found.progress()));
    }

    private void rewrite(Dispatch found, Dispatch.Accepted accepted, Dispatch.Progress progress) {
        Dispatch next = new Dispatch(
                found.id(),
                accepted,
                found.sending(),
                progress,
                found.schedule(),
                found.refresh(),
                found.version() + 1);
        assertThat(stack.ports.store().replace(next)).isTrue();
    }

    private void rewriteManifest(String json) {
        Dispatch found = stack.dispatched("d1");
        Dispatch.Accepted was = found.accepted();
        rewrite(
                found,
                new Dispatch.Accepted(
                        was.digest(),
                        was.shards(),
                        was.stepCount(),
                        new Payload.Inline(json),
                        was.createdAt(),
                        was.validUntil(),
                        was.attached()),
                found.progress());
    }

    private static Dispatch.Progress counting(
            Dispatch.Progress was, StepBits finished, SortedMap<StepState.Name, Integer> counts) {
        return new Dispatch.Progress(finished, counts, was.openCounts(), was.countedAt(), was.reading());
    }

    private void sql(String statement) {
        Path database = folder.resolve("state").resolve("stepstile.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + database);
                Statement change = connection.createStatement()) {
            assertThat(change.executeUpdate(statement)).isEqualTo(1);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    private String resultKey(String step) {
        return switch (((StepState.Succeeded) stack.record(step).state()).result()) {
            case Payload.Item item -> item.key();
            case Payload.Stored stored -> stored.key();
            case Payload.Inline inline -> throw new AssertionError("inline: " + inline);
        };
    }

    @Test
    void nothing_is_found_where_nothing_is_wrong() throws InterruptedException {
        endAll();
        assertThat(audit()).isEmpty();
    }

    @Test
    void a_deleted_record_is_found() throws InterruptedException {
        endAll();
        sql("DELETE FROM record WHERE step_key = 'small'");
        finds(Kind.RECORD_MISSING, "small");
    }

    @Test
    void a_deleted_record_is_found_in_an_open_dispatch_that_counts_it_as_ended() throws InterruptedException {
        stack.dispatch("d1", Stack.step("small"));
        stack.deliverAll();
        BitSet first = new BitSet();
        first.set(0);
        TreeMap<StepState.Name, Integer> one = new TreeMap<>();
        one.put(StepState.Name.SUCCEEDED, 1);
        rewrite(was -> counting(was, StepBits.of(first), one));
        assertThat(audit()).isEmpty();
        sql("DELETE FROM record WHERE step_key = 'small'");
        assertThat(stack.dispatched("d1").closed()).isFalse();
        finds(Kind.RECORD_MISSING, "small");
    }

    @Test
    void a_record_with_a_flipped_digit_is_found() throws InterruptedException {
        endAll();
        StateFolderDamage.record(folder.resolve("state"), new StepId(Stack.RUN, "small"));
        finds(Kind.RECORD_DAMAGED, "small");
    }

    @Test
    void a_result_that_was_edited_in_its_record_is_found() throws InterruptedException {
        endAll();
        sql("UPDATE record SET body = replace(body, '\"inline\":1', '\"inline\":2') WHERE step_key = 'small'");
        finds(Kind.RECORD_DAMAGED, "small");
    }

    @Test
    void a_record_in_the_place_of_another_is_found() throws InterruptedException {
        endAll();
        rewrite("small", found -> {
            StepSettings was = found.settings();
            StepSettings moved = new StepSettings(
                    was.dispatchId(), 3, was.handler(), was.retry(), was.timeout(), null, was.window());
            return new StepRecord(
                    found.id(),
                    found.shard(),
                    moved,
                    found.createdAt(),
                    found.attempts(),
                    found.answered(),
                    found.state());
        });
        finds(Kind.RECORD_MISPLACED, "small");
    }

    @Test
    void a_record_of_a_dispatch_that_is_not_there_is_found() throws InterruptedException {
        stack.dispatch("d1", Stack.step("both"));
        stack.deliverAll();
        stack.dispatch("d2", Stack.step("both"), Stack.step("own"));
        stack.deliverAll();
        stack.recover(5);
        assertThat(audit()).isEmpty();
        sql("DELETE FROM dispatch WHERE dispatch_id = 'd1'");
        finds(Kind.RECORD_WITHOUT_DISPATCH, "both");
    }

    @Test
    void impossible_numbers_of_attempts_are_found() throws InterruptedException {
        endAll();
        rewrite("small", found -> at(found, 5, 0));
        assertThat(audit())
                .contains("ATTEMPTS_IMPOSSIBLE small")
                .allMatch(each -> each.equals("ATTEMPTS_IMPOSSIBLE small"));
    }

    @Test
    void a_budget_that_begins_after_the_attempt_is_found() throws InterruptedException {
        endAll();
        rewrite("small", found -> at(found, 1, 2));
        assertThat(audit()).contains("ATTEMPTS_IMPOSSIBLE small").doesNotContain("ATTEMPTS_IMPOSSIBLE dead");
    }

    @Test
    void an_answer_to_a_cancel_that_never_was_is_found() throws InterruptedException {
        endAll();
        rewrite(
                "small",
                found -> new StepRecord(
                        found.id(),
                        found.shard(),
                        found.settings(),
                        found.createdAt(),
                        found.attempts(),
                        new StepRecord.AnsweredCalls(4, null),
                        found.state()));
        finds(Kind.CANCEL_UNKNOWN, "small");
    }

    @Test
    void an_open_step_of_a_closed_dispatch_is_found() throws InterruptedException {
        endAll();
        rewrite("dead", found -> in(found, new StepState.Retrying(stack.time.instant())));
        assertThat(audit()).containsExactlyInAnyOrder("STEP_OPEN dead", "COUNTS_WRONG d1");
    }

    @Test
    void a_dead_step_without_its_mark_is_found_once_its_dispatch_is_closed() throws InterruptedException {
        endAll();
        StepState.Dead dead = (StepState.Dead) stack.record("dead").state();
        rewrite("dead", found -> in(found, new StepState.Dead(dead.error(), dead.finishedAt(), null)));
        finds(Kind.DEAD_LETTER_UNMARKED, "dead");
    }

    @Test
    void counts_of_a_closed_dispatch_that_are_not_those_of_its_records_are_found() throws InterruptedException {
        endAll();
        TreeMap<StepState.Name, Integer> other = new TreeMap<>();
        other.put(StepState.Name.SUCCEEDED, 2);
        other.put(StepState.Name.DEAD, 2);
        rewrite(was -> counting(was, was.finished(), other));
        finds(Kind.COUNTS_WRONG, "d1");
    }

    @Test
    void counts_that_contradict_each_other_are_found() throws InterruptedException {
        endAll();
        TreeMap<StepState.Name, Integer> other = new TreeMap<>();
        other.put(StepState.Name.SUCCEEDED, 9);
        rewrite(was -> counting(was, was.finished(), other));
        assertThat(audit()).contains("DISPATCH_WRONG d1");
    }

    @Test
    void a_missing_entry_of_the_feed_is_found() throws InterruptedException {
        endAll();
        sql("UPDATE record SET feed = NULL WHERE step_key = 'small'");
        finds(Kind.FEED_MISSING, "small");
    }

    @Test
    void an_entry_of_the_feed_before_its_time_is_found() throws InterruptedException {
        endAll();
        sql("UPDATE record SET feed = '0000000000001#small#1' WHERE step_key = 'small'");
        finds(Kind.FEED_MISSING, "small");
    }

    @Test
    void an_entry_of_the_feed_in_a_later_place_is_found_and_readers_get_past_it() throws InterruptedException {
        endAll();
        sql("UPDATE record SET feed = '4000000000000#small#1' WHERE step_key = 'small'");
        finds(Kind.FEED_WRONG, "small");
        JsonNode feed = api.get("/v1/runs/r1/feed");
        assertThat(feed.path("entries").findValuesAsText("key")).contains("small");
        assertThat(api.get("/v1/runs/r1/feed?cursor=" + feed.path("cursor").asText())
                        .path("entries"))
                .isEmpty();
    }

    @Test
    void an_entry_of_the_feed_that_has_no_time_is_found() throws InterruptedException {
        endAll();
        sql("UPDATE record SET feed = 'yesterday' WHERE step_key = 'small'");
        assertThat(audit())
                .allMatch(each -> each.startsWith(Kind.FEED_WRONG + " "))
                .isNotEmpty();
    }

    @Test
    void an_end_that_was_set_back_by_hand_is_found_though_the_feed_still_has_it() throws InterruptedException {
        endAll();
        sql("UPDATE record SET state = 'RETRYING', body = json_remove(json_set(body, '$.state', 'RETRYING',"
                + " '$.notBefore', json_extract(body, '$.startedAt')), '$.crc', '$.result', '$.finishedAt')"
                + " WHERE step_key = 'small'");
        assertThat(audit()).contains(Kind.STEP_OPEN + " small");
        assertThat(api.get("/v1/runs/r1/feed").path("entries").findValuesAsText("key"))
                .contains("small");
    }

    @Test
    void a_missing_and_an_altered_result_are_found() throws InterruptedException {
        endAll();
        sql("DELETE FROM item WHERE key = '" + resultKey("item") + "'");
        stack.ports.objects().put(resultKey("object"), "\"y\"".getBytes(StandardCharsets.UTF_8));
        assertThat(audit()).containsExactly("PAYLOAD_MISSING item", "PAYLOAD_ALTERED object");
    }

    @Test
    void a_missing_input_is_found_while_its_step_waits() throws InterruptedException {
        NewStep given = Stack.step("waits", "{\"text\":" + MEDIUM + "}", RetryPolicy.DEFAULT);
        stack.dispatch("d1", given);
        assertThat(audit()).isEmpty();
        sql("DELETE FROM item");
        finds(Kind.PAYLOAD_MISSING, "waits");
    }

    private void manifest(byte[] other) throws InterruptedException {
        stack.dispatch(
                "d1", IntStream.range(0, 120).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new));
        assertThat(audit()).isEmpty();
        switch (stack.dispatched("d1").accepted().manifest()) {
            case Payload.Item item -> stack.ports.items().put(item.key(), other);
            case Payload.Stored stored -> stack.ports.objects().put(stored.key(), other);
            case Payload.Inline inline -> throw new AssertionError("inline: " + inline);
        }
    }

    @Test
    void a_manifest_that_is_not_what_was_stored_is_found() throws InterruptedException {
        manifest("[]".getBytes(StandardCharsets.UTF_8));
        finds(Kind.MANIFEST_MISSING, "d1");
    }

    @Test
    void a_manifest_that_cannot_be_read_is_found() throws InterruptedException {
        endAll();
        rewriteManifest("{\"v\":9}");
        finds(Kind.MANIFEST_UNREADABLE, "d1");
    }

    @Test
    void a_manifest_of_other_steps_is_found() throws InterruptedException {
        endAll();
        rewriteManifest(ManifestCodec.write(List.of()));
        finds(Kind.DISPATCH_WRONG, "d1");
    }

    @Test
    void a_dispatch_that_cannot_be_read_is_found() throws InterruptedException {
        endAll();
        StateFolderDamage.dispatch(folder.resolve("state"), Stack.RUN, "d1");
        assertThat(audit()).containsExactly("DISPATCHES_DAMAGED ");
    }

    @Test
    void what_is_under_way_is_no_violation() throws InterruptedException {
        stack.dispatch("d1", Stack.step("waits"), Stack.step("runs"), Stack.step("retried"), Stack.once("dead"));
        Work.Gate gate = stack.work.gate("runs");
        stack.work.on("retried", (input, context) -> {
            throw new IllegalStateException("once");
        });
        var worker = stack.start();
        gate.awaitEntered();
        assertThat(audit()).isEmpty();
        gate.open();
        worker.join();
        assertThat(audit()).isEmpty();
    }

    @Test
    void a_second_look_that_comes_too_early_looks_at_nothing() throws InterruptedException {
        endAll();
        sql("UPDATE record SET feed = NULL WHERE step_key = 'small'");
        JsonNode again = api.get("/v1/runs/r1/audit").path("secondLook");
        JsonNode early =
                api.get("/v1/runs/r1/audit?cursor=" + again.path("cursor").asText());
        assertThat(early.path("secondLook")).isEqualTo(again);
        assertThat(early.path("readCount").asInt()).isZero();
        assertThat(early.path("violations")).isEmpty();
    }

    @Test
    void what_changes_between_the_two_looks_is_not_reported() throws InterruptedException {
        endAll();
        rewrite("dead", found -> in(found, new StepState.Retrying(stack.time.instant())));
        JsonNode again = api.get("/v1/runs/r1/audit").path("secondLook");
        rewrite(
                "dead",
                found -> in(found, new StepState.Retrying(stack.time.instant().plusMillis(1))));
        stack.time.advance(Duration.ofMinutes(1));
        assertThat(api.get("/v1/runs/r1/audit?cursor=" + again.path("cursor").asText())
                        .path("violations"))
                .isEmpty();
    }

    @Test
    void a_forged_cursor_is_refused() throws InterruptedException {
        endAll();
        assertThat(api.problem("GET", "/v1/runs/r1/audit?cursor=e30", null)).isEqualTo("400 bad-cursor");
        assertThat(api.problem("GET", "/v1/runs/none/audit", null)).isEqualTo("404 run-not-found");
        assertThat(api.problem("POST", "/v1/runs/r1/audit", null)).startsWith("405");
    }

    /** Counts each read of a port: of a batch, each of its keys. */
    private static Ports counted(Ports ports, AtomicInteger reads) {
        return ports.decorated(new Ports.Decorator() {
            @Override
            public <P> P over(Class<P> type, P port) {
                Object counting = Proxy.newProxyInstance(
                        type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
                            boolean local = method.getName().equals("deletesByAge");
                            boolean batch = method.getName().equals("records");
                            reads.addAndGet(local ? 0 : batch ? ((Collection<?>) arguments[0]).size() : 1);
                            try {
                                return method.invoke(port, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        });
                return type.cast(counting);
            }
        });
    }

    /** A run of so many steps with small results, or with results beside their records, and the first call of its audit. */
    private LiveAudit.Page counted(int steps, String result) throws InterruptedException {
        NewStep[] all =
                IntStream.range(0, steps).mapToObj(i -> Stack.step("s" + i)).toArray(NewStep[]::new);
        for (NewStep each : all) {
            stack.work.on(each.key(), (input, context) -> StepResult.of(result));
        }
        stack.dispatch("d1", all);
        for (var batch = stack.receive(10); !batch.isEmpty(); batch = stack.receive(10)) {
            stack.deliver(batch);
        }
        AtomicInteger reads = new AtomicInteger();
        LiveAudit.Page page = stack.over(counted(stack.ports, reads))
                .audit()
                .look(Stack.RUN, null)
                .orElseThrow();
        assertThat(page.violations()).isEmpty();
        assertThat(page.checked()).isEqualTo(steps);
        assertThat(page.reads()).as("each read is counted").isEqualTo(reads.get());
        return page;
    }

    /** Prints what docs/adr/019 says. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 9, 10, 100, 100_000})
    @Tag("full")
    void reads_a_step_are_printed(int steps) throws InterruptedException {
        for (String result : steps > 1_000 ? List.of("1") : List.of("1", MEDIUM)) {
            try (Stack own = new Stack(folder.resolve(steps + "-" + result.length()))) {
                List<LiveAudit.Page> pages = pages(own, steps, result);
                int reads = pages.stream().mapToInt(LiveAudit.Page::reads).sum();
                int unread = pages.stream().mapToInt(LiveAudit.Page::unread).sum();
                System.out.printf(
                        "%d steps with results of %d bytes: %.2f reads a step, %d payloads not read%n",
                        steps, result.length(), 1.0 * reads / steps, unread);
                assertThat(steps < 10 || reads <= 2 * steps).isTrue();
            }
        }
    }

    private static List<LiveAudit.Page> pages(Stack of, int steps, String result) throws InterruptedException {
        List<NewStep> all =
                IntStream.range(0, steps).mapToObj(i -> Stack.step("s" + i)).toList();
        all.forEach(each -> of.work.on(each.key(), (input, context) -> StepResult.of(result)));
        for (int from = 0; from < steps; from += 10_000) {
            of.dispatch(
                    "d" + from,
                    all.subList(from, Math.min(steps, from + 10_000)).toArray(NewStep[]::new));
            for (var batch = of.receive(10); !batch.isEmpty(); batch = of.receive(10)) {
                of.deliver(batch);
                of.time.sleepUntil(of.time.instant().plusMillis(50));
            }
        }
        List<LiveAudit.Page> pages = new ArrayList<>();
        LiveAudit.Position next = null;
        do {
            pages.add(of.stepstile.audit().look(Stack.RUN, next).orElseThrow());
            next = pages.getLast().next();
        } while (next != null);
        assertThat(pages.stream().mapToInt(LiveAudit.Page::checked).sum()).isEqualTo(steps);
        return pages;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 9})
    void of_a_few_steps_all_is_read_by_two_reads_for_each_and_one_for_the_run_and_one_for_each_payload(int steps)
            throws InterruptedException {
        LiveAudit.Page small = counted(steps, "1");
        assertThat(small.reads()).isLessThanOrEqualTo(2 * steps + 1);
        assertThat(small.unread()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 9})
    void of_a_few_steps_each_payload_is_read(int steps) throws InterruptedException {
        LiveAudit.Page large = counted(steps, MEDIUM);
        assertThat(large.reads()).isLessThanOrEqualTo(3 * steps + 1);
        assertThat(large.unread()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 99, 400})
    void at_most_two_reads_are_made_for_a_step_and_each_is_counted(int steps) throws InterruptedException {
        LiveAudit.Page page = counted(steps, MEDIUM);
        assertThat(page.reads()).isLessThanOrEqualTo(2 * steps);
        assertThat(page.unread()).as("each has a result beside its record").isBetween(1, 1 + steps / 10 + 8);
    }

    /** Dispatches of one step, with a result beside its record and an end far from all others: of each, something waits. */
    @Test
    void what_has_to_wait_is_left_to_chance_and_never_the_same_again_and_again() throws InterruptedException {
        int steps = 12;
        for (int i = 0; i < steps; i++) {
            stack.work.on("s" + i, (input, context) -> StepResult.of(MEDIUM));
            stack.dispatch("d" + i, Stack.step("s" + i));
            stack.deliverAll();
        }
        Set<String> found = new TreeSet<>();
        for (int i = 0; i < steps; i++) {
            stack.ports.items().put(resultKey("s" + i), "0".getBytes(StandardCharsets.UTF_8));
            sql("UPDATE record SET feed = NULL WHERE step_key = 's" + i + "'");
        }
        for (int i = 0; i < 60 && found.size() < 2 * steps; i++) {
            LiveAudit.Page page = stack.stepstile.audit().look(Stack.RUN, null).orElseThrow();
            assertThat(page.reads()).isLessThanOrEqualTo(2 * steps);
            assertThat(page.unread()).isPositive();
            page.violations().forEach(each -> found.add(each.kind() + " " + each.stepKey()));
            LiveAudit.SecondLook again = page.again();
            if (again != null) {
                again.suspects().forEach(each -> found.add("suspect in " + each.dispatchId()));
            }
        }
        assertThat(found).hasSize(2 * steps);
    }

    @Test
    void a_run_in_which_nothing_has_happened_since_takes_one_read() throws InterruptedException {
        endAll();
        stack.stepstile.auditRounds().audit(stack.time.instant().plusSeconds(25));
        stack.time.advance(Duration.ofMinutes(10));
        stack.stepstile.auditRounds().audit(stack.time.instant().plusSeconds(25));
        stack.time.advance(Duration.ofMinutes(10));
        AuditRounds.Answer third =
                stack.stepstile.auditRounds().audit(stack.time.instant().plusSeconds(25));
        assertThat(third).isInstanceOfSatisfying(AuditRounds.Answer.Done.class, done -> {
            assertThat(done.report().looked().settled()).isEqualTo(1);
            assertThat(done.report().looked().reads())
                    .as("the list of runs, and the run")
                    .isEqualTo(2);
        });
    }
}
