package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Messages as dagster-pipes writes them, word for word, and what they come to. */
class PipesSessionTest {
    private static final ProcessExit DONE = new ProcessExit.Status(0);
    private static final String OPENED =
            "{\"__dagster_pipes_version\": \"0.1\", \"method\": \"opened\", \"params\": {\"extras\": {}}}";
    private static final String CLOSED =
            "{\"__dagster_pipes_version\": \"0.1\", \"method\": \"closed\", \"params\": {}}";

    private final Attempt attempt = new Attempt();
    private final PipesSession session = new PipesSession(attempt);

    private void take(String... lines) {
        List.of(lines).forEach(session::accept);
    }

    private static String message(String method, String params) {
        return "{\"__dagster_pipes_version\": \"0.1\", \"method\": \"" + method + "\", \"params\": " + params + "}";
    }

    private static String custom(String payload) {
        return message("report_custom_message", "{\"payload\": " + payload + "}");
    }

    private String result() throws ProcessFailed, JsonProcessingException {
        return Json.write(session.result(DONE, "").value());
    }

    @Nested
    class A_session_that_is_done {
        @Test
        void has_an_empty_result_if_nothing_was_reported() throws Exception {
            take(OPENED, CLOSED);
            assertThat(result()).isEqualTo("{}");
        }

        @Test
        void has_the_last_value_that_was_reported() throws Exception {
            take(
                    OPENED,
                    custom("{\"stepstile.result\": 1}"),
                    custom("{\"stepstile.result\": {\"rows\": 842}}"),
                    CLOSED);
            assertThat(result()).isEqualTo("{\"value\":{\"rows\":842}}");
        }

        @Test
        void has_reports_and_messages_of_others_as_they_came_and_in_order() throws Exception {
            String materialization = message("report_asset_materialization", """
                    {"asset_key": "a/b", "data_version": null, "metadata": {"rows": {"raw_value": 3, "type": "int"}}}""");
            String check = message("report_asset_check", """
                    {"asset_key": "a", "check_name": "c", "passed": false, "metadata": null, "severity": "WARN"}""");
            take(OPENED, custom("[1]"), materialization, custom("{\"mine\": 1}"), check, CLOSED);
            assertThat(result())
                    .isEqualTo("{\"messages\":["
                            + String.join(",", custom("[1]"), materialization, custom("{\"mine\": 1}"), check)
                                    .replace(": ", ":")
                                    .replace(", ", ",")
                            + "]}");
        }

        @Test
        void may_have_left_by_exiting_with_status_0() throws Exception {
            take(OPENED, message("closed", """
                    {"exception": {"message": "SystemExit: 0\\n", "stack": [], "name": "SystemExit", "cause": null,\
                     "context": null}}"""));
            assertThat(result()).isEqualTo("{}");
        }

        @Test
        void keeps_numbers_that_json_does_not_have_as_strings() throws Exception {
            take(OPENED, custom("{\"stepstile.result\": [NaN, -Infinity, 1e400, 0.10]}"), CLOSED);
            assertThat(result()).isEqualTo("{\"value\":[\"NaN\",\"-Infinity\",1e400,0.10]}");
        }
    }

    @Nested
    class A_process_that_sent_no_message {
        @Test
        void has_succeeded_without_a_result_if_its_status_is_0_and_the_log_says_so() throws Exception {
            assertThat(result()).isEqualTo("{}");
            assertThat(attempt.lines()).singleElement().asString().contains("sent no Pipes message");
        }

        @Test
        void has_failed_if_its_status_is_another_or_is_not_known() {
            for (ProcessExit exit :
                    List.of(new ProcessExit.Status(1), new ProcessExit.Signal(15), new ProcessExit.Unknown())) {
                assertThatThrownBy(() -> session.result(exit, "")).isInstanceOf(ProcessFailed.class);
            }
        }

        @Test
        void has_only_stopped_if_it_was_asked_to() {
            assertThat(session.resultOfStopped(DONE)).isEmpty();
        }

        @Test
        void is_not_one_that_opened_its_session_and_left_it_open() {
            take(OPENED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .hasMessageStartingWith("The process ended with status 0 before it closed its Pipes session");
        }
    }

