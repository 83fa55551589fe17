package dev.stepstile.cli.ops;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.junit.jupiter.api.Test;

/** What a dry run says, in a sentence. */
class PreviewTest {
    private static Preview preview(String answer) throws Exception {
        return new Preview(new ObjectMapper().readTree(answer));
    }

    @Test
    void of_a_redrive_of_dead_letters_tells_which_are_deleted_alone_and_which_are_left() throws Exception {
        Preview preview = preview(
                "{\"counts\":{\"DEAD\":2},\"examples\":[\"r/a\"],\"deletedCount\":3,\"leftCount\":1,\"complete\":true}");
        assertThat(preview.told("step", "redriven"))
                .isEqualTo(
                        "2 steps would be redriven: 2 DEAD. For example: r/a. 1 more dead letter would be deleted: the"
                                + " steps are no longer DEAD. 1 dead letter would be left in the queue.");
    }

    @Test
    void is_not_nothing_if_letters_are_deleted_and_no_step_is_redriven() throws Exception {
        assertThat(preview("{\"counts\":{},\"deletedCount\":1,\"leftCount\":0,\"complete\":true}")
                        .isNothing())
                .isFalse();
        assertThat(preview("{\"counts\":{},\"deletedCount\":0,\"leftCount\":1,\"complete\":true}")
                        .isNothing())
                .isTrue();
    }

    @Test
    void of_an_api_of_an_older_version_says_what_it_knows() throws Exception {
        Preview preview = preview("{\"counts\":{\"DEAD\":1},\"examples\":[],\"leftCount\":0,\"complete\":true}");
        assertThat(preview.told("step", "redriven")).isEqualTo("1 step would be redriven: 1 DEAD.");
        assertThat(preview.isNothing()).isFalse();
    }
}
