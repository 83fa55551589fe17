package dev.stepstile.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.util.Collections;
import org.junit.jupiter.api.Test;

/** A page of entries ends at the byte up to which an answer can be sent. */
class EntryPageTest {
    private static final int ENTRIES = 10;

    /** Of the settings of a stack. */
    private static final int MOST_SHARDS = 64;

    private static final int SHARE = (int) (EntryPage.ROOM / ENTRIES);

    /** An entry that takes this many bytes as a part of a string of JSON, of which a quote takes two, with its comma. */
    private static ObjectNode entry(int bytes) {
        int rest = bytes - 1 - (int) TransferSize.bytes(Json.object().put("a", ""));
        return Json.object().put("a", (rest % 2 == 0 ? "" : "x") + "é".repeat(rest / 2));
    }

    private static EntryPage<Integer> pageOf(int count, int bytes) {
        EntryPage<Integer> page = new EntryPage<>(EntryPageTest::entry);
        for (int i = 0; i < count; i++) {
            assertThat(page.test(bytes)).isTrue();
        }
        return page;
    }

    @Test
    void an_entry_that_fits_to_the_last_byte_is_in_it_and_one_that_is_a_byte_longer_is_not() {
        EntryPage<Integer> page = pageOf(ENTRIES - 1, SHARE);
        assertThat(page.test(SHARE)).isTrue();
        assertThat(page.nodes()).hasSize(ENTRIES);
        assertThat(TransferSize.bytes(page.nodes()))
                .as("with two brackets, and a comma less than entries")
                .isEqualTo(EntryPage.ROOM + 1);

        EntryPage<Integer> other = pageOf(ENTRIES - 1, SHARE);
        assertThat(other.test(SHARE + 1)).isFalse();
        assertThat(other.nodes()).hasSize(ENTRIES - 1);
    }

    @Test
    void a_full_page_of_a_feed_can_be_sent_with_the_longest_cursor_of_any_stack() {
        String position = "1795507200000#" + "漢".repeat(24) + "#2147483647#2147483647";
        ObjectNode answer = Json.object();
        answer.set("entries", pageOf(ENTRIES, SHARE).nodes());
        answer.put("cursor", Cursors.feed("r".repeat(128), Collections.nCopies(MOST_SHARDS, position)))
                .put("caughtUp", false);
        assertThat(TransferSize.bytes(answer)).isLessThanOrEqualTo(Limits.ANSWER_BYTES);
    }
}
