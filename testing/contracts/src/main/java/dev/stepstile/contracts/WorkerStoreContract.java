package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What every store of workers keeps to. */
public abstract class WorkerStoreContract {
    private static final Instant LEASE = Samples.NOW.plusSeconds(15);

    protected abstract WorkerStore workers();

    /** Waits until lists show what was written, where they lag behind. */
    protected void eventually(Runnable assertion) {
        assertion.run();
    }

    private static WorkerRecord worker() {
        String run = Samples.runId();
        return WorkerRecord.starting(
                "w-" + Samples.runId(),
                List.of(
                        new Assignment(new StepId(run, "extract[ü|1]"), 3, "d-1", 0),
                        new Assignment(new StepId(run, "load"), 7, "d-1", 1),
                        new Assignment(new StepId(run, "a.b~2"), 0, "d-2", 12_345),
                        new Assignment(new StepId(run + "-other", "load"), 0, "d-2", 2)),
                LEASE);
    }

    private WorkerRecord started() {
        WorkerRecord worker = worker();
        workers().start(worker);
        return worker;
    }

    private static SortedMap<Integer, Activity> activities() {
        SortedMap<Integer, Activity> doing = new TreeMap<>();
        doing.put(0, new Activity(1, Samples.NOW, StepState.Progress.NONE, ""));
        doing.put(2, new Activity(3, Samples.NOW, new StepState.Progress(0.25, "a quarter ¼"), "line 漢 \" \\ \t"));
        return doing;
    }

    private static WorkerRecord beaten(WorkerRecord worker) {
        return worker.withBeat(worker.leaseUntil().plusSeconds(5), activities());
    }

    @Test
    void what_was_started_is_there_as_it_was_written() {
        WorkerRecord worker = started();
        assertThat(workers().worker(worker.id())).contains(worker);
        assertThat(workers().worker(worker.id() + "-other")).isEmpty();
    }

    @Test
    void starting_again_changes_nothing() {
        WorkerRecord worker = started();
        WorkerRecord beaten = beaten(worker);
        assertThat(workers().renew(beaten)).contains(Set.of());
        workers().start(worker);
        assertThat(workers().worker(worker.id())).contains(beaten);
    }

    @Test
    void a_heartbeat_replaces_lease_and_activities_and_may_be_sent_twice() {
        WorkerRecord beaten = beaten(started());
        assertThat(workers().renew(beaten)).contains(Set.of());
        assertThat(workers().renew(beaten)).contains(Set.of());
        assertThat(workers().worker(beaten.id())).contains(beaten);
    }

    @Test
    void a_heartbeat_that_comes_late_changes_nothing() {
        WorkerRecord first = beaten(started());
        WorkerRecord second = beaten(first);
        assertThat(workers().renew(second)).isPresent();
        assertThat(workers().renew(first)).isEmpty();
        assertThat(workers().worker(first.id())).contains(second);
    }

    @Test
    void a_worker_without_an_item_is_refused() {
        assertThat(workers().renew(beaten(worker()))).isEmpty();
        assertThat(workers().askToCancel("w-" + Samples.runId(), new StepId("r", "a")))
                .isFalse();
        assertThat(workers().revoke(worker(), Samples.NOW)).isFalse();
    }

    @Test
    void the_next_heartbeat_returns_what_is_to_be_cancelled_and_so_does_each_after_it() {
        WorkerRecord worker = started();
        StepId a = worker.steps().get(0).id();
        StepId b = worker.steps().get(3).id();
        assertThat(workers().askToCancel(worker.id(), a)).isTrue();
        assertThat(workers().askToCancel(worker.id(), a)).isTrue();
        WorkerRecord beaten = beaten(worker);
        assertThat(workers().renew(beaten)).contains(Set.of(a));
        assertThat(workers().askToCancel(worker.id(), b)).isTrue();
        assertThat(workers().renew(beaten(beaten))).contains(Set.of(a, b));
    }

