package dev.stepstile.cli.plan;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.bench.plan.Alternative;
import dev.stepstile.bench.plan.Deployment;
import dev.stepstile.bench.plan.Drain;
import dev.stepstile.bench.plan.Line;
import dev.stepstile.bench.plan.Plan;
import dev.stepstile.bench.plan.Workload;
import dev.stepstile.bench.price.Price;
import java.util.List;

/** A plan for programs. Dollars are not rounded. */
final class PlanJson {
    private static final ObjectMapper JSON = new ObjectMapper();

    private PlanJson() {}

    static String of(Plan plan) {
        ObjectNode root = JSON.createObjectNode();
        Workload workload = plan.workload();
        root.putObject("workload")
                .put("steps", workload.steps())
                .put("seconds", workload.seconds())
                .put("retries", workload.retries())
                .put("batch", workload.batch());
        Deployment deployment = plan.deployment();
        root.putObject("deployment")
                .put("region", "us-east-1")
                .put("memoryMb", deployment.memoryMb())
                .put("architecture", Figures.name(deployment.architecture()))
                .put("concurrency", deployment.concurrency())
                .put("pollers", deployment.pollers())
                .put("stepMemoryMb", deployment.stepMemoryMb());
        ObjectNode run = root.putObject("run");
        run.put("dollars", plan.runDollars()).put("computeDollars", plan.computeDollars());
        bill(run.putArray("lines"), plan.run());
        ObjectNode month = root.putObject("month").put("dollars", plan.monthDollars());
        bill(month.putArray("lines"), plan.month());
        ArrayNode drains = root.putArray("drains");
        plan.drains().forEach(drain -> put(drains.addObject(), drain));
        ArrayNode elsewhere = root.putArray("elsewhere");
        plan.alternatives().forEach(other -> put(elsewhere.addObject(), other));
        ArrayNode prices = root.putArray("prices");
        plan.prices().forEach(price -> put(prices.addObject(), price));
        return root.toPrettyString();
    }

    private static void bill(ArrayNode into, List<Line> lines) {
        for (Line line : lines) {
            into.addObject()
                    .put("service", line.service())
                    .put("what", line.what())
                    .put("units", line.units())
                    .put("price", line.price().name())
                    .put("dollars", line.dollars());
        }
    }

    private static void put(ObjectNode into, Drain drain) {
        into.put("mode", drain.mode())
                .put("atOnce", drain.atOnce())
                .put("stepsPerSecond", drain.stepsASecond())
                .put("writeUnitsPerSecond", drain.writesASecond())
                .put("seconds", drain.seconds())
                .put("dollarsPerMonth", Line.sum(drain.month()));
    }

    private static void put(ObjectNode into, Alternative other) {
        into.put("name", other.name()).put("dollars", other.dollars()).put("remark", other.remark());
        bill(into.putArray("coordination"), other.coordination());
        bill(into.putArray("compute"), other.compute());
    }

    private static void put(ObjectNode into, Price price) {
        Price.Origin origin = price.origin();
        into.put("price", price.name())
                .put("dollars", price.dollars())
                .put("per", price.per())
                .put("unit", price.unit())
                .put("region", origin.region())
                .put("source", origin.source())
                .put("dated", origin.dated())
                .put("lookedUp", origin.lookedUp())
                .put("seen", origin.seen());
    }
}
