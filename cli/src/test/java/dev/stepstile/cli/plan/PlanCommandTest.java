package dev.stepstile.cli.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.stepstile.bench.cost.Consumption;
import dev.stepstile.bench.cost.Consumption.Stored;
import dev.stepstile.bench.cost.Consumption.Units;
import dev.stepstile.bench.cost.Consumption.Work;
import dev.stepstile.bench.cost.Sample;
import dev.stepstile.bench.plan.Architecture;
import dev.stepstile.bench.plan.Deployment;
import dev.stepstile.bench.plan.Plan;
import dev.stepstile.bench.plan.TemplateCounts;
import dev.stepstile.bench.plan.Workload;
import dev.stepstile.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PlanCommandTest {
    private static final Path CHECKOUT = Path.of("..");

    /** The documents' example. */
    private static final List<String> EXAMPLE =
            List.of("plan", "--steps", "1e6", "--seconds", "5", "--memory", "512", "--retries", "0.02");

    private static final Plan.Counted COUNTED = new Plan.Counted(
            new Sample(
                    new Consumption(new Units(20, 4), 2.2, 0.02, 0.001, new Work(1, 880), new Work(0.002, 0.0001)),
                    new Stored(400, 200, 100),
                    6),
            new Consumption(new Units(0, 600), 0, 900, 0, new Work(0, 0), new Work(60, 6)),
            new Consumption(new Units(0, 36_000), 0, 0, 0, new Work(0, 0), new Work(7200, 72)));

    private static Plan plan(long steps, double seconds, double retries, int memory) {
        return Plan.of(
                new Workload(steps, seconds, retries, 1),
                new Deployment(memory, Architecture.X86_64, 2, 200, memory),
                COUNTED,
                new TemplateCounts(20, 2));
    }

    @Test
    void a_plan_of_any_size_fits_a_terminal_of_80_columns() {
        for (Plan plan : List.of(
                plan(1, 0, 0, 512),
                plan(999_999_999, 59.123, 0.123456, 3072),
                plan(Workload.MOST_STEPS, 880, Workload.MOST_RETRIES, Deployment.MOST_MEMORY_MB))) {
            List<String> lines = new ArrayList<>(PlanText.of(plan));
            lines.addAll(PlanText.brief(plan));
            lines.addAll(PlanText.sources(plan));
            assertThat(lines)
                    .hasSizeGreaterThan(60)
                    .allSatisfy(line ->
                            assertThat(line).hasSizeLessThanOrEqualTo(80).doesNotMatch(".*\\s$"));
        }
    }

    private static double sum(JsonNode lines) {
        return StreamSupport.stream(lines.spliterator(), false)
                .mapToDouble(line -> line.path("dollars").asDouble())
                .sum();
    }

    @Test
    void a_plan_for_programs_has_the_same_lines_and_each_price_with_its_source() throws IOException {
        Plan plan = plan(1_000_000, 5, 0.02, 512);
        JsonNode json = new ObjectMapper().readTree(PlanJson.of(plan));

        assertThat(json.at("/workload/steps").asLong()).isEqualTo(1_000_000);
        assertThat(json.at("/deployment/architecture").asText()).isEqualTo("x86_64");
        assertThat(json.at("/run/lines")).hasSameSizeAs(plan.run());
        assertThat(json.at("/run/dollars").asDouble()).isEqualTo(plan.runDollars());
        assertThat(sum(json.at("/run/lines"))).isEqualTo(plan.runDollars(), offset(1e-9));
        assertThat(sum(json.at("/month/lines"))).isEqualTo(plan.monthDollars(), offset(1e-9));
        assertThat(json.at("/drains")).hasSameSizeAs(plan.drains());
        for (JsonNode other : json.at("/elsewhere")) {
            assertThat(sum(other.path("coordination")) + sum(other.path("compute")))
                    .isEqualTo(other.path("dollars").asDouble(), offset(1e-9));
            assertThat(other.path("remark").asText()).isNotBlank();
        }
        assertThat(json.at("/prices")).hasSize((int) plan.prices().count());
        assertThat(json.at("/prices")).allSatisfy(price -> {
            assertThat(price.path("source").asText()).startsWith("https://");
            assertThat(price.path("lookedUp").asText()).isNotBlank();
        });
    }

    private record Refused(int status, String message) {}

    private static Refused refused(String... arguments) {
        PrintStream before = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            return new Refused(Main.execute(arguments), printed.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "plan --seconds 5; Missing required option: '--steps=N'",
                "plan --steps ten --seconds 5; 'ten' is not a number such as 1000000",
                "plan --steps 1.5 --seconds 5; --steps must be a whole number.",
                "plan --steps 0 --seconds 5; --steps must be 1 to 10,000,000,000.",
                "plan --steps 1e6 --seconds 900; --seconds must be 0 to 880",
                "plan --steps 1e6 --seconds 5 --memory 128; --memory must be 512 to 10240 MB",
                "plan --steps 1e6 --seconds 5 --architecture sparc; expected one of [ARM64, X86_64]",
                "plan --steps 1e6 --seconds 5 --region eu-west-1; Unknown option"
            })
    void bad_input_ends_with_status_2_and_says_what_is_right(String arguments, String message) {
        Refused refused = refused(arguments.split(" ", -1));
        assertThat(refused.status()).isEqualTo(2);
        assertThat(refused.message()).contains(message).contains("Options: ./stepstile plan --help");
    }

    private static String documented(String document, String arguments) throws IOException {
        return PlanDocuments.read(CHECKOUT.resolve(document)).stream()
                .filter(block -> block.arguments().equals(arguments))
                .map(PlanDocuments.Block::text)
                .findFirst()
                .orElseThrow();
    }

    @Test
    @Tag("integration")
    void the_documents_example_is_what_the_command_prints() throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Djdk.virtualThreadScheduler.parallelism=1",
                "-Dlog4j2.configurationFile=classpath:stepstile-simulate-log4j2.xml",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        command.addAll(EXAMPLE);
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).stripTrailing();
        assertThat(process.waitFor()).isZero();
        String arguments = String.join(" ", EXAMPLE.subList(1, EXAMPLE.size()));
        assertThat(documented("docs/cost.md", arguments))
                .as("./stepstile bench cost --write writes the plans anew")
                .isEqualTo(printed);
        assertThat(documented("README.md", arguments + " --brief"))
                .isEqualTo(PlanDocuments.printed(arguments + " --brief"));
    }

    @Test
    @Tag("full")
    void each_plan_in_the_documents_is_what_the_command_prints() throws IOException {
        int plans = 0;
        for (String document : PlanDocuments.DOCUMENTS) {
            for (PlanDocuments.Block block : PlanDocuments.read(CHECKOUT.resolve(document))) {
                assertThat(block.text()).as(block.arguments()).isEqualTo(PlanDocuments.printed(block.arguments()));
                plans++;
            }
        }
        assertThat(plans).isGreaterThan(4);
    }
}