    @Nested
    class A_session_that_failed {
        @Test
        void says_what_led_to_it() {
            take(OPENED, message("closed", """
                    {"exception": {"message": "ValueError: bad day\\n", "stack": ["  File …"], "name": "ValueError",
                      "cause": {"message": "KeyError: 'k'\\n", "stack": [], "name": "KeyError", "cause": null,
                        "context": {"message": "OSError: gone\\n", "stack": [], "name": "OSError", "cause": null,
                          "context": null}},
                      "context": null}}""".replace("\n", " ")));
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessage("ValueError: bad day (caused by KeyError: 'k') (while handling OSError: gone)")
                    .extracting(failed -> ((ProcessFailed) failed).names())
                    .isEqualTo(List.of("ValueError"));
        }

        @Test
        void says_where_and_keeps_its_cause_however_long_it_is() {
            String frame = "  File \\\"/opt/code/%s\\\", line %d, in run\\n    work()\\n";
            take(
                    OPENED,
                    message(
                            "closed",
                            ("{\"exception\": {\"message\": \"ValueError: " + "x".repeat(5_000)
                                    + "\\n\", \"stack\": [\""
                                    + frame.formatted("main.py", 3) + "\", \"" + frame.formatted("report.py", 12)
                                    + "\"], \"name\": \"ValueError\", \"cause\": {\"message\": \"OSError: disk full\\n\","
                                    + " \"stack\": [\"" + frame.formatted("disk.py", 40)
                                    + "\"], \"name\": \"OSError\", \"cause\": null, \"context\": null}}}")));
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .message()
                    .hasSizeLessThan(400)
                    .startsWith("ValueError: xxx")
                    .contains("xxx (report.py:12) (caused by ")
                    .endsWith("(caused by OSError: disk full (disk.py:40))");
        }

        @Test
        void names_an_exception_that_says_nothing() {
            take(OPENED, message("closed", "{\"exception\": {\"message\": \"\", \"stack\": [], \"name\": \"Boom\"}}"));
            assertThatThrownBy(() -> session.result(new ProcessExit.Status(1), ""))
                    .hasMessage("Boom");
        }

        @Test
        void is_one_whose_process_ended_before_it_was_closed() {
            take(OPENED);
            assertThatThrownBy(() -> session.result(new ProcessExit.Signal(9), "loading\nkilled"))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessage("The process was ended by signal 9 (SIGKILL; out of memory, or killed) before it closed"
                            + " its Pipes session; the end of its standard error: loading\nkilled");
        }

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void is_one_whose_process_ended_badly_after_it_was_closed(int status) {
            take(OPENED, CLOSED);
            assertThatThrownBy(() -> session.result(new ProcessExit.Status(status), ""))
                    .hasMessage("The process ended with status " + status + " after it had closed its Pipes session.");
        }

