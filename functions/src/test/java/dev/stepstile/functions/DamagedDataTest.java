package dev.stepstile.functions;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the API answers when what is stored is not what was written: never something else, and never the caller's fault. */
class DamagedDataTest {
    private static final String STEP = "/v1/runs/nightly/steps/extract";

    @TempDir
    Path folder;

    private Deployed deployed;

    @BeforeEach
    void deploy() {
        deployed = new Deployed(folder);
        deployed.dispatch("dispatch-http");
        deployed.step("step-batch", new Large());
        assertThat(deployed.call("GET", STEP).path("status").asInt()).isEqualTo(200);
    }

    @AfterEach
    void remove() {
        deployed.close();
    }

    private void isDamaged(JsonNode answer, String what) {
        assertThat(answer.path("status").asInt()).as(answer.toString()).isEqualTo(500);
        assertThat(answer.path("body").path("type").asText()).endsWith("/damaged-data");
        assertThat(answer.path("body").path("detail").asText()).contains(what).contains("restore");
    }

    private JsonNode result() {
        return deployed.asked(
                "{\"method\":\"GET\",\"path\":\"/v1/runs/nightly/step/result\",\"query\":{\"key\":\"extract\"}}");
    }

    private void sql(String statement) throws SQLException {
        try (Connection connection =
                        DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("state/stepstile.db"));
                Statement executed = connection.createStatement()) {
            assertThat(executed.executeUpdate(statement)).isPositive();
        }
    }

    private Path payload() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
            return files.filter(Files::isRegularFile).findFirst().orElseThrow();
        }
    }

    @Test
    void a_row_that_does_not_read_is_damaged_and_not_the_callers_bad_json() throws SQLException {
        sql("UPDATE record SET body = substr(body, 1, 20) WHERE step_key = 'extract'");
        isDamaged(deployed.call("GET", STEP), "nightly/extract");
    }

    @Test
    void a_row_that_says_something_else_is_damaged() throws SQLException {
        sql("UPDATE record SET body = replace(body, '\"attempt\":1', '\"attempt\":2') WHERE step_key = 'extract'");
        isDamaged(deployed.call("GET", STEP), "nightly/extract");
    }

    @Test
    void a_log_page_that_does_not_read_is_damaged() throws SQLException {
        sql("UPDATE page SET body = '[' WHERE step_key = 'extract'");
        isDamaged(
                deployed.asked("{\"method\":\"GET\",\"path\":\"" + STEP + "\",\"query\":{\"log\":\"true\"}}"),
                "log page");
    }

    @Test
    void a_result_whose_file_is_lost_is_damaged() throws IOException {
        Files.delete(payload());
        isDamaged(deployed.call("GET", STEP), "is gone");
        isDamaged(result(), "is gone");
    }

    @Test
    void a_result_whose_file_was_altered_is_damaged() throws IOException {
        Path file = payload();
        byte[] content = Files.readAllBytes(file);
        content[100] ^= 1;
        Files.write(file, content);
        isDamaged(deployed.call("GET", STEP), "digest differs");
        isDamaged(result(), "digest differs");
    }

    @Test
    void what_does_not_need_the_damaged_data_is_answered() throws IOException {
        Files.delete(payload());
        assertThat(deployed.call("GET", "/v1/runs/nightly/feed").path("status").asInt())
                .isEqualTo(200);
        assertThat(deployed.call("GET", "/v1/runs/nightly/steps").path("status").asInt())
                .isEqualTo(200);
    }

    /** Returns 100 KB for one step. */
    private static final class Large implements StepHandler {
        @Override
        public String name() {
            return "stepstile.echo";
        }

        @Override
        public StepResult run(StepInput input, StepContext context) {
            context.log("at work");
            return StepResult.of(context.stepKey().equals("extract") ? "x".repeat(100_000) : "small");
        }
    }
}
