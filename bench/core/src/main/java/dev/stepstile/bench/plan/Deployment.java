package dev.stepstile.bench.plan;

import static dev.stepstile.bench.plan.Workload.require;

/**
 * What the steps run on.
 *
 * @param memoryMb of the step function, whose environment runs a whole batch at once
 * @param concurrency how many step functions run at once, of the maximum and of the reserved concurrency
 * @param pollers how many pollers provisioned mode keeps
 * @param stepMemoryMb of a function that runs one step at a time, elsewhere
 */
public record Deployment(int memoryMb, Architecture architecture, int concurrency, int pollers, int stepMemoryMb) {
    /** Lambda's limits. */
    public static final int LEAST_MEMORY_MB = 128;

    public static final int MOST_MEMORY_MB = 10_240;

    /** Of the template's parameter. */
    public static final int LEAST_STEP_FUNCTION_MB = 512;

    /** @throws IllegalArgumentException if a value is out of its range; the message names the option */
    public Deployment {
        require(
                memoryMb >= LEAST_STEP_FUNCTION_MB && memoryMb <= MOST_MEMORY_MB,
                "--memory must be 512 to 10240 MB, as StepMemory.");
        require(concurrency >= 2 && concurrency <= 1000, "--concurrency must be 2 to 1000, as StepConcurrency.");
        require(pollers >= 2 && pollers <= 200, "--pollers must be 2 to 200: what Lambda keeps at least.");
        require(
                stepMemoryMb >= LEAST_MEMORY_MB && stepMemoryMb <= MOST_MEMORY_MB,
                "--step-memory must be 128 to 10240 MB.");
    }

    /** A batch's share of the memory, but no less than a function may have. */
    public static int shareOf(int memoryMb, int batch) {
        return Math.max(LEAST_MEMORY_MB, Math.ceilDiv(memoryMb, batch));
    }
}
