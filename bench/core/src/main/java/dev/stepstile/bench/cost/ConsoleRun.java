package dev.stepstile.bench.cost;

import dev.stepstile.bench.price.Price;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import dev.stepstile.usecase.RunList;
import dev.stepstile.usecase.RunQueries;
import dev.stepstile.usecase.RunningSteps;
import dev.stepstile.usecase.StepFilter;
import dev.stepstile.usecase.Stepstile;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * What a minute of the web console consumes of a stack on which so many steps of one run are running, and nothing ends: what each view asks
 * for each second, as docs/console.md says.
 */
final class ConsoleRun {
    private static final String RUN = "open";
    private static final String KEY = "step-0";

    /** As many as a page of runs has: with the open one. */
    private static final int OTHER_RUNS = 49;

    private static final int SECONDS = 60;
    private static final int PAGE = 1000;
    private static final int RUNS_PAGE = 50;

    /** The template's {@code RunsMemory}. */
    private static final double GIGABYTES = 1;

    private static final Duration LASTS = Duration.ofSeconds(800);
    private static final Duration AT_MOST = Duration.ofHours(2);

    private final SimulatedAccount account = new SimulatedAccount();
    private final List<Minute> minutes = new ArrayList<>();

    /**
     * A minute of a view.
     *
     * @param reads read units
     * @param seconds how long the runs function ran, without computing
     */
    record Minute(String view, long calls, double reads, double seconds) {
        /** An hour of the view, with API Gateway, Lambda and DynamoDB. */
        double dollarsAnHour() {
            return 60
                    * (Price.API_REQUEST.of((double) calls)
                            + Price.LAMBDA_REQUEST.of((double) calls)
                            + Price.LAMBDA_ARM_GB_SECOND.of(seconds * GIGABYTES)
                            + Price.DYNAMODB_READ.of(reads));
        }
    }

    /** What a view asks for each second. */
    private interface Call {
        Object of(Stepstile stepstile, RunQueries queries) throws InterruptedException;
    }

    /** @param running how many steps run, 500 at most */
    List<Minute> views(int running) {
        account.startPollers(CostRun.WORKERS, SimulatedAccount.BATCH);
        account.startSchedule();
        account.start("operator", () -> {
            for (int i = 0; i < OTHER_RUNS; i++) {
                account.dispatch(CostRun.request("run-" + i, Duration.ZERO, 1));
            }
            account.scheduler().pause(Duration.ofMinutes(3).toMillis());
            account.dispatch(CostRun.request(RUN, LASTS, running));
            account.scheduler().pause(Duration.ofMinutes(2).toMillis());
            minute("runs", this::pauses, this::runs, this::feed);
            minute("run, open", this::pauses, this::status, this::feed, this::runningOfRun);
            minute("step", this::pauses, this::step);
            minute("running now", this::pauses, this::running);
            minute("dead letters", this::pauses);
            account.scheduler().stop();
        });
        account.scheduler().run(Scheduler.START.plus(AT_MOST));
        return minutes;
    }

    private void minute(String view, Call... calls) {
        account.countAnew();
        long end = account.scheduler().millis() + 1000L * SECONDS;
        for (int second = 0; second < SECONDS; second++) {
            for (Call call : calls) {
                account.ask((stepstile, deadline) -> call.of(stepstile, stepstile.queries()));
            }
            account.scheduler()
                    .pause(Math.max(
                            0,
                            end
                                    - 1000L * (SECONDS - 1 - second)
                                    - account.scheduler().millis()));
        }
        Counts counted = account.countAnew();
        minutes.add(new Minute(
                view,
                counted.invocations(Cause.Function.RUNS),
                counted.reads(Cause.FEED),
                counted.seconds(Cause.Function.RUNS)));
    }

    private Object pauses(Stepstile stepstile, RunQueries queries) {
        return stepstile.pauses().lasting();
    }

    private Object runs(Stepstile stepstile, RunQueries queries) throws InterruptedException {
        stepstile.pauses().known();
        RunList.Filter all = new RunList.Filter(false, null, "", StepFilter.Span.ANY);
        return queries.runs().page(all, null, RUNS_PAGE, _ -> true);
    }

    private Object status(Stepstile stepstile, RunQueries queries) {
        stepstile.pauses().known();
        return queries.status(RUN);
    }

    private Object feed(Stepstile stepstile, RunQueries queries) throws InterruptedException {
        return queries.feed(run(queries), List.of(), PAGE);
    }

    private Object runningOfRun(Stepstile stepstile, RunQueries queries) throws InterruptedException {
        run(queries);
        return queries.running().exactPage(new RunningSteps.Filter(RUN, null), null, PAGE, _ -> true);
    }

    private Object running(Stepstile stepstile, RunQueries queries) throws InterruptedException {
        return queries.running().exactPage(new RunningSteps.Filter(null, null), null, PAGE, _ -> true);
    }

    private Object step(Stepstile stepstile, RunQueries queries) {
        StepRecord record = queries.step(run(queries), KEY).orElseThrow();
        var _ = queries.running().of(record).orElseThrow();
        return queries.log(record, record.attempt());
    }

    private static Run run(RunQueries queries) {
        return queries.run(RUN).orElseThrow();
    }
}
