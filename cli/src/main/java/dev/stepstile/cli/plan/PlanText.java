package dev.stepstile.cli.plan;

import dev.stepstile.bench.plan.Alternative;
import dev.stepstile.bench.plan.Deployment;
import dev.stepstile.bench.plan.Drain;
import dev.stepstile.bench.plan.Line;
import dev.stepstile.bench.plan.Plan;
import dev.stepstile.bench.plan.Workload;
import dev.stepstile.bench.price.Price;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A plan for people, in lines of at most 80 characters. */
final class PlanText {
    private static final String LINE = "  %-11s %-25s %18s  %9s %10s";
    private static final String DRAIN = "  %-28s %7s %8s %9s %11s %9s";
    private static final String ELSEWHERE = "  %-34s %13s %13s %13s";

    private final Plan plan;
    private final List<String> lines = new ArrayList<>();

    private PlanText(Plan plan) {
        this.plan = plan;
    }

    static List<String> of(Plan plan) {
        PlanText text = new PlanText(plan);
        text.head();
        text.bill("These steps", plan.run(), plan.runDollars());
        text.bill("A month, whether or not steps run", plan.month(), plan.monthDollars());
        text.drains();
        text.elsewhere();
        text.end();
        return text.lines;
    }

    /** Without the bills and the modes. */
    static List<String> brief(Plan plan) {
        PlanText text = new PlanText(plan);
        text.head();
        text.totals();
        text.elsewhere();
        return text.lines;
    }

    private void totals() {
        Drain drain = plan.drains().getFirst();
        add("");
        add(String.format(
                Locale.ROOT,
                "These steps %s, and the month %s whether or not steps run.",
                Figures.dollars(plan.runDollars()),
                Figures.dollars(plan.monthDollars())));
        add(String.format(Locale.ROOT, "Done in %s with %s.", Figures.time(drain.seconds()), drain.mode()));
    }

    private void add(String line) {
        lines.add(line.stripTrailing());
    }

    private void head() {
        Workload workload = plan.workload();
        Deployment deployment = plan.deployment();
        add(String.format(
                Locale.ROOT,
                "%s steps of %s s, with %s retries each",
                Figures.count((double) workload.steps()),
                Figures.plain(workload.seconds()),
                Figures.plain(workload.retries())));
        add(String.format(
                Locale.ROOT,
                "%s in an invocation of %,d MB, %s, us-east-1",
                workload.batch() == 1 ? "one" : workload.batch() + " at once",
                deployment.memoryMb(),
                Figures.name(deployment.architecture())));
        add(String.format(Locale.ROOT, "list prices, looked up on %s, without free tiers", newest(plan.prices())));
    }

    private static String newest(Stream<Price> prices) {
        return prices.map(price -> price.origin().lookedUp())
                .max(Comparator.naturalOrder())
                .orElseThrow();
    }

    /** The heads of a table's columns, over its first one the title. */
    private void heads(String title, String heads) {
        add("");
        add(title + heads.substring(title.length()));
    }

    private void bill(String title, List<Line> bill, double together) {
        heads(title, String.format(Locale.ROOT, LINE, "", "", "units", "price", "dollars"));
        for (Line line : bill) {
            add(String.format(
                    Locale.ROOT,
                    LINE,
                    line.service(),
                    line.what(),
                    Figures.units(line.units(), line.price()),
                    Figures.price(line.price()),
                    Figures.dollars(line.dollars())));
        }
        add(String.format(Locale.ROOT, LINE, "", "", "", "together", Figures.dollars(together)));
    }

    private void drains() {
        heads(
                "Time to drain",
                String.format(Locale.ROOT, DRAIN, "", "at once", "steps/s", "writes/s", "done in", "a month"));
        for (Drain drain : plan.drains()) {
            add(String.format(
                    Locale.ROOT,
                    DRAIN,
                    drain.mode(),
                    marked(drain.atOnce(), Drain.OF_A_NEW_ACCOUNT),
                    Figures.count(drain.stepsASecond()),
                    marked(drain.writesASecond(), Drain.WRITES_OF_A_NEW_TABLE),
                    Figures.time(drain.seconds()),
                    drain.month().isEmpty() ? "" : Figures.dollars(Line.sum(drain.month()))));
        }
        add("  * more than a new account (1,000 at once) or a new table (4,000) accepts");
    }

    private static String marked(double number, double most) {
        return Figures.count(number) + (number > most ? "*" : " ");
    }

    private void elsewhere() {
        heads("Elsewhere", String.format(Locale.ROOT, ELSEWHERE, "", "coordination", "compute", "together"));
        double compute = plan.computeDollars();
        elsewhere("Stepstile", plan.runDollars() - compute, compute);
        for (Alternative other : plan.alternatives()) {
            elsewhere(other.name(), Line.sum(other.coordination()), Line.sum(other.compute()));
        }
    }

    private void end() {
        add("");
        add(String.format(
                Locale.ROOT,
                "Elsewhere, a function or task that runs one step has %,d MB (--step-memory).",
                plan.deployment().stepMemoryMb()));
        add("What the rows leave out, and when others cost less: docs/cost.md.");
    }

    private void elsewhere(String name, double coordination, double compute) {
        add(String.format(
                Locale.ROOT,
                ELSEWHERE,
                name,
                Figures.dollars(coordination),
                Figures.dollars(compute),
                Figures.dollars(coordination + compute)));
    }

    static List<String> sources(Plan plan) {
        List<String> sources = new ArrayList<>(List.of("", "Prices, and where they are from"));
        plan.prices().forEach(price -> {
            Price.Origin origin = price.origin();
            sources.add(String.format(
                    Locale.ROOT,
                    "  $%s for %s %s (%s)",
                    Figures.plain(price.dollars()),
                    Figures.count(price.per()),
                    price.unit(),
                    origin.region()));
            sources.add("    " + origin.source());
            sources.add(
                    "    dated " + origin.dated() + ", looked up " + origin.lookedUp() + ", seen: " + origin.seen());
        });
        return sources;
    }
}
