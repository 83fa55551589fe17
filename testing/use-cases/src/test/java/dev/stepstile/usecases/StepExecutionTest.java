package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.Run;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepError.Kind;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Tasks;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the step function makes of its messages. */
class StepExecutionTest {
    private static final Duration WITHIN = Duration.ofHours(12);

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

    private List<Delivery> visibleAfter(Duration wait) {
        stack.time.advance(wait);
        return stack.receive(10);
    }

    private StepError error(String key) {
        return switch (stack.record(key).state()) {
            case StepState.Failed failed -> failed.error();
            case StepState.Dead dead -> dead.error();
            case StepState other -> throw new AssertionError(key + " is " + other);
        };
    }

    @Nested
    class A_step {
        @Test
        void that_succeeds_is_recorded_once_and_its_message_deleted() throws InterruptedException {
            stack.handOver("a", "b", "c");
            assertThat(stack.deliver()).isEmpty();
            for (String key : List.of("a", "b", "c")) {
                StepRecord record = stack.record(key);
                assertThat(record.state()).isEqualTo(new StepState.Succeeded(new Payload.Inline("1"), Stack.START));
                assertThat(record.attempt()).isEqualTo(1);
            }
            assertThat(visibleAfter(WITHIN)).isEmpty();
            assertThat(stack.count(Metric.STEPS_SUCCEEDED)).isEqualTo(3);
        }

        @Test
        void reads_its_dispatch_once_together_with_the_others_of_its_batch() throws InterruptedException {
            stack.handOver("a", "b", "c");
            stack.faults.restart();
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.faults.calls("store.dispatch")).isEqualTo(1);
        }

