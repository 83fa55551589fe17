package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.StepError;
import dev.stepstile.step.StepError.Kind;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Failures that differ in nothing but what names the step are one group. */
class FailureGroupTest {
    private static String normalised(String message) {
        return FailureGroup.of("load", new StepError(Kind.HANDLER_FAILED, message))
                .message();
    }

    private static String id(String handler, Kind kind, String message) {
        return FailureGroup.of(handler, new StepError(kind, message)).id();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '^',
            value = {
                "order 17 not found | order … not found",
                "no such table \"orders_eu\" | no such table \"…\"",
                "KeyError: 'order-17' | KeyError: '…'",
                "column `a b` of `c` | column `…` of `…`",
                "\"a\" is not \"b\" | \"…\" is not \"…\"",
                "'a' is not 'b' | '…' is not '…'",
                "doesn't exist, isn't new | doesn't exist, isn't new",
                "id 6f1e1c9a-04b8-4a63-9d7c-0a1b2c3d4e5f gone | id … gone",
                "digest 9f86d081884c7d65 differs | digest … differs",
                "at 0xCAFEBABE1 | at …",
                "of eight 12abcdef, of seven 1abcdef | of eight …, of seven …abcdef",
                "of ten AxC1ye2zg3, of nine AxC1ye2z3 | of ten …, of nine AxC…ye…z…",
                "of two digits AxC1ye2zghi, of three AxC1ye2zg3_ | of two digits AxC…ye…zghi, of three …_",
                "defaced facade | defaced facade",
                "no file /data/2026-11-24/part-00012.parquet here | no file /data/…/… here",
                "s3://bucket/orders/eu/x7.json is empty | s…://bucket/orders/eu/… is empty",
                "late since 2026-11-24T08:00:00.123Z now | late since … now",
                "from 2026-11-24T08:00+01:00 | from …",
                "took 12.5 s of 10,000 | took … s of …",
                "10.0.0.17:5432 refused | … refused",
                "rows [1, 2, 3] | rows […]",
                "digests 9f86d081884c7d65,9f86d081884c7d66 | digests …",
                "rows [4] | rows […]",
                "Slow Down (Service: S3, Request ID: 4S9WCJ6QZ5NCE6NX) | Slow Down (Service: S…, Request ID: …)",
                "java.lang.IllegalStateException: declined (Charge.java:12) | java.lang.IllegalStateException: declined (Charge.java:…)",
            })
    void what_differs_from_step_to_step_is_left_out(String message, String expected) {
        assertThat(normalised(message)).isEqualTo(expected);
    }

    @Test
    void a_message_has_at_most_200_characters_and_its_lines_are_one() {
        assertThat(normalised(" a\n\tb  c\n")).isEqualTo("a b c");
        String message = normalised("first " + "x y ".repeat(110) + "last");
        assertThat(message)
                .hasSize(FailureGroup.MAX_MESSAGE)
                .startsWith("first")
                .endsWith("last");
    }

    @Test
    void a_message_that_is_normalised_stays_as_it_is() {
        for (String message : List.of("order 17 'x' at /a/b1/c", "rows [1, 2]", "10.0.0.1:80 in 2026-11-24")) {
            assertThat(normalised(normalised(message))).isEqualTo(normalised(message));
        }
    }

    @Test
    void the_id_is_that_of_kind_handler_and_normalised_message() {
        String id = id("load", Kind.HANDLER_FAILED, "order 17 not found");
        assertThat(FailureGroup.isId(id)).isTrue();
        assertThat(id("load", Kind.HANDLER_FAILED, "order 9 not found")).isEqualTo(id);
        assertThat(id("store", Kind.HANDLER_FAILED, "order 17 not found")).isNotEqualTo(id);
        assertThat(id("load", Kind.TIMEOUT, "order 17 not found")).isNotEqualTo(id);
        assertThat(id("load", Kind.HANDLER_FAILED, "customer 17 not found")).isNotEqualTo(id);
        assertThat(List.of("", "0123456789a", "0123456789abc", "0123456789aG", "../../../etc"))
                .noneMatch(FailureGroup::isId);
    }
}
