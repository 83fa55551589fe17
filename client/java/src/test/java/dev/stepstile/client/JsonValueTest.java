package dev.stepstile.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonValueTest {
    record Image(String key, int width) {}

    @Test
    void is_made_of_what_jackson_takes() {
        assertThat(JsonValue.of(new Image("ü", 200)).text()).isEqualTo("{\"key\":\"ü\",\"width\":200}");
        assertThat(JsonValue.of(null)).isEqualTo(JsonValue.NULL);
        assertThat(JsonValue.of(Arrays.asList(1, null, JsonValue.parse("1.10"))).text())
                .isEqualTo("[1,null,1.10]");
        assertThat(JsonValue.of("\uD800").text()).isEqualTo("\"\\uD800\"");
    }

    @Test
    void is_read_into_a_type() {
        JsonValue json = JsonValue.parse("[{\"key\":\"a\",\"width\":1,\"unknown\":true}]");
        assertThat(json.as(new TypeReference<List<Image>>() {})).containsExactly(new Image("a", 1));
        assertThat(JsonValue.NULL.as(Image.class)).isNull();
        assertThat(JsonValue.of(Map.of("a", 1)).tree().path("a").asInt()).isEqualTo(1);
        assertThatIllegalArgumentException().isThrownBy(() -> json.as(Image.class));
    }

    @Test
    void is_refused_where_there_is_no_json_for_a_value() {
        assertThatIllegalArgumentException().isThrownBy(() -> JsonValue.of(Double.NaN));
        assertThatIllegalArgumentException().isThrownBy(() -> JsonValue.of(List.of(1.0, Float.POSITIVE_INFINITY)));
        assertThatIllegalArgumentException().isThrownBy(() -> JsonValue.of(new Object()));
        assertThatIllegalArgumentException().isThrownBy(() -> JsonValue.parse("\"\uD800\""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "{", "{\"a\":1", "1 2", "[1]]", "'a'", "NaN", "\"a"})
    void is_refused_if_it_is_not_one_value(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> JsonValue.parse(text));
    }

    /** At the end of an object, before another member, and beyond the parser's buffer. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "-0.0",
                "-0",
                "1E400",
                "1.10",
                "12345678901234567890123",
                "null",
                "true",
                "\"ü\\u00fc\\n\"",
                "[ 1.0 , {} ]",
                "{\"b\":1,\"a\":{\"result\":2e0}}",
                "\"\"",
                "7"
            })
    void a_result_keeps_the_characters_in_which_it_came(String result) {
        for (String filler : List.of("", "x".repeat(40_000), "ü".repeat(33_000))) {
            for (String more : List.of("", ",\"attempts\":[]", " , \"logPages\" : [ ] ")) {
                JsonNode answer = Json.answer("{\"key\":\"" + filler + "\",\"result\": " + result + more + "}")
                        .orElseThrow();
                assertThat(answer.path("result").textValue()).isEqualTo(result);
            }
        }
    }

    @Test
    void a_long_result_keeps_its_characters_too() {
        List<String> texts = new ArrayList<>();
        for (int length : new int[] {3_999, 4_000, 8_000, 100_000, 3_000_000}) {
            texts.add("\"" + "y".repeat(length) + "\"");
            texts.add("[" + "1.50,".repeat(length / 5) + "0]");
        }
        for (String text : texts) {
            assertThat(Json.answer("{\"result\":" + text + ",\"a\":1}")
                            .orElseThrow()
                            .path("result")
                            .textValue()
                            .equals(text))
                    .isTrue();
        }
    }
}
