package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What W3C Trace Context says of the header, and which spans are whose. */
class TraceParentTest {
    private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static final String SPAN = "00f067aa0ba902b7";

    @ParameterizedTest
    @CsvSource({
        "00, 00, '', 00",
        "00, 01, '', 01",
        "00, 03, '', 03",
        "00, ff, '', 03",
        "cc, 01, '', 01",
        "cc, 01, -what-the-future-is-like, 01",
        "fe, 01, -, 01"
    })
    void is_read_and_passed_on_in_version_00(String version, String flags, String more, String passedOn) {
        TraceParent read =
                Objects.requireNonNull(TraceParent.read(version + "-" + TRACE + "-" + SPAN + "-" + flags + more));
        assertThat(read.text()).isEqualTo("00-" + TRACE + "-" + SPAN + "-" + passedOn);
        assertThat(read.sampled()).isEqualTo(!passedOn.equals("00"));
        assertThat(TraceParent.read(read.text())).isEqualTo(read);
    }

    @ParameterizedTest
    @NullSource
    @ValueSource(
            strings = {
                "",
                "00",
                "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.more",
                "0-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n",
                "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01,"
                        + "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
            })
    void that_is_malformed_is_none(@Nullable String text) {
        assertThat(TraceParent.read(text)).isNull();
        assertThat(TraceContext.read(text, "a=b")).isNull();
    }

    /** The same values are in the tests of the clients, which name these spans without a read. */
    @Test
    void of_an_attempt_or_a_dispatch_is_derived_of_its_name() {
        TraceParent trace = new TraceParent(TRACE, SPAN, 1);
        assertThat(trace.ofAttempt(new StepId("nightly", "load[eu]"), 1))
                .isEqualTo(new TraceParent(TRACE, "7d611217f34b8d67", 1));
        assertThat(trace.ofAttempt(new StepId("nightly", "load[eu]"), 2).spanId())
                .isEqualTo("b88d7303751d48d2");
        assertThat(trace.ofAttempt(new StepId("nightly", "größe/漢"), 10).spanId())
                .isEqualTo("3014ff282a9f00ca");
        assertThat(trace.ofDispatch(new DispatchId("nightly", "d-1")).spanId()).isEqualTo("7b844a3378442569");
    }

    @Test
    void comes_with_a_state_that_is_passed_on_unchanged_or_not_at_all() {
        String longest = "a=" + "x".repeat(TraceContext.STATE_LENGTH - 2);
        for (String state : new String[] {"vendor=t61rcWkgMzE,other=00f067aa0ba902b7", "a= b ", longest}) {
            assertThat(TraceContext.state(state)).isEqualTo(state);
        }
        assertThat(TraceContext.state(null)).isNull();
        for (String state : new String[] {"", longest + "x", "a=b\r\nx: y", "a=\u00fc"}) {
            assertThat(TraceContext.state(state)).isNull();
        }
    }
}
