package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.OperatingSystemMXBean;
import dev.stepstile.simulation.system.Cluster;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * How many steps are simulated in a second of processor time: no-op steps, in dispatches of a thousand, without faults.
 * Processor time, since the machine may have other work.
 */
class ThroughputTest {
    private static final int DISPATCHES = 50;
    private static final int STEPS = 1_000;

    @Test
    @Tag("full")
    void stays_above_five_thousand_steps_a_second() {
        double best = 0;
        for (int round = 0; round < 6; round++) {
            long start = System.nanoTime();
            long cpuStart = cpuNanos();
            Outcome outcome = load().play(SimulationConfig.of(round).with(Cluster.CALM.withWorkers(16)));
            double rate = perSecond(cpuNanos() - cpuStart);
            assertThat(outcome.violations()).isEmpty();
            System.out.printf(
                    "simulated: %.0f steps/s of processor time, %.0f steps/s, %d port calls, %s of virtual time%n",
                    rate,
                    perSecond(System.nanoTime() - start),
                    outcome.progress().portCalls(),
                    outcome.progress().took());
            best = Math.max(best, rate);
        }
        assertThat(best).isGreaterThan(5_000);
    }

    private static double perSecond(long nanos) {
        return DISPATCHES * STEPS * 1e9 / nanos;
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static Scenario load() {
        return simulation -> IntStream.range(0, DISPATCHES)
                .forEach(n -> simulation.dispatch(Duration.ofSeconds(n), Scenario.many("d" + n, STEPS, 0)));
    }
}
