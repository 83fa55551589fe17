package dev.stepstile.bench.plan;

import dev.stepstile.bench.price.Price;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What else could run the steps, at list price. */
final class Alternatives {
    /** An Express workflow ends after five minutes. */
    private static final double EXPRESS_SECONDS = 300;

    /** What an Express workflow with little data is charged for. */
    private static final double EXPRESS_GB = 64 / 1024.0;

    /** Input and result of a step, together: about what the sample's steps have. */
    private static final double PAYLOAD_GB = 200e-9;

    /** How long a durable function's data is kept, of a month; 14 days by default. */
    private static final double DURABLE_MONTHS = 14 / 30.0;

    /** The executor's queue of results: sent, received, deleted. */
    private static final double AIRFLOW_QUEUE_REQUESTS = 3;

    private static final double HOURS_A_MONTH = 730;

    private final Workload workload;
    private final Deployment deployment;
    private final Totals totals;
    private final double attempts;

    Alternatives(Totals totals, Deployment deployment) {
        this.workload = totals.workload();
        this.deployment = deployment;
        this.totals = totals;
        this.attempts = workload.attempts();
    }

    List<Alternative> all() {
        List<Alternative> all = new ArrayList<>();
        all.add(standard());
        all.add(distributedMap("one step a child", 1, deployment.stepMemoryMb()));
        all.add(distributedMap(workload.batch() + " steps a child", workload.batch(), deployment.memoryMb()));
        all.add(durable());
        all.add(fargateWorkers());
        all.add(fargateTasks());
        all.add(temporal());
        all.add(airflow());
        return all;
    }

    /** Invocations of Lambda, each of so many seconds. */
    private List<Line> lambda(double invocations, int memoryMb) {
        return List.of(
                new Line("Lambda", "requests", invocations, Price.LAMBDA_REQUEST),
                new Line(
                        "Lambda",
                        "duration",
                        invocations * workload.seconds() * memoryMb / 1024,
                        deployment.architecture().gbSecond()));
    }

    private Alternative standard() {
        return new Alternative(
                "Step Functions Standard",
                List.of(new Line("Step Functions", "transitions", attempts, Price.TRANSITION)),
                lambda(attempts, deployment.stepMemoryMb()),
                "one state for each step; a retry is a transition too; 25,000 events a workflow");
    }

    private Alternative distributedMap(String name, int steps, int memoryMb) {
        double children = attempts / steps;
        boolean express = workload.seconds() <= EXPRESS_SECONDS;
        List<Line> coordination = express
                ? List.of(
                        new Line("Step Functions", "starts of children", children, Price.TRANSITION),
                        new Line("Step Functions", "Express workflows", children, Price.EXPRESS_REQUEST),
                        new Line(
                                "Step Functions",
                                "Express duration",
                                children * workload.seconds() * EXPRESS_GB / 3600,
                                Price.EXPRESS_GB_HOUR))
                : List.of(new Line("Step Functions", "starts and states", 2 * children, Price.TRANSITION));
        return new Alternative(
                "Distributed Map, " + name,
                coordination,
                lambda(children, memoryMb),
                express
                        ? "Express children: at least once, 5 minutes at most; a failed child runs again as a whole"
                        : "Standard children, as Express ones end after 5 minutes");
    }

    private Alternative durable() {
        double executions = attempts / workload.batch();
        double gb = workload.steps() * PAYLOAD_GB;
        return new Alternative(
                "Lambda durable functions",
                List.of(
                        new Line("Lambda", "starts and steps", executions + attempts, Price.LAMBDA_DURABLE_OPERATION),
                        new Line("Lambda", "data written", gb, Price.LAMBDA_DURABLE_WRITTEN),
                        new Line("Lambda", "data kept 14 days", gb * DURABLE_MONTHS, Price.LAMBDA_DURABLE_STORED)),
                lambda(executions, deployment.memoryMb()),
                "one execution for a batch; a step is at least once by default");
    }

    private Alternative fargateWorkers() {
        return new Alternative(
                "Fargate workers that never idle",
                List.of(),
                workers(),
                "queue, leases, retries and scaling are yours to build; idle time is charged too");
    }

    /** Tasks with the CPU and the memory of the step function, each as busy as an invocation. */
    private List<Line> workers() {
        return FargateTask.like(deployment.memoryMb()).running(totals.step().seconds(), deployment.architecture());
    }

    private Alternative fargateTasks() {
        double seconds = Math.max(workload.seconds(), FargateTask.LEAST_SECONDS);
        return new Alternative(
                "Fargate, a task for each step",
                List.of(),
                FargateTask.like(deployment.stepMemoryMb()).running(attempts * seconds, deployment.architecture()),
                "a minute at least is charged; the pull of the image is charged too and not counted here");
    }

    private Alternative temporal() {
        Line actions = new Line("Temporal", "actions", attempts, Price.TEMPORAL_ACTION);
        return new Alternative(
                "Temporal Cloud, Fargate workers",
                List.of(actions, new Line("Temporal", "Developer plan", actions.dollars(), Price.TEMPORAL_PLAN)),
                workers(),
                "one activity for each step, without heartbeats and storage; discounts from 5M actions on other plans");
    }

    private Alternative airflow() {
        return new Alternative(
                "Airflow, Lambda executor",
                Stream.of(
                                new Line("Airflow", "environment for a month", HOURS_A_MONTH, Price.MWAA_SMALL_HOUR),
                                new Line(
                                        "SQS",
                                        "results of tasks",
                                        attempts * AIRFLOW_QUEUE_REQUESTS,
                                        Price.SQS_REQUEST))
                        .toList(),
                lambda(attempts, deployment.stepMemoryMb()),
                "a host as large as MWAA's mw1.small, for a month; MWAA itself runs only Celery workers");
    }
}
