package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class FailureTextTest {
    private static StackTraceElement frame(String type, String file, int line) {
        return new StackTraceElement("app", null, null, type, "run", file, line);
    }

    private static StackTraceElement jdk(String module, String file, int line) {
        return new StackTraceElement(null, module, null, "type", "run", file, line);
    }

    private static <T extends Throwable> T at(T failure, StackTraceElement... frames) {
        failure.setStackTrace(frames);
        return failure;
    }

    private static int deep(int n) {
        return n < 0 ? 0 : deep(n + 1) + 1;
    }

    @Nested
    class A_summary {
        @Test
        void says_class_message_and_place_of_a_failure_and_of_its_root_cause() {
            IOException root = at(new IOException("disk full"), frame("Disk", "Disk.java", 7));
            RuntimeException between = at(new IllegalStateException("in between", root), frame("B", "B.java", 8));
            RuntimeException failure =
                    at(new IllegalArgumentException("no such day", between), frame("Report", "Report.java", 9));
            assertThat(FailureText.of(failure).summary())
                    .isEqualTo("java.lang.IllegalArgumentException: no such day (Report.java:9);"
                            + " caused by java.io.IOException: disk full (Disk.java:7)");
        }

        @Test
        void has_the_whole_message_of_a_failure_without_a_place_and_a_cause() {
            String message = "x".repeat(400);
            assertThat(FailureText.of(at(new IOException(message))).summary()).endsWith(message);
            assertThat(FailureText.of(at(new IOException(message), frame("Disk", "Disk.java", 7)))
                            .summary())
                    .hasSizeLessThan(300);
            assertThat(FailureText.of(at(new IOException(message, at(new IOException("disk full")))))
                            .summary())
                    .hasSizeLessThan(300)
                    .endsWith("; caused by java.io.IOException: disk full");
        }

        @Test
        void names_the_line_of_user_code_where_the_jdk_threw() {
            String summary;
            try {
                summary = String.valueOf(List.of(1).get(3));
            } catch (IndexOutOfBoundsException e) {
                summary = FailureText.of(e).summary();
            }
            assertThat(summary)
                    .contains("IndexOutOfBoundsException: ")
                    .containsPattern("\\(FailureTextTest\\.java:\\d+\\)$");
        }

        @Test
        void names_the_jdks_line_where_there_is_no_other_and_no_line_that_is_unknown() {
            StackTraceElement list = jdk("java.base", "List.java", 5);
            StackTraceElement server = jdk("jdk.httpserver", "Server.java", 6);
            assertThat(FailureText.of(at(new Exception("x"), list, server)).summary())
                    .isEqualTo("java.lang.Exception: x (List.java:5)");
            assertThat(FailureText.of(at(new Exception("x"), server, frame("Report", "Report.java", 0)))
                            .summary())
                    .isEqualTo("java.lang.Exception: x (Report.java)");
        }

        @Test
        void of_a_cause_alone_is_empty_without_one() {
            Exception failure = at(new Exception("x", at(new IOException("disk full"), frame("Disk", "Disk.java", 7))));
            assertThat(FailureText.causedBy(failure))
                    .isEqualTo("; caused by java.io.IOException: disk full (Disk.java:7)");
            assertThat(FailureText.causedBy(new Exception("x"))).isEmpty();
        }

        @Test
        void of_a_long_message_leaves_out_the_middle_and_keeps_place_and_cause() {
            IOException root = at(new IOException("r".repeat(5_000) + "its end"), frame("Disk", "Disk.java", 7));
            RuntimeException failure =
                    at(new IllegalStateException("m".repeat(100_000), root), frame("Report", "Report.java", 9));
            assertThat(FailureText.of(failure).summary())
                    .hasSizeLessThan(500)
                    .startsWith("java.lang.IllegalStateException: mmm")
                    .contains("… (Report.java:9); caused by java.io.IOException: rrr".substring(2))
                    .endsWith("rits end (Disk.java:7)");
        }

        @Test
        void of_what_cannot_say_its_message_is_its_class() {
            Exception withoutMessage = at(
                    new Exception() {
                        @Override
                        public String getMessage() {
                            throw new IllegalStateException("depends on what is not there");
                        }
                    },
                    frame("Report", "Report.java", 9));
            FailureText text = FailureText.of(withoutMessage);
            assertThat(text.summary()).isEqualTo(withoutMessage.getClass().getName() + " (Report.java:9)");
            assertThat(text.trace())
                    .containsExactly(withoutMessage.getClass().getName(), "\tat app//Report.run(Report.java:9)");
        }

        @Test
        void of_causes_that_come_round_ends() {
            Exception a = new Exception("a");
            Exception b = new Exception("b", a);
            a.initCause(b);
            assertThat(FailureText.of(a).summary()).contains("java.lang.Exception: a", "; caused by", "Exception: b");
        }
    }

    @Nested
    class A_trace {
        @Test
        void has_frames_and_causes() {
            IOException root = at(new IOException("disk full"), frame("Disk", "Disk.java", 7));
            RuntimeException failure = at(new IllegalStateException("no", root), frame("Report", "Report.java", 9));
            assertThat(FailureText.of(failure).trace())
                    .containsExactly(
                            "java.lang.IllegalStateException: no",
                            "\tat app//Report.run(Report.java:9)",
                            "Caused by: java.io.IOException: disk full",
                            "\tat app//Disk.run(Disk.java:7)");
        }

        @Test
        void that_is_long_loses_its_middle_and_neither_what_was_thrown_nor_its_cause() {
            FailureText text;
            try {
                text = FailureText.of(new Exception(String.valueOf(deep(0))));
            } catch (StackOverflowError e) {
                text = FailureText.of(new IllegalStateException(
                        "outer", new IOException("x".repeat(50_000), at(e, e.getStackTrace()))));
            }
            List<String> trace = text.trace();
            assertThat(String.join("\n", trace)).hasSizeBetween(7_000, 8 * 1024 + 100);
            assertThat(trace.getFirst()).isEqualTo("java.lang.IllegalStateException: outer");
            assertThat(trace).anyMatch(line -> line.matches("\t… \\d+ lines left out …"));
            assertThat(trace.getLast()).contains("FailureTextTest.deep");
        }

        @Test
        void of_just_the_length_that_fits_is_whole_and_with_one_character_more_is_not() {
            List<String> half = Collections.nCopies(4, "x".repeat(1_000));
            List<String> fitting = lines(half, List.of("y".repeat(91), "y".repeat(91)), half);
            assertThat(FailureText.of(printing(fitting)).trace()).isEqualTo(fitting);
            List<String> longer = lines(half, List.of("y".repeat(92), "y".repeat(92)), half);
            assertThat(FailureText.of(printing(longer)).trace())
                    .isEqualTo(lines(half, List.of("\t… 2 lines left out …"), half));
        }

        @Test
        void says_once_what_was_thrown_though_its_cause_cannot_be_printed() {
            Exception silent = at(
                    new Exception() {
                        @Override
                        public String getMessage() {
                            throw new IllegalStateException("depends on what is not there");
                        }
                    },
                    frame("Disk", "Disk.java", 7));
            Exception failure = at(new Exception("no", silent), frame("Report", "Report.java", 9));
            assertThat(FailureText.of(failure).trace())
                    .containsExactly(
                            "java.lang.Exception: no",
                            "\tat app//Report.run(Report.java:9)",
                            silent.getClass().getName(),
                            "\tat app//Disk.run(Disk.java:7)");
        }

        @Test
        void is_empty_for_a_failure_that_has_none() {
            assertThat(FailureText.of(at(new Exception("ended with status 3"))).trace())
                    .isEmpty();
        }
    }

    private static List<String> lines(List<String> first, List<String> between, List<String> last) {
        return Stream.of(first, between, last).flatMap(List::stream).toList();
    }

    /** A failure whose stack trace prints as these lines. */
    private static Exception printing(List<String> lines) {
        return new Exception() {
            @Override
            public void printStackTrace(PrintWriter writer) {
                lines.forEach(writer::println);
            }
        };
    }
}
