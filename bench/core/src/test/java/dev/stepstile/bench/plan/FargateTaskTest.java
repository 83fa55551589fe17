package dev.stepstile.bench.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FargateTaskTest {
    /** The page's table, written out. */
    private static List<FargateTask> offered() {
        return Stream.of(
                        Stream.of(0.5, 1.0, 2.0).map(gb -> new FargateTask(0.25, gb)),
                        IntStream.rangeClosed(1, 4).mapToObj(gb -> new FargateTask(0.5, gb)),
                        IntStream.rangeClosed(2, 8).mapToObj(gb -> new FargateTask(1, gb)),
                        IntStream.rangeClosed(4, 16).mapToObj(gb -> new FargateTask(2, gb)),
                        IntStream.rangeClosed(8, 30).mapToObj(gb -> new FargateTask(4, gb)),
                        IntStream.rangeClosed(4, 15).mapToObj(fours -> new FargateTask(8, 4 * fours)))
                .flatMap(some -> some)
                .toList();
    }

    private static double anHour(FargateTask task) {
        return Line.sum(task.running(3600, Architecture.ARM64));
    }

    @Test
    void a_function_is_compared_with_the_cheapest_task_that_has_its_memory_and_its_CPU() {
        for (int mb = Deployment.LEAST_MEMORY_MB; mb <= Deployment.MOST_MEMORY_MB; mb += 64) {
            double cpus = mb / 1769.0;
            double gb = mb / 1024.0;
            FargateTask cheapest = offered().stream()
                    .filter(task -> task.cpus() >= cpus && task.gb() >= gb)
                    .min(Comparator.comparingDouble(FargateTaskTest::anHour))
                    .orElseThrow();
            assertThat(FargateTask.like(mb)).as(mb + " MB").isEqualTo(cheapest);
        }
    }
}
