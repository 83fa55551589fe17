package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.PortException;
import dev.stepstile.simulation.faults.FaultInjector;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.ports.PortCalls;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.scheduler.SimulationFailed;
import dev.stepstile.simulation.scheduler.Trace;
import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The scheduler, and the tasks on it: one actor at a time, on virtual time. */
class SchedulerTest {
    private final Scheduler scheduler = new Scheduler(random());
    private final SimulatedProcess process = new SimulatedProcess(scheduler, "p", Duration.ZERO, random());
    private final Tasks tasks = process.runtime().tasks();
    private final List<String> said = new ArrayList<>();

    private static RandomGenerator random() {
        return RandomGeneratorFactory.of("L64X128MixRandom").create(1);
    }

    private interface Body {
        void run() throws Exception;
    }

    private void actor(SimulatedProcess home, Body body) {
        home.start("actor", () -> {
            try {
                body.run();
            } catch (Exception e) {
                said.add(e.getClass().getSimpleName());
            }
        });
    }

    private void play(Body body) {
        actor(process, body);
        scheduler.run(Scheduler.START.plus(Duration.ofHours(1)));
    }

    private void say(String what) {
        said.add(Duration.between(Scheduler.START, scheduler.now()).toMillis() + " " + what);
    }

    private Instant in(long millis) {
        return scheduler.now().plusMillis(millis);
    }

    private FaultInjector struckBy(Faults faults) {
        return new FaultInjector(faults, FaultProfile.CALM, 1, scheduler);
    }

    @Nested
    class An_actor {
        @Test
        void that_sleeps_wakes_at_its_time_and_nothing_is_waited_for() {
            play(() -> {
                tasks.sleepUntil(in(60_000));
                say("awake");
                tasks.sleepUntil(in(-5));
                say("at once");
            });
            assertThat(said).containsExactly("60000 awake", "60000 at once");
        }

        @Test
        void that_blocks_outside_of_a_port_is_named_and_shown() {
            CountDownLatch never = new CountDownLatch(1);
            assertThatThrownBy(() -> play(never::await))
                    .isInstanceOf(SimulationFailed.class)
                    .hasMessageContaining("Actor p/actor has the baton and is blocked outside of a port")
                    .hasMessageContaining("CountDownLatch.await");
        }

        @Test
        void that_throws_what_nobody_awaits_ends_the_simulation() {
            process.start("broken", () -> {
                throw new IllegalStateException("broken");
            });
            assertThatThrownBy(() -> scheduler.run(Scheduler.START.plusSeconds(1)))
                    .isInstanceOf(SimulationFailed.class)
                    .hasMessageContaining("p/broken threw");
        }
    }

    @Nested
    class A_thread_that_is_no_actor {
        @Test
        void may_not_call_a_port_and_is_named() {
            PortCalls calls = new PortCalls(scheduler, random(), struckBy(Faults.NONE), new Trace(false), process);
            assertThatThrownBy(() -> play(() -> {
                        Thread foreign = Thread.ofPlatform().name("foreign").unstarted(() -> {
                            try {
                                calls.call("store.run", () -> "x", x -> x);
                            } catch (SimulationFailed swallowed) {
                                said.add("refused");
                            }
                        });
                        foreign.start();
                        foreign.join();
                    }))
                    .isInstanceOf(SimulationFailed.class)
                    .hasMessageContaining("Thread 'foreign' called store.run but is no actor");
            assertThat(said).containsExactly("refused");
        }
    }

    @Nested
    class A_process {
        private final PortCalls calls = new PortCalls(
                scheduler,
                random(),
                struckBy(Faults.NONE.crashAfter(1).pause(2, Duration.ofSeconds(90))),
                new Trace(false),
                new SimulatedProcess(scheduler, "root", Duration.ZERO, random()));

        @Test
        void that_crashes_runs_nothing_more_not_even_finally() {
            play(() -> {
                tasks.every("tick", Duration.ofSeconds(1), () -> say("tick"));
                tasks.fork("other", () -> {
                    tasks.sleepUntil(in(5_000));
                    say("other");
                    return 0;
                });
                tasks.sleepUntil(in(2_500));
                try {
                    calls.call("first", () -> said.add("effect"), Object::toString);
                    say("after");
                } finally {
                    say("finally");
                }
            });
            assertThat(said).containsExactly("1000 tick", "2000 tick", "effect");
        }

        @Test
        void that_stands_still_goes_on_with_what_it_knew() {
            SimulatedProcess victim = new SimulatedProcess(scheduler, "victim", Duration.ZERO, random());
            actor(victim, () -> calls.call("first", () -> 0, Object::toString));
            play(() -> {
                tasks.sleepUntil(in(1_000));
                tasks.every("tick", Duration.ofSeconds(60), () -> say("tick"));
                calls.call("second", () -> 0, Object::toString);
                assertThat(scheduler.now()).isAfterOrEqualTo(Scheduler.START.plusSeconds(91));
                said.add("thawed");
                tasks.sleepUntil(in(1_000));
                process.crash();
                scheduler.abandon();
            });
            assertThat(said)
                    .hasSize(2)
                    .contains("thawed")
                    .anyMatch(text -> text.startsWith("9") && text.endsWith("tick"));
        }

