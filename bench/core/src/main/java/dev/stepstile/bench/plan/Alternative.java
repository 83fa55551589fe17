package dev.stepstile.bench.plan;

import java.util.List;

/**
 * Another way to run the same steps.
 *
 * @param coordination what decides, counts and remembers
 * @param compute what runs the steps
 * @param remark what the figures leave out
 */
public record Alternative(String name, List<Line> coordination, List<Line> compute, String remark) {
    public double dollars() {
        return Line.sum(coordination) + Line.sum(compute);
    }
}
