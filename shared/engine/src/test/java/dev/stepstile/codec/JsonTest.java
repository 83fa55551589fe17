package dev.stepstile.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** JSON as it is printed; how it is read, the codecs' tests show. */
class JsonTest {
    @Test
    void an_array_has_its_texts_and_an_object_its_members() {
        assertThat(Json.print(Json.array(List.of("b", "a")))).isEqualTo("[\"b\",\"a\"]");
        assertThat(Json.print(Json.object(new TreeMap<>(Map.of("b", "2", "a", "1")))))
                .isEqualTo("{\"a\":\"1\",\"b\":\"2\"}");
    }

    @Test
    void a_tree_is_written_as_it_is_printed_and_a_value_by_its_class() throws JsonProcessingException {
        String tree = "{\"z\":[1,-0.0,1E+2,true,null],\"a\":\"\\uFFFE\"}";
        assertThat(Json.write(Json.parse(tree))).isEqualTo(tree).isEqualTo(Json.print(Json.parse(tree)));
        assertThat(Json.write(Map.of("a", List.of(1, 2)))).isEqualTo("{\"a\":[1,2]}");
        assertThat(Json.write(null)).isEqualTo("null");
    }

    /** As a member of a class that a handler returns. */
    @Test
    void a_number_keeps_its_characters_within_a_value_of_a_class() throws JsonProcessingException {
        assertThat(Json.write(List.of(Json.parse("-0.0"), Json.parse("1E+2")))).isEqualTo("[-0.0,1E+2]");
    }
}
