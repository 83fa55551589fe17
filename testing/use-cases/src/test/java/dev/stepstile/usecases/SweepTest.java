package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Retention;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.StepState.Name;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.SweepReport;
import dev.stepstile.usecase.Tasks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep. */
class SweepTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

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

    private static SortedMap<Name, Integer> counts(Map<Name, Integer> counts) {
        return new TreeMap<>(counts);
    }

    @Test
    void finds_nothing_before_a_dispatch_is_due() throws InterruptedException {
        stack.handOver("a");
        assertThat(stack.sweep().dispatches()).isZero();
        assertThat(stack.sweepAfter(Duration.ofSeconds(29)).dispatches()).isZero();
        assertThat(stack.sweepAfter(Duration.ofSeconds(1)).dispatches())
                .as("due within half an interval")
                .isEqualTo(1);
    }

    @Test
    void counts_what_it_finds_and_closes_a_dispatch_whose_steps_have_all_ended() throws InterruptedException {
        stack.handOver("a", "b", "c");
        stack.deliver(stack.receive(2));
        assertThat(stack.sweepAfter(MINUTE).closed()).isZero();
        Dispatch open = stack.dispatched("d1");
        assertThat(open.counts()).isEqualTo(counts(Map.of(Name.SUCCEEDED, 2, Name.QUEUED, 1)));
        assertThat(open.progress().countedAt()).isEqualTo(Stack.START.plus(MINUTE));
        assertThat(open.progress().finished().toBitSet().cardinality()).isEqualTo(2);
        assertThat(open.schedule().nextAt()).isEqualTo(Stack.START.plus(MINUTE.multipliedBy(2)));
        stack.deliver();
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.dispatched("d1").counts()).isEqualTo(counts(Map.of(Name.SUCCEEDED, 3)));
        assertThat(stack.sweepAfter(Duration.ofDays(1)).dispatches()).isZero();
        assertThat(stack.count(Metric.DISPATCHES_CLOSED)).isEqualTo(1);
    }

    @Test
    void writes_nothing_anew_where_nothing_is_deleted_by_age() throws InterruptedException {
        stack.handOver("a", "b");
        stack.deliver(stack.receive(1));
        stack.sweepAfter(MINUTE);
        stack.faults.restart();
        assertThat(stack.sweepAfter(Retention.REFRESH_AFTER.plus(MINUTE)).dispatches())
                .isEqualTo(1);
        assertThat(stack.faults.calls()).doesNotContain("store.write", "items.put", "objects.put");
    }

    @Test
    void counts_successes_from_the_feed_which_it_reads_once_for_all_dispatches_of_a_run() throws InterruptedException {
        stack.handOver(IntStream.range(0, 150).mapToObj(i -> "s" + i).toArray(String[]::new));
        List<Delivery> batch = stack.receive(10);
        while (batch.size() == 10) {
            stack.deliver(batch);
            batch = stack.receive(10);
        }
        stack.dispatch("d2", Stack.step("last"));
        stack.faults.restart();
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
        assertThat(stack.faults.calls()).doesNotContain("store.records", "store.record");
        assertThat(stack.faults.calls("store.feed")).isEqualTo(Shards.DEFAULT);
        assertThat(stack.dispatched("d2").counts()).isEqualTo(counts(Map.of(Name.QUEUED, 1)));
    }

    @Test
    void reads_the_records_of_steps_that_ended_otherwise_and_of_no_others() throws InterruptedException {
        stack.work.on("dies", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("dies"), Stack.step("a"), Stack.step("b"));
        List<Delivery> batch = stack.receive(10);
        stack.deliver(batch.subList(0, 2));
        stack.faults.restart();
        stack.sweepAfter(MINUTE);
        assertThat(stack.faults.calls("store.records")).isEqualTo(1);
        assertThat(stack.dispatched("d1").progress().finished().toBitSet().cardinality())
                .isEqualTo(2);
        stack.faults.restart();
        stack.sweepAfter(Duration.ofSeconds(59));
        assertThat(stack.faults.calls()).doesNotContain("store.records", "payloads.get");
        assertThat(stack.faults.calls("store.replace"))
                .as("one write, as nothing is new")
                .isEqualTo(1);
    }

    @Test
    void counts_as_running_what_the_items_of_workers_say() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a", "b", "c");
        Tasks.Task<List<String>> worker = stack.start(stack.receive(1));
        gate.awaitEntered();
        stack.time.advance(MINUTE);
        stack.sweep();
        assertThat(stack.dispatched("d1").counts()).isEqualTo(counts(Map.of(Name.RUNNING, 1, Name.QUEUED, 2)));
        gate.open();
        worker.join();
    }

    @Test
    void takes_a_step_from_a_silent_worker_within_lease_margin_and_two_intervals_and_sends_it()
            throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        Instant bound = Stack.START
                .plus(stack.timing.lease())
                .plus(stack.timing.margin())
                .plus(stack.timing.sweepEvery().multipliedBy(2));
        while (stack.work.started().isEmpty() && stack.time.instant().isBefore(bound)) {
            stack.sweepAfter(stack.timing.sweepEvery());
            stack.deliver();
        }
        assertThat(stack.work.started()).containsExactly("a#2");
        assertThat(stack.time.instant()).isBeforeOrEqualTo(bound);
        assertThat(stack.count(Metric.WORKERS_LOST)).isEqualTo(1);
        assertThat(stack.count(Metric.STEPS_RECLAIMED)).isEqualTo(1);
    }

    /** It claimed the step after others had revoked it, recovered its steps and deleted its item. */
    @Test
    void ends_the_attempt_of_a_worker_whose_item_is_gone() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        String worker = Objects.requireNonNull(stack.record("a").worker());
        stack.ports.workers().end(worker);
        assertThat(stack.sweepAfter(Duration.ofMinutes(3)).steps().reclaimed()).isEqualTo(1);
        stack.deliver();
        assertThat(stack.work.started()).containsExactly("a#2");
    }

    @Test
    void buries_a_step_whose_last_worker_fell_silent() throws InterruptedException {
        stack.dispatch("d1", Stack.once("a"));
        stack.crashAfterClaim();
        SweepReport report = stack.sweepAfter(MINUTE.multipliedBy(2));
        assertThat(report.steps().reclaimed()).isEqualTo(1);
        assertThat(report.steps().deadLettered()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(Name.DEAD);
        assertThat(stack.ports.deadLetters().peek(10))
                .singleElement()
                .asString()
                .contains("WORKER_LOST", "the last of 1");
        assertThat(report.closed()).isEqualTo(1);
        assertThat(stack.dispatched("d1").counts()).isEqualTo(counts(Map.of(Name.DEAD, 1)));
    }

    @Test
    void sends_a_lost_message_again_but_not_beside_a_backlog() throws InterruptedException {
        stack.handOver("a", "b");
        List<Delivery> lost = stack.receive(1);
        stack.ports.queue().delete(List.of(lost.getFirst().receipt()));
        assertThat(stack.sweepAfter(Duration.ofMinutes(3)).steps().resent())
                .as("the other message is visible")
                .isZero();
        stack.deliver();
        assertThat(stack.sweepAfter(MINUTE).steps().resent()).isEqualTo(1);
        assertThat(stack.dispatched("d1").sending().resends()).isEqualTo(1);
        assertThat(stack.sweepAfter(MINUTE).steps().resent())
                .as("it waits visibly")
                .isZero();
        stack.deliver();
        assertThat(stack.work.started()).containsExactlyInAnyOrder("a#1", "b#1");
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    @Test
    void does_not_take_messages_in_flight_for_a_backlog() throws InterruptedException {
        stack.handOver("a");
        stack.receive(10);
        assertThat(stack.sweepAfter(Duration.ofMinutes(3)).steps().resent()).isEqualTo(1);
    }

    @Test
    void sends_a_retrying_step_whose_message_is_gone_after_a_grace() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            if (context.attempt() == 1) {
                throw new IllegalStateException("once");
            }
            return StepResult.none();
        });
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        stack.faults.fail("queue.changeVisibility");
        stack.execute(batch);
        stack.ports.queue().delete(List.of(batch.getFirst().receipt()));
        stack.recover(10);
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.work.started()).containsExactly("a#1", "a#2");
    }

    @Test
    void ends_as_EXPIRED_what_was_not_started_while_it_was_valid() throws InterruptedException {
        stack.handOver("a");
        List<Delivery> batch = stack.receive(10);
        SweepReport report = stack.sweepAfter(stack.timing.validity().plusMillis(1));
        assertThat(report.steps().discarded()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(Name.DEAD);
        assertThat(stack.ports.deadLetters().peek(10))
                .singleElement()
                .asString()
                .contains("EXPIRED");
        assertThat(stack.execute(batch)).as("its message comes too late").isEmpty();
        assertThat(stack.work.started()).isEmpty();
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    @Test
    void finishes_a_cancel_that_crashed() throws InterruptedException {
        stack.handOver("a", "b");
        stack.ports.store().raiseCancelSeq(Stack.RUN);
        assertThat(stack.sweepAfter(MINUTE).steps().cancelled()).isEqualTo(2);
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
        assertThat(stack.deliver()).isEmpty();
        assertThat(stack.work.started()).isEmpty();
        assertThat(stack.dispatched("d1").closed())
                .as("closed by the very sweep")
                .isTrue();
    }

    @Test
    void asks_a_running_step_of_a_cancelled_run_to_stop() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        stack.ports.store().raiseCancelSeq(Stack.RUN);
        stack.sweepAfter(MINUTE);
        assertThat(((StepState.Running) stack.record("a").state()).cancelRequested())
                .isTrue();
        stack.time.advance(Duration.ofSeconds(20));
        worker.join();
        assertThat(stack.state("a")).isEqualTo(Name.CANCELLED);
    }

    @Test
    void twice_at_once_does_no_harm() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.time.advance(MINUTE.multipliedBy(2));
        List<Tasks.Task<SweepReport>> sweeps = IntStream.range(0, 4)
                .mapToObj(i -> stack.time.fork("sweep", stack::sweep))
                .toList();
        int taken = 0;
        for (Tasks.Task<SweepReport> sweep : sweeps) {
            taken += sweep.join().dispatches();
        }
        assertThat(taken).isEqualTo(1);
        stack.deliverAll();
        assertThat(stack.work.started()).containsExactly("a#2");
    }

    @Test
    void does_not_close_a_dispatch_before_a_redriver_had_its_time() throws InterruptedException {
        stack.handOver("a");
        stack.deliver();
        Dispatch dispatch = stack.dispatched("d1");
        Instant keepOpen = Stack.START.plus(Duration.ofMinutes(3));
        stack.ports.store().replace(dispatch.reopened(Stack.START.plus(MINUTE), keepOpen));
        assertThat(stack.sweepAfter(MINUTE).closed()).isZero();
        assertThat(stack.sweepAfter(MINUTE).closed()).isZero();
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    /** Else the dispatch closes over a step that runs again, and no sweep ever looks at it. */
    @Test
    void takes_no_step_for_finished_that_a_redriver_may_still_write() throws InterruptedException {
        stack.work.on("dies", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("dies"), Stack.step("b"));
        stack.deliverAll();
        Dispatch dispatch = stack.dispatched("d1");
        Instant keepOpen = Stack.START.plus(Duration.ofMinutes(3));
        stack.ports.store().replace(dispatch.reopened(Stack.START.plus(MINUTE), keepOpen));
        stack.sweepAfter(MINUTE);
        Dispatch swept = stack.dispatched("d1");
        assertThat(swept.progress().finished().toBitSet().stream())
                .as("nobody redrives a success")
                .containsExactly(1);
        assertThat(swept.counts()).isEqualTo(counts(Map.of(Name.DEAD, 1, Name.SUCCEEDED, 1)));
        stack.faults.afterNext("store.records", () -> stack.time.advance(MINUTE.multipliedBy(2)));
        assertThat(stack.sweepAfter(MINUTE).closed())
                .as("its records were read before")
                .isZero();
        assertThat(stack.dispatched("d1").progress().finished().toBitSet().cardinality())
                .isEqualTo(1);
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    /** Design, rule 5: closing depends on the version that was read before the records were. */
    @Test
    void does_not_close_a_dispatch_that_was_reopened_while_it_looked() throws InterruptedException {
        stack.work.on("a", (input, context) -> {
            throw new IllegalStateException("no");
        });
        stack.dispatch("d1", Stack.once("a"));
        stack.deliverAll();
        stack.faults.afterNext("store.records", () -> {
            Dispatch read = stack.dispatched("d1");
            stack.ports.store().replace(read.reopened(stack.time.instant().plus(MINUTE), Stack.START));
        });
        assertThat(stack.sweepAfter(MINUTE).closed()).isZero();
        assertThat(stack.dispatched("d1").closed()).isFalse();
        assertThat(stack.dispatched("d1").progress().finished().toBitSet().isEmpty())
                .isTrue();
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    @Test
    void goes_on_with_the_others_when_a_port_fails_and_comes_back_to_what_it_left() throws InterruptedException {
        for (int i = 0; i < 6; i++) {
            stack.dispatch("d" + i, Stack.step("s" + i));
        }
        stack.deliverAll();
        stack.faults.fail("store.replace");
        SweepReport first = stack.sweepAfter(MINUTE);
        assertThat(first.unreachable()).isEqualTo(1);
        assertThat(first.closed()).isEqualTo(5);
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
    }

    @Test
    void leaves_a_step_that_it_cannot_write_to_the_next_one() throws InterruptedException {
        stack.handOver("a");
        stack.crashAfterClaim();
        stack.faults.fail("store.write");
        SweepReport report = stack.sweepAfter(MINUTE.multipliedBy(2));
        assertThat(report.unreachable()).isEqualTo(1);
        assertThat(stack.state("a")).isEqualTo(Name.RUNNING);
        assertThat(stack.sweepAfter(MINUTE).steps().reclaimed()).isEqualTo(1);
    }

    @Test
    void leaves_a_step_that_ended_while_it_looked() throws InterruptedException {
        Work.Gate gate = stack.work.gate("a");
        stack.handOver("a");
        Tasks.Task<List<String>> worker = stack.start();
        gate.awaitEntered();
        for (int i = 0; i < 100; i++) {
            stack.faults.fail("workers.renew");
        }
        stack.expireLease();
        stack.faults.restart();
        stack.faults.afterNext("store.records", () -> endsNow(gate, worker));
        assertThat(stack.sweep().steps().reclaimed()).isZero();
        assertThat(stack.state("a")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.sweepAfter(MINUTE).closed()).isEqualTo(1);
        assertThat(stack.workers()).isEmpty();
    }

    private void swept() {
        try {
            stack.sweep();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private static void endsNow(Work.Gate gate, Tasks.Task<List<String>> worker) {
        try {
            gate.open();
            worker.join();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void leaves_what_another_sweep_has_taken_since_it_read_the_index_or_the_dispatch() throws InterruptedException {
        int dispatches = 0;
        for (int i = 0; dispatches < 2; i++) {
            if (Shards.of(Stack.RUN + "#d" + i, Shards.OPEN_BUCKETS) == 3) {
                stack.dispatch("d" + i, Stack.step("s" + i));
                dispatches++;
            }
        }
        stack.time.advance(MINUTE);
        stack.faults.afterNext("store.dispatch", this::swept);
        assertThat(stack.sweep().dispatches()).isZero();
        assertThat(stack.count(Metric.DISPATCHES_SWEPT)).as("by the other").isEqualTo(2);
    }

    @Test
    void stops_at_its_deadline_and_leaves_the_rest_to_the_next() throws InterruptedException {
        stack.handOver("a");
        stack.time.advance(MINUTE);
        assertThat(stack.sweeper().sweep(stack.time.instant()).dispatches()).isZero();
        assertThat(stack.sweep().dispatches()).isEqualTo(1);
    }

    @Test
    void works_through_more_dispatches_than_one_page_of_the_index_holds() throws InterruptedException {
        int dispatches = 0;
        for (int i = 0; dispatches < 105; i++) {
            if (Shards.of(Stack.RUN + "#d" + i, Shards.OPEN_BUCKETS) == 3) {
                stack.dispatch("d" + i, Stack.step("s" + i));
                dispatches++;
            }
        }
        assertThat(stack.ports.store().due(3, Stack.START.plus(MINUTE), 1_000)).hasSize(105);
        assertThat(stack.sweepAfter(MINUTE).dispatches()).isEqualTo(dispatches);
    }

    /** Design, rule 12: a missing payload ends a dispatch; it does not stay open for ever. */
    @Test
    void ends_DEAD_what_was_started_of_a_dispatch_whose_manifest_is_gone_and_closes_it() throws Exception {
        stack.handOver(IntStream.range(0, 1_000).mapToObj(i -> "s" + i).toArray(String[]::new));
        stack.work.on("s0", (input, context) -> {
            throw new RetryAfter(Duration.ofHours(1), "later");
        });
        Work.Gate gate = stack.work.gate("s1");
        Tasks.Task<List<String>> worker = stack.start(stack.receive(3));
        gate.awaitEntered();
        try (var files = Files.walk(folder.resolve("state/payloads"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        SweepReport first = stack.sweepAfter(MINUTE);
        assertThat(List.of(first.steps().discarded(), first.closed())).isEqualTo(List.of(1, 0));
        assertThat(stack.dispatched("d1").closed()).as("one still runs").isFalse();
        gate.open();
        worker.join();
        SweepReport second = stack.sweepAfter(MINUTE);
        assertThat(List.of(second.steps().discarded(), second.closed())).isEqualTo(List.of(0, 1));
        assertThat(stack.dispatched("d1").closed()).isTrue();
        assertThat(stack.state("s1")).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("s0")).isEqualTo(Name.DEAD);
        StepRecord dead = stack.record("s0");
        assertThat(((StepState.Dead) dead.state()).error().kind()).isEqualTo(StepError.Kind.PAYLOAD_MISSING);
        assertThat(stack.ports.deadLetters().peek(10)).hasSize(1);
    }

    @Test
    void that_crashes_anywhere_is_made_good_by_the_next() throws Exception {
        stack.dispatch("d1", Stack.once("dead"), Stack.step("lost"), Stack.step("queued"));
        int calls = 0;
        for (int call = 0; call == 0 || call < calls; call++) {
            try (Stack crashing = new Stack(folder.resolve("" + call))) {
                calls = Math.max(calls, crashAt(crashing, call));
            }
        }
        assertThat(calls).isGreaterThan(20);
    }

    /** Two workers die in the middle and one message is lost; then the sweep dies too. Returns how far it could go. */
    private static int crashAt(Stack stack, int call) throws InterruptedException {
        stack.dispatch("d1", Stack.once("dead"), Stack.step("lost"), Stack.step("queued"));
        for (Delivery delivery : stack.receive(10)) {
            if (delivery.body().contains("\"queued\"")) {
                stack.ports.queue().delete(List.of(delivery.receipt()));
            } else {
                stack.faults.crashAfter("store.write", 0);
                stack.crash(List.of(delivery));
            }
        }
        stack.time.advance(Duration.ofMinutes(3));
        stack.faults.restart();
        stack.faults.crashBefore("", call);
        int calls = call;
        try {
            stack.sweep();
            calls = stack.faults.calls().size();
        } catch (Faults.Crash expected) {
            calls = call + 2;
        }
        stack.faults.restart();
        stack.recover(90);
        String where = "before call " + call;
        assertThat(stack.dispatched("d1").closed()).as(where).isTrue();
        assertThat(stack.state("dead")).as(where).isEqualTo(Name.DEAD);
        assertThat(stack.state("lost")).as(where).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.state("queued")).as(where).isEqualTo(Name.SUCCEEDED);
        assertThat(stack.work.started()).as(where).containsExactlyInAnyOrder("lost#2", "queued#1");
        assertThat(stack.ports.deadLetters().peek(10).size()).as(where).isBetween(1, 2);
        return calls;
    }
}
