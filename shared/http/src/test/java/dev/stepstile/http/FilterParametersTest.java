package dev.stepstile.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.StepFilter;
import java.time.Instant;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The filter of a body that selects steps to be changed. */
class FilterParametersTest {
    private static final SortedSet<StepState.Name> DEAD = new TreeSet<>(List.of(StepState.Name.DEAD));

    private static @Nullable StepFilter filter(String json) {
        return FilterParameters.ofBody(Json.parse(json), DEAD);
    }

    @Test
    void has_all_of_its_members_and_the_states_of_the_body() {
        StepFilter filter = filter("{\"filter\":{\"handler\":\"h\",\"kind\":\"TIMEOUT\",\"prefix\":\"eu/ \","
                + "\"tag\":{\"name\":\"team\",\"value\":\"a=b\"},\"since\":\"2026-11-24T09:00:00+01:00\","
                + "\"until\":\"2026-11-24T09:00:00Z\",\"failure\":\"0123456789ab\"}}");

        assertThat(filter)
                .isEqualTo(new StepFilter(
                        DEAD,
                        "h",
                        StepError.Kind.TIMEOUT,
                        "eu/ ",
                        new StepFilter.Tag("team", "a=b"),
                        new StepFilter.Span(
                                Instant.parse("2026-11-24T08:00:00Z"), Instant.parse("2026-11-24T09:00:00Z")),
                        "0123456789ab"));
    }

    /** One that is there and names nothing is another thing: it is refused below. */
    @Test
    void is_none_where_the_body_has_none() {
        assertThat(filter("{}")).isNull();
        assertThat(filter("{\"filter\":null}")).isNull();
    }

    @Test
    void takes_a_member_of_null_as_absent() {
        assertThat(filter("{\"filter\":{\"handler\":\"h\",\"kind\":null,\"tag\":null}}"))
                .isEqualTo(filter("{\"filter\":{\"handler\":\"h\"}}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}                                            | bad-filter     | handler, kind, prefix",
                "{\"handler\":null}                            | bad-filter     | at least one",
                "[]                                            | bad-filter     | 'filter'",
                "\"all\"                                       | bad-filter     | 'filter'",
                "{\"handlr\":\"h\"}                            | unknown-member | 'handlr' in 'filter'",
                "{\"state\":\"DEAD\"}                          | unknown-member | 'state' in 'filter'",
                "{\"handler\":7}                               | bad-handler    | 'handler' must be a string",
                "{\"handler\":\"a b\"}                         | bad-handler    | 1 to 128",
                "{\"kind\":\"timeout\"}                        | bad-kind       | TIMEOUT",
                "{\"kind\":\"REDRIVEN\"}                       | bad-kind       | 'kind'",
                "{\"prefix\":\"a#\"}                           | bad-prefix     | 512",
                "{\"prefix\":\"\"}                             | bad-prefix     | 'prefix'",
                "{\"tag\":\"team=data\"}                       | bad-tag        | 'tag' must be an object",
                "{\"tag\":{\"name\":\"team\"}}                 | bad-tag        | 'value'",
                "{\"tag\":{\"name\":\"a\",\"valu\":\"b\"}}     | unknown-member | 'valu' in 'tag'",
                "{\"since\":\"yesterday\"}                     | bad-time       | 'since'",
                "{\"until\":1764000000}                        | bad-time       | 'until'",
                "{\"since\":\"2026-11-24T08:00:00Z\",\"until\":\"2026-11-24T08:00:00Z\"} | bad-time | before 'until'",
                "{\"failure\":\"0123456789AB\"}                | bad-failure    | 12 of 0-9 a-f",
            })
    void is_refused_by_the_name_of_what_is_wrong(String filter, String type, String said) {
        assertThatThrownBy(() -> filter("{\"filter\":" + filter + "}"))
                .isInstanceOfSatisfying(Problem.class, problem -> {
                    assertThat(problem.status()).isEqualTo(400);
                    assertThat(problem.type()).isEqualTo(type);
                    assertThat(problem.getMessage()).contains(said);
                });
    }
}
