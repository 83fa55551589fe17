package dev.stepstile.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.StepHandler;
import dev.stepstile.api.TerminalFailure;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.util.List;
import java.util.ServiceLoader;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DayStepTest {
    private final FlightsDayHandler handler = new FlightsDayHandler();

    @ParameterizedTest
    @ValueSource(strings = {"2013-01-01", "2013-02-08", "2013-02-09", "2013-03-08", "2013-10-15", "2013-12-31"})
    void finds_the_figures_that_python_finds(String day) throws IOException {
        DayTable table = JsonInput.read(Recorded.day(LocalDate.parse(day)), DayTable.class);

        String csv = FlightsCsv.days(Year.of(List.of(table.toDayResult())));

        List<String> expected =
                ExpectedFigures.of(day).stream().map(row -> day + "," + row).toList();
        assertThat(expected).hasSizeGreaterThan(25);
        assertThat(csv.lines().skip(1)).containsExactlyElementsOf(expected);
    }

    @Test
    void gives_the_same_bytes_on_a_second_attempt() throws IOException {
        LocalDate day = LocalDate.of(2013, 7, 10);

        assertThat(Recorded.day(day)).isEqualTo(Recorded.day(day));
    }

    @Test
    void gives_a_result_of_at_most_5_kilobytes() throws IOException {
        assertThat(Recorded.year())
                .allSatisfy(json ->
                        assertThat(json.getBytes(StandardCharsets.UTF_8)).hasSizeLessThanOrEqualTo(5_000));
    }

    @Test
    void hands_on_every_delay_so_that_days_can_be_merged() throws IOException {
        DayTable table = JsonInput.read(Recorded.day(FlightsData.FIRST_DAY), DayTable.class);

        Group group = table.toDayResult().groups().getFirst();

        assertThat(SortedDelays.decode(group.departure().sorted()))
                .hasSize(group.departure().count())
                .isSorted()
                .contains(88, -9);
    }

    @Test
    void says_what_it_did() throws IOException {
        OneAttempt attempt = new OneAttempt("day");

        handler.run(JsonInput.of("{\"day\":\"2013-02-09\"}"), attempt);

        assertThat(attempt.lines())
                .containsExactly("2013-02-09: 684 flights, 393 cancelled, in 28 groups of carrier and airport");
    }

    @ParameterizedTest
    @ValueSource(strings = {"null", "{}", "{\"day\":null}"})
    void without_a_day_fails_for_good_and_shows_how_to_name_one(String input) {
        assertThatFailure(input).hasMessage("The input names no day; give one such as {\"day\":\"2013-01-05\"}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2014-01-01", "2012-12-31"})
    void for_a_day_of_another_year_fails_for_good_and_says_which_days_there_are(String day) {
        assertThatFailure("{\"day\":\"" + day + "\"}")
                .hasMessage("There are no flights on " + day + ": the data reach from 2013-01-01 to 2013-12-31");
    }

    @ParameterizedTest
    @ValueSource(strings = {"2013-02-29", "05.01.2013", "yesterday", ""})
    void for_what_is_no_day_fails_for_good_and_shows_how_to_write_one(String day) {
        assertThatFailure("{\"day\":\"" + day + "\"}")
                .hasMessage("\"" + day + "\" is no day; write one such as 2013-01-05");
    }

    @Test
    void quotes_no_more_than_the_start_of_a_long_input() {
        assertThatFailure("{\"day\":\"" + "x".repeat(5_000) + "\"}")
                .satisfies(failure -> assertThat(failure.getMessage()).hasSizeLessThan(100));
    }

    @Test
    void is_found_by_its_name_like_the_report() {
        assertThat(ServiceLoader.load(StepHandler.class))
                .extracting(StepHandler::name)
                .containsExactlyInAnyOrder("flights.day", "flights.report");
    }

    private AbstractThrowableAssert<?, ? extends Throwable> assertThatFailure(String input) {
        return assertThatThrownBy(() -> handler.run(JsonInput.of(input), new OneAttempt("day")))
                .isInstanceOf(TerminalFailure.class);
    }
}
