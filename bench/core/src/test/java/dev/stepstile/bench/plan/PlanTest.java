package dev.stepstile.bench.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.offset;

import dev.stepstile.bench.cost.Consumption;
import dev.stepstile.bench.cost.Consumption.Stored;
import dev.stepstile.bench.cost.Consumption.Units;
import dev.stepstile.bench.cost.Consumption.Work;
import dev.stepstile.bench.cost.Sample;
import dev.stepstile.bench.price.Price;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Plans from round counts, computed a second time by hand. */
class PlanTest {
    private static final TemplateCounts RESOURCES = new TemplateCounts(3, 1);

    /** A step: 3 writes, 0.1 reads, 0.3 requests, a tenth of an invocation of five seconds, 400 + 200 + 100 bytes. */
    private static final Sample SAMPLE = new Sample(
            new Consumption(new Units(3, 0.1), 0.3, 0.02, 0.001, new Work(0.1, 0.5), new Work(0.002, 0.0001)),
            new Stored(400, 200, 100),
            6);

    private static final Plan.Counted COUNTED = new Plan.Counted(
            SAMPLE,
            new Consumption(new Units(0, 600), 0, 900, 0, new Work(0, 0), new Work(60, 6)),
            new Consumption(new Units(0, 36_000), 0, 0, 0, new Work(0, 0), new Work(7200, 72)));

    private static final Workload MILLION = new Workload(1_000_000, 5, 0, 10);
    private static final Deployment SMALL = new Deployment(512, Architecture.ARM64, 50, 5, 128);

    private static Plan plan(Workload workload, Deployment deployment) {
        return Plan.of(workload, deployment, COUNTED, RESOURCES);
    }

    private static double dollars(List<Line> lines, String service) {
        return Line.sum(
                lines.stream().filter(line -> line.service().equals(service)).toList());
    }

    @Test
    void a_million_steps_cost_what_a_hand_computes() {
        Plan plan = plan(MILLION, SMALL);
        // 500,000 invocation-seconds: 247.5 while Lambda rises to 50 for nine seconds, the others by 50 each second.
        double seconds = 9 + (500_000 - 247.5) / 50;
        assertThat(plan.drains().getFirst().seconds()).isEqualTo(seconds, offset(1e-6));
        double hours = seconds / 3600; // 2.778, in which one client makes 7,200 calls each
        double calls = 7200 * hours;
        double invocations = 100_000 + 2_000 + calls;

        // Half a GB for 500,000 seconds; one GB for 100 seconds of the others and for 72 in each hour of the client.
        double lambda = invocations * 0.20e-6 + (250_000 + 100 + 72 * hours) * 0.0000133334;
        assertThat(dollars(plan.run(), "Lambda")).isEqualTo(lambda, offset(1e-9));
        // Three writes and 0.1 reads a step, 36,000 reads for each hour of the client; 0.6 GB stored, 0.4 of them
        // backed up.
        double table = 3 * 0.625 + (0.1 + 0.036 * hours) * 0.125 + 0.6 * 0.25 + 0.4 * 0.20;
        assertThat(dollars(plan.run(), "DynamoDB")).isEqualTo(table, offset(1e-9));
        assertThat(dollars(plan.run(), "SQS")).isEqualTo(0.3 * (0.40 + 0.10), offset(1e-9));
        // A thousand calls; 0.1 GB for 55 of 30 days.
        assertThat(dollars(plan.run(), "S3")).isEqualTo(0.005 + 0.1 * 55 / 30 * 0.023, offset(1e-9));
        // A hundred dispatches of 10,000, and the client.
        assertThat(dollars(plan.run(), "API Gateway")).isEqualTo((100 + calls) * 1e-6, offset(1e-9));
        // Six metrics in three hours of a month's 730; a KB of logs for each invocation, and half a KB for each call.
        double watch = 6 * 3 / 730.0 * 0.30 + (invocations * 1e-6 + (100 + calls) * 0.5e-6) * (0.50 + 0.03);
        assertThat(dollars(plan.run(), "CloudWatch")).isEqualTo(watch, offset(1e-9));
        assertThat(plan.runDollars())
                .isEqualTo(
                        lambda + table + 0.15 + 0.005 + 0.1 * 55 / 30 * 0.023 + (100 + calls) * 1e-6 + watch,
                        offset(1e-9));
        assertThat(plan.computeDollars()).isEqualTo(250_000 * 0.0000133334, offset(1e-9));
    }

