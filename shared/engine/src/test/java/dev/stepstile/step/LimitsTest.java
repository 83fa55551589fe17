package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LimitsTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "load",
                "my_op",
                "graph.sub_graph.op",
                "op[mapping_key]",
                "op[?]",
                "a.b[c]?d~2",
                "fan_out[2024-01-01|eu]",
                "op~3",
                "days 1-3, 7",
                "k@v:1+1=2",
                "-",
                ".",
                "..",
                "a/b.png",
                "/a//b/",
                "a%2Fb",
                "a%b",
                "ü",
                "漢字/東京",
                "🚀 to the moon",
                "👩\u200D🚀",
                "ne\u0301e",
                "a\"b\\c{d};'e'<f>&$!*()^`",
                "कि",
                "a\u00A0b"
            })
    void take_a_step_key_as_orchestrators_write_them(String key) {
        assertThat(Limits.isStepKey(key)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                " a",
                "a ",
                "\u00A0a",
                "a\u3000",
                "a#b",
                "a\n",
                "\na",
                "a\u0000",
                "a\tb",
                "a\u0085b",
                "a\u2028b",
                "a\u2029b",
                "a\uD800",
                "\uDC00a",
                "\uDC00\uD800",
                "a\uFFFE",
                "a\uFFFF",
                "a\uFDD0",
                "a\uD83F\uDFFE",
                "a\u202Eb",
                "a\u2066b",
                "\uFEFFa"
            })
    void refuse_a_step_key_that_would_break_the_tables_keys_or_a_path(String key) {
        assertThat(Limits.isStepKey(key)).isFalse();
    }

    @Test
    void end_where_they_say() {
        assertThat(Limits.isStepKey("k".repeat(512))).isTrue();
        assertThat(Limits.isStepKey("k".repeat(513))).isFalse();
        assertThat(Limits.isStepKey("ü".repeat(256))).isTrue();
        assertThat(Limits.isStepKey("ü".repeat(257))).as("bytes count").isFalse();
        assertThat(Limits.isStepKey("🚀".repeat(128))).isTrue();
        assertThat(Limits.isStepKey("🚀".repeat(129))).isFalse();
        assertThat(Limits.isRunId("r".repeat(128))).isTrue();
        assertThat(Limits.isRunId("r".repeat(129))).isFalse();
        assertThat(Limits.isDispatchId("d".repeat(128))).isTrue();
        assertThat(Limits.isDispatchId("d".repeat(129))).isFalse();
        assertThat(Limits.isHandlerName("h".repeat(128))).isTrue();
        assertThat(Limits.isHandlerName("h".repeat(129))).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a/b", "a#b", "a[b]", "a?b", "a\n", "ü", "a\u0000", "a,b", "a|b"})
    void refuse_a_run_or_dispatch_id_with_anything_odd_in_it(String id) {
        assertThat(Limits.isRunId(id)).isFalse();
        assertThat(Limits.isDispatchId(id)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {".", ".."})
    void refuse_a_run_id_that_a_path_resolves_and_read_it_where_it_is_stored(String id) {
        assertThat(Limits.isRunId(id)).isFalse();
        assertThat(Limits.isRunIdOfAnyVersion(id)).isTrue();
        assertThat(Limits.isRunId(id + "x")).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"e3b0c442-98fc-4c14-9afb-f4c8996fb924", "scheduled__2026-11-24T08:00:00+00:00", "r.1~2@x=y"})
    void take_a_run_id_as_orchestrators_write_them(String id) {
        assertThat(Limits.isRunId(id)).isTrue();
        assertThat(Limits.isDispatchId(id)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a b", "a:b", "a/b", "a~b", "a\n", "ü"})
    void refuse_a_handler_name_that_is_none(String name) {
        assertThat(Limits.isHandlerName(name)).isFalse();
        assertThat(Limits.isHandlerName("dagster.step_v1-2")).isTrue();
    }
}
