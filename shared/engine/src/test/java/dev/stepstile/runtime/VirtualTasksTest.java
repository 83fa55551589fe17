package dev.stepstile.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.usecase.Tasks;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Tasks on real threads, as the port demands. */
class VirtualTasksTest {
    private static final Duration SHORT = Duration.ofMillis(2);

    private final VirtualTasks tasks = new VirtualTasks();

    private static Instant soon() {
        return Instant.now().plusSeconds(20);
    }

    @Nested
    class Forked_work {
        @Test
        void hands_its_value_to_whoever_joins() throws InterruptedException {
            Tasks.Task<Integer> task = tasks.fork("sum", () -> 1 + 1);
            assertThat(task.join()).isEqualTo(2);
            assertThat(task.joinUntil(Instant.EPOCH)).as("it has ended").isTrue();
        }

        @Test
        void hands_over_what_it_threw_as_it_is() {
            IOException checked = new IOException("checked");
            StackOverflowError error = new StackOverflowError();
            assertThatThrownBy(() -> tasks.fork("io", () -> {
                                throw checked;
                            })
                            .join())
                    .isSameAs(checked);
            assertThatThrownBy(() -> tasks.fork("error", () -> {
                                throw error;
                            })
                            .join())
                    .isSameAs(error);
        }

        @Test
        void is_waited_for_until_an_instant_and_then_left_running() throws InterruptedException {
            CountDownLatch open = new CountDownLatch(1);
            Tasks.Task<String> task = tasks.fork("gate", () -> {
                open.await();
                return "through";
            });
            assertThat(task.joinUntil(Instant.now().plusMillis(5))).isFalse();
            assertThat(task.joinUntil(Instant.EPOCH)).isFalse();
            open.countDown();
            assertThat(task.joinUntil(soon())).isTrue();
            assertThat(task.join()).isEqualTo("through");
        }

        @Test
        void is_interrupted_when_it_heeds_that() throws InterruptedException {
            CountDownLatch never = new CountDownLatch(1);
            Tasks.Task<String> task = tasks.fork("patient", () -> {
                try {
                    never.await();
                    return "never";
                } catch (InterruptedException e) {
                    return "interrupted";
                }
            });
            task.interrupt();
            assertThat(task.join()).isEqualTo("interrupted");
        }

        @Test
        void that_is_given_up_lets_its_waiter_go_although_it_runs_on() throws InterruptedException {
            CountDownLatch open = new CountDownLatch(1);
            Tasks.Task<String> task = tasks.fork("stubborn", () -> {
                boolean through = false;
                while (!through) {
                    try {
                        open.await();
                        through = true;
                    } catch (InterruptedException ignored) {
                        // that is the point
                    }
                }
                return "late";
            });
            Tasks.Task<Boolean> waiter = tasks.fork("waiter", () -> task.joinUntil(soon()));
            task.giveUp();
            assertThat(waiter.join()).isFalse();
            assertThatThrownBy(task::join).isInstanceOf(IllegalStateException.class);
            open.countDown();
        }
    }

    @Nested
    class A_timer {
        @Test
        void ticks_again_and_again_also_after_a_tick_that_threw() throws InterruptedException {
            CountDownLatch five = new CountDownLatch(5);
            Tasks.Cancellable timer = tasks.every("tick", SHORT, () -> {
                five.countDown();
                throw new IllegalStateException("this one failed");
            });
            five.await();
            timer.cancel();
        }

        @Test
        void never_ticks_twice_at_once_however_long_a_tick_takes() throws InterruptedException {
            AtomicInteger inside = new AtomicInteger();
            AtomicInteger most = new AtomicInteger();
            CountDownLatch ten = new CountDownLatch(10);
            Tasks.Cancellable timer = tasks.every("slow", Duration.ofMillis(1), () -> {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                pause(Duration.ofMillis(4));
                inside.decrementAndGet();
                ten.countDown();
            });
            ten.await();
            timer.cancel();
            assertThat(most).hasValue(1);
        }

        @Test
        void that_is_cancelled_has_no_tick_under_way_and_none_that_follows() throws InterruptedException {
            for (int round = 0; round < 50; round++) {
                AtomicBoolean cancelled = new AtomicBoolean();
                AtomicInteger inside = new AtomicInteger();
                AtomicInteger late = new AtomicInteger();
                CountDownLatch first = new CountDownLatch(1);
                Tasks.Cancellable timer = tasks.every("tick", Duration.ofMillis(1), () -> {
                    late.addAndGet(cancelled.get() ? 1 : 0);
                    inside.incrementAndGet();
                    first.countDown();
                    pause(Duration.ofMillis(1));
                    inside.decrementAndGet();
                });
                first.await();
                timer.cancel();
                cancelled.set(true);
                assertThat(inside).hasValue(0);
                pause(Duration.ofMillis(3));
                assertThat(late).hasValue(0);
            }
        }

        private void pause(Duration duration) {
            try {
                tasks.sleepUntil(Instant.now().plus(duration));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Test
    void sleep_until_the_clock_shows_it_and_not_at_all_when_it_has() throws InterruptedException {
        Instant until = Instant.now().plusMillis(20);
        tasks.sleepUntil(until);
        assertThat(Instant.now()).isAfterOrEqualTo(until);
        tasks.sleepUntil(Instant.EPOCH);
    }
}
