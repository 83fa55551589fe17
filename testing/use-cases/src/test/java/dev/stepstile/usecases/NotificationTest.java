package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A dispatch that names whom to notify. */
class NotificationTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Outcome BROKEN = new Outcome.Failed("the webhook answered 500");

    @TempDir
    Path folder;

    private Stack stack;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private static Dispatcher.Request notifying(String dispatchId, String... keys) {
        List<Dispatcher.NewStep> steps = List.of(keys).stream().map(Stack::once).toList();
        return new Dispatcher.Request(
                Stack.RUN,
                dispatchId,
                "acme",
                steps,
                new TreeMap<>(),
                new TreeMap<>(Map.of("team", "data")),
                new NotifyTarget.Event());
    }

    private void dispatch(String dispatchId, String... keys) throws InterruptedException {
        stack.dispatcher().dispatch(notifying(dispatchId, keys));
    }

    private Notification notification(String dispatchId) {
        return stack.dispatched(dispatchId).schedule().notification();
    }

    private Notification.Status status() {
        return notification("d1").status();
    }

    private List<String> ids() {
        return stack.told.notices().stream().map(Notifier.Notice::id).toList();
    }

    @Nested
    class That_ends {
        @Test
        void is_told_with_its_counts_by_the_sweep_that_closes_it() throws InterruptedException {
            stack.work.on("b", (input, context) -> {
                throw new IllegalStateException("broken");
            });
            dispatch("d1", "a", "b");
            assertThat(status()).isEqualTo(Notification.Status.WAITING);
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            assertThat(status()).isEqualTo(Notification.Status.SENT);
            assertThat(stack.told.notices()).hasSize(1);
            Notifier.Notice notice = stack.told.notices().getFirst();
            assertThat(notice.closedAt()).isEqualTo(stack.time.instant());
            assertThat(notice.id()).matches("ssn_[0-9a-f]{32}");
            assertThat(Json.parse(notice.data()))
                    .isEqualTo(Json.parse(("{'id': '%s', 'runId': 'r1', 'dispatchId': 'd1', 'version': %d,"
                                    + " 'tenant': 'acme', 'tags': {'team': 'data'}, 'createdAt': '2026-11-24T08:00:00Z',"
                                    + " 'closedAt': '%s', 'stepCount': 2, 'counts': {'SUCCEEDED': 1, 'DEAD': 1}}")
                            .formatted(notice.id(), notification("d1").closing().version(), stack.time.instant())
                            .replace('\'', '"')));
            assertThat(stack.count(Metric.NOTIFICATIONS_SENT)).isEqualTo(1);
            stack.sweepAfter(Duration.ofDays(1));
            assertThat(ids()).as("once").hasSize(1);
        }

        @Test
        void is_told_after_every_dispatch_is_closed_that_can_be() throws InterruptedException {
            List<Boolean> allClosed = new ArrayList<>();
            stack.told.meanwhile(() -> allClosed.add(
                    stack.ports.store().dispatches(Stack.RUN).stream().allMatch(Dispatch::closed)));
            for (String id : List.of("d1", "d2", "d3", "d4")) {
                dispatch(id, "a-" + id);
            }
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            assertThat(allClosed).containsExactly(true, true, true, true);
        }

        @Test
        void is_told_too_if_its_manifest_is_gone() throws Exception {
            dispatch("d1", IntStream.range(0, 1_000).mapToObj(i -> "s" + i).toArray(String[]::new));
            stack.deliver();
            try (var files = Files.walk(folder.resolve("state/payloads"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.delete(file);
                }
            }
            stack.sweepAfter(MINUTE);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            assertThat(ids()).hasSize(1);
        }

        @Test
        void without_notify_tells_nobody_and_makes_the_calls_that_it_made_before() throws InterruptedException {
            stack.handOver("a");
            stack.deliverAll();
            stack.faults.restart();
            stack.sweepAfter(MINUTE);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            assertThat(stack.faults.calls("store.replace"))
                    .as("taken, and closed")
                    .isEqualTo(2);
            assertThat(stack.faults.calls("notifier.send")).isZero();
            assertThat(stack.dispatched("d1").schedule().notification()).isNull();
        }
    }

    @Nested
    class Whose_target_does_not_accept_it {
        @Test
        void is_tried_again_after_1_2_4_sweeps_and_shows_why() throws InterruptedException {
            stack.told.next(BROKEN, BROKEN, BROKEN);
            dispatch("d1", "a");
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.OWED);
            assertThat(notification("d1").closing().error()).isEqualTo("the webhook answered 500");
            List<Integer> tries = new ArrayList<>();
            for (int minute = 1; minute <= 8; minute++) {
                stack.sweepAfter(MINUTE);
                tries.add(ids().size());
            }
            assertThat(tries).containsExactly(2, 2, 3, 3, 3, 3, 4, 4);
            assertThat(ids()).as("one id").containsOnly(ids().getFirst());
            assertThat(status()).isEqualTo(Notification.Status.SENT);
            assertThat(notification("d1").closing().error()).isNull();
            assertThat(stack.count(Metric.NOTIFICATIONS_FAILED)).isZero();
        }

        @Test
        void is_given_up_after_30_tries_which_take_a_day() throws InterruptedException {
            for (int i = 0; i < Notification.MOST_TRIES; i++) {
                stack.told.next(BROKEN);
            }
            dispatch("d1", "a");
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            Instant closed = stack.time.instant();
            while (status() == Notification.Status.OWED) {
                stack.sweepAfter(MINUTE);
            }
            assertThat(status()).isEqualTo(Notification.Status.FAILED);
            assertThat(ids()).hasSize(Notification.MOST_TRIES);
            assertThat(Duration.between(closed, stack.time.instant()))
                    .isBetween(Duration.ofHours(23), Duration.ofHours(25));
            assertThat(stack.count(Metric.NOTIFICATIONS_FAILED)).isEqualTo(1);
            stack.sweepAfter(Duration.ofDays(3));
            assertThat(ids()).hasSize(Notification.MOST_TRIES);
        }

        @Test
        void is_given_up_at_once_if_the_target_wants_no_more() throws InterruptedException {
            stack.told.next(new Outcome.Gone("the webhook answered 410"));
            dispatch("d1", "a");
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.FAILED);
            assertThat(stack.count(Metric.NOTIFICATIONS_FAILED)).isEqualTo(1);
        }

        @Test
        void keeps_no_other_from_being_told_whatever_its_target_leads_to() throws InterruptedException {
            dispatch("d1", "a");
            dispatch("d2", "b");
            stack.deliverAll();
            stack.told.meanwhile(() -> {
                stack.told.meanwhile(() -> {});
                throw new IllegalStateException("a bug");
            });
            stack.sweepAfter(MINUTE);
            assertThat(List.of(notification("d1").status(), notification("d2").status()))
                    .containsExactlyInAnyOrder(Notification.Status.OWED, Notification.Status.SENT);
        }
    }

    @Nested
    class In_a_sweep_that_fails {
        @Test
        void is_told_at_least_once_wherever_the_sweeper_dies_or_an_answer_is_lost() throws InterruptedException {
            dispatch("d0", "a");
            stack.deliverAll();
            stack.faults.restart();
            stack.sweepAfter(MINUTE);
            int calls = stack.faults.calls().size();
            assertThat(stack.faults.calls()).contains("notifier.send");
            for (int call = 0; call < calls; call++) {
                for (int kind = 0; kind < 4; kind++) {
                    String id = "c" + call + "-" + kind;
                    dispatch(id, "step-" + id);
                    stack.deliverAll();
                    int before = ids().size();
                    fault(kind, call);
                    try {
                        stack.sweepAfter(MINUTE);
                    } catch (Faults.Crash | OutOfMemoryError e) {
                        // the process is gone, or its thread
                    }
                    stack.faults.restart();
                    stack.sweepAfter(MINUTE.multipliedBy(2));
                    stack.sweepAfter(MINUTE.multipliedBy(4));
                    assertThat(stack.dispatched(id).closed()).as(id).isTrue();
                    assertThat(notification(id).status()).as(id).isEqualTo(Notification.Status.SENT);
                    assertThat(ids().subList(before, ids().size())).as(id).isNotEmpty();
                }
            }
        }

        private void fault(int kind, int call) {
            switch (kind) {
                case 0 -> stack.faults.crashBefore("", call);
                case 1 -> stack.faults.crashAfter("", call);
                case 2 -> stack.faults.breakOff(call, false);
                default -> stack.faults.breakOff(call, true);
            }
        }

        @Test
        void is_told_by_the_next_one_if_what_came_of_it_is_not_stored() throws InterruptedException {
            dispatch("d1", "a");
            stack.deliverAll();
            stack.faults.afterNext("notifier.send", () -> stack.faults.fail("store.replace"));
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.OWED);
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.SENT);
            assertThat(ids()).as("twice, by one id").hasSize(2).containsOnly(ids().getFirst());
        }

        @Test
        void is_given_up_if_no_sweep_ever_hears_of_it() throws InterruptedException {
            dispatch("d1", "a");
            stack.deliverAll();
            for (int i = 0; i <= Notification.MOST_TRIES; i++) {
                stack.faults.crashBefore("notifier.send", 0);
                try {
                    stack.sweepAfter(Duration.ofHours(1));
                } catch (Faults.Crash e) {
                    // each time
                }
                stack.faults.restart();
            }
            assertThat(status()).isEqualTo(Notification.Status.FAILED);
            assertThat(notification("d1").closing().error()).contains("ended before it had an answer");
        }

        @Test
        void is_taken_by_one_of_two_at_once() throws InterruptedException {
            dispatch("d1", "a");
            stack.deliverAll();
            stack.told.next(BROKEN);
            stack.sweepAfter(MINUTE);
            stack.time.advance(MINUTE);
            Tasks.Task<?> one = stack.time.fork("sweep", stack::sweep);
            Tasks.Task<?> other = stack.time.fork("sweep", stack::sweep);
            one.join();
            other.join();
            assertThat(ids()).hasSize(2);
        }
    }

    @Nested
    class That_is_redriven {
        private void failsOnce() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new IllegalStateException("broken");
                }
                return StepResult.none();
            });
            dispatch("d1", "a");
            stack.deliverAll();
        }

        private int redrive() throws InterruptedException {
            return stack.stepstile
                    .redriver()
                    .redrive(
                            stack.ports.store().run(Stack.RUN).orElseThrow(),
                            StepState.REDRIVABLE,
                            Set.of(),
                            stack.time.instant().plusSeconds(29));
        }

        @Test
        void notifies_again_with_another_id_once_it_is_closed_again() throws InterruptedException {
            failsOnce();
            stack.sweepAfter(MINUTE);
            assertThat(redrive()).isEqualTo(1);
            assertThat(status()).isEqualTo(Notification.Status.WAITING);
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.SENT);
            assertThat(ids()).hasSize(2).doesNotHaveDuplicates();
            JsonNode last = Json.parse(stack.told.notices().getLast().data());
            assertThat(last.path("counts").path("SUCCEEDED").intValue()).isEqualTo(1);
        }

        @Test
        void owes_nothing_while_it_is_open() throws InterruptedException {
            failsOnce();
            stack.told.next(BROKEN);
            stack.sweepAfter(MINUTE);
            assertThat(status()).isEqualTo(Notification.Status.OWED);
            redrive();
            stack.sweepAfter(MINUTE);
            assertThat(stack.dispatched("d1").closed()).isFalse();
            assertThat(ids()).as("only before").hasSize(1);
        }

        @Test
        void stays_open_if_it_is_reopened_while_its_target_is_told() throws InterruptedException {
            failsOnce();
            stack.told.meanwhile(() -> {
                try {
                    redrive();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            });
            stack.sweepAfter(MINUTE);
            assertThat(stack.dispatched("d1").closed()).isFalse();
            assertThat(status()).isEqualTo(Notification.Status.WAITING);
        }
    }

    @Nested
    class Over_the_api {
        private static final String STEPS = "\"steps\": [{\"key\": \"a\", \"handler\": \"work\"}]}";

        private Api api;

        @BeforeEach
        void call() {
            api = new Api(stack);
        }

        private String post(String notify) throws InterruptedException {
            return api.problem("POST", "/v1/runs/r1/dispatches", "{\"notify\": " + notify + ", " + STEPS);
        }

        private String detail(String body) throws InterruptedException {
            return Json.parse(api.call("POST", "/v1/runs/r1/dispatches", body).body())
                    .path("detail")
                    .asText();
        }

        @Test
        void shows_in_the_runs_status_how_far_it_is() throws InterruptedException {
            stack.told.next(BROKEN);
            api.ok(
                    202,
                    "POST",
                    "/v1/runs/r1/dispatches",
                    "{\"dispatchId\": \"d1\", \"notify\": {\"webhook\": {\"url\": \"https://hooks.example.com/x\"}}, "
                            + STEPS);
            assertThat(api.get("/v1/runs/r1").path("notifications").toString())
                    .isEqualTo("[{\"dispatchId\":\"d1\",\"state\":\"WAITING\"}]");
            stack.deliverAll();
            stack.sweepAfter(MINUTE);
            JsonNode owed = api.get("/v1/runs/r1").path("notifications").path(0);
            assertThat(owed.path("state").asText()).isEqualTo("OWED");
            assertThat(owed.path("tries").intValue()).isEqualTo(1);
            assertThat(owed.path("error").asText()).isEqualTo("the webhook answered 500");
            assertThat(Instant.parse(owed.path("nextTryAt").asText()))
                    .isEqualTo(stack.time.instant().plus(MINUTE));
            stack.sweepAfter(MINUTE);
            JsonNode sent = api.get("/v1/runs/r1").path("notifications").path(0);
            assertThat(sent.path("state").asText()).isEqualTo("SENT");
            assertThat(sent.has("error")).isFalse();
        }

        @Test
        void that_names_nobody_shows_no_notifications() throws InterruptedException {
            stack.handOver("a");
            assertThat(api.get("/v1/runs/r1").has("notifications")).isFalse();
        }

        @Test
        void is_refused_with_what_is_wrong() throws InterruptedException {
            for (String wrong : List.of(
                    "{}",
                    "\"event\"",
                    "{\"event\": true}",
                    "{\"webhook\": {}}",
                    "{\"webhook\": {\"url\": 7}}",
                    "{\"event\": {}, \"webhook\": {\"url\": \"https://hooks.example.com/\"}}",
                    "{\"webhook\": {\"url\": \"https://elsewhere.example/\"}}",
                    "{\"webhook\": {\"url\": \"https://hooks.example.com/" + "x".repeat(500) + "\"}}")) {
                assertThat(post(wrong)).as(wrong).isEqualTo("400 bad-notify");
            }
            assertThat(post("{\"email\": {}}")).isEqualTo("400 unknown-member");
            assertThat(post("{\"webhook\": {\"url\": \"https://hooks.example.com/\", \"secret\": \"s\"}}"))
                    .isEqualTo("400 unknown-member");
            assertThat(detail("{\"notify\": {\"webhook\": {\"url\": \"https://elsewhere.example/\"}}, " + STEPS))
                    .isEqualTo("'notify' is refused: this stack allows no webhook there.");
            StringBuilder tags = new StringBuilder();
            for (int i = 0; i < 10; i++) {
                tags.append(i == 0 ? "" : ", ").append("\"t" + i + "\": \"" + "x".repeat(150) + "\"");
            }
            assertThat(detail("{\"notify\": {\"event\": {}}, \"defaults\": {\"tags\": {" + tags + "}}, " + STEPS))
                    .contains("'defaults.tags'", "at most " + Limits.NOTIFY_TAGS_BYTES + " bytes");
        }

        @Test
        void is_part_of_the_content_that_a_dispatch_id_stands_for() throws InterruptedException {
            dispatch("d1", "a");
            assertThat(stack.dispatcher().dispatch(notifying("d1", "a")))
                    .isEqualTo(new Dispatcher.Answer.Accepted("d1", 1, true));
            Dispatcher.Request same = notifying("d1", "a");
            assertThat(stack.dispatcher()
                            .dispatch(new Dispatcher.Request(
                                    Stack.RUN, "d1", "acme", same.steps(), same.sharedInputs(), same.commonTags())))
                    .isEqualTo(new Dispatcher.Answer.Conflict("d1"));
        }

        @Test
        void of_a_stack_that_knows_no_target_is_refused() {
            assertThat(Notifier.NONE.refusal(new NotifyTarget.Event())).contains("not configured");
        }
    }
}
