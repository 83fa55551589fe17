package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Numbers travel in the characters in which they were written, from the call to the handler and back. */
class NumbersTest {
    private static final String NUMBERS = "{\"z\":[-0,-0.0,0e0,1E400,1e-400,1e5,1.10,0.0000001,1E+2,100e-2,"
            + "12345678901234567890123,9007199254740993.000000000000000001,-1.5E-7,2147483648,0],\"a\":1.0}";

    @TempDir
    Path folder;

    private Stack stack;
    private Api api;

    @BeforeEach
    void open() {
        stack = new Stack(folder);
        api = new Api(stack);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    /** Inline, as an item, and in the payload store. */
    @ParameterizedTest
    @ValueSource(ints = {0, 6_000, 40_000})
    void keep_their_form_on_the_whole_way(int padding) throws InterruptedException {
        String json = NUMBERS.replace("\"z\":[", "\"z\":[" + random(padding));
        AtomicReference<List<String>> seen = new AtomicReference<>(List.of());
        stack.work.on("a", (given, context) -> {
            seen.set(List.of(given.json(), given.shared("p")));
            return StepResult.ofJson(given.json());
        });
        api.ok(
                202,
                "POST",
                "/v1/runs/r1/dispatches",
                "{\"sharedInputs\":{\"p\":" + json + "},\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":"
                        + json + "}]}");
        stack.deliver();

        assertThat(seen.get()).containsExactly(json, json);
        assertThat(api.call("GET", "/v1/runs/r1/step?key=a", null).body()).contains("\"result\":" + json);
        if (padding == 0) {
            assertThat(api.call("GET", "/v1/runs/r1/feed", null).body()).contains("\"result\":" + json);
            assertThat(api.call("POST", "/v1/runs/r1/steps/lookup", "{\"keys\":[\"a\"]}")
                            .body())
                    .contains("\"result\":" + json);
        }
    }

    /** Numbers that do not compress. */
    private static String random(int characters) {
        StringBuilder numbers = new StringBuilder();
        Random random = new Random(5);
        while (numbers.length() < characters) {
            numbers.append(random.nextLong()).append("e-3,");
        }
        return numbers.toString();
    }

    @Test
    void whose_exponent_no_machine_holds_are_refused() throws InterruptedException {
        assertThat(api.problem(
                        "POST",
                        "/v1/runs/r1/dispatches",
                        "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":1e99999999999}]}"))
                .isEqualTo("400 bad-json");
    }
}