    @Test
    void a_month_in_which_nothing_runs_costs_what_a_hand_computes() {
        Plan plan = plan(MILLION, SMALL);
        double sweeps = 60 * 730;
        double month = sweeps * 1.00e-6 // the schedule
                + sweeps * 0.20e-6
                + 6 * 730 * 0.0000133334 // a tenth of a second each, with 1 GB
                + 600 * 730 * 0.125e-6
                + 900 * 730 * 0.40e-6
                + 3 * 0.10
                + 3.00
                + 7 * 0.30 // what a sweep measures
                + sweeps * 1e-6 * (0.50 + 0.03);
        assertThat(plan.monthDollars()).isEqualTo(month, offset(1e-9));
    }

    @Test
    void each_mode_of_concurrency_takes_what_a_hand_computes() {
        List<Drain> drains = plan(MILLION, SMALL).drains();
        // 5 to 1,250 by five a second takes 249 seconds, in which (5 + 1250) / 2 * 249 = 156,247.5 are worked off.
        assertThat(drains.get(2).seconds()).isEqualTo(249 + (500_000 - 156_247.5) / 1250, offset(1e-6));
        // Ready from the beginning: ten invocations for each of five pollers.
        assertThat(drains.get(3).seconds()).isEqualTo(500_000 / 50.0, offset(1e-6));
        assertThat(Line.sum(drains.get(3).month())).isEqualTo(5 * 730 * 0.00925, offset(1e-9));
        // 20 to 2,000 by 1,000 a minute takes 118.8 seconds, in which 1010 * 118.8 = 119,988 are worked off.
        assertThat(drains.get(4).seconds()).isEqualTo(118.8 + (500_000 - 119_988) / 2000.0, offset(1e-6));
        // Fifty at once, five seconds for ten steps and thirty write units.
        assertThat(drains.getFirst().stepsASecond()).isEqualTo(100, offset(1e-9));
        assertThat(drains.getFirst().writesASecond()).isEqualTo(300, offset(1e-9));
    }