    @Test
    void a_revoked_worker_is_refused_and_stays() {
        WorkerRecord worker = started();
        assertThat(workers().revoke(worker, Samples.NOW)).isTrue();
        assertThat(workers().renew(beaten(worker))).isEmpty();
        assertThat(workers().askToCancel(worker.id(), worker.steps().getFirst().id()))
                .isFalse();
        workers().end(worker.id());
        assertThat(workers().worker(worker.id())).contains(worker.withRevokedAt(Samples.NOW));
        workers().forget(worker.id());
        assertThat(workers().worker(worker.id())).isEmpty();
    }

    @Test
    void whoever_has_read_an_older_heartbeat_revokes_nobody() {
        WorkerRecord worker = started();
        assertThat(workers().renew(beaten(worker))).isPresent();
        assertThat(workers().revoke(worker, Samples.NOW)).isFalse();
        assertThat(workers().worker(worker.id()).map(WorkerRecord::revokedAt)).isEmpty();
    }

    @Test
    void a_revoked_worker_is_taken_over_by_one_of_those_who_try() {
        WorkerRecord worker = started();
        assertThat(workers().revoke(worker, Samples.NOW)).isTrue();
        assertThat(workers().revoke(worker, Samples.NOW)).isFalse();
        WorkerRecord revoked = worker.withRevokedAt(Samples.NOW);
        List<Boolean> taken =
                StepStoreContract.atOnce(4, i -> workers().revoke(revoked, Samples.NOW.plusMillis(1L + i)));
        assertThat(taken).containsExactlyInAnyOrder(true, false, false, false);
    }

    @Test
    void a_worker_that_ends_is_gone_and_one_that_lives_is_not_forgotten() {
        WorkerRecord worker = started();
        workers().forget(worker.id());
        assertThat(workers().worker(worker.id())).isPresent();
        workers().end(worker.id());
        assertThat(workers().worker(worker.id())).isEmpty();
        workers().end(worker.id());
        assertThat(workers().renew(beaten(worker))).isEmpty();
    }

    @Test
    void a_worker_that_starts_under_the_name_of_one_that_ended_has_nothing_to_cancel() {
        WorkerRecord worker = started();
        workers().askToCancel(worker.id(), worker.steps().getFirst().id());
        workers().end(worker.id());
        workers().start(worker);
        assertThat(workers().renew(beaten(worker))).contains(Set.of());
    }

    @Test
    void a_bucket_lists_its_workers_by_id_page_by_page() {
        List<WorkerRecord> written =
                IntStream.range(0, 12).mapToObj(i -> started()).toList();
        eventually(() -> {
            for (int bucket = 0; bucket < WorkerRecord.BUCKETS; bucket++) {
                int of = bucket;
                List<WorkerRecord> expected = written.stream()
                        .filter(worker -> WorkerRecord.bucket(worker.id()) == of)
                        .toList();
                List<WorkerRecord> listed = all(bucket);
                assertThat(listed).containsAll(expected);
                assertThat(listed)
                        .extracting(WorkerRecord::id)
                        .isSorted()
                        .allMatch(id -> WorkerRecord.bucket(id) == of);
            }
        });
    }

    private List<WorkerRecord> all(int bucket) {
        List<WorkerRecord> found = new ArrayList<>();
        @Nullable String after = null;
        while (true) {
            List<WorkerRecord> page = workers().workers(bucket, after, 2);
            if (page.isEmpty()) {
                return found;
            }
            found.addAll(page);
            after = page.getLast().id();
        }
    }

    @Test
    void a_list_shows_heartbeats_and_revocations_and_not_who_has_ended() {
        WorkerRecord beaten = beaten(started());
        WorkerRecord revoked = started();
        WorkerRecord ended = started();
        workers().renew(beaten);
        workers().revoke(revoked, Samples.NOW);
        workers().end(ended.id());
        eventually(() -> {
            assertThat(listed(beaten.id())).contains(beaten);
            assertThat(listed(revoked.id())).contains(revoked.withRevokedAt(Samples.NOW));
            assertThat(listed(ended.id())).isEmpty();
        });
    }

    private Optional<WorkerRecord> listed(String id) {
        return all(WorkerRecord.bucket(id)).stream()
                .filter(worker -> worker.id().equals(id))
                .findFirst();
    }
}
