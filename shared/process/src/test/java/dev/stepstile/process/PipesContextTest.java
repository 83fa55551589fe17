package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.codec.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;

class PipesContextTest {
    private static final String STEPSTILE_EXTRAS = """
            {"run_id":"r","step_key":"s[1]","attempt":2,"deadline":"2026-11-24T08:00:00Z","tags":{"team":"data"},\
            "shared":{}}""";

    @Test
    void has_the_input_as_extras_and_the_attempt_beside_it() {
        assertThat(PipesContext.of(GivenInput.of("{\"day\":\"2013-01-01\"}"), new Attempt()))
                .isEqualTo("""
                        {"asset_keys":null,"code_version_by_asset_key":null,"provenance_by_asset_key":null,\
                        "partition_key":null,"partition_key_range":null,"partition_time_window":null,"run_id":"r",\
                        "job_name":null,"retry_number":1,"extras":{"day":"2013-01-01","stepstile":""" + STEPSTILE_EXTRAS + "}}");
    }

    @Test
    void has_an_input_that_is_no_object_as_an_extra_named_input() {
        assertThat(context("[1,2]", Map.of()).path("extras").path("input")).isEqualTo(Json.parse("[1,2]"));
        assertThat(context("null", Map.of()).path("extras").path("input").isNull())
                .isTrue();
    }

    @Test
    void replaces_an_input_that_calls_itself_stepstile() {
        assertThat(context("{\"stepstile\":\"mine\"}", Map.of()).path("extras").path("stepstile"))
                .isEqualTo(Json.parse(STEPSTILE_EXTRAS));
    }

    @Test
    void carries_shared_inputs_as_they_are() {
        assertThat(context("{}", Map.of("job", "{\"ops\":[1.50,\"\\uD800\"]}"))
                        .path("extras")
                        .path("stepstile")
                        .path("shared"))
                .isEqualTo(Json.parse("{\"job\":{\"ops\":[1.50,\"\\uD800\"]}}"));
    }

    @Test
    void takes_its_fields_from_the_shared_input_for_pipes() {
        String fields = """
                {"asset_keys":["flights/days"],"code_version_by_asset_key":{"flights/days":"v2"},
                 "provenance_by_asset_key":{"flights/days":null},"partition_key":"2013-01-01",
                 "partition_key_range":{"start":"2013-01-01","end":"2013-01-01"},
                 "partition_time_window":{"start":"2013-01-01T00:00:00","end":"2013-01-02T00:00:00"},
                 "run_id":"of the orchestrator","job_name":"flights"}""";
        JsonNode context = context("{}", Map.of("dagster.pipes", fields));
        for (Map.Entry<String, JsonNode> field : Json.parse(fields).properties()) {
            assertThat(context.path(field.getKey())).as(field.getKey()).isEqualTo(field.getValue());
        }
        assertThat(context.path("retry_number").asInt()).isEqualTo(1);
    }

    @Test
    void refuses_a_shared_input_for_pipes_that_is_no_object() {
        assertThatThrownBy(() -> context("{}", Map.of("dagster.pipes", "[]")))
                .isInstanceOf(TerminalFailure.class)
                .hasMessageContaining("should be an object");
    }

    @Test
    void its_parameters_are_base64_of_zlib_of_json() throws IOException {
        JsonNode parameters = Json.parse("{\"path\":\"/tmp/a/context.json\"}");
        String encoded = PipesContext.encode(parameters);
        assertThat(decoded(encoded)).isEqualTo(parameters);
        // as dagster_pipes.encode_param writes it
        assertThat(decoded("eJyrVipILMlQslJQ0i/JLdBP1E/OzytJrSjRyyrOz1OqBQCjNwq0"))
                .isEqualTo(parameters);
    }

    private static JsonNode decoded(String encoded) throws IOException {
        return Json.parse(new String(
                new InflaterInputStream(
                                new ByteArrayInputStream(Base64.getDecoder().decode(encoded)))
                        .readAllBytes(),
                StandardCharsets.UTF_8));
    }

    private static JsonNode context(String input, Map<String, String> shared) {
        return Json.parse(PipesContext.of(new GivenInput(input, shared), new Attempt()));
    }
}
