package dev.stepstile.bench.plan;

import dev.stepstile.bench.cost.Consumption;
import dev.stepstile.bench.cost.Consumption.Stored;
import dev.stepstile.bench.cost.Consumption.Work;
import dev.stepstile.bench.cost.Sample;

/** What all steps of a workload consume, by a sample of them. */
record Totals(Workload workload, Sample sample) {
    private double times(double ofAStep) {
        return ofAStep * workload.steps();
    }

    private Consumption ofAStep() {
        return sample.step();
    }

    double written() {
        return times(ofAStep().units().written());
    }

    double read() {
        return times(ofAStep().units().read());
    }

    double queueRequests() {
        return times(ofAStep().queueRequests());
    }

    double objectCalls() {
        return times(ofAStep().objectCalls());
    }

    Work step() {
        return work(ofAStep().step());
    }

    Work others() {
        return work(ofAStep().others());
    }

    private Work work(Work ofAStep) {
        return new Work(times(ofAStep.invocations()), times(ofAStep.seconds()));
    }

    Stored stored() {
        return new Stored(
                times(sample.stored().inTable()),
                times(sample.stored().inIndexes()),
                times(sample.stored().inObjects()));
    }
}
