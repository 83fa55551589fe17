package dev.stepstile.bench.plan;

import dev.stepstile.bench.price.Price;
import java.util.List;

/**
 * How long the queue takes to drain in a mode of concurrency.
 *
 * @param mode its name
 * @param atOnce invocations at once, at last
 * @param stepsASecond steps that end each second, at last
 * @param writesASecond write units of the table each second, at last
 * @param seconds until the last step has ended
 * @param month what the mode itself costs in a month, whether or not steps run
 */
public record Drain(
        String mode, int atOnce, double stepsASecond, double writesASecond, double seconds, List<Line> month) {
    /** Without a maximum: "Configuring scaling behavior for SQS event source mappings", AWS Lambda Developer Guide. */
    static final int STANDARD_START = 5;

    static final int STANDARD_A_MINUTE = 300;
    static final int STANDARD_MOST = 1250;

    /** Of one poller, from the same page: so many invocations at once. */
    static final int OF_A_POLLER = 10;

    static final int PROVISIONED_A_MINUTE = 1000;

    /** What AWS sets if nothing else is asked for. */
    static final int DEFAULT_LEAST_POLLERS = 2;

    static final int DEFAULT_MOST_POLLERS = 200;

    /** A table on demand accepts so many write units a second when it is new; warm throughput raises it. */
    public static final int WRITES_OF_A_NEW_TABLE = 4000;

    /** Invocations that an account runs at once until its quota is raised; a new account may have fewer at first. */
    public static final int OF_A_NEW_ACCOUNT = 1000;

    private static final double HOURS_A_MONTH = 730;

    /**
     * The modes.
     *
     * @param totals what all steps consume
     */
    static List<Drain> modes(Totals totals, Deployment deployment) {
        int chosen = deployment.concurrency();
        Ramp standard = new Ramp(STANDARD_START, STANDARD_A_MINUTE, chosen);
        int pollers = deployment.pollers();
        int ready = OF_A_POLLER * pollers;
        return List.of(
                of("maximum concurrency " + chosen, standard, totals, List.of()),
                of("reserved concurrency " + chosen, standard, totals, List.of()),
                of("no maximum", new Ramp(STANDARD_START, STANDARD_A_MINUTE, STANDARD_MOST), totals, List.of()),
                of(pollers + " pollers provisioned", new Ramp(ready, 0, ready), totals, List.of(provisioned(pollers))),
                of(
                        DEFAULT_LEAST_POLLERS + " to " + DEFAULT_MOST_POLLERS + " pollers provisioned",
                        new Ramp(
                                OF_A_POLLER * DEFAULT_LEAST_POLLERS,
                                PROVISIONED_A_MINUTE,
                                OF_A_POLLER * DEFAULT_MOST_POLLERS),
                        totals,
                        List.of(provisioned(DEFAULT_LEAST_POLLERS))));
    }

    private static Line provisioned(int pollers) {
        return new Line("Lambda", "provisioned pollers", pollers * HOURS_A_MONTH, Price.LAMBDA_POLLER_HOUR);
    }

    private static Drain of(String mode, Ramp ramp, Totals totals, List<Line> month) {
        double work = totals.step().seconds();
        double anInvocation = work / totals.step().invocations();
        double invocationsASecond = ramp.most() / anInvocation;
        double share = invocationsASecond / totals.step().invocations();
        return new Drain(
                mode,
                (int) ramp.most(),
                share * totals.workload().steps(),
                share * totals.written(),
                Math.max(ramp.secondsFor(work), anInvocation),
                month);
    }
}