        @ParameterizedTest
        @CsvSource({"-0.4, 0", "0, 0", "-3600, 0", "50000, 50000000"})
        void is_tried_again_now_if_the_moment_has_just_passed(String seconds, long millis) {
            take(OPENED, custom("{\"stepstile.retry_after\": {\"seconds\": " + seconds + "}}"), CLOSED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOfSatisfying(
                            RetryAfter.class, retry -> assertThat(retry.delay()).isEqualTo(Duration.ofMillis(millis)));
        }

        @Test
        void is_one_that_left_with_a_status_that_wraps_round_to_0() {
            take(OPENED, message("closed", """
                    {"exception": {"message": "SystemExit: 256\\n", "stack": [], "name": "SystemExit", "cause": null,\
                     "context": null}}"""));
            assertThatThrownBy(() -> session.result(DONE, "")).hasMessage("SystemExit: 256");
        }

        @Test
        void is_not_tried_again_if_its_handler_says_so() {
            take(OPENED, custom("{\"stepstile.fail\": {\"message\": \"no such table\"}}"), CLOSED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(TerminalFailure.class)
                    .hasMessage("no such table");
        }

        @Test
        void is_one_that_reports_more_than_a_result_may_hold() {
            String megabyte = custom("\"" + "x".repeat(1024 * 1024) + "\"");
            take(OPENED);
            for (int i = 0; i < 10; i++) {
                take(megabyte);
            }
            take(CLOSED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(TerminalFailure.class)
                    .hasMessageContaining("more than 10485760 bytes");
        }

        @Test
        void is_tried_again_when_its_handler_says_so() {
            take(OPENED, custom("{\"stepstile.retry_after\": {\"seconds\": 1.5, \"message\": \"busy\"}}"));
            assertThatThrownBy(() -> session.result(new ProcessExit.Status(1), ""))
                    .isInstanceOfSatisfying(
                            RetryAfter.class, retry -> assertThat(retry.delay()).isEqualTo(Duration.ofMillis(1500)))
                    .hasMessage("busy");
        }
    }

    @Nested
    class While_it_runs {
        @Test
        void logs_progress_and_live_records_are_passed_on_and_are_no_part_of_the_result() throws Exception {
            take(
                    OPENED,
                    message("log", "{\"message\": \"half\", \"level\": \"INFO\"}"),
                    custom("{\"stepstile.live\": {\"kind\": \"start\"}}"),
                    custom("{\"stepstile.progress\": {\"fraction\": 0.5, \"note\": \"half\"}}"),
                    message("log_external_stream", "{\"stream\": \"stdout\", \"text\": \"a\\nb\\n\", \"extras\": {}}"),
                    message("log_external_stream", "{\"stream\": \"stderr\", \"text\": \"c\", \"extras\": {}}"),
                    CLOSED);
            assertThat(attempt.lines())
                    .containsExactly(
                            "\u001E{\"log\":{\"level\":\"INFO\",\"message\":\"half\"}}",
                            "\u001E{\"live\":{\"kind\":\"start\"}}",
                            "a",
                            "b",
                            "\u001E{\"stderr\":\"c\"}");
            assertThat(attempt.progress()).containsExactly("0.5 half");
            assertThat(result()).isEqualTo("{}");
        }

        @Test
        void a_live_record_that_does_not_fit_into_a_line_is_not_shown() throws Exception {
            take(OPENED, custom("{\"stepstile.live\": \"" + "x".repeat(3_888) + "\"}"), CLOSED);
            assertThat(attempt.lines())
                    .hasSize(1)
                    .allSatisfy(line -> assertThat(line).hasSize(3_900));
            take(custom("{\"stepstile.live\": \"" + "x".repeat(3_889) + "\"}"));
            assertThat(attempt.lines()).hasSize(1);
        }
    }

    @Nested
    class A_line_that_is_no_message {
        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                should have 'stream', stdout or s | {"__dagster_pipes_version": "0.1", "method": "log_external_stream", "params": {"stream": "stdin", "text": "a"}}
                should have 'text', a string      | {"__dagster_pipes_version": "0.1", "method": "log_external_stream", "params": {"stream": "stdout"}}
                should have 'message', a string   | {"__dagster_pipes_version": "0.1", "method": "log", "params": {"level": "INFO"}}
                """)
        void and_was_for_the_log_alone_costs_itself_and_is_named_without_its_content(String why, String line)
                throws Exception {
            take(OPENED, line, CLOSED);
            assertThat(attempt.lines())
                    .hasSize(1)
                    .allSatisfy(
                            logged -> assertThat(logged).contains("WARNING", "A Pipes message was dropped: it " + why));
            assertThat(result()).isEqualTo("{}");
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                is not JSON                       | {"__dagster_pipes_version": "0.1", "method": "lo
                has no method                     | {"__dagster_pipes_version": "0.1", "params": {}}
                is not of Pipes 0.1               | {"__dagster_pipes_version": "1.0", "method": "opened", "params": {}}
                has a method that Pipes 0.1 does  | {"__dagster_pipes_version": "0.1", "method": "dance", "params": {}}
                should have 'exception', an objec | {"__dagster_pipes_version": "0.1", "method": "closed", "params": {"exception": "Boom"}}
                should have 'asset_key', a string | {"__dagster_pipes_version": "0.1", "method": "report_asset_materialization", "params": {"asset_key": 1}}
                should have 'data_version', a str | {"__dagster_pipes_version": "0.1", "method": "report_asset_materialization", "params": {"asset_key": "a", "data_version": 1}}
                should have 'passed', true or fal | {"__dagster_pipes_version": "0.1", "method": "report_asset_check", "params": {"asset_key": "a", "check_name": "c", "passed": "yes", "severity": "WARN"}}
                should have 'severity', WARN or E | {"__dagster_pipes_version": "0.1", "method": "report_asset_check", "params": {"asset_key": "a", "check_name": "c", "passed": true, "severity": "BAD"}}
                should have 'payload'             | {"__dagster_pipes_version": "0.1", "method": "report_custom_message", "params": {}}
                """)
        void and_may_have_said_what_the_step_came_to_fails_the_attempt(String why, String line) {
            take(OPENED, line, CLOSED);
            assertThat(attempt.lines()).singleElement().asString().contains("ERROR", why);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining("cannot be read, and may have been its result: it " + why);
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": null}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": 3}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": null}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": "3"}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": NaN}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": Infinity}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": -Infinity}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": -1764400000.5}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": 1764400000.5}}
                'stepstile.retry_after' with 'seconds' | {"stepstile.retry_after": {"seconds": 1e400}}
                'stepstile.retry_after' with 'message' | {"stepstile.retry_after": {"seconds": 1, "message": ["a"]}}
                'stepstile.fail', an object            | {"stepstile.fail": null}
                'stepstile.fail', an object            | {"stepstile.fail": true}
                'stepstile.fail' with 'message'        | {"stepstile.fail": {"message": {}}}
                does not know; known: stepstile.result | {"stepstile.results": 1}
                does not know; known: stepstile.result | {"stepstile.retryAfter": {"seconds": 1}}
                """)
        void and_names_an_outcome_fails_the_attempt_and_says_which_field(String why, String payload) {
            take(OPENED, custom("{\"stepstile.result\": 1}"), custom(payload), CLOSED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(ProcessFailed.class)
                    .hasMessageContaining(why);
        }

        @Test
        void as_it_is_empty_is_nothing() throws Exception {
            take(OPENED, "", "  ", CLOSED);
            assertThat(result()).isEqualTo("{}");
            assertThat(attempt.lines()).isEmpty();
        }
    }

    @Nested
    class Several_outcomes {
        private static final String RESULT = custom("{\"stepstile.result\": 1}");
        private static final String FAIL = custom("{\"stepstile.fail\": {\"message\": \"for good\"}}");
        private static final String RETRY = custom("{\"stepstile.retry_after\": {\"seconds\": 5}}");
        private static final String UNREADABLE = custom("{\"stepstile.retry_after\": {}}");

        @Test
        void come_to_the_worst_of_them_in_whatever_order() {
            for (List<String> order :
                    List.of(List.of(RESULT, RETRY, FAIL, UNREADABLE), List.of(UNREADABLE, FAIL, RETRY, RESULT))) {
                assertThat(outcome(order)).isInstanceOf(TerminalFailure.class);
            }
            for (List<String> order : List.of(List.of(RESULT, UNREADABLE, RETRY), List.of(RETRY, RESULT, UNREADABLE))) {
                assertThat(outcome(order)).isInstanceOf(RetryAfter.class);
            }
            for (List<String> order : List.of(List.of(RESULT, UNREADABLE), List.of(UNREADABLE, RESULT))) {
                assertThat(outcome(order)).isInstanceOf(ProcessFailed.class);
            }
        }

        private Throwable outcome(List<String> messages) {
            PipesSession several = new PipesSession(new Attempt());
            several.accept(OPENED);
            messages.forEach(several::accept);
            several.accept(CLOSED);
            return catchThrowable(() -> several.result(DONE, ""));
        }

        @Test
        void in_one_message_are_all_heard() {
            take(OPENED, custom("{\"stepstile.result\": 1, \"stepstile.fail\": \"for good\"}"), CLOSED);
            assertThatThrownBy(() -> session.result(DONE, ""))
                    .isInstanceOf(TerminalFailure.class)
                    .hasMessage("for good");
        }

        @Test
        void are_not_lost_when_another_process_closes_the_session_too() {
            take(
                    OPENED,
                    message("closed", "{\"exception\": {\"message\": \"\", \"stack\": [], \"name\": \"Boom\"}}"),
                    CLOSED);
            assertThatThrownBy(() -> session.result(DONE, "")).hasMessage("Boom");
        }
    }

    @Nested
    class A_process_that_was_told_to_stop {
        @Test
        void has_succeeded_if_it_closed_its_session_and_ended_well() {
            take(OPENED, custom("{\"stepstile.result\": 1}"), CLOSED);
            assertThat(session.resultOfStopped(DONE)).isPresent();
            assertThat(session.resultOfStopped(new ProcessExit.Signal(15))).isEmpty();
        }

        @Test
        void has_not_if_it_only_left() {
            take(OPENED, message("closed", """
                    {"exception": {"message": "SystemExit: 0\\n", "stack": [], "name": "SystemExit", "cause": null,\
                     "context": null}}"""));
            assertThat(session.resultOfStopped(DONE)).isEmpty();
        }

        @Test
        void has_not_if_it_did_not_close_its_session_or_failed() {
            take(OPENED, custom("{\"stepstile.result\": 1}"));
            assertThat(session.resultOfStopped(DONE)).isEmpty();
            take(custom("{\"stepstile.retry_after\": {\"seconds\": 1}}"), CLOSED);
            assertThat(session.resultOfStopped(DONE)).isEmpty();
        }
    }

    @Nested
    class Metadata {
        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                __infer__            | [1]
                text                 | "a"
                url                  | "https://stepstile.dev"
                path                 | "/a"
                notebook             | "/a.ipynb"
                json                 | {"a": 1}
                md                   | "**a**"
                float                | 1.5
                float                | NaN
                int                  | 3
                bool                 | true
                dagster_run          | "1f"
                asset                | "a/b"
                null                 | null
                table                | {"records": [{"a": 1}], "schema": [{"name": "a", "type": "int"}]}
                table_schema         | {"columns": [{"name": "a", "type": "int"}]}
                table_column_lineage | {"deps_by_column": {"a": [{"asset_key": "b", "column_name": "c"}]}}
                timestamp            | 1385251200.5
                """)
        void of_each_type_is_reported(String type, String value) throws Exception {
            report(type, value);
            assertThat(attempt.lines()).isEmpty();
            assertThat(result()).contains("\"type\":\"" + type + "\"");
        }

