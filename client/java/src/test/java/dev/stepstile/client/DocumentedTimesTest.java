package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** The tables of times and states in the wire contract, which the Python client's tests read too. */
class DocumentedTimesTest {
    private static String seconds(Duration duration) {
        long millis = duration.toMillis();
        return (millis % 1000 == 0 ? String.valueOf(millis / 1000) : String.valueOf(millis / 1000.0)) + " s";
    }

    @Test
    void a_reader_of_the_feed_goes_by_the_table_and_by_nothing_else() throws Exception {
        Map<String, String> coded = new TreeMap<>();
        for (Field field : FeedTimes.class.getDeclaredFields()) {
            if (field.getType() == Duration.class) {
                coded.put(field.getName().toLowerCase(Locale.ROOT).replace('_', ' '), seconds((Duration)
                        field.get(null)));
            }
        }
        coded.put("readers", String.valueOf(Follower.READERS));

        assertThat(Documents.table("protocol.md", "| a reader's | value | meaning |"))
                .containsExactlyInAnyOrderEntriesOf(coded);
    }

    @Test
    void the_states_and_which_of_them_are_ends_are_those_of_the_table() throws IOException {
        List<String> ends = Arrays.stream(StepState.Ended.class.getPermittedSubclasses())
                .map(end -> end.getSimpleName().toUpperCase(Locale.ROOT))
                .toList();
        Map<String, String> coded = new TreeMap<>();
        for (StepStatus status : StepStatus.values()) {
            if (status != StepStatus.UNRECOGNISED) {
                coded.put(status.name(), ends.contains(status.name()) ? "yes" : "no");
            }
        }

        assertThat(Documents.table("protocol.md", "| state | ended | meaning |"))
                .containsExactlyInAnyOrderEntriesOf(coded);
    }

    @Test
    void what_is_refused_before_it_is_sent_is_what_the_table_limits() throws IOException {
        assertThat(Documents.table("protocol.md", "| what | limit |"))
                .containsAllEntriesOf(Map.of(
                        "pauses that last at once; length of a `reason`",
                                "100; " + Checked.REASON_LENGTH + " characters",
                        "a webhook's URL; tags of `defaults` beside `notify`",
                                Checked.URL_LENGTH + " characters; " + Checked.NOTIFY_TAGS_BYTES + " bytes of JSON",
                        "`notBefore`", Checked.NOT_BEFORE.toDays() + " days after its dispatch is accepted",
                        "`deadline`", Checked.DEADLINE.toDays() + " days after its dispatch is accepted"))
                .containsAllEntriesOf(Map.of(
                        "steps in a dispatch", String.valueOf(Checked.STEPS_PER_CALL),
                        "a request's body; an answer's", Checked.REQUEST_BYTES + "; 6000000 bytes as a string of JSON",
                        "a step's input; all shared inputs together", Checked.INPUT_BYTES + " bytes of JSON",
                        "shared inputs", String.valueOf(Checked.SHARED_INPUTS),
                        "tags of a step; length of a name or value", Checked.TAGS + "; " + Checked.TAG_LENGTH,
                        "attempts of a budget", String.valueOf(Checked.MAX_ATTEMPTS),
                        "`timeoutSeconds`", String.valueOf(Checked.TIMEOUT_SECONDS),
                        "`retry` and a handler's own retry-after", Checked.RETRY_SECONDS + " seconds",
                        "names in `retry.on`, in `retry.never`; length of a name",
                                Checked.RETRY_NAMES + "; " + Checked.RETRY_NAME_LENGTH + " characters",
                        "entries of an answer; keys of a lookup; keys of a cancel; runs of an answer; groups of failures",
                                "1000; " + Checked.LOOKUP_KEYS + "; " + Checked.CANCEL_KEYS + "; 100; 100"));
    }

    @Test
    void calls_are_made_again_as_the_table_says() throws IOException {
        String statuses = Transport.RETRIED_STATUSES.stream()
                .sorted()
                .map(String::valueOf)
                .collect(Collectors.joining(", "));

        assertThat(Documents.table("protocol.md", "| a client's | value | meaning |"))
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "retried statuses", statuses,
                        "first pause", seconds(Transport.FIRST_PAUSE),
                        "longest pause", seconds(Transport.LONGEST_PAUSE),
                        "longest retry after", seconds(Transport.LONGEST_RETRY_AFTER),
                        "timeout", seconds(ClientOptions.TIMEOUT),
                        "patience", seconds(ClientOptions.PATIENCE)));
    }
}
