package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** A worker's item. */
class WorkerRecordTest {
    private static final Instant LEASE = Instant.parse("2026-11-24T08:00:15Z");
    private static final Assignment A = new Assignment(new StepId("r1", "a"), 0, "d1", 3);
    private static final Assignment B = new Assignment(new StepId("r1", "b"), 1, "d2", 0);
    private static final WorkerRecord STARTING = WorkerRecord.starting("w", List.of(A, B), LEASE);

    private static Activity activity(String lastLine) {
        return new Activity(1, LEASE, StepState.Progress.NONE, lastLine);
    }

    @Test
    void has_no_heartbeat_at_first_and_counts_each() {
        assertThat(STARTING.beat()).isZero();
        WorkerRecord next = STARTING.withBeat(LEASE.plusSeconds(5), new TreeMap<>(Map.of(1, activity("x"))));
        assertThat(next.beat()).isEqualTo(1);
        assertThat(next.leaseUntil()).isEqualTo(LEASE.plusSeconds(5));
        assertThat(next.withBeat(LEASE, new TreeMap<>()).beat()).isEqualTo(2);
    }

    @Test
    void runs_the_steps_that_its_newest_heartbeat_tells_of() {
        assertThat(STARTING.running()).isEmpty();
        assertThat(STARTING.withBeat(LEASE, new TreeMap<>(Map.of(1, activity("x"))))
                        .running())
                .containsExactly(B);
        assertThat(B.dispatch()).isEqualTo(new DispatchId("r1", "d2"));
    }

    @Test
    void is_silent_from_the_end_of_its_lease_and_the_margin_on() {
        Duration margin = Duration.ofSeconds(5);
        assertThat(STARTING.isSilent(LEASE.plusMillis(4_999), margin)).isFalse();
        assertThat(STARTING.isSilent(LEASE.plusMillis(5_000), margin)).isTrue();
    }

    @Test
    void is_in_one_of_four_partitions_by_its_id() {
        assertThat(IntStream.range(0, 100)
                        .mapToObj(i -> WorkerRecord.bucket("worker-" + i))
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrder(0, 1, 2, 3);
        assertThat(WorkerRecord.bucket("worker-1")).isEqualTo(WorkerRecord.bucket("worker-1"));
    }

    @Test
    void is_named_by_the_owner_of_a_claim_with_the_number_of_the_claim() {
        assertThat(WorkerRecord.owner("w", 7)).isEqualTo("w#7");
        assertThat(WorkerRecord.workerOf("w#7")).isEqualTo("w");
        assertThat(WorkerRecord.workerOf("#7")).isEmpty();
        assertThat(WorkerRecord.workerOf("0b7c2f6e"))
                .as("of the version before")
                .isNull();
    }

    @Test
    void keeps_the_beginning_of_a_long_line() {
        assertThat(activity("x".repeat(100)).lastLine()).hasSize(100);
        assertThat(activity("begin" + "x".repeat(500)).lastLine()).hasSize(100).startsWith("begin");
    }
}
