package dev.stepstile.bench.cost;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * How long a step waits whose worker dies, with the times of a deployment: from the death, at any moment between two
 * heartbeats and two sweeps, until its next attempt runs in a new environment.
 */
final class RecoveryRun {
    private static final Duration LONG = Duration.ofSeconds(800);
    private static final Duration AT_MOST = Duration.ofDays(30);
    private static final long LOOK_MILLIS = 100;

    private final SimulatedAccount account = new SimulatedAccount();
    private final SplittableRandom random = new SplittableRandom(1);

    /** The delays, the shortest first. */
    record Delays(List<Duration> sorted) {
        double seconds(double percentile) {
            int place = (int) Math.ceil(percentile / 100 * sorted.size());
            return sorted.get(place - 1).toMillis() / 1000.0;
        }
    }

    /** @param others how many other workers run meanwhile, an even number */
    Delays kill(int deaths, int others) {
        List<Duration> delays = new ArrayList<>();
        account.startPollers(CostRun.WORKERS, SimulatedAccount.BATCH);
        account.startSchedule();
        if (others > 0) { // two halves: while the one starts anew, the other one runs
            account.start("others", () -> keepRunning("one", others / 2));
            account.start("others", () -> {
                account.scheduler().pause(LONG.toMillis() / 2);
                keepRunning("two", others / 2);
            });
        }
        account.start("killer", () -> {
            account.scheduler().pause(LONG.toMillis());
            for (int i = 0; i < deaths; i++) {
                delays.add(killOne("killed-" + i));
            }
            account.scheduler().stop();
        });
        account.scheduler().run(Scheduler.START.plus(AT_MOST));
        return new Delays(delays.stream().sorted(Comparator.naturalOrder()).toList());
    }

    private void keepRunning(String name, int workers) {
        for (int i = 0; ; i++) {
            account.dispatch(CostRun.request(name + "-" + i, LONG, 10 * workers));
            account.scheduler().pause(LONG.plusSeconds(5).toMillis());
        }
    }

    private Duration killOne(String runId) {
        account.dispatch(CostRun.request(runId, LONG, 1));
        SimulatedProcess worker = awaitAttempt(runId, 1).worker();
        account.scheduler().pause(random.nextLong(Timing.DEFAULT.sweepEvery().toMillis()));
        worker.crash();
        long died = account.scheduler().millis();
        return Duration.ofMillis(awaitAttempt(runId, 2).atMillis() - died);
    }

    private SimulatedAccount.Started awaitAttempt(String runId, int attempt) {
        while (true) {
            SimulatedAccount.Started newest = account.started(runId).orElse(null);
            if (newest != null && newest.attempt() >= attempt) {
                return newest;
            }
            account.scheduler().pause(LOOK_MILLIS);
        }
    }
}
