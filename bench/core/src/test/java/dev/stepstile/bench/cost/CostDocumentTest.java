package dev.stepstile.bench.cost;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import dev.stepstile.bench.price.Price;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The tables of the documents are what is counted now. */
class CostDocumentTest {
    private static final Path CHECKOUT = Path.of("..", "..");
    private static final int STEPS = 2_000;

    /** The figures of a row, by the names of its columns. */
    private static double cell(String document, String table, String row, String column) throws IOException {
        List<List<String>> rows = CostDocuments.read(CHECKOUT.resolve(document), table)
                .lines()
                .map(line -> Stream.of(line.substring(1).split("\\|", -1))
                        .map(each -> each.replace("*", "")
                                .replace("$", "")
                                .replace(",", "")
                                .strip())
                        .toList())
                .toList();
        int at = rows.getFirst().indexOf(column);
        assertThat(at).as(column).isPositive();
        return rows.stream()
                .filter(each -> each.getFirst().equals(row))
                .map(each -> Double.parseDouble(each.get(at)))
                .findFirst()
                .orElseThrow();
    }

    private static void holds(int seconds) throws IOException {
        CostRun.Counted counted = new CostRun().run(Duration.ofSeconds(seconds), STEPS);
        String column = seconds == 0 ? "no-op" : seconds + " s";
        Map<String, Double> figures = Map.of(
                "write units", counted.writes(),
                "read units", counted.reads(),
                "SQS requests", counted.queueRequests());
        for (Map.Entry<String, Double> figure : figures.entrySet()) {
            assertThat(cell("docs/cost.md", "units", figure.getKey(), column))
                    .as("%s of steps of %s; ./stepstile bench cost --write", figure.getKey(), column)
                    .isEqualTo(figure.getValue(), offset(0.02));
        }
        double units = Price.DYNAMODB_WRITE.of(1e6 * counted.writes()) + Price.DYNAMODB_READ.of(1e6 * counted.reads());
        assertThat(cell("README.md", "dollars", "DynamoDB", column)).isEqualTo(units, offset(0.02));
    }

    @ParameterizedTest(name = "{0} s")
    @ValueSource(ints = {0, 2, 60})
    void what_steps_consume_is_as_documented(int seconds) throws IOException {
        holds(seconds);
    }

    static List<Integer> all() {
        return CostBenchmark.STEPS.stream().map(step -> (int) step.toSeconds()).toList();
    }

    @Tag("full")
    @ParameterizedTest(name = "{0} s")
    @MethodSource("all")
    void what_steps_of_any_duration_consume_is_as_documented(int seconds) throws IOException {
        holds(seconds);
    }

    @Test
    void what_the_console_consumes_is_as_documented() throws IOException {
        assertThat(CostDocuments.read(CHECKOUT.resolve("docs/cost.md"), "console"))
                .as("./stepstile bench cost --write")
                .isEqualTo(new CostBenchmark(System.out).console());
    }

    @Test
    void a_sweep_with_nothing_wrong_reads_a_fraction_of_what_is_open() {
        assertThat(new CostRun().sweepOf(20_000).counts().allReads()).isBetween(1.0, 100.0);
    }
}
