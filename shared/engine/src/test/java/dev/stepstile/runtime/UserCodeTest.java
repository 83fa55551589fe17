package dev.stepstile.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/** Users' code beside everything else that a worker does. */
class UserCodeTest {
    private final VirtualTasks tasks = new VirtualTasks();

    @Test
    void that_computes_without_a_pause_stops_no_heartbeat() throws InterruptedException {
        AtomicBoolean enough = new AtomicBoolean();
        List<Tasks.Task<Integer>> busy = new ArrayList<>();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors() + 1; i++) {
            busy.add(tasks.forkUserCode("busy", () -> {
                int turns = 0;
                while (!enough.get()) {
                    turns++;
                }
                return turns;
            }));
        }
        CountDownLatch ticks = new CountDownLatch(3);
        Tasks.Cancellable heartbeat = tasks.every("heartbeat", Duration.ofMillis(10), ticks::countDown);
        try {
            assertThat(ticks.await(10, TimeUnit.SECONDS)).isTrue();
            assertThat(tasks.fork("other", () -> 1).join()).isEqualTo(1);
        } finally {
            enough.set(true);
            heartbeat.cancel();
        }
        for (Tasks.Task<Integer> task : busy) {
            assertThat(task.join()).isNotNull();
        }
    }

    @Test
    void is_interrupted_even_before_it_has_begun_and_no_longer_once_it_has_ended() throws InterruptedException {
        for (int i = 0; i < 100; i++) {
            Tasks.Task<Boolean> first = tasks.forkUserCode("first", () -> {
                new CountDownLatch(1).await(10, TimeUnit.SECONDS);
                return true;
            });
            first.interrupt();
            assertThat(first.joinUntil(Instant.now().plusSeconds(5))).isTrue();
            Tasks.Task<Boolean> second = tasks.forkUserCode("second", () -> {
                first.interrupt();
                return Thread.currentThread().isInterrupted();
            });
            assertThat(second.join()).isFalse();
        }
    }
}
