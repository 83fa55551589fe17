package dev.stepstile.bench.cost;

import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.Limits;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Run;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.RunQueries;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Steps of one duration, from their dispatch until their dispatches are closed and their results are read. */
final class CostRun {
    /** Batches of ten at once: 500 slots. */
    static final int WORKERS = 50;

    /** What Lambda keeps while the queue is empty. */
    private static final int IDLE_POLLERS = 5;

    private static final Duration TIMEOUT = Duration.ofSeconds(870);
    /** As by default, but with attempts enough. */
    private static final RetryPolicy RETRIES =
            new RetryPolicy(Limits.MAX_ATTEMPTS, RetryPolicy.DEFAULT.base(), RetryPolicy.DEFAULT.cap());

    private static final Duration AT_MOST = Duration.ofDays(30);
    private static final int FEED_PAGE = 1000;

    /** The longest that the clients wait between two polls. */
    private static final long FOLLOWER_PAUSE_MILLIS = 500;

    private final SimulatedAccount account = new SimulatedAccount();

    /**
     * What was counted.
     *
     * @param step how long a step takes
     * @param took virtual time until all was done
     */
    record Counted(Duration step, int steps, Duration took, Counts counts) {
        double reads(Cause cause) {
            return counts.reads(cause) / steps;
        }

        double writes(Cause cause) {
            return counts.writes(cause) / steps;
        }

        double reads() {
            return counts.allReads() / steps;
        }

        double writes() {
            return counts.allWrites() / steps;
        }

        double queueRequests() {
            return (double) counts.queueRequests() / steps;
        }

        double invocations() {
            return (double) counts.invocations() / steps;
        }
    }

    /** Runs steps, in dispatches of 10,000 at most, each to a run of its own. */
    Counted run(Duration step, int steps) {
        return run(step, steps, SimulatedAccount.BATCH, 0);
    }

    /**
     * As {@link #run(Duration, int)}.
     *
     * @param batch how many messages an invocation takes at most
     * @param retries how many attempts of a step fail and are retried, on average
     */
    Counted run(Duration step, int steps, int batch, double retries) {
        account.startPollers(WORKERS, batch);
        account.startSchedule();
        account.start("client", () -> {
            List<String> runs = dispatch(step, steps, retries);
            while (account.tally(Metric.DISPATCHES_CLOSED) < runs.size() || !account.queueEmpty()) {
                account.scheduler().pause(1000);
            }
            runs.forEach(this::readFeed);
            account.scheduler().stop();
        });
        account.scheduler().run(Scheduler.START.plus(AT_MOST));
        long succeeded = account.tally(Metric.STEPS_SUCCEEDED);
        if (succeeded != steps) {
            throw new IllegalStateException(succeeded + " of " + steps + " steps have succeeded");
        }
        return new Counted(
                step,
                steps,
                Duration.between(Scheduler.START, account.scheduler().now()),
                account.counts());
    }

    SimulatedAccount account() {
        return account;
    }

    /** What an idle deployment consumes. */
    Counts idle(Duration during) {
        account.startPollers(IDLE_POLLERS, SimulatedAccount.BATCH);
        account.startSchedule();
        account.scheduler().run(Scheduler.START.plus(during));
        return account.counts();
    }

    /** What a client consumes in so long that follows the feed of a run in which nothing happens. */
    Counts followed(Duration during) {
        account.start("client", () -> {
            dispatch(Duration.ZERO, 1, 0);
            account.countAnew();
            long end = account.scheduler().millis() + during.toMillis();
            while (account.scheduler().millis() < end) {
                readFeed("run-0");
                account.scheduler().pause(FOLLOWER_PAUSE_MILLIS);
            }
            account.scheduler().stop();
        });
        account.scheduler().run(Scheduler.START.plus(AT_MOST));
        return account.counts();
    }

    private List<String> dispatch(Duration step, int steps, double retries) {
        List<String> runs = new ArrayList<>();
        for (int from = 0; from < steps; from += Limits.STEPS_PER_DISPATCH) {
            String runId = "run-" + runs.size();
            int number = Math.min(Limits.STEPS_PER_DISPATCH, steps - from);
            account.dispatch(request(runId, step, number, retries));
            runs.add(runId);
        }
        return runs;
    }

    static Dispatcher.Request request(String runId, Duration step, int steps) {
        return request(runId, step, steps, 0);
    }

    /** @param retries shared out evenly: of 0.02, each fiftieth step has one */
    private static Dispatcher.Request request(String runId, Duration step, int steps, double retries) {
        List<Dispatcher.NewStep> list = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            int failures = (int) (Math.floor((i + 1) * retries) - Math.floor(i * retries));
            list.add(new Dispatcher.NewStep(
                    "step-" + i,
                    SimulatedAccount.HANDLER,
                    new SimulatedAccount.Task(step.toMillis(), failures).input(),
                    RETRIES,
                    TIMEOUT,
                    new TreeMap<>()));
        }
        return new Dispatcher.Request(runId, "d", list, new TreeMap<>());
    }

    private void readFeed(String runId) {
        List<String> positions = List.of();
        RunQueries.Feed feed;
        do {
            List<String> from = positions;
            feed = account.ask((stepstile, deadline) -> {
                RunQueries queries = stepstile.queries();
                Run run = queries.run(runId).orElseThrow();
                return queries.feed(run, from, FEED_PAGE);
            });
            positions = feed.positions();
        } while (!feed.caughtUp());
    }

    /**
     * What one sweep does while so many steps are open and nothing is wrong.
     *
     * @param seconds on this machine
     * @param took virtual time
     */
    record Swept(int open, Counts counts, double seconds, Duration took) {}

    /** One sweep, after two others, while all slots run steps that last. */
    Swept sweepOf(int open) {
        List<Swept> swept = new ArrayList<>();
        account.startPollers(WORKERS, SimulatedAccount.BATCH);
        account.start("client", () -> {
            dispatch(Duration.ofSeconds(800), open, 0);
            for (int i = 0; i < 3; i++) {
                account.scheduler().pause(60_000);
                swept.add(sweep(open));
            }
            account.scheduler().stop();
        });
        account.scheduler().run(Scheduler.START.plus(AT_MOST));
        return swept.getLast();
    }

    private Swept sweep(int open) {
        account.countAnew();
        long virtual = account.scheduler().millis();
        long began = System.nanoTime();
        account.sweep();
        double seconds = (System.nanoTime() - began) / 1e9;
        return new Swept(
                open,
                account.countAnew(),
                seconds,
                Duration.ofMillis(account.scheduler().millis() - virtual));
    }
}
