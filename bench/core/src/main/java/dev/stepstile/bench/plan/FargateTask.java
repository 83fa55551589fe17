package dev.stepstile.bench.plan;

import java.util.List;

/**
 * A size of a task that Fargate offers.
 *
 * @see <a href="https://aws.amazon.com/fargate/pricing/">supported configurations</a>
 */
record FargateTask(double cpus, double gb) {
    /** Lambda gives so many MB one CPU. */
    private static final double MB_OF_A_CPU = 1769;

    /** Fargate charges a minute at least. */
    static final double LEAST_SECONDS = 60;

    /** CPUs, least GB, most GB, and the step between; the first three sizes of the smallest are not even. */
    private static final List<FargateTask> SMALLEST =
            List.of(new FargateTask(0.25, 0.5), new FargateTask(0.25, 1), new FargateTask(0.25, 2));

    private static final List<double[]> OTHERS = List.of(
            new double[] {0.5, 1, 4, 1},
            new double[] {1, 2, 8, 1},
            new double[] {2, 4, 16, 1},
            new double[] {4, 8, 30, 1},
            new double[] {8, 16, 60, 4});

    /** The smallest with the memory, and with the CPU, of a function. */
    static FargateTask like(int memoryMb) {
        double cpus = memoryMb / MB_OF_A_CPU;
        double gb = memoryMb / 1024.0;
        for (FargateTask task : SMALLEST) {
            if (task.cpus >= cpus && task.gb >= gb) {
                return task;
            }
        }
        for (double[] size : OTHERS) {
            for (double offered = size[1]; offered <= size[2]; offered += size[3]) {
                if (size[0] >= cpus && offered >= gb) {
                    return new FargateTask(size[0], offered);
                }
            }
        }
        throw new IllegalArgumentException("no task of Fargate has " + memoryMb + " MB");
    }

    List<Line> running(double seconds, Architecture architecture) {
        double hours = seconds / 3600;
        return List.of(
                new Line("Fargate", "CPU", cpus * hours, architecture.cpuHour()),
                new Line("Fargate", "memory", gb * hours, architecture.gbHour()));
    }
}
