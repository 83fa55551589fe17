package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.usecase.DeadLetters;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How far one call looks through the dead letters, and what it leaves to others. */
class DeadLetterLooksTest {
    private static final String REDRIVE = "/v1/dead-letters/redrive";
    private static final String ALL = "{\"all\":true}";

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private void dead(String runId, String key) throws InterruptedException {
        stack.work.on(key, (input, context) -> {
            throw new IllegalStateException("broken");
        });
        api.ok(
                202,
                "POST",
                "/v1/runs/" + runId + "/dispatches",
                "{\"steps\":[{\"key\":\"" + key + "\",\"handler\":\"work\",\"maxAttempts\":1}]}");
        stack.deliverAll();
    }

    private void send(int letters, String body) {
        for (int i = 0; i < letters; i++) {
            stack.ports.deadLetters().moveToDeadLetters("g", body);
        }
    }

    private List<String> letters() {
        return stack.ports.deadLetters().peek(100);
    }

    private JsonNode redriven() throws InterruptedException {
        return api.ok(200, "POST", REDRIVE, ALL);
    }

    @Test
    void a_redrive_leaves_the_runs_that_it_has_no_more_time_for_to_the_next_call() throws InterruptedException {
        dead("r1", "a");
        dead("r2", "b");
        stack.faults.afterNext("queue.send", () -> stack.time.advance(Duration.ofSeconds(29)));
        assertThat(redriven())
                .isEqualTo(Json.parse("{\"redrivenCount\":1,\"deletedCount\":1,\"leftCount\":1,\"complete\":false}"));
        stack.time.advance(Duration.ofMinutes(2));
        assertThat(redriven())
                .isEqualTo(Json.parse("{\"redrivenCount\":1,\"deletedCount\":1,\"leftCount\":0,\"complete\":true}"));
    }

    /** What is deleted needs no release, of which SQS takes ten by one call. */
    @Test
    void a_redrive_releases_the_letters_that_it_leaves_and_no_others() throws InterruptedException {
        dead("r1", "a");
        send(1, "hello");
        Watched watched = new Watched(Duration.ofMinutes(2));
        over(watched)
                .redrive(
                        new DeadLetters.Selection(null, Set.of(), null, null, false),
                        new DeadLetters.Retry(StepOverrides.NONE, null, null),
                        false,
                        stack.time.instant().plusSeconds(29));
        assertThat(watched.released).hasSize(1);
        assertThat(letters()).containsExactly("hello");
    }

    /** SQS does so now and then: its servers do not know at once what the others have delivered. */
    @Test
    void letters_that_are_delivered_twice_by_one_look_are_listed_once_and_end_it() throws InterruptedException {
        send(3, "hello");
        DeadLetters.Selection all = new DeadLetters.Selection(null, Set.of(), null, null, true);
        DeadLetters.Listing listed = over(new Watched(Duration.ZERO)).list(all, 10, 0);
        assertThat(listed.letters()).hasSize(3);
        assertThat(listed.complete()).isTrue();
    }

    private DeadLetters over(DeadLetterQueue queue) {
        return stack.over(new Ports(
                        stack.ports.store(),
                        stack.ports.workers(),
                        stack.ports.pauses(),
                        stack.ports.queue(),
                        queue,
                        stack.ports.payloads(),
                        stack.ports.notifier()))
                .deadLetters();
    }

    /** Notes what is released, and hides letters no longer than it is told; a receive takes a second. */
    private final class Watched implements DeadLetterQueue {
        private final DeadLetterQueue queue = stack.ports.deadLetters();
        private final List<String> released = new ArrayList<>();
        private final Duration most;

        Watched(Duration most) {
            this.most = most;
        }

        @Override
        public void moveToDeadLetters(String group, String body) {
            queue.moveToDeadLetters(group, body);
        }

        @Override
        public List<Delivery> receive(int max, Duration hidden) {
            stack.time.advance(Duration.ofSeconds(1));
            return queue.receive(max, hidden.compareTo(most) < 0 ? hidden : most);
        }

        @Override
        public void release(List<String> receipts) {
            released.addAll(receipts);
            queue.release(receipts);
        }

        @Override
        public void delete(List<String> receipts) {
            queue.delete(receipts);
        }

        @Override
        public long approximateCount() {
            return queue.approximateCount();
        }
    }

    @Test
    void what_was_received_before_the_queue_failed_is_there_at_once() {
        send(12, "hello");
        stack.faults.fail("deadLetters.receive", 1);
        assertThatExceptionOfType(PortException.class).isThrownBy(() -> api.get("/v1/dead-letters"));
        assertThat(letters()).hasSize(12);
    }

    @Test
    void the_step_of_each_letter_is_looked_up_however_many_a_run_has() throws InterruptedException {
        dead("r1", "z");
        String letter = letters().getFirst();
        for (int i = 0; i < Limits.LOOKUP_KEYS; i++) {
            send(1, letter.replace("\"z\"", "\"never" + i + "\""));
        }
        assertThat(api.get("/v1/dead-letters?limit=1000").path("deadLetters").findValuesAsText("stepState"))
                .containsExactly("DEAD");
        assertThat(redriven())
                .isEqualTo(Json.parse("{\"redrivenCount\":1,\"deletedCount\":1,\"leftCount\":100,\"complete\":true}"));
    }

    @Test
    void a_letter_without_a_step_is_not_stale() throws InterruptedException {
        send(1, "hello");
        DeadLetters.Selection all = new DeadLetters.Selection(null, Set.of(), null, null, true);
        assertThat(stack.stepstile.deadLetters().list(all, 10, 0).letters())
                .singleElement()
                .satisfies(listed -> assertThat(listed.stale()).isFalse());
    }

    @Test
    void bodies_are_read_until_they_are_half_an_answer() throws InterruptedException {
        send(30, "x".repeat(Limits.ANSWER_BYTES / 30));
        JsonNode listed = api.get("/v1/dead-letters?body=true");
        assertThat(listed.path("deadLetters")).hasSize(20);
        assertThat(listed.path("complete").booleanValue()).isFalse();
        assertThat(stack.faults.calls("deadLetters.receive")).isEqualTo(2);
        assertThat(api.get("/v1/dead-letters").path("deadLetters"))
                .as("without bodies")
                .hasSize(30);
    }

    @Test
    void a_call_looks_for_ten_seconds_and_leaves_the_rest_to_the_next() throws InterruptedException {
        send(30, "hello");
        receiveSlowly();
        JsonNode purged = api.ok(200, "POST", "/v1/dead-letters/purge", "{\"unrecognised\":true}");
        assertThat(purged).isEqualTo(Json.parse("{\"purgedCount\":20,\"leftCount\":0,\"complete\":false}"));
    }

    /** From here on, each receive takes five seconds. */
    private void receiveSlowly() {
        stack.faults.afterNext("deadLetters.receive", () -> {
            stack.time.advance(Duration.ofSeconds(5));
            receiveSlowly();
        });
    }
}
