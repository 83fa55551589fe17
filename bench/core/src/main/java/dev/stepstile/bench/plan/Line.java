package dev.stepstile.bench.plan;

import dev.stepstile.bench.price.Price;
import java.util.Collection;

/** A line of a bill. */
public record Line(String service, String what, double units, Price price) {
    public double dollars() {
        return price.of(units);
    }

    public static double sum(Collection<Line> lines) {
        return lines.stream().mapToDouble(Line::dollars).sum();
    }
}