        @Test
        void whose_dispatch_could_not_be_read_for_the_batch_reads_it_itself() throws InterruptedException {
            stack.handOver("a", "b", "c");
            stack.faults.fail("store.dispatch");
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).containsExactlyInAnyOrder("a#1", "b#1", "c#1");
        }

        @Test
        void delivered_twice_runs_once() throws InterruptedException {
            stack.handOver("a");
            stack.deliverTwice();
            assertThat(stack.work.started()).containsExactly("a#1");
            assertThat(stack.count(Metric.DUPLICATES_SUPPRESSED)).isEqualTo(1);
        }

        @Test
        void whose_acknowledgement_was_lost_runs_once() throws InterruptedException {
            stack.handOver("a", "b");
            stack.loseAck();
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).containsExactlyInAnyOrder("a#1", "b#1");
            assertThat(visibleAfter(WITHIN)).isEmpty();
        }

        @Test
        void that_is_held_by_another_worker_is_acknowledged_and_left_to_it() throws InterruptedException {
            stack.handOver("a");
            Work.Gate gate = stack.work.gate("a");
            List<Delivery> batch = stack.receive(10);
            Tasks.Task<List<String>> first = stack.start(batch);
            gate.awaitEntered();
            assertThat(stack.execute(batch)).as("acknowledged").isEmpty();
            assertThat(stack.count(Metric.DUPLICATES_SUPPRESSED)).isEqualTo(1);
            gate.open();
            assertThat(first.join()).isEmpty();
            assertThat(stack.work.started()).containsExactly("a#1");
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        }

        /** The holder's receipt is stale then: it could not wake its step for another attempt. */
        @Test
        void that_is_held_while_its_only_message_comes_again_keeps_the_message() throws InterruptedException {
            stack.handOver("a");
            Work.Gate gate = new Work.Gate();
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    gate.run(input, context);
                    throw new IllegalStateException("no");
                }
                return StepResult.of("yes");
            });
            List<Delivery> once = stack.receive(10);
            Tasks.Task<List<String>> first = stack.start(once);
            gate.awaitEntered();
            stack.ports.queue().changeVisibility(once.getFirst().receipt(), Duration.ZERO);
            assertThat(stack.deliver()).as("stays").hasSize(1);
            gate.open();
            first.join();
            assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
            assertThat(stack.deliver(visibleAfter(stack.timing.lease().plus(stack.timing.margin()))))
                    .isEmpty();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        }

        @Test
        void that_is_held_comes_again_once_its_lease_could_be_over() throws InterruptedException {
            stack.handOver("a");
            Work.Gate gate = stack.work.gate("a");
            List<Delivery> once = stack.receive(10);
            Tasks.Task<List<String>> first = stack.start(once);
            gate.awaitEntered();
            stack.ports.queue().changeVisibility(once.getFirst().receipt(), Duration.ZERO);
            stack.deliver();
            Duration over = stack.timing.lease().plus(stack.timing.margin());
            assertThat(visibleAfter(over.minusMillis(1))).isEmpty();
            assertThat(visibleAfter(Duration.ofMillis(1))).hasSize(1);
            gate.open();
            first.join();
        }

        @Test
        void that_comes_after_its_validity_is_DEAD_and_buried() throws InterruptedException {
            stack.handOver("a");
            List<Delivery> late = stack.receive(10);
            stack.time.advance(stack.timing.validity().plusMillis(1));
            assertThat(stack.deliver(late)).isEmpty();
            assertThat(error("a").kind()).isEqualTo(Kind.EXPIRED);
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
        }

        @Test
        void that_is_redriven_waits_between_its_tries_as_a_new_one_does() throws InterruptedException {
            RetryPolicy twice = new RetryPolicy(2, Duration.ofSeconds(1), Duration.ofHours(1));
            NewStep[] steps = IntStream.range(0, 8)
                    .mapToObj(i -> Stack.step("s" + i, "{}", twice))
                    .toArray(NewStep[]::new);
            for (NewStep step : steps) {
                stack.work.on(step.key(), (input, context) -> {
                    throw new IllegalStateException("no");
                });
            }
            stack.dispatch("d1", steps);
            stack.deliverAll();
            stack.time.advance(Duration.ofSeconds(2));
            stack.deliverAll();
            Run run = stack.stepstile.queries().run(Stack.RUN).orElseThrow();
            stack.stepstile
                    .redriver()
                    .redrive(
                            run,
                            Set.of(Name.DEAD),
                            Set.of(),
                            stack.time.instant().plusSeconds(30));
            Instant redriven = stack.time.instant();
            stack.deliverAll();
            for (NewStep step : steps) {
                StepState.Retrying waits =
                        (StepState.Retrying) stack.record(step.key()).state();
                assertThat(stack.record(step.key()).attempt()).isEqualTo(3);
                assertThat(Duration.between(redriven, waits.notBefore())).isLessThanOrEqualTo(Duration.ofSeconds(1));
            }
        }

        @Test
        void that_another_dispatch_claimed_first_is_acknowledged() throws InterruptedException {
            stack.dispatch("d1", Stack.step("a"));
            List<Delivery> first = stack.receive(10);
            stack.dispatch("d2", Stack.step("a", "{\"other\":1}", RetryPolicy.DEFAULT));
            List<Delivery> second = stack.receive(10);
            Work.Gate gate = stack.work.gate("a");
            Tasks.Task<List<String>> running = stack.start(second);
            gate.awaitEntered();
            assertThat(stack.deliver(first)).isEmpty();
            gate.open();
            assertThat(running.join()).isEmpty();
            assertThat(stack.record("a").settings().dispatchId()).isEqualTo("d2");
            assertThat(stack.work.started()).containsExactly("a#1");
            stack.recover(2);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            assertThat(stack.dispatched("d2").closed()).isTrue();
        }

        @Test
        void that_is_not_due_is_hidden_until_it_is() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new RetryAfter(Duration.ofHours(3), "come back later");
                }
                return StepResult.none();
            });
            stack.handOver("a");
            List<Delivery> batch = stack.receive(10);
            assertThat(stack.deliver(batch)).hasSize(1);
            assertThat(stack.record("a").state())
                    .isEqualTo(new StepState.Retrying(Stack.START.plus(Duration.ofHours(3))));
            assertThat(stack.deliver(batch)).as("too early").hasSize(1);
            assertThat(visibleAfter(Duration.ofHours(3).minusMillis(1))).isEmpty();
            assertThat(stack.deliver(visibleAfter(Duration.ofMillis(1)))).isEmpty();
            assertThat(stack.work.started()).containsExactly("a#1", "a#2");
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        }

        @Test
        void that_is_not_due_for_longer_than_a_message_can_hide_is_sent_by_a_sweep() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new RetryAfter(Duration.ofHours(12), "tomorrow");
                }
                return StepResult.none();
            });
            stack.handOver("a");
            assertThat(stack.deliver()).as("stays").hasSize(1);
            StepRecord waiting = stack.record("a");
            Duration longer = Duration.ofHours(12).plusSeconds(4);
            stack.ports.store().write(later(waiting, longer), Precondition.asRead(waiting));
            stack.time.advance(Duration.ofHours(12));
            assertThat(stack.deliver()).as("acknowledged").isEmpty();
            stack.sweepAfter(Duration.ofHours(12).plusMinutes(1));
            assertThat(stack.receive(10)).as("a grace is left to a message").isEmpty();
            stack.sweepAfter(Duration.ofMinutes(2));
            stack.deliver();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        }

        private StepRecord later(StepRecord record, Duration by) {
            return new StepRecord(
                    record.id(),
                    record.shard(),
                    record.settings(),
                    record.createdAt(),
                    record.attempts(),
                    record.answered(),
                    new StepState.Retrying(
                            ((StepState.Retrying) record.state()).notBefore().plus(by)));
        }

        @Test
        void received_five_times_runs_beside_the_others() throws InterruptedException {
            Work.Gate five = stack.work.gate("five");
            Work.Gate young = stack.work.gate("young");
            stack.handOver("five");
            List<Delivery> batch = new ArrayList<>(stack.receivedTimes(5));
            stack.dispatch("d2", Stack.step("young"));
            batch.addAll(stack.receive(10));
            Tasks.Task<List<String>> worker = stack.start(batch);
            five.awaitEntered();
            young.awaitEntered();
            five.open();
            young.open();
            assertThat(worker.join()).isEmpty();
        }

        @Test
        void received_often_runs_beside_the_others_all_the_same() throws InterruptedException {
            Work.Gate old = stack.work.gate("old");
            Work.Gate young = stack.work.gate("young");
            stack.handOver("young");
            List<Delivery> batch = new ArrayList<>(stack.receive(10));
            stack.dispatch("d2", Stack.step("old"));
            batch.addAll(stack.receivedTimes(6));
            Tasks.Task<List<String>> worker = stack.start(batch);
            old.awaitEntered();
            young.awaitEntered();
            old.open();
            young.open();
            assertThat(worker.join()).isEmpty();
        }
    }

    @Nested
    class A_suspect {
        @Test
        void runs_after_its_batch_mates_are_recorded_and_alone() throws InterruptedException {
            stack.handOver("poison");
            stack.crashAfterClaim();
            stack.expireLease();
            stack.sweep();
            List<Delivery> batch = new ArrayList<>(stack.receive(10));
            stack.dispatch("d2", Stack.step("b"), Stack.step("c"));
            batch.addAll(stack.receive(10));
            assertThat(batch).hasSize(3);
            stack.work.on("poison", (input, context) -> {
                assertThat(stack.state("b")).isEqualTo(Name.SUCCEEDED);
                assertThat(stack.state("c")).isEqualTo(Name.SUCCEEDED);
                return StepResult.none();
            });
            assertThat(stack.deliver(batch)).isEmpty();
            assertThat(stack.state("poison")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.record("poison").attempt()).isEqualTo(2);
            assertThat(stack.count(Metric.SUSPECTS_DEFERRED)).isEqualTo(1);
            assertThat(stack.work.started()).last().isEqualTo("poison#2");
        }

        private List<Delivery> byKey(List<Delivery> batch) {
            return batch.stream()
                    .sorted(Comparator.comparing(delivery ->
                            delivery.body().substring(delivery.body().indexOf("\"key\""))))
                    .toList();
        }

        /** Each lost its worker, and is in the queue again. */
        private void lost(String... keys) throws InterruptedException {
            for (String key : keys) {
                stack.dispatch("d-" + key, Stack.step(key));
                stack.crashAfterClaim();
            }
            stack.expireLease();
            stack.sweep();
        }

        @Test
        void received_often_goes_first_and_its_batch_mates_to_other_workers() throws InterruptedException {
            lost("poison");
            List<Delivery> batch = new ArrayList<>(stack.receivedTimes(6));
            stack.dispatch("d2", Stack.step("b"));
            batch.addAll(stack.receive(10));
            stack.work.on("poison", (input, context) -> {
                assertThat(stack.hasRecord("b")).isFalse();
                stack.time.advance(Duration.ofSeconds(200));
                return StepResult.none();
            });
            assertThat(stack.execute(batch, Duration.ofSeconds(310)))
                    .containsExactly(batch.get(1).messageId());
            assertThat(stack.state("poison")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.hasRecord("b")).isFalse();
            assertThat(stack.receive(10)).as("visible at once").hasSize(1);
        }

        @Test
        void takes_the_worker_for_itself_alone_and_the_next_one_of_the_batch_comes_again() throws InterruptedException {
            lost("one", "two", "three");
            List<Delivery> batch = byKey(stack.receive(10));
            assertThat(batch).hasSize(3);
            stack.work.on("one", (input, context) -> {
                assertThat(stack.receive(10)).as("not yet").isEmpty();
                stack.time.advance(Duration.ofSeconds(2));
                assertThat(stack.receive(10))
                        .as("put back before the first runs")
                        .hasSize(2);
                return StepResult.none();
            });
            assertThat(stack.deliver(batch)).hasSize(2);
            assertThat(stack.work.started()).containsExactly("one#2");
            assertThat(stack.record("two").attempt()).isEqualTo(1);
            assertThat(stack.record("three").attempt()).isEqualTo(1);
        }

        @Test
        void waits_its_turn_while_a_quarter_of_the_workers_run_suspects_and_its_worker_goes_on()
                throws InterruptedException {
            lost("one", "two");
            Work.Gate gate = stack.work.gate("one");
            List<Delivery> both = byKey(stack.receive(10));
            Tasks.Task<List<String>> first = stack.start(List.of(both.getFirst()));
            gate.awaitEntered();
            stack.dispatch("d2", Stack.step("new"));
            List<Delivery> batch = new ArrayList<>(List.of(both.getLast()));
            batch.addAll(stack.receive(10));
            assertThat(stack.deliver(batch)).containsExactly(both.getLast().messageId());
            assertThat(stack.state("new")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.work.started()).doesNotContain("two#2");
            gate.open();
            assertThat(first.join()).isEmpty();
            stack.time.advance(Duration.ofSeconds(2));
            stack.deliver();
            assertThat(stack.state("two")).isEqualTo(Name.SUCCEEDED);
        }

        /** As nothing has failed: a turn may be free at any time, and whoever waits for long would not see it. */
        @ParameterizedTest
        @ValueSource(ints = {1, 4, 20, 200})
        void looks_for_its_turn_again_after_half_a_second_for_each_receive(int receives) throws InterruptedException {
            lost("one", "two");
            List<Delivery> both = byKey(stack.receivedTimes(receives));
            Work.Gate gate = stack.work.gate("one");
            Tasks.Task<List<String>> first = stack.start(List.of(both.getFirst()));
            gate.awaitEntered();
            stack.deliver(List.of(both.getLast()));
            Duration most = Duration.ofMillis(Math.min(60_000, 500L * receives));
            stack.time.advance(most.dividedBy(2).minusMillis(1));
            assertThat(stack.receive(10)).as("not yet").isEmpty();
            stack.time.advance(most.dividedBy(2).plusMillis(1));
            assertThat(stack.receive(10)).hasSize(1);
            gate.open();
            first.join();
        }

        @Test
        void waits_its_turn_also_if_it_was_received_often() throws InterruptedException {
            lost("one", "two");
            Work.Gate gate = stack.work.gate("one");
            List<Delivery> both = byKey(stack.receivedTimes(6));
            Tasks.Task<List<String>> first = stack.start(List.of(both.getFirst()));
            gate.awaitEntered();
            stack.dispatch("d2", Stack.step("new"));
            List<Delivery> batch = new ArrayList<>(List.of(both.getLast()));
            batch.addAll(stack.receive(10));
            assertThat(stack.deliver(batch)).containsExactly(both.getLast().messageId());
            assertThat(stack.state("new")).isEqualTo(Name.SUCCEEDED);
            gate.open();
            first.join();
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 6})
        void has_its_turn_later_if_its_worker_breaks_off_before_it_runs(int receives) throws InterruptedException {
            lost("one", "two");
            List<Delivery> batch = byKey(stack.receivedTimes(receives));
            stack.faults.afterNext("queue.changeVisibility", () -> {
                throw new OutOfMemoryError("in the middle of putting back");
            });
            assertThatThrownBy(() -> stack.execute(batch)).isInstanceOf(OutOfMemoryError.class);
            stack.execute(batch);
            assertThat(stack.state("one")).isEqualTo(Name.SUCCEEDED);
        }

        @Test
        void for_which_no_time_is_left_is_put_back_uncounted() throws InterruptedException {
            stack.handOver("poison");
            stack.crashAfterClaim();
            stack.expireLease();
            stack.sweep();
            List<Delivery> batch = new ArrayList<>(stack.receive(10));
            stack.dispatch("d2", Stack.step("b"));
            batch.addAll(stack.receive(10));
            stack.work.on("b", (input, context) -> {
                stack.time.advance(Duration.ofSeconds(100));
                return StepResult.none();
            });
            assertThat(stack.execute(batch, Duration.ofSeconds(311)))
                    .containsExactly(batch.getFirst().messageId());
            assertThat(stack.record("poison").attempt()).isEqualTo(1);
            assertThat(stack.state("poison")).isEqualTo(Name.RETRYING);
        }

        @Test
        void is_also_a_step_whose_worker_fell_silent_and_no_claim_takes_it_before_that_is_revoked()
                throws InterruptedException {
            stack.handOver("a");
            List<Delivery> batch = stack.receive(10);
            stack.faults.crashAfter("store.write", 0);
            stack.crash(batch);
            stack.expireLease();
            stack.deliver(batch);
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.sweep().steps().reclaimed()).isEqualTo(1);
            stack.deliver();
            assertThat(stack.work.started()).containsExactly("a#2");
            assertThat(stack.record("a").history())
                    .singleElement()
                    .satisfies(note -> assertThat(note.cause()).isEqualTo(Kind.WORKER_LOST));
            assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
        }
    }

    @Nested
    class A_message {
        private void send(String body) {
            stack.ports.queue().send(List.of(new Outgoing("g", body, Duration.ZERO)));
        }

        @Test
        void that_is_not_ours_is_buried_whole_and_acknowledged_beside_its_batch_mates() throws InterruptedException {
            String body = "{\"hello\": \"wörld 漢 \\u0000\"} trailing";
            stack.handOver("a");
            send(body);
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.ports.deadLetters().peek(10)).singleElement().satisfies(deadLetter -> {
                assertThat(DeadLetterCodec.read(deadLetter).kind()).isEqualTo("UNRECOGNISED_MESSAGE");
                assertThat(Json.parse(deadLetter).get("unrecognised").textValue())
                        .isEqualTo(body);
            });
            assertThat(stack.count(Metric.MESSAGES_UNRECOGNISED)).isEqualTo(1);
            assertThat(visibleAfter(WITHIN)).isEmpty();
        }

        /** What was sent for step {@code a}, with one thing replaced. */
        private String forged(String original, String replacement) throws InterruptedException {
            String body = stack.receive(10).getFirst().body();
            assertThat(body).contains(original);
            return body.replace(original, replacement);
        }

        @Test
        void whose_dispatch_nobody_made_runs_nothing_and_is_dead_lettered() throws InterruptedException {
            stack.handOver("a");
            send(forged("\"dispatchId\":\"d1\"", "\"dispatchId\":\"d2\""));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).singleElement().satisfies(deadLetter -> {
                assertThat(DeadLetterCodec.read(deadLetter).kind()).isEqualTo("UNRECOGNISED_MESSAGE");
                assertThat(DeadLetterCodec.read(deadLetter).message()).contains("it was not dispatched");
            });
        }

        @Test
        void whose_run_has_no_such_dispatch_creates_no_run() throws InterruptedException {
            stack.handOver("a");
            send(forged("\"runId\":\"r1\"", "\"runId\":\"r2\""));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.ports.store().run("r2")).isEmpty();
        }

        @Test
        void that_cannot_be_a_step_of_its_dispatch_runs_nothing() throws InterruptedException {
            stack.handOver("a");
            String body = stack.receive(10).getFirst().body();
            send(body.replace("\"key\":\"a\"", "\"key\":\"b\"")); // that key's shard is another
            send(body.replace("\"index\":0", "\"index\":1"));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).hasSize(2);
        }

        /** A worker reads no manifest: whoever may send to the queue is trusted with this (docs/security.md). */
        @Test
        void that_names_another_key_of_its_shard_runs_a_step_that_nobody_dispatched() throws InterruptedException {
            stack.handOver("a");
            String body = stack.receive(10).getFirst().body();
            int shard = Json.parse(body).path("shard").intValue();
            String key = IntStream.range(0, 1000)
                    .mapToObj(i -> "forged-" + i)
                    .filter(each -> Shards.of(each, Shards.DEFAULT) == shard)
                    .findFirst()
                    .orElseThrow();
            send(body.replace("\"key\":\"a\"", "\"key\":\"" + key + "\""));
            stack.deliver();
            assertThat(stack.work.started().toString()).contains(key);
            assertThat(stack.state(key)).isEqualTo(Name.SUCCEEDED);
        }

        @Test
        void whose_key_would_break_a_line_of_the_log_runs_nothing() throws InterruptedException {
            stack.handOver("a");
            send(forged("\"key\":\"a\"", "\"key\":\"a\\n\""));
            stack.deliver();
            assertThat(stack.work.started()).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
        }

        @Test
        void is_looked_up_once_for_each_dispatch_and_environment() throws InterruptedException {
            stack.handOver("a", "b", "c");
            stack.faults.restart();
            StepExecution environment = stack.environment();
            for (int i = 0; i < 3; i++) {
                environment.execute(stack.receive(1), stack.time.instant().plus(Duration.ofMinutes(15)));
            }
            assertThat(stack.work.started()).hasSize(3);
            assertThat(stack.faults.calls("store.dispatch")).isEqualTo(1);
        }

        @Test
        void that_is_not_ours_stays_while_it_cannot_be_buried() throws InterruptedException {
            send("?");
            stack.faults.fail("deadLetters.moveToDeadLetters");
            assertThat(stack.deliver()).hasSize(1);
            assertThat(stack.deliver(visibleAfter(Duration.ofSeconds(2)))).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
        }

        @Test
        void of_a_newer_version_is_put_back_for_a_newer_worker() throws InterruptedException {
            send("{\"v\": " + (MessageCodec.VERSION + 1) + ", \"whatever\": true}");
            assertThat(stack.deliver()).hasSize(1);
            assertThat(visibleAfter(Duration.ofSeconds(29))).isEmpty();
            assertThat(visibleAfter(Duration.ofSeconds(1))).hasSize(1);
            assertThat(stack.ports.deadLetters().peek(10)).isEmpty();
        }

        @Test
        void whose_claim_got_no_answer_comes_again() throws InterruptedException {
            stack.handOver("a", "b");
            stack.faults.fail("store.write");
            assertThat(stack.deliver()).hasSize(1);
            assertThat(stack.deliver(visibleAfter(Duration.ofSeconds(2)))).isEmpty();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.state("b")).isEqualTo(Name.SUCCEEDED);
        }

        /** Moved by AWS's own redrive: the letter acts as a redrive, once. */
        @Test
        void moved_back_from_the_dead_letters_redrives_its_step() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new IllegalStateException("no");
                }
                return StepResult.of("yes");
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            stack.recover(2);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            String deadLetter = stack.ports.deadLetters().peek(1).getFirst();
            send(deadLetter);
            send(deadLetter);
            stack.deliverAll();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.work.started()).containsExactly("a#1", "a#2");
            assertThat(stack.record("a").attempts().budgetFrom()).isEqualTo(1);
            assertThat(stack.dispatched("d1").closed()).as("reopened").isFalse();
            stack.recover(20);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            assertThat(visibleAfter(WITHIN)).isEmpty();
        }

        /** Only the dispatch that claimed a step first drives it, whichever the letter names. */
        @Test
        void moved_back_reopens_the_dispatch_that_drives_its_step() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new IllegalStateException("no");
                }
                return StepResult.of("yes");
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            stack.dispatch("d2", Stack.once("a"));
            stack.deliver();
            stack.recover(2);
            String deadLetter = stack.ports.deadLetters().peek(1).getFirst();
            send(deadLetter.replace("\"d1\"", "\"d2\""));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.dispatched("d1").closed()).as("reopened").isFalse();
            stack.recover(20);
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.dispatched("d1").closed()).isTrue();
        }

        @Test
        void moved_back_for_an_attempt_that_is_past_changes_nothing() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new IllegalStateException("no");
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            String first = stack.ports.deadLetters().peek(1).getFirst();
            send(first);
            stack.deliver();
            StepRecord deadAt2 = stack.record("a");
            assertThat(deadAt2.attempt()).isEqualTo(2);
            send(first);
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.record("a")).isEqualTo(deadAt2);
        }

        /** It was redriven since, and that message may be lost: the letter's is as good. */
        @Test
        void moved_back_for_a_step_that_waits_to_be_tried_again_drives_it() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                if (context.attempt() == 1) {
                    throw new IllegalStateException("no");
                }
                return StepResult.none();
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            String deadLetter = stack.ports.deadLetters().peek(1).getFirst();
            send(deadLetter);
            stack.faults.crashAfter("store.write", 0);
            stack.crash(stack.receive(10));
            assertThat(stack.state("a")).as("redriven, and not claimed").isEqualTo(Name.RETRYING);
            send(deadLetter);
            stack.deliver();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        }

        /** Who can send to the queue may know a run and its keys; to redrive by it takes a dispatch that the table has. */
        @Test
        void that_looks_like_a_dead_letter_of_a_dispatch_nobody_made_redrives_nothing() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new IllegalStateException("no");
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            StepRecord dead = stack.record("a");
            String deadLetter = stack.ports.deadLetters().peek(10).getFirst();
            send(deadLetter.replace("\"d1\"", "\"forged\""));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.record("a")).isEqualTo(dead);
            assertThat(stack.work.started()).containsExactly("a#1");
            assertThat(stack.count(Metric.MESSAGES_UNRECOGNISED)).isEqualTo(1);
            assertThat(stack.ports.deadLetters().peek(10))
                    .as("it lies there whole")
                    .anyMatch(body -> body.contains("forged"));
        }

        @Test
        void moved_back_for_a_step_that_age_deleted_is_acknowledged() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new IllegalStateException("no");
            });
            stack.dispatch("d1", Stack.once("a"));
            stack.deliver();
            send(stack.ports.deadLetters().peek(1).getFirst().replace("\"r1\"", "\"r2\""));
            assertThat(stack.deliver()).isEmpty();
            assertThat(stack.work.started()).containsExactly("a#1");
        }
    }

    @Nested
    class A_retry_rule {
        private void fails(Exception with, List<String> on, List<String> never) throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw with;
            });
            RetryPolicy retry = new RetryPolicy(3, Duration.ZERO, Duration.ZERO, new RetryRule(on, never));
            stack.dispatch("d1", Stack.step("a", "{}", retry));
            stack.deliver();
        }

        @Test
        void of_an_exception_or_its_superclass_ends_the_step_FAILED_at_once() throws InterruptedException {
            fails(new NumberFormatException("no number"), List.of(), List.of("java.lang.IllegalArgumentException"));
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
            assertThat(error("a").kind()).isEqualTo(Kind.HANDLER_FAILED);
            assertThat(error("a").message())
                    .startsWith("java.lang.NumberFormatException: no number (")
                    .endsWith(" (not retried: retry.never names java.lang.IllegalArgumentException)");
            assertThat(stack.record("a").history()).hasSize(1);
            assertThat(visibleAfter(WITHIN)).isEmpty();
            assertThat(stack.ports.deadLetters().peek(10)).isEmpty();
        }

        @Test
        void names_an_exception_without_its_package_too() throws InterruptedException {
            fails(new NumberFormatException("no number"), List.of("NumberFormatException"), List.of());
            assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        }

        @Test
        void names_a_class_in_another_as_Java_does() throws InterruptedException {
            fails(new Odd("odd"), List.of(), List.of("dev.stepstile.usecases.StepExecutionTest$Odd"));
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
        }

        @Test
        void ends_what_on_does_not_name() throws InterruptedException {
            fails(new NumberFormatException("no number"), List.of("IOException", "TIMEOUT"), List.of());
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
            assertThat(error("a").message()).endsWith("(not retried: retry.on does not name it)");
        }

        @Test
        void does_not_look_at_causes() throws InterruptedException {
            fails(
                    new IllegalStateException("wrapped", new NumberFormatException("no number")),
                    List.of(),
                    List.of("NumberFormatException"));
            assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
        }

        @Test
        void lets_a_handler_ask_for_a_retry_unless_never_names_that() throws InterruptedException {
            fails(new RetryAfter(Duration.ofSeconds(5), "busy"), List.of("TIMEOUT"), List.of());
            assertThat(stack.record("a").state()).isEqualTo(new StepState.Retrying(Stack.START.plusSeconds(5)));
        }

        @Test
        void is_changed_by_a_redrive_and_then_followed() throws InterruptedException {
            fails(new IllegalStateException("broke"), List.of(), List.of("IllegalStateException"));
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
            StepOverrides overrides = new StepOverrides(
                    null, new StepOverrides.Retries(null, null, null, null, List.of("WORKER_LOST")), null, null);
            stack.stepstile
                    .redriver()
                    .redrive(
                            stack.ports.store().run(Stack.RUN).orElseThrow(),
                            new Redriver.Request(StepState.REDRIVABLE, Set.of(), overrides, null, null),
                            Stack.START.plusSeconds(60));
            stack.deliver();
            assertThat(stack.state("a")).isEqualTo(Name.RETRYING);
            assertThat(stack.record("a").settings().retry().rule().never()).containsExactly("WORKER_LOST");
        }
    }

    private static final class Odd extends Exception {
        Odd(String message) {
            super(message);
        }
    }

    @Nested
    class A_handler {
        @Test
        void that_throws_is_tried_again_until_its_budget_is_spent_and_then_buried() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new IllegalStateException("attempt " + context.attempt() + " broke");
            });
            stack.dispatch(
                    "d1", Stack.step("a", "{}", new RetryPolicy(3, Duration.ofSeconds(10), Duration.ofSeconds(10))));
            stack.deliver();
            StepState.Retrying retrying = (StepState.Retrying) stack.record("a").state();
            assertThat(Duration.between(Stack.START, retrying.notBefore()))
                    .isBetween(Duration.ZERO, Duration.ofSeconds(10));
            stack.deliver(visibleAfter(Duration.ofSeconds(10)));
            stack.deliver(visibleAfter(Duration.ofSeconds(10)));
            assertThat(stack.state("a")).isEqualTo(Name.DEAD);
            assertThat(error("a").message()).startsWith("java.lang.IllegalStateException: attempt 3 broke (");
            assertThat(((StepState.Dead) stack.record("a").state()).deadLetteredAt())
                    .isNotNull();
            assertThat(stack.ports.deadLetters().peek(10))
                    .singleElement()
                    .satisfies(deadLetter -> assertThat(deadLetter).contains("attempt 1 broke", "attempt 3 broke"));
            assertThat(visibleAfter(WITHIN)).isEmpty();
        }

        @Test
        void that_says_when_to_come_back_is_obeyed_within_its_budget() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new RetryAfter(Duration.ofSeconds(77), "busy");
            });
            stack.dispatch(
                    "d1", Stack.step("a", "{}", new RetryPolicy(2, Duration.ofSeconds(1), Duration.ofSeconds(1))));
            stack.deliver();
            assertThat(stack.record("a").state()).isEqualTo(new StepState.Retrying(Stack.START.plusSeconds(77)));
            stack.deliver(visibleAfter(Duration.ofSeconds(77)));
            assertThat(stack.state("a")).isEqualTo(Name.DEAD);
        }

        @Test
        void that_names_a_moment_that_has_just_passed_is_tried_again_at_once() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new RetryAfter(Duration.ofMillis(-400), "quota");
            });
            stack.dispatch("d1", Stack.step("a", "{}", new RetryPolicy(2, Duration.ofHours(1), Duration.ofHours(1))));
            stack.deliver();
            assertThat(stack.record("a").state()).isEqualTo(new StepState.Retrying(Stack.START));
        }

        @Test
        void that_says_it_is_pointless_ends_the_step_FAILED_and_buries_nothing() throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new TerminalFailure("no such customer");
            });
            stack.handOver("a");
            assertThat(stack.deliver()).isEmpty();
            assertThat(error("a")).isEqualTo(new StepError(Kind.TERMINAL_FAILURE, "no such customer"));
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
            assertThat(stack.ports.deadLetters().peek(10)).isEmpty();
        }

        @Test
        void that_throws_an_Error_or_overflows_its_stack_fails_the_attempt_and_nothing_else()
                throws InterruptedException {
            stack.work.on("error", (input, context) -> {
                throw new NoClassDefFoundError("some.Missing");
            });
            stack.work.on("deep", (input, context) -> StepResult.of(depth(0)));
            stack.work.on("silent", (input, context) -> {
                throw new Unspeakable();
            });
            stack.dispatch("d1", Stack.once("error"), Stack.once("deep"), Stack.once("silent"), Stack.once("fine"));
            assertThat(stack.deliver()).isEmpty();
            assertThat(error("error").message())
                    .matches("java.lang.NoClassDefFoundError: some.Missing \\(StepExecutionTest.java:\\d+\\)");
            assertThat(error("deep").message()).startsWith("java.lang.StackOverflowError");
            assertThat(error("silent").message()).startsWith(Unspeakable.class.getName() + " (");
            assertThat(stack.state("fine")).isEqualTo(Name.SUCCEEDED);
        }

        @Test
        void that_throws_keeps_class_line_and_causes_in_its_error_and_the_whole_trace_in_its_log()
                throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new IllegalStateException("no such day", new IOException("disk full"));
            });
            stack.work.on("b", (input, context) -> {
                throw new TerminalFailure("bad day", new IOException("disk full"));
            });
            stack.dispatch("d1", Stack.once("a"), Stack.once("b"));
            stack.deliver();
            String place = " \\(StepExecutionTest.java:\\d+\\)";
            assertThat(error("a").message())
                    .matches("java.lang.IllegalStateException: no such day" + place
                            + "; caused by java.io.IOException: disk full" + place);
            assertThat(error("b").message()).matches("bad day; caused by java.io.IOException: disk full" + place);
            for (String key : List.of("a", "b")) {
                assertThat(stack.log(key, 1))
                        .anyMatch(line -> line.endsWith("Exception: no such day") || line.endsWith(": bad day"))
                        .contains("Caused by: java.io.IOException: disk full")
                        .anyMatch(line -> line.startsWith("\tat ") && line.contains("StepExecutionTest.java:"));
            }
        }

        private static final class Unspeakable extends Exception {
            @Override
            public String getMessage() {
                throw new IllegalStateException("its message depends on what is not there");
            }
        }

        private int depth(int n) {
            return n < 0 ? 0 : depth(n + 1) + 1;
        }

        @Test
        void that_throws_an_interruption_of_its_own_fails_the_attempt_and_leaves_the_worker_uninterrupted()
                throws InterruptedException {
            stack.work.on("a", (input, context) -> {
                throw new InterruptedException("of its own");
            });
            stack.dispatch("d1", Stack.once("a"));
            assertThat(stack.deliver()).isEmpty();
            assertThat(Thread.interrupted()).isFalse();
            assertThat(error("a").message()).startsWith("java.lang.InterruptedException: of its own (");
        }

        @Test
        void that_returns_null_or_cyclic_or_unprintable_things_fails_with_a_clear_error() throws InterruptedException {
            stack.work.on("null", (input, context) -> null);
            stack.work.on("cycle", (input, context) -> {
                List<Object> list = new ArrayList<>();
                list.add(list);
                return StepResult.of(list);
            });
            stack.work.on(
                    "list",
                    (input, context) -> StepResult.of(new AbstractList<Integer>() {
                        @Override
                        public Integer get(int index) {
                            throw new IllegalStateException("secret");
                        }

                        @Override
                        public int size() {
                            return 1;
                        }
                    }));
            stack.work.on("text", (input, context) -> StepResult.ofJson("{secret"));
            stack.dispatch("d1", Stack.once("null"), Stack.once("cycle"), Stack.once("list"), Stack.once("text"));
            stack.deliver();
            assertThat(error("null").message()).contains("null");
            for (String key : List.of("cycle", "list", "text")) {
                assertThat(stack.state(key)).as(key).isEqualTo(Name.FAILED);
                assertThat(error(key).kind()).as(key).isEqualTo(Kind.RESULT_NOT_SERIALISABLE);
                assertThat(error(key).message())
                        .as(key)
                        .contains("return records, maps")
                        .doesNotContain("secret");
            }
        }

        @Test
        void whose_result_is_over_the_limit_fails_and_says_what_to_do() throws InterruptedException {
            stack.work.on("a", (input, context) -> StepResult.of("x".repeat(10 * 1024 * 1024 - 1)));
            stack.work.on("b", (input, context) -> StepResult.of("x".repeat(10 * 1024 * 1024 - 2)));
            stack.handOver("a", "b");
            stack.deliver();
            assertThat(error("a").kind()).isEqualTo(Kind.RESULT_TOO_LARGE);
            assertThat(error("a").message()).contains("10485761", "10485760", "return where it is");
            assertThat(stack.record("b").state())
                    .isInstanceOfSatisfying(
                            StepState.Succeeded.class,
                            done -> assertThat(done.result()).isInstanceOf(Payload.Stored.class));
        }

        @Test
        void that_is_not_installed_ends_the_step_FAILED_with_those_that_are() throws InterruptedException {
            stack.dispatch(
                    "d1", new NewStep("a", "wrok", "{}", RetryPolicy.DEFAULT, Duration.ofSeconds(1), new TreeMap<>()));
            stack.deliver();
            assertThat(stack.state("a")).isEqualTo(Name.FAILED);
            assertThat(error("a"))
                    .isEqualTo(new StepError(
                            Kind.UNKNOWN_HANDLER, "No handler is named 'wrok' on this worker; known: work."));
        }

        @Test
        void whose_input_is_gone_is_DEAD_and_buried() throws Exception {
            stack.dispatch("d1", Stack.step("a", "\"" + "x".repeat(50_000) + "\"", RetryPolicy.DEFAULT));
            try (var files = Files.walk(folder.resolve("state/payloads"))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.delete(file);
                }
            }
            Stack other = stack;
            assertThat(other.deliver()).isEmpty();
            assertThat(error("a").kind()).isEqualTo(Kind.PAYLOAD_MISSING);
            assertThat(stack.state("a")).isEqualTo(Name.DEAD);
            assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
            assertThat(stack.work.started()).isEmpty();
        }

        @Test
        void whose_input_does_not_fit_its_type_fails_terminally_and_tells_where_but_not_what()
                throws InterruptedException {
            record Customer(int number) {}
            stack.work.on("a", (input, context) -> StepResult.of(input.as(Customer.class)));
            stack.dispatch("d1", Stack.step("a", "{\"number\":\"s3cret\"}", RetryPolicy.DEFAULT));
            stack.deliver();
            assertThat(error("a").kind()).isEqualTo(Kind.TERMINAL_FAILURE);
            assertThat(error("a").message()).contains("Customer", "number").doesNotContain("s3cret");
        }

        @Test
        void gets_numbers_and_texts_as_they_were_sent() throws InterruptedException {
            String json = "{\"pi\":3.14159265358979323846,\"big\":123456789012345678901234567890,\"tiny\":1E-400,"
                    + "\"money\":1.10,\"text\":\"ü漢🚀\\u0000\"}";
            stack.work.on("a", (input, context) -> StepResult.ofJson(input.json()));
            stack.dispatch("d1", Stack.step("a", json, RetryPolicy.DEFAULT));
            stack.deliver();
            assertThat(stack.record("a").state())
                    .isInstanceOfSatisfying(
                            StepState.Succeeded.class,
                            done -> assertThat(done.result()).isEqualTo(new Payload.Inline(json)));
        }
    }

    @Nested
    class A_crash {
        /** Before each port call of a worker but the first: the step is run again, and one result is recorded. */
        @Test
        void anywhere_leaves_a_step_that_ends_once() throws Exception {
            stack.work.on("a", (input, context) -> StepResult.of("y".repeat(2_000) + context.attempt() + Math.PI));
            stack.handOver("a");
            List<Delivery> probe = stack.receive(10);
            stack.faults.restart();
            stack.execute(probe);
            int calls = stack.faults.calls().size();
            assertThat(calls).isBetween(2, 10);
            for (int call = 1; call < calls; call++) {
                try (Stack crashing = new Stack(folder.resolve("" + call))) {
                    crashAt(crashing, call);
                }
            }
        }

        private void crashAt(Stack stack, int call) throws InterruptedException {
            stack.work.on("a", (input, context) -> StepResult.of("y".repeat(2_000) + context.attempt()));
            stack.handOver("a");
            stack.faults.restart();
            stack.faults.crashBefore("", call);
            stack.crash(stack.receive(10));
            boolean ended = stack.state("a") == Name.SUCCEEDED;
            StepRecord then = ended ? stack.record("a") : null;
            stack.recover(200);
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.dispatched("d1").closed()).isTrue();
            if (ended) {
                assertThat(stack.record("a")).isEqualTo(then);
            }
        }

        @Test
        void between_death_and_dead_letter_is_made_good_by_the_sweeper() throws InterruptedException {
            for (String call : List.of("deadLetters.moveToDeadLetters", "store.write")) {
                String key = call.startsWith("deadLetters") ? "a" : "b";
                stack.work.on(key, (input, context) -> {
                    throw new IllegalStateException("no");
                });
                stack.dispatch("d-" + key, Stack.once(key));
                List<Delivery> batch = stack.receive(10);
                stack.faults.restart();
                // writes: the claim, the death, then the mark of the dead letter
                stack.faults.crashBefore(call, call.startsWith("deadLetters") ? 0 : 2);
                stack.crash(batch);
                assertThat(stack.record(key).state())
                        .isInstanceOfSatisfying(
                                StepState.Dead.class,
                                dead -> assertThat(dead.deadLetteredAt()).isNull());
            }
            stack.sweepAfter(Duration.ofMinutes(1));
            for (String key : List.of("a", "b")) {
                assertThat(stack.record(key).state())
                        .isInstanceOfSatisfying(
                                StepState.Dead.class,
                                dead -> assertThat(dead.deadLetteredAt()).isNotNull());
            }
            assertThat(stack.ports.deadLetters().peek(10))
                    .as("one twice, none missing")
                    .hasSize(3);
        }

        @Test
        void of_the_answer_to_a_claim_or_a_success_changes_nothing() throws InterruptedException {
            stack.handOver("a");
            stack.faults.loseAnswer("store.write");
            List<Delivery> batch = stack.receive(10);
            assertThat(stack.deliver(batch)).as("not known whether claimed").hasSize(1);
            assertThat(stack.state("a")).as("found out at its worker's end").isEqualTo(Name.RETRYING);
            stack.time.advance(Duration.ofSeconds(2));
            stack.work.on("a", (input, context) -> {
                stack.faults.loseAnswer("store.write");
                return StepResult.of("once");
            });
            assertThat(stack.deliver(batch)).isEmpty();
            assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
            assertThat(stack.record("a").attempt()).isEqualTo(2);
            assertThat(stack.count(Metric.STALE_REFUSED)).isZero();
        }
    }
}
