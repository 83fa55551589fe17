package dev.stepstile.codec;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** JSON in the one form by which it is compared. */
class CanonicalJsonTest {
    @Test
    void is_told_by_names_in_order_and_numbers_as_they_were_written() {
        assertThat(canonical("{\"b\": [1.0, 1e2, -0], \"a\": {}, \"c\": [null, true, []]}"))
                .isEqualTo("{\"a\":{},\"b\":[1.0,1e2,-0],\"c\":[null,true,[]]}");
    }

    @Test
    void escapes_what_must_be_escaped_wherever_in_a_text_it_stands() {
        assertThat(canonical("\"\\u0022a\\u005c\\u0008\\u000cb\\u000a\\u000d\\u0009\\u0001\\u001f\""))
                .isEqualTo("\"\\\"a\\\\\\b\\fb\\n\\r\\t\\u0001\\u001f\"");
        assertThat(canonical("\"\\/ \\u007f \\u00e9 \\u20ac\"")).isEqualTo("\"/ \u007f é €\"");
        assertThat(canonical("\"\"")).isEqualTo("\"\"");
        assertThat(canonical("{\"\\u000a\": 1}")).isEqualTo("{\"\\n\":1}");
    }

    @Test
    void keeps_pairs_of_surrogates_and_escapes_halves() {
        assertThat(canonical("\"x\\ud83d\\ude00y\"")).isEqualTo("\"x😀y\"");
        assertThat(canonical("\"\\ude00\\ud83d\"")).isEqualTo("\"\\ude00\\ud83d\"");
        assertThat(canonical("\"a\\ud83d\"")).isEqualTo("\"a\\ud83d\"");
    }

    private static String canonical(String json) {
        return CanonicalJson.of(Json.parse(json));
    }
}
