package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.DamagedData;
import dev.stepstile.port.FeedEntry;
import dev.stepstile.port.LogPage;
import dev.stepstile.port.RunPosition;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.StepStore.StepRef;
import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Moment;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.RedriveCall;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Times;
import dev.stepstile.step.TraceParent;
import dev.stepstile.step.Transition;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every step store keeps to. Tests may share a store: each uses runs of its own. */
public abstract class StepStoreContract {
    private static final WriteResult WRITTEN = new WriteResult.Written();

    protected abstract StepStore store();

    /** Changes what is stored of a record, past the store, so that it does not read as what was written. */
    protected abstract void damage(StepRecord record);

    /** Indexes may lag behind; an implementation whose do not can run the assertion at once. */
    protected void eventually(Runnable assertion) {
        assertion.run();
    }

    private static StepRecord stored(StepStore store, StepRecord record) {
        assertThat(store.write(record, new Precondition.Absent())).isEqualTo(WRITTEN);
        return record;
    }

    /** Runs calls at once. */
    protected static <T> List<T> atOnce(int n, IntFunction<T> call) {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < n; i++) {
                int number = i;
                futures.add(threads.submit(() -> call.apply(number)));
            }
            List<T> answers = new ArrayList<>();
            for (Future<T> future : futures) {
                answers.add(future.get());
            }
            return answers;
        } catch (InterruptedException | ExecutionException e) {
            throw new AssertionError(e);
        }
    }

    static List<StepState> states() {
        return Samples.states();
    }

    @Nested
    class A_run {
        @Test
        void is_stored_once_and_the_first_one_stays() {
            String id = Samples.runId();
            Run first = new Run(id, Samples.NOW, 8, 0);
            assertThat(store().putRunIfAbsent(first)).isEqualTo(first);
            assertThat(store().putRunIfAbsent(new Run(id, Samples.NOW.plusSeconds(9), 4, 0)))
                    .isEqualTo(first);
            assertThat(store().run(id)).contains(first);
        }

        @Test
        void that_was_never_stored_is_not_there() {
            String id = Samples.runId();
            assertThat(store().run(id)).isEmpty();
            assertThat(store().raiseCancelSeq(id)).isEmpty();
            assertThat(store().run(id)).as("raising creates nothing").isEmpty();
        }

        @Test
        void that_is_kept_is_as_it_was_and_one_that_is_not_there_is_not_made() {
            String id = Samples.runId();
            assertThat(store().keepRun(id)).isEmpty();
            assertThat(store().run(id)).isEmpty();
            Run run = store().putRunIfAbsent(new Run(id, Samples.NOW, 8, 0));
            assertThat(store().keepRun(id)).contains(run);
            assertThat(store().run(id)).contains(run);
        }

        /** Tests may share a store: what is between these runs is left out. */
        private List<RunPosition> listed(@Nullable RunPosition after, List<RunPosition> mine) {
            return store().runs(after, 10_000).stream().filter(mine::contains).toList();
        }

        /** A time of its own, which no other test uses. */
        private static Instant aDayOfItsOwn() {
            return Instant.EPOCH.plus(
                    Duration.ofDays(Math.floorMod(Samples.runId().hashCode(), 10_000)));
        }

        @Test
        void is_listed_among_all_the_newest_first_behind_a_position() {
            Instant day = aDayOfItsOwn();
            List<RunPosition> newestFirst = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                Run run = new Run(Samples.runId(), day.plusMillis(i / 2), 8, 0);
                newestFirst.add(RunPosition.of(store().putRunIfAbsent(run)));
            }
            newestFirst.sort(
                    Comparator.comparing(RunPosition::createdAt).reversed().thenComparing(RunPosition::runId));
            eventually(() -> assertThat(listed(null, newestFirst)).isEqualTo(newestFirst));
            for (int i = 0; i < 12; i++) {
                assertThat(listed(newestFirst.get(i), newestFirst)).isEqualTo(newestFirst.subList(i + 1, 12));
            }
            RunPosition first = RunPosition.before(day.plusMillis(6));
            assertThat(store().runs(first, 5))
                    .as("no more than asked, and none is left out")
                    .isEqualTo(newestFirst.subList(0, 5));
            assertThat(listed(RunPosition.before(day.plusMillis(3)), newestFirst))
                    .as("those of before, and not those of then")
                    .isEqualTo(newestFirst.subList(6, 12));
        }

        @Test
        void that_is_cancelled_or_kept_stays_where_it_is_in_the_list() {
            Instant day = aDayOfItsOwn();
            RunPosition run = RunPosition.of(store().putRunIfAbsent(new Run(Samples.runId(), day, 8, 0)));
            store().raiseCancelSeq(run.runId());
            store().keepRun(run.runId());
            eventually(() -> assertThat(store().runs(RunPosition.before(day.plusMillis(1)), 1))
                    .containsExactly(run));
        }

        @Test
        void counts_every_cancel_of_many_at_once() {
            String id = Samples.runId();
            store().putRunIfAbsent(new Run(id, Samples.NOW, 8, 0));
            List<Long> seqs =
                    atOnce(8, i -> store().raiseCancelSeq(id).orElseThrow().cancelSeq());
            assertThat(seqs).containsExactlyInAnyOrder(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L);
            assertThat(store().run(id).orElseThrow().cancelSeq()).isEqualTo(8);
        }
    }

    @Nested
    class A_dispatch {
        @Test
        void is_stored_once_and_read_back_whole() {
            String run = Samples.runId();
            Dispatch dispatch = Samples.dispatch(run, "d-1", Samples.NOW);
            assertThat(store().putDispatchIfAbsent(dispatch)).isEmpty();
            assertThat(store().dispatch(run, "d-1")).contains(dispatch);
            Dispatch other = Samples.dispatch(run, "d-1", Samples.NOW.plusSeconds(9));
            assertThat(store().putDispatchIfAbsent(other)).contains(dispatch);
            assertThat(store().dispatch(run, "d-2")).isEmpty();
        }

        @Test
        void keeps_how_far_its_refresh_is() {
            String run = Samples.runId();
            Dispatch dispatch = Samples.dispatch(run, "d-1", Samples.NOW);
            store().putDispatchIfAbsent(dispatch);
            Dispatch underWay = dispatch.refreshing(Samples.refresh());
            assertThat(store().replace(underWay)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(underWay);
            assertThat(store().dispatches(run)).containsExactly(underWay);
            Dispatch done = underWay.refreshed(Samples.NOW.plusSeconds(7));
            assertThat(store().replace(done)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(done);
            assertThat(done.refresh().soFar()).isNull();
        }

        @Test
        void is_replaced_only_at_the_version_that_was_read() {
            String run = Samples.runId();
            Dispatch dispatch = Samples.dispatch(run, "d-1", Samples.NOW);
            store().putDispatchIfAbsent(dispatch);
            Dispatch sent = dispatch.sent(Samples.NOW.plusSeconds(1));
            assertThat(store().replace(sent)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(sent);
            assertThat(store().replace(dispatch.taken(Samples.NOW.plusSeconds(2))))
                    .isFalse();
            assertThat(store().dispatch(run, "d-1")).contains(sent);
            assertThat(store().replace(Samples.dispatch(Samples.runId(), "d-1", Samples.NOW)
                            .sent(Samples.NOW)))
                    .as("one that is not there")
                    .isFalse();
        }

        @Test
        void is_replaced_by_one_of_many_at_once() {
            String run = Samples.runId();
            Dispatch dispatch = Samples.dispatch(run, "d-1", Samples.NOW);
            store().putDispatchIfAbsent(dispatch);
            List<Boolean> wins = atOnce(8, i -> store().replace(dispatch.taken(Samples.NOW.plusSeconds(i))));
            assertThat(wins).containsOnlyOnce(true);
        }

        @Test
        void is_listed_with_its_run_in_order_of_id() {
            String run = Samples.runId();
            for (String id : List.of("b", "a", "c")) {
                store().putDispatchIfAbsent(Samples.dispatch(run, id, Samples.NOW));
            }
            assertThat(store().dispatches(run)).extracting(Dispatch::dispatchId).containsExactly("a", "b", "c");
            assertThat(store().dispatches(Samples.runId())).isEmpty();
        }

        @Test
        void is_read_with_its_run_and_the_others_of_it() {
            String id = Samples.runId();
            assertThat(store().runWithDispatches(id)).isEmpty();
            Run run = store().putRunIfAbsent(new Run(id, Samples.NOW, 8, 0));
            assertThat(store().runWithDispatches(id)).contains(new StepStore.RunWithDispatches(run, List.of()));
            for (String dispatchId : List.of("b", "a", "c")) {
                store().putDispatchIfAbsent(Samples.dispatch(id, dispatchId, Samples.NOW));
            }
            store().putRedriveIfAbsent(new RedriveCall(id, "once", "ab".repeat(32), Samples.NOW, null, List.of()));
            assertThat(store().runWithDispatches(id))
                    .contains(new StepStore.RunWithDispatches(run, store().dispatches(id)));
            assertThat(store().dispatches(id)).hasSize(3);
        }

        @Test
        void is_due_from_its_time_on_until_it_is_closed() {
            String run = Samples.runId();
            Instant due = Samples.NOW.plusSeconds(100);
            Dispatch open = Samples.dispatch(run, "d-1", due);
            store().putDispatchIfAbsent(open);
            DispatchId id = new DispatchId(run, "d-1");
            eventually(
                    () -> assertThat(store().due(open.openBucket(), due, 1000)).contains(id));
            assertThat(store().due(open.openBucket(), due.minusMillis(1), 1000)).doesNotContain(id);
            assertThat(store().due((open.openBucket() + 1) % 16, due, 1000)).doesNotContain(id);
            Dispatch closed = open.swept(open.progress(), false, due, null);
            assertThat(store().replace(closed)).isTrue();
            eventually(
                    () -> assertThat(store().due(open.openBucket(), due, 1000)).doesNotContain(id));
            assertThat(store().dispatch(run, "d-1").orElseThrow().closed()).isTrue();
            assertThat(store().replace(closed.reopened(due, due))).isTrue();
            eventually(
                    () -> assertThat(store().due(open.openBucket(), due, 1000)).contains(id));
        }

        @Test
        void is_due_while_it_is_closed_and_owes_a_notification() {
            String run = Samples.runId();
            Instant due = Samples.NOW.plusSeconds(100);
            Notification asked = Notification.of(
                    new NotifyTarget.Webhook("https://hooks.example.com/größe?a=b"),
                    "acme",
                    new TreeMap<>(Map.of("team", "größe")));
            Dispatch open = Samples.dispatch(run, "d-1", due).notifying(asked);
            store().putDispatchIfAbsent(open);
            DispatchId id = new DispatchId(run, "d-1");
            assertThat(store().dispatch(run, "d-1")).contains(open);
            Dispatch closed = open.swept(open.progress(), false, due, null);
            assertThat(store().replace(closed)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(closed);
            eventually(
                    () -> assertThat(store().due(open.openBucket(), due, 1000)).contains(id));
            Dispatch tried = closed.telling(due, Duration.ofMinutes(1));
            assertThat(store().replace(tried)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(tried);
            eventually(() -> {
                assertThat(store().due(open.openBucket(), due, 1000)).doesNotContain(id);
                assertThat(store().due(open.openBucket(), due.plusSeconds(60), 1000))
                        .contains(id);
            });
            Dispatch failed = tried.notTold("the webhook answered 500", false);
            assertThat(store().replace(failed)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(failed);
            Dispatch told = failed.told();
            assertThat(store().replace(told)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(told);
            eventually(() -> assertThat(store().due(open.openBucket(), due.plusSeconds(60), 1000))
                    .doesNotContain(id));
            Dispatch reopened = told.reopened(due, due);
            assertThat(store().replace(reopened)).isTrue();
            assertThat(store().dispatch(run, "d-1")).contains(reopened);
        }

        @Test
        void that_is_due_first_comes_first_and_no_more_than_asked() {
            List<DispatchId> mine = new ArrayList<>();
            int bucket = -1;
            for (int i = 0; mine.size() < 3; i++) {
                Dispatch dispatch = Samples.dispatch(Samples.runId(), "d-" + i, Instant.ofEpochMilli(50 - mine.size()));
                if (bucket < 0 || dispatch.openBucket() == bucket) {
                    bucket = dispatch.openBucket();
                    store().putDispatchIfAbsent(dispatch);
                    mine.addFirst(dispatch.id());
                }
            }
            int at = bucket;
            eventually(() ->
                    assertThat(store().due(at, Instant.ofEpochMilli(50), 1000)).containsSubsequence(mine));
            eventually(() ->
                    assertThat(store().due(at, Instant.ofEpochMilli(50), 2)).hasSize(2));
        }
    }

    @Nested
    class A_redrive_call {
        @Test
        void is_stored_once_and_says_later_what_it_came_to() {
            String run = Samples.runId();
            RedriveCall begun = new RedriveCall(run, "once", "ab".repeat(32), Samples.NOW, null, List.of());
            assertThat(store().putRedriveIfAbsent(begun)).isEmpty();
            assertThat(store().putRedriveIfAbsent(begun)).contains(begun);
            RedriveCall done = begun.done(7, List.of("no[1]", "nö"));
            store().putRedrive(done);
            store().putRedrive(done);
            assertThat(store().putRedriveIfAbsent(begun)).contains(done);
            assertThat(store().dispatches(run)).as("it is no dispatch").isEmpty();
        }

        @Test
        void of_many_at_once_is_new_to_one() {
            String run = Samples.runId();
            List<Optional<RedriveCall>> found = atOnce(
                    8,
                    i -> store().putRedriveIfAbsent(
                                    new RedriveCall(run, "once", "digest" + i, Samples.NOW, null, List.of())));
            assertThat(found).filteredOn(Optional::isEmpty).hasSize(1);
        }
    }

    private static final StepOverrides ALL_OVERRIDES = new StepOverrides(
            "other",
            new StepOverrides.Retries(
                    9,
                    Duration.ZERO,
                    Duration.ofHours(1),
                    List.of("TIMEOUT", "java.io.IOException"),
                    List.of("ValueError")),
            Duration.ofSeconds(880),
            null,
            new Times(new Moment.After(Duration.ofMillis(1_234)), new Moment.At(Samples.NOW.plusSeconds(3_600))));

    @Nested
    class A_record {
        @Test
        void is_read_back_with_what_a_redrive_gave_it() {
            String run = Samples.runId();
            List<Payload> inputs = List.of(
                    new Payload.Inline("{\"größe\":1}"),
                    new Payload.Item("shared/i", 4_711, "ab".repeat(32)),
                    new Payload.Stored("shared/s", 5_000_000_000L, "cd".repeat(32)));
            for (int i = 0; i < inputs.size(); i++) {
                StepRecord dead = stored(
                        store(),
                        Samples.record(
                                run,
                                "k" + i,
                                1,
                                "owner",
                                0,
                                List.of(),
                                new StepState.Failed(
                                        new StepError(StepError.Kind.TIMEOUT, "late"), Samples.NOW.plusSeconds(1))));
                StepEvent.Redrive redrive =
                        new StepEvent.Redrive(0, null, "the-call", ALL_OVERRIDES.withInput(inputs.get(i)));
                Transition.Write write = (Transition.Write) StepLife.on(dead, redrive, Samples.NOW.plusSeconds(2));
                assertThat(store().write(write.next(), write.expect())).isEqualTo(WRITTEN);
                StepRecord read = store().record(dead.id(), dead.shard()).orElseThrow();
                assertThat(read).isEqualTo(write.next());
                assertThat(read.settings().input()).isEqualTo(inputs.get(i));
                assertThat(read.settings().window().deadline()).isNotNull();
                assertThat(read.answered().redrivenBy()).isEqualTo("the-call");
            }
        }

        @ParameterizedTest
        @MethodSource("dev.stepstile.contracts.StepStoreContract#states")
        void is_read_back_whole(StepState state) {
            String run = Samples.runId();
            StepRecord record = stored(
                    store(),
                    Samples.record(run, "load[3].x?_-~ ü".replace(" ü", ""), 10, "o", 2, Samples.tenNotes(), state));
            assertThat(store().record(record.id(), record.shard())).contains(record);
            assertThat(store().records(List.of(new StepRef(record.id(), record.shard()))))
                    .containsExactly(record);
            assertThat(store().list(run, record.shard(), null, 10)).containsExactly(record);
        }

        @Test
        void in_a_trace_is_read_back_with_it() {
            StepRecord record = Samples.running(Samples.runId(), "k");
            TraceParent trace = new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1);
            StepRecord traced = new StepRecord(
                    record.id(),
                    record.shard(),
                    record.settings()
                            .in(trace)
                            .withSpanTags(new TreeMap<>(Map.of("dagster.step_key", "größe", "team", ""))),
                    record.createdAt(),
                    record.attempts(),
                    record.answered(),
                    record.state());
            stored(store(), traced);
            assertThat(store().record(record.id(), record.shard())).contains(traced);
        }

        @Test
        void is_not_there_before_it_is_written() {
            StepId id = new StepId(Samples.runId(), "k");
            assertThat(store().record(id, 3)).isEmpty();
            assertThat(store().records(List.of(new StepRef(id, 3)))).isEmpty();
        }

        @Test
        void is_created_only_where_there_is_none_and_the_refusal_shows_it() {
            StepRecord first = stored(store(), Samples.running(Samples.runId(), "k"));
            StepRecord second = Samples.record(first.id().runId(), "k", 1, "owner-2", 0, List.of(), first.state());
            assertThat(store().write(second, new Precondition.Absent())).isEqualTo(new WriteResult.Refused(first));
            assertThat(store().record(first.id(), 3)).contains(first);
        }

        @Test
        void is_claimed_by_one_of_many_at_once() {
            String run = Samples.runId();
            List<WriteResult> results = atOnce(
                    8,
                    i -> store().write(
                                    Samples.record(
                                            run,
                                            "k",
                                            1,
                                            "owner-" + i,
                                            0,
                                            List.of(),
                                            Samples.states().getFirst()),
                                    new Precondition.Absent()));
            assertThat(results).containsOnlyOnce(WRITTEN);
        }

        @Test
        void is_changed_by_the_fence_whatever_its_lease() {
            StepRecord running = stored(store(), Samples.running(Samples.runId(), "k"));
            StepRecord done = Samples.with(running, new StepState.Succeeded(Payload.NULL, Samples.NOW.plusSeconds(1)));
            assertThat(store().write(done, new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 0, false)))
                    .isEqualTo(WRITTEN);
            assertThat(store().record(running.id(), 3)).contains(done);
        }

        @Test
        void refuses_a_fence_in_which_any_one_thing_differs() {
            StepRecord running = stored(store(), Samples.running(Samples.runId(), "k"));
            for (Precondition expect : List.<Precondition>of(
                    new Precondition.Fence(2, "owner-1", StepState.Name.RUNNING, 0, false),
                    new Precondition.Fence(0, "owner-1", StepState.Name.RUNNING, 0, false),
                    new Precondition.Fence(1, "owner-2", StepState.Name.RUNNING, 0, false),
                    new Precondition.Fence(1, "owner-1", StepState.Name.RETRYING, 0, false),
                    new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 1, false),
                    new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 0, true))) {
                refused(running, expect);
            }
        }

        @Test
        void that_is_asked_to_stop_is_changed_only_by_who_knows() {
            Instant deadline = Samples.NOW.plusSeconds(60);
            StepRecord asked = stored(
                    store(),
                    Samples.record(
                            Samples.runId(), "k", 1, "owner-1", 0, List.of(), new StepState.Running(deadline, true)));
            for (Precondition.Fence fence : List.of(
                    new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 0, false),
                    new Precondition.Fence(2, "owner-1", StepState.Name.RUNNING, 0, true),
                    new Precondition.Fence(1, "owner-2", StepState.Name.RUNNING, 0, true),
                    new Precondition.Fence(1, "owner-1", StepState.Name.RETRYING, 0, true),
                    new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 1, true))) {
                refused(asked, fence);
                refused(asked, new Precondition.AsRead(fence, deadline));
            }
            Precondition.Fence known = new Precondition.Fence(1, "owner-1", StepState.Name.RUNNING, 0, true);
            refused(asked, new Precondition.AsRead(known, deadline.plusMillis(1)));
            StepRecord unasked = stored(store(), Samples.running(Samples.runId(), "k"));
            refused(unasked, new Precondition.AsRead(known, deadline));
            StepRecord retrying = Samples.with(asked, new StepState.Retrying(Samples.NOW));
            assertThat(store().write(retrying, Precondition.asRead(asked))).isEqualTo(WRITTEN);
            assertThat(store().write(asked, Precondition.asRead(retrying))).isEqualTo(WRITTEN);
            assertThat(store().write(retrying, Precondition.fence(asked))).isEqualTo(WRITTEN);
        }

        private static Precondition read(
                int attempt, String owner, StepState.Name state, long cancelSeq, @Nullable Instant deadline) {
            return new Precondition.AsRead(new Precondition.Fence(attempt, owner, state, cancelSeq, false), deadline);
        }

        @Test
        void refuses_what_was_read_if_any_one_thing_differs() {
            StepRecord running = stored(store(), Samples.running(Samples.runId(), "k"));
            Instant lease = Samples.NOW.plusSeconds(60);
            for (Precondition expect : List.<Precondition>of(
                    read(2, "owner-1", StepState.Name.RUNNING, 0, lease),
                    read(1, "owner-2", StepState.Name.RUNNING, 0, lease),
                    read(1, "owner-1", StepState.Name.DEAD, 0, lease),
                    read(1, "owner-1", StepState.Name.RUNNING, 1, lease),
                    read(1, "owner-1", StepState.Name.RUNNING, 0, lease.plusMillis(1)),
                    read(1, "owner-1", StepState.Name.RUNNING, 0, null))) {
                refused(running, expect);
            }
            StepRecord taken = Samples.with(running, new StepState.Retrying(Samples.NOW));
            assertThat(store().write(taken, Precondition.asRead(running))).isEqualTo(WRITTEN);
            assertThat(store().write(running, Precondition.asRead(taken)))
                    .as("one without a lease")
                    .isEqualTo(WRITTEN);
        }

        @Test
        void refuses_what_was_read_without_a_lease_if_any_one_thing_differs() {
            StepRecord retrying = stored(
                    store(),
                    Samples.record(
                            Samples.runId(), "k", 1, "owner-1", 0, List.of(), new StepState.Retrying(Samples.NOW)));
            for (Precondition expect : List.<Precondition>of(
                    read(2, "owner-1", StepState.Name.RETRYING, 0, null),
                    read(1, "owner-2", StepState.Name.RETRYING, 0, null),
                    read(1, "owner-1", StepState.Name.DEAD, 0, null),
                    read(1, "owner-1", StepState.Name.RETRYING, 1, null),
                    read(1, "owner-1", StepState.Name.RETRYING, 0, Samples.NOW))) {
                refused(retrying, expect);
            }
        }

        @Test
        void refuses_a_change_where_there_is_none_and_shows_nothing() {
            StepRecord running = Samples.running(Samples.runId(), "k");
            assertThat(store().write(running, Precondition.fence(running))).isEqualTo(new WriteResult.Refused(null));
            assertThat(store().write(running, Precondition.asRead(running))).isEqualTo(new WriteResult.Refused(null));
            assertThat(store().record(running.id(), 3)).isEmpty();
        }

        @Test
        void shows_to_a_second_try_what_the_first_one_wrote() {
            StepRecord running = stored(store(), Samples.running(Samples.runId(), "k"));
            StepRecord done = Samples.with(running, new StepState.Succeeded(Payload.NULL, Samples.NOW.plusSeconds(1)));
            store().write(done, Precondition.fence(running));
            assertThat(store().write(done, Precondition.fence(running))).isEqualTo(new WriteResult.Refused(done));
        }

        private void refused(StepRecord stored, Precondition expect) {
            StepRecord next = Samples.with(stored, new StepState.Cancelled(Samples.NOW));
            assertThat(store().write(next, expect)).as("%s", expect).isEqualTo(new WriteResult.Refused(stored));
            assertThat(store().record(stored.id(), stored.shard())).contains(stored);
        }
    }

    @Nested
    class Records {
        @Test
        void are_read_in_bulk_with_those_that_are_missing_left_out() {
            String run = Samples.runId();
            List<StepRef> refs = new ArrayList<>();
            List<StepRecord> expected = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                StepRecord record = Samples.running(run, "k" + i);
                refs.add(new StepRef(record.id(), 3));
                if (i % 3 != 0) {
                    expected.add(stored(store(), record));
                }
            }
            assertThat(store().records(refs)).containsExactlyInAnyOrderElementsOf(expected);
            assertThat(store().records(List.of())).isEmpty();
        }

        @Test
        void are_listed_by_key_page_by_page() {
            String run = Samples.runId();
            for (String key : List.of("b", "a", "d", "c", "B", "~")) {
                stored(store(), Samples.running(run, key));
            }
            assertThat(keys(store().list(run, 3, null, 4))).containsExactly("B", "a", "b", "c");
            assertThat(keys(store().list(run, 3, "c", 4))).containsExactly("d", "~");
            assertThat(store().list(run, 2, null, 4)).as("another shard").isEmpty();
        }

        /** Bytes of UTF-8, in which the rocket is behind U+FFFD, which is behind it in Java's order. */
        @Test
        void are_listed_in_the_order_of_their_keys_bytes_whatever_is_in_them() {
            String run = Samples.runId();
            List<String> keys = List.of("../..", "a%2Fb", "a/b?.png", "ne\u0301e", "n\u00E9e", "漢字", "\uFFFD", "🚀");
            keys.reversed().forEach(key -> stored(store(), Samples.running(run, key)));
            assertThat(keys(store().list(run, 3, null, 9))).isEqualTo(keys);
            for (int i = 0; i + 1 < keys.size(); i++) {
                assertThat(keys(store().list(run, 3, keys.get(i), 1))).containsExactly(keys.get(i + 1));
                assertThat(store().record(new StepId(run, keys.get(i)), 3)).isPresent();
            }
        }

        @Test
        void that_are_damaged_are_told_by_themselves_and_keep_no_other_from_being_read() {
            String run = Samples.runId();
            List<StepRecord> records = new ArrayList<>();
            for (String key : List.of("a", "b", "c")) {
                records.add(stored(store(), Samples.running(run, key)));
            }
            List<StepRef> refs = records.stream()
                    .map(record -> new StepRef(record.id(), record.shard()))
                    .toList();
            StepRecord damaged = records.get(1);
            damage(damaged);
            assertThatThrownBy(() -> store().records(refs)).isInstanceOf(DamagedData.class);
            assertThatThrownBy(() -> store().list(run, 3, null, 10)).isInstanceOf(DamagedData.class);
            assertThatThrownBy(() -> store().record(damaged.id(), 3))
                    .isInstanceOf(DamagedData.class)
                    .hasMessageContaining(run)
                    .hasMessageContaining("b")
                    .hasMessageContaining("estore");
            assertThatThrownBy(() -> store().write(Samples.running(run, "b"), new Precondition.Absent()))
                    .isInstanceOf(DamagedData.class);
            for (StepRecord whole : List.of(records.getFirst(), records.getLast())) {
                assertThat(store().record(whole.id(), 3)).contains(whole);
            }
        }

        private static List<String> keys(List<StepRecord> records) {
            return records.stream().map(record -> record.id().stepKey()).toList();
        }
    }

    @Nested
    class The_feed {
        @Test
        void shows_what_has_ended_by_time_and_what_is_small_of_its_result() {
            String run = Samples.runId();
            stored(store(), Samples.running(run, "running"));
            stored(
                    store(),
                    ended(
                            run,
                            "b",
                            new StepState.Succeeded(new Payload.Inline("{\"n\":1}"), Samples.NOW.plusSeconds(2))));
            stored(store(), ended(run, "a", new StepState.Failed(error(), Samples.NOW.plusSeconds(1))));
            stored(
                    store(),
                    ended(
                            run,
                            "c",
                            new StepState.Succeeded(new Payload.Item("x", 9999, "ab"), Samples.NOW.plusSeconds(3))));
            eventually(() -> assertThat(store().feed(run, 3, null, 10))
                    .containsExactly(
                            new FeedEntry.Ended("a", 1, StepState.Name.FAILED, Samples.NOW.plusSeconds(1), 2, null),
                            new FeedEntry.Ended(
                                    "b",
                                    1,
                                    StepState.Name.SUCCEEDED,
                                    Samples.NOW.plusSeconds(2),
                                    2,
                                    new Payload.Inline("{\"n\":1}")),
                            new FeedEntry.Ended(
                                    "c", 1, StepState.Name.SUCCEEDED, Samples.NOW.plusSeconds(3), 2, null)));
        }

        @Test
        void is_in_the_order_of_bytes_at_one_instant_whatever_is_in_a_key() {
            String run = Samples.runId();
            List<String> keys = List.of("/", "%", "é", "\uFFFD", "🚀").stream()
                    .sorted(Comparator.comparing(key -> key.getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned))
                    .toList();
            keys.forEach(key -> stored(store(), ended(run, key, new StepState.Cancelled(Samples.NOW))));
            eventually(() -> assertThat(store().feed(run, 3, null, 10))
                    .extracting(FeedEntry::stepKey)
                    .isEqualTo(keys));
            for (int i = 0; i + 1 < keys.size(); i++) {
                assertThat(store().feed(run, 3, FeedEntry.endedPosition(Samples.NOW, keys.get(i), 1), 1))
                        .extracting(FeedEntry::stepKey)
                        .containsExactly(keys.get(i + 1));
            }
        }

        @Test
        void goes_on_behind_a_position_and_gives_no_more_than_asked() {
            String run = Samples.runId();
            for (int i = 0; i < 5; i++) {
                stored(store(), ended(run, "k" + i, new StepState.Cancelled(Samples.NOW.plusSeconds(i))));
            }
            eventually(() -> assertThat(store().feed(run, 3, null, 10)).hasSize(5));
            List<FeedEntry> first = store().feed(run, 3, null, 2);
            assertThat(first).extracting(FeedEntry::stepKey).containsExactly("k0", "k1");
            assertThat(store().feed(run, 3, first.getLast().position(), 2))
                    .extracting(FeedEntry::stepKey)
                    .containsExactly("k2", "k3");
            assertThat(store().feed(run, 3, FeedEntry.from(Samples.NOW.plusSeconds(4)), 9))
                    .extracting(FeedEntry::stepKey)
                    .containsExactly("k4");
        }

        @Test
        void goes_past_the_end_of_a_step_whose_record_is_damaged_and_says_that_its_state_is_unknown() {
            String run = Samples.runId();
            List<StepRecord> records = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                StepState failed = new StepState.Failed(error(), Samples.NOW.plusSeconds(i));
                records.add(stored(store(), ended(run, "k" + i, failed)));
            }
            damage(records.get(1));
            eventually(() -> assertThat(store().feed(run, 3, null, 10)).hasSize(3));
            assertThat(store().feed(run, 3, FeedEntry.endedPosition(Samples.NOW, "k0", 1), 1))
                    .containsExactly(
                            new FeedEntry.Ended("k1", 1, StepState.Name.UNKNOWN, Samples.NOW.plusSeconds(1), 0, null));
            assertThat(store().feed(run, 3, FeedEntry.endedPosition(Samples.NOW.plusSeconds(1), "k1", 1), 1))
                    .extracting(FeedEntry::stepKey)
                    .containsExactly("k2");
        }

        @Test
        void names_steps_and_pages_of_keys_as_long_as_they_may_be() {
            String run = Samples.runId();
            String key = "k".repeat(255);
            String damagedKey = "é/".repeat(80);
            stored(store(), ended(run, key, new StepState.Cancelled(Samples.NOW.plusSeconds(2))));
            store().putPage(new LogPage(new StepId(run, key), 3, 7, 12, Samples.NOW.plusSeconds(1), List.of("x")));
            damage(stored(store(), ended(run, damagedKey, new StepState.Cancelled(Samples.NOW.plusSeconds(3)))));
            eventually(() -> assertThat(store().feed(run, 3, null, 10))
                    .containsExactly(
                            new FeedEntry.PageWritten(key, 7, 12, Samples.NOW.plusSeconds(1)),
                            new FeedEntry.Ended(key, 1, StepState.Name.CANCELLED, Samples.NOW.plusSeconds(2), 2, null),
                            new FeedEntry.Ended(
                                    damagedKey, 1, StepState.Name.UNKNOWN, Samples.NOW.plusSeconds(3), 0, null)));
        }

        @Test
        void forgets_a_step_that_is_redriven() {
            String run = Samples.runId();
            StepRecord dead = stored(store(), ended(run, "k", new StepState.Dead(error(), Samples.NOW, null)));
            eventually(() -> assertThat(store().feed(run, 3, null, 10)).hasSize(1));
            store().write(Samples.with(dead, new StepState.Retrying(Samples.NOW)), Precondition.asRead(dead));
            eventually(() -> assertThat(store().feed(run, 3, null, 10)).isEmpty());
        }

        @Test
        void lists_the_pages_of_running_attempts() {
            String run = Samples.runId();
            stored(store(), ended(run, "b", new StepState.Cancelled(Samples.NOW.plusSeconds(2))));
            store().putPage(new LogPage(new StepId(run, "a"), 3, 1, 0, Samples.NOW.plusSeconds(1), List.of()));
            store().putPage(new LogPage(new StepId(run, "a"), 3, 1, 1, Samples.NOW.plusSeconds(3), List.of("x")));
            eventually(() -> assertThat(store().feed(run, 3, null, 10))
                    .extracting(FeedEntry::position)
                    .containsExactly(
                            FeedEntry.pagePosition(Samples.NOW.plusSeconds(1), "a", 1, 0),
                            FeedEntry.endedPosition(Samples.NOW.plusSeconds(2), "b", 1),
                            FeedEntry.pagePosition(Samples.NOW.plusSeconds(3), "a", 1, 1)));
            assertThat(store().feed(run, 3, null, 2)).hasSize(2);
        }

        private StepRecord ended(String run, String key, StepState state) {
            return Samples.record(run, key, 1, "owner-1", 0, List.of(), state);
        }

        private StepError error() {
            return new StepError(StepError.Kind.TIMEOUT, "late");
        }
    }

    @Nested
    class Log_pages {
        @Test
        void are_read_back_by_number_for_one_attempt() {
            StepId id = new StepId(Samples.runId(), "k[1]");
            LogPage second = new LogPage(id, 3, 1, 1, Samples.NOW.plusSeconds(1), List.of("two\nlines", "ü", ""));
            LogPage first = new LogPage(id, 3, 1, 0, Samples.NOW, List.of());
            store().putPage(second);
            store().putPage(first);
            store().putPage(new LogPage(id, 3, 11, 0, Samples.NOW, List.of("of another attempt")));
            assertThat(store().pages(id, 3, 1)).containsExactly(first, second);
            assertThat(store().pages(id, 3, 2)).isEmpty();
        }

        @Test
        void are_overwritten_when_they_are_put_again() {
            StepId id = new StepId(Samples.runId(), "k");
            store().putPage(new LogPage(id, 3, 1, 0, Samples.NOW, List.of("a")));
            LogPage again = new LogPage(id, 3, 1, 0, Samples.NOW.plusSeconds(1), List.of("a"));
            store().putPage(again);
            assertThat(store().pages(id, 3, 1)).containsExactly(again);
            eventually(() -> assertThat(store().feed(id.runId(), 3, null, 10)).hasSize(1));
        }
    }
}
