package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class StepTagsTest {
    private static SortedMap<String, String> ofSpans(Map<String, String> own) {
        return new StepTags(new TreeMap<>(own), null).ofSpans();
    }

    @Test
    void of_spans_are_all_that_fit() {
        Map<String, String> dagster =
                Map.of("dagster.run_id", "0123456789abcdef".repeat(2), "dagster.step_key", "load");
        assertThat(ofSpans(dagster)).isEqualTo(dagster);
        Map<String, String> whole = Map.of("a", "x".repeat(StepTags.SPAN_BYTES - 1));
        assertThat(ofSpans(whole)).isEqualTo(whole);
        assertThat(ofSpans(Map.of())).isEmpty();
    }

    @Test
    void that_do_not_fit_are_left_out_alone() {
        assertThat(ofSpans(Map.of("a", "x".repeat(StepTags.SPAN_BYTES), "b", "1")))
                .isEqualTo(Map.of("b", "1"));
        assertThat(ofSpans(Map.of("a", "ö".repeat(120), "b", "x".repeat(16), "c", "1")))
                .isEqualTo(Map.of("a", "ö".repeat(120), "c", "1"));
    }
}
