package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.DamagedData;
import dev.stepstile.step.RetryPolicy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is answered to a caller who asks for an input that is gone; the API answers it as {@code damaged-data}. */
class LostInputTest {
    private static final String STEP = "/v1/runs/" + Stack.RUN + "/step?key=a";

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void dispatchAStepWithALargeInput() throws InterruptedException {
        stack = new Stack(folder);
        api = new Api(stack);
        stack.dispatch("d1", Stack.step("a", "\"" + "x".repeat(50_000) + "\"", RetryPolicy.DEFAULT));
    }

    @AfterEach
    void close() {
        stack.close();
    }

    @Test
    void an_input_whose_payload_is_gone_is_said_to_be_and_what_to_do() throws Exception {
        try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                Files.delete(file);
            }
        }
        stack.deliverAll();
        assertThatThrownBy(() -> api.get(STEP + "&input=true"))
                .isInstanceOf(DamagedData.class)
                .hasMessageContaining("is gone")
                .hasMessageContaining("restore it from a backup")
                .hasMessageContaining("dispatch the step again");
        assertThat(api.get(STEP).path("state").asText()).as("the step itself").isEqualTo("DEAD");
    }
}
