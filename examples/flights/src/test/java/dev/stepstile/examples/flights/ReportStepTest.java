package dev.stepstile.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.StepInput;
import dev.stepstile.api.TerminalFailure;
import java.io.IOException;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import javax.xml.parsers.DocumentBuilderFactory;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.xml.sax.InputSource;

class ReportStepTest {
    private static List<String> year = List.of();

    @BeforeAll
    static void runTheDays() throws IOException {
        year = Recorded.year();
    }

    @Test
    void finds_the_totals_that_python_finds() throws IOException {
        FlightsReport report = Recorded.report(year);

        List<String> expected = ExpectedFigures.of("2013");
        assertThat(expected).hasSize(35);
        assertThat(report.totalsCsv().lines().skip(1)).containsExactlyElementsOf(expected);
        assertThat(report.flights()).isEqualTo(336_776);
        assertThat(report.cancelled()).isEqualTo(8_255);
    }

    @Test
    void of_the_whole_year_misses_nothing() throws IOException {
        FlightsReport report = Recorded.report(year);

        assertThat(report.days()).isEqualTo(365);
        assertThat(report.missingDays()).isEmpty();
        assertThat(report.html()).contains("336,776").doesNotContain("had no result when");
    }

    @Test
    void does_not_depend_on_the_order_of_the_days() throws IOException {
        List<String> shuffled = new ArrayList<>(year);
        Collections.shuffle(shuffled, new Random(2013));

        assertThat(Recorded.report(shuffled)).isEqualTo(Recorded.report(year));
    }

    @Test
    void names_the_days_that_are_missing() throws IOException {
        FlightsReport report = Recorded.report(year.subList(2, 365));

        assertThat(report.days()).isEqualTo(363);
        assertThat(report.missingDays()).containsExactly("2013-01-01", "2013-01-02");
        assertThat(report.html()).contains("had no result when this was made: Tue 1 Jan, Wed 2 Jan.");
    }

    @Test
    void can_be_made_of_a_single_day() throws IOException {
        FlightsReport report = Recorded.report(year.subList(39, 40));

        assertThat(report.flights()).isEqualTo(684);
        assertThat(FlightsCheck.reportDifferences(report, allDaysBut("2013-02-09")))
                .isEmpty();
    }

    @Test
    void stands_on_its_own() throws IOException {
        String html = Recorded.report(year).html();

        assertThat(html)
                .startsWith("<!doctype html>")
                .doesNotContain("{{", "http", "<script", "<link", "src=", "@import");
    }

    @Test
    void draws_well_formed_pictures_with_a_cell_for_each_day_and_airport() throws Exception {
        String html = Recorded.report(year).html();

        String calendar = html.substring(html.indexOf("<svg viewBox"), html.indexOf("</svg>") + 6);
        var cells = DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(new InputSource(new StringReader(calendar)))
                .getElementsByTagName("rect");
        assertThat(cells.getLength()).isEqualTo(3 * 365);
    }

    @Test
    void escapes_the_name_of_the_run() throws IOException {
        Year one =
                Year.of(List.of(JsonInput.read(year.getFirst(), DayTable.class).toDayResult()));

        assertThat(new ReportPage(one, "<b>&").html())
                .contains("&lt;b&gt;&amp;")
                .doesNotContain("<b>&");
    }

    @Test
    void of_no_days_fails_for_good() {
        assertThatFailure("[]").hasMessage("The shared input \"days\" is empty: there is no day to report on");
    }

    @Test
    void without_its_shared_input_fails_for_good() {
        assertThatThrownBy(() -> run(JsonInput.of("null"))).isInstanceOf(TerminalFailure.class);
    }

    @Test
    void refuses_a_day_that_is_there_twice() {
        assertThatFailure("[" + year.getFirst() + "," + year.getFirst() + "]")
                .hasMessage("The shared input \"days\" cannot be merged: The day 2013-01-01 is there twice");
    }

    @Test
    void refuses_a_day_whose_delays_are_not_what_it_states() {
        assertThatFailure("[" + year.getFirst().replace(",494,", ",495,") + "]")
                .hasMessageContaining(
                        "2013-01-01 9E JFK lists 28 delays of 494 minutes together, but states 28 of 495");
    }

    @Test
    void refuses_a_day_in_other_columns() {
        assertThatFailure("[" + year.getFirst().replace("depMean", "depAverage") + "]")
                .hasMessageContaining("The result of 2013-01-01 has the columns")
                .hasMessageContaining("another version wrote it");
    }

    @Test
    void refuses_what_is_no_day_result() {
        assertThatFailure("[{}]").hasMessageContaining("does not fit DayTable[]");
        assertThatFailure("[null]")
                .hasMessage("The shared input \"days\" holds a null: leave out days without a result");
        assertThatFailure("[" + year.getFirst().replace("2013-01-01", "someday") + "]")
                .hasMessageContaining("someday");
        assertThatFailure("[" + year.getFirst().replace("[\"9E\"", "[9") + "]").hasMessageContaining("is no group");
    }

    private static Set<String> allDaysBut(String day) {
        return FlightsExpected.singlePass().stream()
                .map(DayResult::day)
                .filter(other -> !other.equals(day))
                .collect(Collectors.toSet());
    }

    private static void run(StepInput input) throws IOException {
        new FlightsReportHandler().run(input, new OneAttempt("report"));
    }

    private static AbstractThrowableAssert<?, ? extends Throwable> assertThatFailure(String days) {
        return assertThatThrownBy(() -> run(JsonInput.shared("days", days))).isInstanceOf(TerminalFailure.class);
    }
}