        @ParameterizedTest
        @CsvSource(delimiter = '|', textBlock = """
                text         | 1
                int          | 1.5
                int          | "1"
                bool         | 1
                null         | 0
                table        | []
                table_schema | "a"
                timestamp    | "2013-01-01"
                colour       | "red"
                """)
        void that_is_not_of_its_type_fails_the_attempt(String type, String value) {
            report(type, value);
            assertThat(attempt.lines())
                    .hasSize(1)
                    .allSatisfy(line -> assertThat(line).contains("ERROR", "metadata", "'size'"));
            assertThatThrownBy(() -> session.result(DONE, "")).isInstanceOf(ProcessFailed.class);
        }

        private void report(String type, String value) {
            take(
                    OPENED,
                    message(
                            "report_asset_materialization",
                            "{\"asset_key\": \"a\", \"data_version\": \"1\", \"metadata\": {\"size\": {\"raw_value\": "
                                    + value + ", \"type\": \"" + type + "\"}}}"),
                    CLOSED);
        }
    }

    @Nested
    class Output {
        @Test
        void that_looks_like_a_record_is_none() {
            assertThat(LogRecords.stdout("\u001E{\"live\":1}")).isEqualTo("␞{\"live\":1}");
        }

        @ParameterizedTest
        @ValueSource(strings = {"x", "\u0001", "\""})
        void on_standard_error_is_cut_so_that_it_stays_json(String character) throws Exception {
            String record = LogRecords.stderr(character.repeat(20_000));
            assertThat(record).hasSizeBetween(3_000, 3_900);
            assertThat(Json.parse(record.substring(1)).path("stderr").asText())
                    .startsWith(character.repeat(500))
                    .endsWith("…");
        }
    }
}
