package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.Metric;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Input that is not as it should be gets its answer, and changes nothing. */
class BadInputTest {
    private static final String DISPATCHES = "/v1/runs/r1/dispatches";

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

    private static String steps(String... steps) {
        return "{\"steps\":[" + String.join(",", steps) + "]}";
    }

    private static String step(String key) {
        return "{\"key\":\"" + key + "\",\"handler\":\"work\"}";
    }

    private void nothingHappened() {
        assertThat(stack.count(Metric.STEPS_DISPATCHED)).isZero();
        assertThat(stack.ports.store().run("r1")).isEmpty();
        assertThat(stack.receive(10)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            400 bad-json           | {
            400 bad-json           | ``
            400 bad-json           | `  `
            400 bad-json           | null
            400 bad-json           | []
            400 bad-json           | "steps"
            400 bad-json           | {"steps":[]} {}
            400 bad-json           | {"steps":[], "steps":[]}
            400 bad-json           | {'steps':[]}
            400 bad-json           | {"steps":[{"key":"a","handler":"work","input":NaN}]}
            400 bad-json           | {"steps":[{"key":"a","handler":"work","input":01}]}
            400 no-steps           | {}
            400 no-steps           | {"steps":[]}
            400 no-steps           | {"steps":null}
            400 no-steps           | {"steps":{"key":"a","handler":"work"}}
            400 no-steps           | {"steps":"a"}
            400 unknown-member     | {"steps":[{"key":"a","handler":"work"}],"step":1}
            400 unknown-member     | {"steps":[{"key":"a","handler":"work","maxattempts":1}]}
            400 unknown-member     | {"steps":[{"key":"a","handler":"work","retry":{"base":1}}]}
            400 unknown-member     | {"defaults":{"input":1},"steps":[{"key":"a","handler":"work"}]}
            400 bad-step           | {"steps":["a"]}
            400 bad-step           | {"steps":[null]}
            400 bad-step-key       | {"steps":[{"handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":null,"handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":7,"handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":" a","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\u3000","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\u2028b","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\uD83Db","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\u202Eb","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\uFFFEb","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a#b","handler":"work"}]}
            400 bad-step-key       | {"steps":[{"key":"a\\u0000","handler":"work"}]}
            400 duplicate-step-key | {"steps":[{"key":"a","handler":"work"},{"key":"b","handler":"work"},{"key":"a","handler":"x"}]}
            400 bad-handler        | {"steps":[{"key":"a"}]}
            400 bad-handler        | {"steps":[{"key":"a","handler":null}]}
            400 bad-handler        | {"steps":[{"key":"a","handler":{}}]}
            400 bad-handler        | {"steps":[{"key":"a","handler":"a b"}]}
            400 bad-handler        | {"defaults":{"handler":7},"steps":[{"key":"a"}]}
            400 bad-dispatch-id    | {"dispatchId":"","steps":[{"key":"a","handler":"work"}]}
            400 bad-dispatch-id    | {"dispatchId":"a b","steps":[{"key":"a","handler":"work"}]}
            400 bad-dispatch-id    | {"dispatchId":12,"steps":[{"key":"a","handler":"work"}]}
            400 bad-tenant         | {"tenant":"","steps":[{"key":"a","handler":"work"}]}
            400 bad-tenant         | {"tenant":"a b","steps":[{"key":"a","handler":"work"}]}
            400 bad-tenant         | {"tenant":"größe","steps":[{"key":"a","handler":"work"}]}
            400 bad-tenant         | {"tenant":7,"steps":[{"key":"a","handler":"work"}]}
            400 unknown-member     | {"steps":[{"key":"a","handler":"work","tenant":"t"}]}
            400 bad-defaults       | {"defaults":"work","steps":[{"key":"a","handler":"work"}]}
            400 bad-defaults       | {"defaults":[],"steps":[{"key":"a","handler":"work"}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":0}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":-1}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":101}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":1.5}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":"3"}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":1e999999999}]}
            400 bad-max-attempts   | {"steps":[{"key":"a","handler":"work","maxAttempts":99999999999999999999999999}]}
            400 bad-max-attempts   | {"defaults":{"maxAttempts":0},"steps":[{"key":"a","handler":"work"}]}
            400 bad-timeout        | {"steps":[{"key":"a","handler":"work","timeoutSeconds":0}]}
            400 bad-timeout        | {"steps":[{"key":"a","handler":"work","timeoutSeconds":881}]}
            400 bad-timeout        | {"steps":[{"key":"a","handler":"work","timeoutSeconds":true}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":5}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"baseSeconds":-1}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"baseSeconds":"1"}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"capSeconds":43201}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"capSeconds":1e400}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"on":[]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"on":"TIMEOUT"}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"on":["TIME_OUT"]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":["UNKNOWN_HANDLER"]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":["a b"]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":[""]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":[7]}}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":{}}}]}
            400 bad-retry          | {"defaults":{"retry":{"never":[null]}},"steps":[{"key":"a","handler":"work"}]}
            400 bad-retry          | {"steps":[{"key":"a","handler":"work","retry":{"never":["1","2","3","4","5","6","7","8","9","10","11"]}}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":-1}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":604801}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":1e400}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":true}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":"soon"}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":"2026-11-24T08:00:00"}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":"2027-11-24T08:00:00Z"}]}
            400 bad-not-before     | {"steps":[{"key":"a","handler":"work","notBefore":"+999999999-01-01T00:00:00Z"}]}
            400 bad-not-before     | {"defaults":{"notBefore":[]},"steps":[{"key":"a","handler":"work"}]}
            400 bad-deadline       | {"deadline":"tomorrow","steps":[{"key":"a","handler":"work"}]}
            400 bad-deadline       | {"deadline":0,"steps":[{"key":"a","handler":"work"}]}
            400 bad-deadline       | {"deadline":"2026-11-24T07:59:59Z","steps":[{"key":"a","handler":"work"}]}
            400 bad-deadline       | {"deadline":1209601,"steps":[{"key":"a","handler":"work"}]}
            400 unknown-member     | {"steps":[{"key":"a","handler":"work","deadline":5}]}
            400 bad-not-before     | {"deadline":60,"steps":[{"key":"a","handler":"work","notBefore":60}]}
            400 bad-tags           | {"steps":[{"key":"a","handler":"work","tags":["x"]}]}
            400 bad-tags           | {"steps":[{"key":"a","handler":"work","tags":{"x":1}}]}
            400 bad-tags           | {"steps":[{"key":"a","handler":"work","tags":{"x":{}}}]}
            400 bad-shared-input   | {"sharedInputs":[],"steps":[{"key":"a","handler":"work"}]}
            400 bad-shared-input   | {"sharedInputs":{"a b":1},"steps":[{"key":"a","handler":"work"}]}
            """)
    void in_a_dispatch_is_named(String expected, String body) throws InterruptedException {
        assertThat(api.problem("POST", DISPATCHES, body)).isEqualTo(expected);
        nothingHappened();
    }

    @Test
    void beyond_a_limit_says_which_and_what_to_do() throws InterruptedException {
        String[] many = new String[Limits.STEPS_PER_DISPATCH + 1];
        for (int i = 0; i < many.length; i++) {
            many[i] = step("s" + i);
        }
        assertThat(api.problem("POST", DISPATCHES, steps(many))).isEqualTo("400 too-many-steps");
        String mega = "\"" + "x".repeat(Limits.INPUT_BYTES - 1) + "\"";
        String large = "{\"key\":\"a\",\"handler\":\"work\",\"input\":" + mega + "}";
        assertThat(api.problem("POST", DISPATCHES, steps(large))).isEqualTo("413 input-too-large");
        assertThat(api.problem(
                        "POST", DISPATCHES, "{\"sharedInputs\":{\"p\":" + mega + "},\"steps\":[" + step("a") + "]}"))
                .isEqualTo("413 input-too-large");
        assertThat(api.problem("POST", DISPATCHES, steps(large).replace("}]", "}" + " ".repeat(1024 * 1024) + "]")))
                .isEqualTo("413 request-too-large");
        String wide = "\"" + "漢".repeat(Limits.REQUEST_BYTES / 3) + "\"";
        assertThat(api.problem("POST", DISPATCHES, steps(large.replace(mega, wide))))
                .as("bytes count, not characters")
                .isEqualTo("413 request-too-large");
        ObjectNode shared = Json.object();
        for (int i = 0; i <= Limits.SHARED_INPUTS; i++) {
            shared.put("s" + i, i);
        }
        assertThat(api.problem("POST", DISPATCHES, "{\"sharedInputs\":" + shared + ",\"steps\":[" + step("a") + "]}"))
                .isEqualTo("400 bad-shared-input");
        ObjectNode tags = Json.object();
        for (int i = 0; i <= Limits.TAGS; i++) {
            tags.put("t" + i, "v");
        }
        assertThat(api.problem("POST", DISPATCHES, steps(step("a").replace("}", ",\"tags\":" + tags + "}"))))
                .isEqualTo("400 bad-tags");
        String longTag = "{\"t\":\"" + "v".repeat(Limits.TAG_LENGTH + 1) + "\"}";
        assertThat(api.problem("POST", DISPATCHES, steps(step("a").replace("}", ",\"tags\":" + longTag + "}"))))
                .isEqualTo("400 bad-tags");
        assertThat(api.problem("POST", DISPATCHES, steps(step("k".repeat(513)))))
                .isEqualTo("400 bad-step-key");
        assertThat(api.problem("POST", DISPATCHES, steps("{\"key\":\"a\",\"handler\":\"" + "h".repeat(129) + "\"}")))
                .isEqualTo("400 bad-handler");
        assertThat(api.problem("POST", "/v1/runs/" + "r".repeat(129) + "/dispatches", steps(step("a"))))
                .isEqualTo("400 bad-run-id");
        assertThat(api.problem("POST", DISPATCHES, "[".repeat(100_000))).isEqualTo("400 bad-json");
        assertThat(api.problem(
                        "POST", DISPATCHES, steps(step("a").replace("}", ",\"input\":" + "9".repeat(1_001) + "}"))))
                .isEqualTo("400 bad-json");
        nothingHappened();
    }

    @Test
    void at_a_limit_is_accepted() throws InterruptedException {
        String input = "\"" + "x".repeat(Limits.INPUT_BYTES - 2) + "\"";
        String step = "{\"key\":\"" + "k".repeat(512) + "\",\"handler\":\"work\",\"maxAttempts\":100,"
                + "\"timeoutSeconds\":880,\"retry\":{\"baseSeconds\":0,\"capSeconds\":43200},\"tags\":{\"t\":\""
                + "v".repeat(200) + "\"},\"input\":" + input + "}";
        assertThat(api.ok(202, "POST", DISPATCHES, steps(step))
                        .path("acceptedCount")
                        .intValue())
                .isEqualTo(1);
        stack.deliver();
        assertThat(stack.state("k".repeat(512)).name()).isEqualTo("SUCCEEDED");
    }

    @Test
    void never_repeats_what_was_sent() throws InterruptedException {
        for (String body : new String[] {
            "{\"steps\": s3cret}",
            "{\"s3cret\": 1, \"s3cret\": 2}",
            "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"input\":\"s3cret\\x\"}]}",
            "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"maxAttempts\":\"s3cret\"}]}",
            "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"tags\":{\"x\":[\"s3cret\"]}}]}",
            "{\"steps\":[{\"key\":\"a\",\"handler\":\"s3cret!\"}]}",
        }) {
            assertThat(api.call("POST", DISPATCHES, body).body()).as(body).doesNotContain("s3cret");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\\uD800",
                "\\uDC00\\uD800",
                "\\uFFFE\\uFFFF",
                "\\u0000\\u0001\\u001F\\u007F\\u0085",
                "\\uD83D\\uDE80 fine"
            })
    void of_odd_characters_travels_whole_through_queue_and_table(String text) throws InterruptedException {
        String input = "{\"t\":\"" + text + "\"}";
        api.ok(202, "POST", DISPATCHES, steps(step("a").replace("}", ",\"input\":" + input + "}")));
        var batch = stack.receive(10);
        batch.getFirst()
                .body()
                .codePoints()
                .forEach(c -> assertThat(sqsTakes(c)).as("U+%04X", c).isTrue());
        stack.work.on("a", (given, context) -> StepResult.ofJson(given.json()));
        stack.deliver(batch);
        assertThat(api.get("/v1/runs/r1/steps/a").path("result")).isEqualTo(Json.parse(input));
    }

    /** The characters of SendMessage's API reference: those of XML 1.0. */
    private static boolean sqsTakes(int c) {
        boolean control = c == 0x9 || c == 0xA || c == 0xD;
        boolean basic = (c >= 0x20 && c <= 0xD7FF) || (c >= 0xE000 && c <= 0xFFFD);
        return control || basic || (c >= 0x10000 && c <= 0x10FFFF);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            404 run-not-found      | GET    | /v1/runs/none                              |
            404 run-not-found      | GET    | /v1/runs/none/steps                        |
            404 run-not-found      | GET    | /v1/runs/none/steps/a                      |
            404 run-not-found      | GET    | /v1/runs/none/running                      |
            404 run-not-found      | GET    | /v1/runs/none/feed                         |
            404 run-not-found      | POST   | /v1/runs/none/steps/lookup                 | {"keys":["a"]}
            404 run-not-found      | POST   | /v1/runs/none/cancel                       |
            404 run-not-found      | POST   | /v1/runs/none/redrive                      |
            404 run-not-found      | POST   | /v1/runs/none/pause                        |
            404 run-not-found      | POST   | /v1/runs/none/resume                       |
            404 no-such-call       | GET    | /v1/pausing                                |
            404 no-such-call       | POST   | /v1/pause/work                             |
            404 step-not-started   | GET    | /v1/runs/known/steps/a                     |
            404 step-not-started   | GET    | /v1/runs/known/steps/lookup                |
            400 bad-step-key       | GET    | /v1/runs/known/steps/a%00b                 |
            400 bad-step-key       | GET    | /v1/runs/known/step?key=a%00b              |
            400 bad-step-key       | GET    | /v1/runs/known/step?key=%20a               |
            400 bad-step-key       | GET    | /v1/runs/known/step?key=                   |
            400 bad-step-key       | GET    | /v1/runs/known/step                        |
            400 bad-path           | GET    | /v1/runs/known/steps/%2F                   |
            400 bad-path           | GET    | /v1/runs/known/steps/a%3Fb                 |
            400 bad-path           | GET    | /v1/runs/known/steps/a%2520b               |
            404 step-not-started   | GET    | /v1/runs/known/step?key=a                  |
            404 step-not-started   | GET    | /v1/runs/known/step?key=a%2Fb              |
            400 unknown-parameter  | GET    | /v1/runs/known?Exact=true                  |
            400 unknown-parameter  | GET    | /v1/runs/known/steps?states=DEAD           |
            400 unknown-parameter  | GET    | /v1/runs/known/steps/a?logs=true           |
            400 unknown-parameter  | GET    | /v1/runs/known/step?key=a&page=1           |
            400 unknown-parameter  | GET    | /v1/runs/known/running?state=RUNNING       |
            400 unknown-parameter  | GET    | /v1/runs/known/feed?state=DEAD             |
            400 unknown-parameter  | POST   | /v1/runs/known/steps/lookup?keys=a         | {"keys":["a"]}
            400 unknown-parameter  | POST   | /v1/runs/known/cancel?keys=a               |
            400 unknown-parameter  | POST   | /v1/runs/known/redrive?states=DEAD         |
            400 unknown-parameter  | POST   | /v1/runs/known/dispatches?dispatchId=d     | {"steps":[{"key":"b","handler":"work"}]}
            400 unknown-member     | POST   | /v1/runs/known/cancel                      | {"key":["a"]}
            400 bad-keys           | POST   | /v1/runs/known/cancel                      | {"keys":[]}
            400 bad-keys           | POST   | /v1/runs/known/cancel                      | {"keys":"a"}
            400 bad-filter         | POST   | /v1/runs/known/cancel                      | {"keys":null}
            400 bad-filter         | POST   | /v1/runs/known/cancel                      | {"filter":{}}
            400 bad-filter         | POST   | /v1/runs/known/cancel                      | {"filter":"a"}
            400 bad-state          | POST   | /v1/runs/known/cancel                      | {"states":["DEAD"]}
            400 bad-state          | POST   | /v1/runs/known/cancel                      | {"states":["queued"]}
            400 bad-kind           | POST   | /v1/runs/known/redrive                     | {"filter":{"kind":"SLOW"}}
            400 bad-filter         | POST   | /v1/runs/known/redrive                     | {"filter":{}}
            400 bad-flag           | POST   | /v1/runs/known/cancel                      | {"dryRun":"yes"}
            400 bad-flag           | POST   | /v1/runs/known/redrive                     | {"dryRun":1}
            404 run-not-found      | POST   | /v1/runs/none/cancel                       | {"keys":["a"]}
            404 run-not-found      | POST   | /v1/runs/none/redrive                      | {"dryRun":true}
            400 bad-json           | POST   | /v1/runs/known/cancel                      | ["a"]
            400 bad-flag           | GET    | /v1/runs/known?exact=1                     |
            400 bad-flag           | GET    | /v1/runs/known?exact=                      |
            400 bad-flag           | GET    | /v1/runs/known/steps/a?log=yes             |
            400 bad-attempt        | GET    | /v1/runs/known/steps/a?log=true&attempt=0  |
            400 bad-attempt        | GET    | /v1/runs/known/steps/a?log=true&attempt=x  |
            400 bad-attempt        | GET    | /v1/runs/known/steps/a?attempt=1           |
            400 bad-state          | GET    | /v1/runs/known/steps?state=dead            |
            400 bad-state          | GET    | /v1/runs/known/steps?state=                |
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":["dead"]}
            400 bad-run-id         | GET    | /v1/runs/a%20b                             |
            400 bad-run-id         | POST   | /v1/runs/%2e%2e/pause                      | {}
            400 bad-run-id         | POST   | /v1/runs/./dispatches                      | {"steps":[{"key":"a","handler":"work"}]}
            400 bad-run-id         | POST   | /v1/runs/a%23b/dispatches                  | {"steps":[{"key":"a","handler":"work"}]}
            404 no-such-call       | GET    | /v1                                        |
            405 method-not-allowed | PUT    | /v1/runs                                   |
            404 no-such-call       | GET    | /v2/runs/known                             |
            404 no-such-call       | POST   | /v2/runs/known/dispatches                  | {"steps":[{"key":"a","handler":"work"}]}
            404 no-such-call       | GET    | /v1/jobs/known                             |
            404 no-such-call       | GET    | /v1/runs/known/nothing                     |
            404 no-such-call       | GET    | /v1/runs/known/feed/more                   |
            404 no-such-call       | GET    | /v1/runs/known/steps/a/b                   |
            404 no-such-call       | POST   | /v1/runs/known/dispatches/d1/dispatches    |
            405 method-not-allowed | GET    | /v1/runs/known/dispatches                  |
            405 method-not-allowed | POST   | /v1/runs/known                             |
            405 method-not-allowed | DELETE | /v1/runs/known                             |
            405 method-not-allowed | POST   | /v1/runs/known/running                     |
            405 method-not-allowed | POST   | /v1/runs/known/feed                        |
            405 method-not-allowed | POST   | /v1/runs/known/steps                       |
            405 method-not-allowed | PUT    | /v1/runs/known/steps/a                     |
            405 method-not-allowed | GET    | /v1/runs/known/cancel                      |
            405 method-not-allowed | GET    | /v1/runs/known/redrive                     |
            405 method-not-allowed | GET    | /v1/runs/known/pause                       |
            405 method-not-allowed | GET    | /v1/pause                                  |
            405 method-not-allowed | GET    | /v1/resume                                 |
            405 method-not-allowed | POST   | /v1/pauses                                 |
            400 bad-limit          | GET    | /v1/runs/known/feed?limit=0                |
            400 bad-limit          | GET    | /v1/runs/known/feed?limit=1001             |
            400 bad-limit          | GET    | /v1/runs/known/steps?limit=-1              |
            400 bad-limit          | GET    | /v1/runs/known/steps?limit=ten             |
            400 bad-limit          | GET    | /v1/runs/known/steps?limit=99999999999     |
            400 bad-state          | GET    | /v1/runs/known/steps?state=BROKEN          |
            400 bad-cursor         | GET    | /v1/runs/known/steps?cursor=!              |
            400 bad-cursor         | GET    | /v1/runs/known/steps?cursor=e30            |
            400 bad-cursor         | GET    | /v1/runs/known/steps?cursor=eyJkIjoieCIsImkiOi0xfQ |
            400 bad-cursor         | GET    | /v1/runs/known/running?cursor=e30          |
            400 bad-cursor         | GET    | /v1/runs/known/feed?cursor=e30             |
            400 bad-cursor         | GET    | /v1/runs/known/feed?cursor=W10             |
            400 bad-cursor         | GET    | /v1/runs/known/feed?cursor=eyJwIjpbIngiLCIiLCIiLCIiLCIiLCIiLCIiLCIiXX0 |
            400 bad-json           | POST   | /v1/runs/known/steps/lookup                | [
            400 bad-json           | POST   | /v1/runs/known/steps/lookup                | ["a"]
            400 bad-keys           | POST   | /v1/runs/known/steps/lookup                |
            400 bad-keys           | POST   | /v1/runs/known/steps/lookup                | {}
            400 bad-keys           | POST   | /v1/runs/known/steps/lookup                | {"keys":[]}
            400 bad-keys           | POST   | /v1/runs/known/steps/lookup                | {"keys":"a"}
            400 bad-keys           | POST   | /v1/runs/known/steps/lookup                | {"keys":["a",7]}
            400 bad-step-key       | POST   | /v1/runs/known/steps/lookup                | {"keys":["a#b"]}
            400 unknown-member     | POST   | /v1/runs/known/steps/lookup                | {"key":["a"]}
            400 bad-json           | POST   | /v1/runs/known/redrive                     | []
            400 bad-json           | POST   | /v1/runs/known/redrive                     | 5
            400 bad-reason         | POST   | /v1/runs/known/pause                       | {"reason":5}
            400 bad-reason         | POST   | /v1/pause                                  | {"reason":["x"]}
            400 unknown-member     | POST   | /v1/runs/known/pause                       | {"handler":"work"}
            400 unknown-member     | POST   | /v1/runs/known/resume                      | {"reason":"over"}
            400 unknown-member     | POST   | /v1/resume                                 | {"runId":"known"}
            400 bad-handler        | POST   | /v1/pause                                  | {"handler":""}
            400 bad-handler        | POST   | /v1/pause                                  | {"handler":"a b"}
            400 bad-handler        | POST   | /v1/resume                                 | {"handler":7}
            400 bad-json           | POST   | /v1/pause                                  | []
            400 unknown-parameter  | POST   | /v1/pause?handler=work                     |
            400 unknown-parameter  | GET    | /v1/pauses?limit=1                         |
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":["SUCCEEDED"]}
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":["BROKEN"]}
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":["RUNNING"]}
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":[""]}
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":[]}
            400 bad-state          | POST   | /v1/runs/known/redrive                     | {"states":"FAILED"}
            400 bad-keys           | POST   | /v1/runs/known/redrive                     | {"keys":"a"}
            400 bad-keys           | POST   | /v1/runs/known/redrive                     | {"keys":[]}
            400 bad-keys           | POST   | /v1/runs/known/redrive                     | {"keys":{"a":1}}
            400 unknown-member     | POST   | /v1/runs/known/redrive                     | {"key":["a"]}
            400 unknown-member     | POST   | /v1/runs/known/redrive                     | {"overrides":{"attemps":3}}
            400 unknown-member     | POST   | /v1/runs/known/redrive                     | {"overrides":{"timeoutSecond":5},"dryRun":true}
            400 unknown-member     | POST   | /v1/runs/known/redrive                     | {"overrides":{"retry":{"base":5}},"dryRun":true}
            400 unknown-member     | POST   | /v1/runs/known/cancel                      | {"filter":{"attemps":3},"dryRun":true}
            400 unknown-member     | POST   | /v1/audit                                  | {"run":"known"}
            400 bad-deadline       | POST   | /v1/runs/known/redrive                     | {"overrides":{"deadline":"2026-11-24T08:00:00Z"}}
            400 bad-deadline       | POST   | /v1/runs/known/redrive                     | {"overrides":{"deadline":"2026-11-24T08:00:00Z"},"dryRun":true}
            400 bad-deadline       | POST   | /v1/runs/known/redrive                     | {"redriveId":"x","overrides":{"deadline":"2026-12-08T08:00:01Z"}}
            400 bad-not-before     | POST   | /v1/runs/known/redrive                     | {"overrides":{"notBefore":"2026-12-01T08:00:01Z"},"dryRun":true}
            400 bad-not-before     | POST   | /v1/runs/known/redrive                     | {"overrides":{"notBefore":60,"deadline":60}}
            400 bad-deadline       | POST   | /v1/dead-letters/redrive                   | {"all":true,"overrides":{"deadline":"2026-11-24T08:00:00Z"}}
            400 bad-not-before     | POST   | /v1/dead-letters/redrive                   | {"all":true,"overrides":{"notBefore":60,"deadline":60},"dryRun":true}
            400 bad-run-id         | GET    | /v1/runs//steps                            |
            400 bad-run-id         | POST   | /v1/runs//redrive                          |
            404 no-such-call       | GET    | /v1/runs/known//steps                      |
            404 no-such-call       | GET    | //v1/runs/known                            |
            404 no-such-call       | POST   | /v1//pause                                 |
            """)
    void in_a_call_to_a_run_is_named(String expected, String method, String target, String body)
            throws InterruptedException {
        api.ok(202, "POST", "/v1/runs/known/dispatches", steps(step("a")));
        assertThat(api.problem(method, target, body)).isEqualTo(expected);
    }

    /** The table's key of a page of a log is at most 1,024 bytes: 512 of the key, of UTF-8. */
    @Test
    void of_a_step_key_says_which_step_which_character_and_where() throws InterruptedException {
        for (String[] expected : new String[][] {
            {"a#b", "Invalid step key \"a#b\" (steps[1].key): the character '#' (U+0023) at position 2"},
            {"a\\tb", "Invalid step key \"a\\u0009b\" (steps[1].key): the character U+0009 at position 2"},
            {"\uD83D\uDE80\uD83D\uDE80\\u202E", "the character U+202E at position 3"},
            {"a\\nb", "the character U+000A at position 2 is not allowed. A key"},
            {"ab ", "the blank U+0020 at position 3"},
            {"漢".repeat(171), "513 bytes of UTF-8, the limit is 512"},
        }) {
            String detail = Json.parse(api.call("POST", DISPATCHES, steps(step("fine"), step(expected[0])))
                            .body())
                    .path("detail")
                    .asText();
            assertThat(detail).contains(expected[1]);
            assertThat(detail.length()).isLessThan(500);
        }
        nothingHappened();
        api.ok(202, "POST", DISPATCHES, steps(step("fine")));
        assertThat(api.call("POST", "/v1/runs/r1/steps/lookup", "{\"keys\":[\"fine\",\"a#b\"]}")
                        .body())
                .contains("(keys[1])")
                .contains("(U+0023) at position 2");
    }

    @Test
    void a_cursor_of_another_run_or_call_is_refused() throws InterruptedException {
        for (String run : new String[] {"r1", "r2"}) {
            api.ok(202, "POST", "/v1/runs/" + run + "/dispatches", steps(step("a"), step("b")));
        }
        String steps = api.get("/v1/runs/r1/steps?limit=1").path("cursor").asText();
        String feed = api.get("/v1/runs/r1/feed").path("cursor").asText();

        api.get("/v1/runs/r1/steps?cursor=" + steps);
        api.get("/v1/runs/r1/feed?cursor=" + feed);
        for (String wrong : new String[] {
            "/v1/runs/r2/steps?cursor=" + steps,
            "/v1/runs/r2/feed?cursor=" + feed,
            "/v1/runs/r1/steps?cursor=" + feed,
            "/v1/runs/r1/feed?cursor=" + steps,
            "/v1/runs/r1/running?cursor=" + steps,
            "/v1/runs/r1/feed?cursor=" + feed + "A",
            "/v1/runs/r1/feed?cursor=" + feed.substring(1),
        }) {
            assertThat(api.problem("GET", wrong, null)).as(wrong).isEqualTo("400 bad-cursor");
        }
    }

    @Test
    void an_unknown_parameter_is_named_beside_the_known_ones() throws InterruptedException {
        api.ok(202, "POST", DISPATCHES, steps(step("a")));
        assertThat(api.call("GET", "/v1/runs/r1/steps?states=DEAD", null).body())
                .contains("'states'")
                .contains("cursor, failure, handler, kind, limit, prefix, since, state, tag, until");
        assertThat(api.call("POST", "/v1/runs/r1/cancel?keys=a", null).body())
                .contains("'keys'")
                .contains("takes none");
        assertThat(api.call("POST", "/v1/audit", "{\"run\":1}").body())
                .contains("'run' in the request body; it takes none.");
        String longName = "n".repeat(10_000);
        assertThat(api.call("POST", "/v1/audit", "{\"" + longName + "\":1}").body())
                .hasSizeLessThan(500);
        assertThat(api.call("GET", "/v1/runs/r1?" + longName + "=1", null).body())
                .hasSizeLessThan(500);
    }

    @Test
    void of_a_time_beyond_what_a_redrive_may_set_says_the_limit_and_leaves_its_redrive_id_free()
            throws InterruptedException {
        api.ok(202, "POST", DISPATCHES, steps(step("a")));
        String redrive = "{\"redriveId\":\"once\",\"overrides\":{\"deadline\":\"%s\"}}";
        assertThat(api.call("POST", "/v1/runs/r1/redrive", redrive.formatted("2026-11-24T08:59:59+01:00"))
                        .body())
                .contains("'deadline' must be after now, 2026-11-24T08:00:00Z, and not after 2026-12-08T08:00:00Z");
        api.ok(200, "POST", "/v1/runs/r1/redrive", redrive.formatted("2026-12-08T08:00:00Z"));
    }

    /** As JSON and its schemas have it: some languages write every number with a fraction. */
    @Test
    void that_is_a_whole_number_with_a_fraction_of_zero_is_none() throws InterruptedException {
        api.ok(
                202,
                "POST",
                DISPATCHES,
                "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"maxAttempts\":2.0,\"timeoutSeconds\":6e1}]}");
        stack.deliver();
        assertThat(api.get("/v1/runs/r1/step?key=a").path("maxAttempts").intValue())
                .isEqualTo(2);
        api.ok(200, "POST", "/v1/runs/r1/redrive", "{\"overrides\":{\"maxAttempts\":3.00,\"timeoutSeconds\":1e2}}");
    }

    @Test
    void of_a_method_that_a_path_does_not_have_is_told_which_it_has() throws InterruptedException {
        assertThat(api.call("PUT", "/v1/runs/r1/steps/lookup", null).headers()).containsEntry("allow", "GET, POST");
        assertThat(api.call("PUT", "/v1/runs/r1/steps/a", null).headers()).containsEntry("allow", "GET");
        assertThat(api.call("GET", "/v1/runs/r1/cancel", null).headers()).containsEntry("allow", "POST");
    }

    @Test
    void is_counted_in_characters_and_not_in_their_halves() throws InterruptedException {
        String tag = "\uD83D\uDE80".repeat(Limits.TAG_LENGTH); // of two UTF-16 units each
        String step = "{\"steps\":[{\"key\":\"a\",\"handler\":\"work\",\"tags\":{\"t\":\"%s\"}}]}";
        api.ok(202, "POST", DISPATCHES, step.formatted(tag));
        assertThat(api.problem("POST", DISPATCHES, step.formatted(tag + "x"))).isEqualTo("400 bad-tags");
    }

    /** Whether the run exists or not. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            405 method-not-allowed | GET  | cancel   |
            405 method-not-allowed | GET  | pause    |
            405 method-not-allowed | GET  | resume   |
            405 method-not-allowed | GET  | redrive  |
            405 method-not-allowed | POST | feed     |
            400 unknown-member     | POST | cancel   | {"key":"a"}
            400 bad-flag           | POST | cancel   | {"dryRun":1}
            400 bad-reason         | POST | pause    | {"reason":1}
            400 unknown-member     | POST | resume   | {"reason":"a"}
            400 bad-flag           | POST | redrive  | {"dryRun":1}
            404 run-not-found      | POST | cancel   | {"dryRun":true}
            404 run-not-found      | POST | pause    | {}
            404 run-not-found      | POST | resume   |
            404 run-not-found      | POST | redrive  | {"dryRun":true}
            """)
    void is_refused_before_the_run_is_looked_for(String problem, String method, String call, String body)
            throws InterruptedException {
        assertThat(api.problem(method, "/v1/runs/nowhere/" + call, body)).isEqualTo(problem);
    }

    @Test
    void of_more_keys_than_a_lookup_takes_is_refused_and_the_same_key_twice_is_one() throws InterruptedException {
        api.ok(202, "POST", DISPATCHES, steps(step("k1")));
        StringBuilder keys = new StringBuilder("\"k0\"");
        for (int i = 1; i < 100; i++) {
            keys.append(",\"k").append(i).append('"');
        }
        String lookup = "/v1/runs/r1/steps/lookup";
        assertThat(api.ok(200, "POST", lookup, "{\"keys\":[" + keys + ",\"k7\"]}")
                        .path("absentKeys"))
                .hasSize(100);
        assertThat(api.problem("POST", lookup, "{\"keys\":[" + keys + ",\"k100\"]}"))
                .isEqualTo("400 bad-keys");
    }

    @Test
    void that_uses_a_dispatch_id_twice_or_a_cancelled_run_is_a_conflict() throws InterruptedException {
        String first = "{\"dispatchId\":\"d1\",\"steps\":[" + step("a") + "]}";
        api.ok(202, "POST", DISPATCHES, first);
        assertThat(api.problem("POST", DISPATCHES, first.replace("\"a\"", "\"b\"")))
                .isEqualTo("409 dispatch-conflict");
        api.ok(200, "POST", "/v1/runs/r1/cancel", null);
        assertThat(api.problem("POST", DISPATCHES, steps(step("c")))).isEqualTo("409 run-cancelled");
        assertThat(api.ok(202, "POST", DISPATCHES, first).path("replayed").booleanValue())
                .isTrue();
    }

    /** 3,000 bodies broken at random: each is answered, none with an error of ours. */
    @Test
    void of_any_kind_is_answered() throws InterruptedException {
        String good =
                "{\"dispatchId\":\"d1\",\"defaults\":{\"handler\":\"work\",\"maxAttempts\":3,\"timeoutSeconds\":60,"
                        + "\"retry\":{\"baseSeconds\":1.5,\"capSeconds\":60},\"tags\":{\"a\":\"b\"}},\"sharedInputs\":{\"p\":[1]},"
                        + "\"steps\":[{\"key\":\"a\",\"input\":{\"x\":[1,2.5e3,null,true]}},{\"key\":\"b\"}]}";
        String[] pieces = {
            "", "null", "-1", "1e999", "\"\"", "[]", "{}", "\\u0000", "\uD800", "\"", "\\", ":", "99999999999999999999"
        };
        Random random = new Random(11);
        for (int i = 0; i < 3_000; i++) {
            StringBuilder text = new StringBuilder(good);
            for (int n = random.nextInt(1, 4); n > 0; n--) {
                int at = random.nextInt(text.length());
                int to = Math.min(text.length(), at + random.nextInt(12));
                text.replace(at, to, pieces[random.nextInt(pieces.length)]);
            }
            Http.Answer answer = api.call("POST", "/v1/runs/r" + i + "/dispatches", text.toString());
            assertThat(answer.status()).as("%d: %s", i, text).isIn(202, 400, 413);
        }
    }
}