    private static Alternative elsewhere(Plan plan, String name) {
        return plan.alternatives().stream()
                .filter(other -> other.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void the_same_steps_elsewhere_cost_what_a_hand_computes() {
        Plan plan = plan(new Workload(1_000_000, 5, 0.02, 10), SMALL);
        double alone = 1_020_000 * (0.20e-6 + 5 * 0.125 * 0.0000133334); // a step an invocation, 128 MB
        double together = 102_000 * (0.20e-6 + 5 * 0.5 * 0.0000133334); // ten steps, 512 MB
        // 0.29 of a CPU: the next task has half a CPU and 1 GB. The sample is busy for 500,000 seconds.
        double workers = 500_000 / 3600.0 * (0.5 * 0.03238 + 0.00356);

        assertThat(elsewhere(plan, "Step Functions Standard").dollars()).isEqualTo(1.02 * 25 + alone, offset(1e-6));
        double express = 1.00 + 1e6 * 5 / 3600 * 64 / 1024 * 0.06;
        assertThat(elsewhere(plan, "Distributed Map, one step a child").dollars())
                .isEqualTo(1.02 * (25 + express) + alone, offset(1e-6));
        assertThat(elsewhere(plan, "Distributed Map, 10 steps a child").dollars())
                .isEqualTo(0.102 * (25 + express) + together, offset(1e-6));
        assertThat(elsewhere(plan, "Lambda durable functions").dollars())
                .isEqualTo((1.02 + 0.102) * 8 + 0.2 * (0.25 + 14 / 30.0 * 0.15) + together, offset(1e-6));
        assertThat(elsewhere(plan, "Fargate workers that never idle").dollars()).isEqualTo(workers, offset(1e-6));
        assertThat(elsewhere(plan, "Fargate, a task for each step").dollars())
                .isEqualTo(1_020_000 / 60.0 * (0.25 * 0.03238 + 0.5 * 0.00356), offset(1e-6));
        assertThat(elsewhere(plan, "Temporal Cloud, Fargate workers").dollars())
                .isEqualTo(1.02 * 50 * 1.1 + workers, offset(1e-6));
        assertThat(elsewhere(plan, "Airflow, Lambda executor").dollars())
                .isEqualTo(730 * 0.49 + 3 * 1.02 * 0.40 + alone, offset(1e-6));
    }

    @Test
    void a_distributed_map_has_Standard_children_for_steps_that_an_Express_one_cannot_run() {
        Plan plan = plan(new Workload(1_000_000, 301, 0, 10), SMALL);
        assertThat(Line.sum(elsewhere(plan, "Distributed Map, one step a child").coordination()))
                .isEqualTo(2 * 25, offset(1e-6));
    }

    @Test
    void each_listed_price_is_of_a_line_of_a_plan() {
        Set<Price> used = EnumSet.noneOf(Price.class);
        for (Architecture architecture : Architecture.values()) {
            plan(MILLION, new Deployment(512, architecture, 50, 5, 128))
                    .prices()
                    .forEach(used::add);
        }
        assertThat(used).containsExactlyInAnyOrder(Price.values());
    }

    private static Workload random(SplittableRandom random) {
        return new Workload(
                random.nextLong(1, Workload.MOST_STEPS / 2), random.nextDouble(0, 880), random.nextDouble(0, 2), 10);
    }

    private static List<Double> allDollars(Plan plan) {
        return Stream.of(
                        Stream.of(plan.runDollars(), plan.computeDollars()),
                        plan.run().stream().map(Line::dollars),
                        plan.drains().stream().map(Drain::seconds),
                        plan.alternatives().stream().map(Alternative::dollars))
                .flatMap(some -> some)
                .toList();
    }

    private static void noneIsLess(Plan more, Plan less) {
        List<Double> before = allDollars(less);
        List<Double> after = allDollars(more);
        for (int i = 0; i < before.size(); i++) {
            assertThat(after.get(i))
                    .as("%s; %s", less.workload(), more.workload())
                    .isGreaterThanOrEqualTo(before.get(i));
        }
    }

    @Test
    void more_steps_and_more_memory_never_cost_less_and_never_take_less() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 500; i++) {
            Workload some = random(random);
            Workload more = new Workload(
                    some.steps() + random.nextLong(1, some.steps() + 1), some.seconds(), some.retries(), some.batch());
            noneIsLess(plan(more, SMALL), plan(some, SMALL));
            int memory = random.nextInt(512, 10_240);
            Deployment larger = new Deployment(memory, Architecture.ARM64, 50, 5, Deployment.shareOf(memory, 10));
            noneIsLess(plan(some, larger), plan(some, SMALL));
        }
    }

    @Test
    void more_concurrency_never_takes_longer() {
        double before = Double.MAX_VALUE;
        for (int concurrency = 2; concurrency <= 1000; concurrency++) {
            Deployment deployment = new Deployment(512, Architecture.ARM64, concurrency, 5, 128);
            double seconds = plan(MILLION, deployment).drains().getFirst().seconds();
            assertThat(seconds).isLessThan(before);
            before = seconds;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1, 0, 10, --steps",
        "10000000001, 1, 0, 10, --steps",
        "1, -1, 0, 10, --seconds",
        "1, 881, 0, 10, --seconds",
        "1, NaN, 0, 10, --seconds",
        "1, 1, -0.1, 10, --retries",
        "1, 1, 11, 10, --retries",
        "1, 1, 0, 0, --batch",
        "1, 1, 0, 11, --batch"
    })
    void a_workload_out_of_range_is_refused_by_the_name_of_its_option(
            long steps, double seconds, double retries, int batch, String option) {
        assertThatThrownBy(() -> new Workload(steps, seconds, retries, batch))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(option + " must be ");
    }

    @ParameterizedTest
    @CsvSource({
        "511, 50, 5, 128, --memory",
        "10241, 50, 5, 128, --memory",
        "512, 1, 5, 128, --concurrency",
        "512, 1001, 5, 128, --concurrency",
        "512, 50, 1, 128, --pollers",
        "512, 50, 201, 128, --pollers",
        "512, 50, 5, 127, --step-memory",
        "512, 50, 5, 10241, --step-memory"
    })
    void a_deployment_out_of_range_is_refused_by_the_name_of_its_option(
            int memory, int concurrency, int pollers, int alone, String option) {
        assertThatThrownBy(() -> new Deployment(memory, Architecture.ARM64, concurrency, pollers, alone))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(option + " must be ");
    }
}