        @Test
        void has_its_own_clock() {
            SimulatedProcess ahead = new SimulatedProcess(scheduler, "ahead", Duration.ofSeconds(30), random());
            actor(ahead, () -> {
                assertThat(ahead.runtime().now()).isEqualTo(Scheduler.START.plusSeconds(30));
                ahead.runtime().tasks().sleepUntil(Scheduler.START.plusSeconds(40));
                say("slept");
            });
            play(() -> {});
            assertThat(said).containsExactly("10000 slept");
        }
    }

    @Nested
    class A_task {
        @Test
        void gives_what_its_work_returned_or_threw() {
            play(() -> {
                say(tasks.fork("a", () -> {
                            tasks.sleepUntil(in(10));
                            return "value";
                        })
                        .join());
                Tasks.Task<String> broken = tasks.fork("b", () -> {
                    throw new PortException("thrown");
                });
                assertThatThrownBy(broken::join).isInstanceOf(PortException.class);
                say("done");
            });
            assertThat(said).containsExactly("10 value", "10 done");
        }

        @Test
        void is_waited_for_until_an_instant() {
            play(() -> {
                Tasks.Task<String> slow = tasks.fork("slow", () -> {
                    tasks.sleepUntil(in(100));
                    return "value";
                });
                say("ended: " + slow.joinUntil(in(50)));
                say("ended: " + slow.joinUntil(in(500)));
            });
            assertThat(said).containsExactly("50 ended: false", "100 ended: true");
        }

        @Test
        void that_is_interrupted_wakes_in_its_sleep_or_before_its_next_one() {
            play(() -> {
                Tasks.Task<String> asleep = tasks.fork("asleep", () -> {
                    tasks.sleepUntil(in(1_000));
                    return "never";
                });
                tasks.sleepUntil(in(10));
                asleep.interrupt();
                asleep.interrupt();
                assertThatThrownBy(asleep::join).isInstanceOf(InterruptedException.class);
                say("woken");
                Tasks.Task<String> awake = tasks.fork("awake", () -> {
                    scheduler.pause(20);
                    tasks.sleepUntil(in(1_000));
                    return "never";
                });
                tasks.sleepUntil(in(10));
                awake.interrupt();
                assertThatThrownBy(awake::join).isInstanceOf(InterruptedException.class);
                say("not even asleep");
            });
            assertThat(said).containsExactly("10 woken", "30 not even asleep");
        }

        @Test
        void that_is_given_up_releases_who_waits_though_it_takes_no_notice() {
            play(() -> {
                Tasks.Task<String> stubborn = tasks.fork("stubborn", () -> {
                    scheduler.pause(1_000);
                    say("still here");
                    return "";
                });
                tasks.fork("impatient", () -> {
                    tasks.sleepUntil(in(10));
                    stubborn.giveUp();
                    return 0;
                });
                say("ended: " + stubborn.joinUntil(in(5_000)));
                assertThatThrownBy(stubborn::join).isInstanceOf(IllegalStateException.class);
            });
            assertThat(said).containsExactly("10 ended: false", "1000 still here");
        }
    }

    @Nested
    class A_ticker {
        @Test
        void ticks_each_period_and_leaves_out_what_falls_into_a_long_tick() {
            play(() -> {
                Tasks.Cancellable ticker = tasks.every("tick", Duration.ofSeconds(1), () -> {
                    say("tick");
                    scheduler.pause(said.size() == 2 ? 2_500 : 0);
                });
                tasks.sleepUntil(in(6_500));
                ticker.cancel();
            });
            assertThat(said).containsExactly("1000 tick", "2000 tick", "5000 tick", "6000 tick");
        }

        @Test
        void goes_on_after_a_tick_that_threw() {
            play(() -> {
                Tasks.Cancellable ticker = tasks.every("tick", Duration.ofSeconds(1), () -> {
                    say("tick");
                    throw new PortException("trouble");
                });
                tasks.sleepUntil(in(2_500));
                ticker.cancel();
            });
            assertThat(said).containsExactly("1000 tick", "2000 tick");
        }

        @Test
        void that_is_cancelled_has_no_tick_under_way() {
            play(() -> {
                Tasks.Cancellable ticker = tasks.every("tick", Duration.ofSeconds(1), () -> {
                    scheduler.pause(500);
                    say("ticked");
                });
                tasks.sleepUntil(in(1_100));
                ticker.cancel();
                say("cancelled");
            });
            assertThat(said).containsExactly("1500 ticked", "1500 cancelled");
        }
    }
}
