package dev.stepstile.bench.plan;

import dev.stepstile.bench.cost.Consumption;
import dev.stepstile.bench.cost.Consumption.Stored;
import dev.stepstile.bench.cost.Consumption.Work;
import dev.stepstile.bench.cost.Sample;
import dev.stepstile.bench.price.Price;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.Gauge;
import dev.stepstile.usecase.Measure;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a workload costs on a deployment.
 *
 * @param run what the steps consume, once
 * @param month what the deployment consumes in a month, whether or not steps run
 * @param drains how long the queue takes to drain, by mode; the first is the template's own
 * @param alternatives the same steps elsewhere
 */
public record Plan(
        Workload workload,
        Deployment deployment,
        List<Line> run,
        List<Line> month,
        List<Drain> drains,
        List<Alternative> alternatives) {
    /** Of the dispatch, runs and sweeper functions, in the template. */
    static final int OTHERS_MB = 1024;

    static final double HOURS_A_MONTH = 730;

    /** How long records are kept, of a month: the template's RetentionDays. */
    static final double RECORDS_MONTHS = 1;

    /** How long payloads are kept, of a month: the bucket's rule, 55 days. */
    static final double PAYLOADS_MONTHS = 55 / 30.0;

    /** How long logs are kept, of a month: the template's LogRetentionDays. */
    static final double LOGS_MONTHS = 1;

    /** What a sweep measures whether or not steps run: its duration, and how things are. */
    private static final int METRICS_OF_A_SWEEP = 1
            + Gauge.values().length
            + (int) Arrays.stream(Measure.values())
                    .filter(measure -> measure.kind() == Measure.Kind.NEWEST)
                    .count();

    private static final double GB = 1e9;

    /** A line of the API's access log, an estimate. */
    private static final double LOG_GB_A_CALL = 0.5e-6;

    private static final String STEP_DURATION = "step function, duration";

    /** What was counted: a sample of the steps, an hour without any, and an hour of a client that follows a run. */
    public record Counted(Sample sample, Consumption idleHour, Consumption followedHour) {
        /** Counts now, which takes a few seconds. */
        public static Counted of(Workload workload) {
            return new Counted(
                    Sample.of(workload.duration(), workload.batch(), workload.retries()),
                    Sample.idleHour(),
                    Sample.followedHour());
        }
    }

    /** @param resources of the template */
    public static Plan of(Workload workload, Deployment deployment, Counted counted, TemplateCounts resources) {
        Totals totals = new Totals(workload, counted.sample());
        List<Drain> drains = Drain.modes(totals, deployment);
        double hours = drains.getFirst().seconds() / 3600;
        return new Plan(
                workload,
                deployment,
                run(totals, counted.followedHour(), hours, deployment),
                month(counted.idleHour(), resources, deployment),
                drains,
                new Alternatives(totals, deployment).all());
    }

    /** Each price that it uses, once, in their order. */
    public Stream<Price> prices() {
        return Stream.of(
                        run.stream(),
                        month.stream(),
                        drains.stream().flatMap(drain -> drain.month().stream()),
                        alternatives.stream()
                                .flatMap(other ->
                                        Stream.concat(other.coordination().stream(), other.compute().stream())))
                .flatMap(lines -> lines)
                .map(Line::price)
                .distinct()
                .sorted();
    }

    /** Dollars of the steps, once. */
    public double runDollars() {
        return Line.sum(run);
    }

    /** Dollars of the steps' own compute. */
    public double computeDollars() {
        return Line.sum(
                run.stream().filter(line -> line.what().equals(STEP_DURATION)).toList());
    }

    public double monthDollars() {
        return Line.sum(month);
    }

    private static List<Line> run(Totals totals, Consumption followed, double hours, Deployment deployment) {
        List<Line> lines = new ArrayList<>();
        Work step = totals.step();
        Work others = totals.others();
        double invocations = step.invocations()
                + others.invocations()
                + hours * followed.others().invocations();
        Price gbSecond = deployment.architecture().gbSecond();
        lines.add(new Line("Lambda", "requests", invocations, Price.LAMBDA_REQUEST));
        lines.add(new Line("Lambda", STEP_DURATION, step.seconds() * deployment.memoryMb() / 1024, gbSecond));
        double otherSeconds = others.seconds() + hours * followed.others().seconds();
        lines.add(new Line("Lambda", "other functions, duration", otherSeconds * OTHERS_MB / 1024, gbSecond));
        lines.add(new Line("DynamoDB", "writes", totals.written(), Price.DYNAMODB_WRITE));
        double read = totals.read() + hours * followed.units().read();
        lines.add(new Line("DynamoDB", "reads", read, Price.DYNAMODB_READ));
        stored(lines, totals.stored());
        lines.add(new Line("SQS", "requests", totals.queueRequests(), Price.SQS_REQUEST));
        lines.add(new Line("SQS", "of them for a group", totals.queueRequests(), Price.SQS_FAIR_REQUEST));
        lines.add(new Line("S3", "requests", totals.objectCalls(), Price.S3_REQUEST));
        lines.add(new Line(
                "S3", "manifests, 55 days", totals.stored().inObjects() / GB * PAYLOADS_MONTHS, Price.S3_STORED));
        double calls = Math.ceilDiv(totals.workload().steps(), (long) Limits.STEPS_PER_DISPATCH)
                + hours * followed.others().invocations();
        lines.add(new Line("API Gateway", "dispatch and follow", calls, Price.API_REQUEST));
        double metricMonths = totals.sample().metrics() * Math.ceil(hours) / HOURS_A_MONTH;
        lines.add(new Line("CloudWatch", "metrics, by the hour", metricMonths, Price.METRIC_MONTH));
        logs(lines, invocations * Consumption.LOG_GB_AN_INVOCATION + calls * LOG_GB_A_CALL);
        return List.copyOf(lines);
    }

    private static void stored(List<Line> lines, Stored stored) {
        double all = (stored.inTable() + stored.inIndexes()) / GB * RECORDS_MONTHS;
        lines.add(new Line("DynamoDB", "records, 30 days", all, Price.DYNAMODB_STORED));
        double backedUp = stored.inTable() / GB * RECORDS_MONTHS;
        lines.add(new Line("DynamoDB", "their backup", backedUp, Price.DYNAMODB_BACKUP));
    }

    private static void logs(List<Line> lines, double gb) {
        lines.add(new Line("CloudWatch", "logs, an estimate", gb, Price.LOGS_WRITTEN));
        lines.add(new Line("CloudWatch", "logs, 30 days", gb * LOGS_MONTHS, Price.LOGS_STORED));
    }

    private static List<Line> month(Consumption hour, TemplateCounts resources, Deployment deployment) {
        List<Line> lines = new ArrayList<>();
        double sweeps = hour.others().invocations() * HOURS_A_MONTH;
        lines.add(new Line("Scheduler", "sweeps, one a minute", sweeps, Price.SCHEDULED_CALL));
        lines.add(new Line("Lambda", "requests", sweeps, Price.LAMBDA_REQUEST));
        double gbSeconds = hour.others().seconds() * HOURS_A_MONTH * OTHERS_MB / 1024;
        lines.add(new Line(
                "Lambda",
                "sweeper, duration",
                gbSeconds,
                deployment.architecture().gbSecond()));
        lines.add(new Line("DynamoDB", "reads", hour.units().read() * HOURS_A_MONTH, Price.DYNAMODB_READ));
        double receives = (hour.emptyReceives() + hour.queueRequests()) * HOURS_A_MONTH;
        lines.add(new Line("SQS", "five pollers' receives", receives, Price.SQS_REQUEST));
        lines.add(new Line("CloudWatch", "alarms", resources.alarmMetrics(), Price.ALARM_MONTH));
        lines.add(new Line("CloudWatch", "dashboards", resources.dashboards(), Price.DASHBOARD_MONTH));
        lines.add(new Line("CloudWatch", "metrics of each sweep", METRICS_OF_A_SWEEP, Price.METRIC_MONTH));
        logs(lines, sweeps * Consumption.LOG_GB_AN_INVOCATION);
        return List.copyOf(lines);
    }
}
