package dev.stepstile.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class FlightsCheckTest {
    private static List<String> year = List.of();

    @BeforeAll
    static void runTheDays() throws IOException {
        year = Recorded.year();
    }

    @Test
    void finds_no_difference_between_365_steps_and_a_single_pass() {
        assertThat(differences(year)).isEmpty();
    }

    @Test
    void finds_no_difference_between_the_report_and_a_single_pass() throws IOException {
        assertThat(FlightsCheck.reportDifferences(Recorded.report(year), Set.of()))
                .isEmpty();
    }

    @Test
    void expects_a_report_without_the_excluded_days() throws IOException {
        FlightsReport report = Recorded.report(year.subList(1, 365));

        assertThat(FlightsCheck.reportDifferences(report, Set.of("2013-01-01"))).isEmpty();
        assertThat(FlightsCheck.reportDifferences(report, Set.of()))
                .contains("report: days 364, expected 365", "report: flights 335934, expected 336776")
                .contains("days.csv 2013-01-01 9E JFK: row none, expected 2013-01-01,9E,JFK,28,0,28,494,17.64,0,88,"
                        + "27,337,12.48,-1,66");
    }

    @Test
    void names_the_figure_that_differs() {
        assertThat(differences(first(year.getFirst().replace("17.64", "17.65"))))
                .containsExactly("2013-01-01 9E JFK: mean departure delay 17.65, expected 17.64");
    }

    @Test
    void names_a_day_that_is_missing() {
        assertThat(differences(year.subList(1, 365))).containsExactly("2013-01-01: 0 results, expected 1");
    }

    @Test
    void names_a_day_that_is_there_twice() {
        List<String> days = new ArrayList<>(year);
        days.add(year.getLast());

        assertThat(differences(days)).containsExactly("2013-12-31: 2 results, expected 1");
    }

    @Test
    void names_a_day_that_no_one_asked_for() {
        List<String> days = new ArrayList<>(year);
        days.add(year.getLast().replace("2013-12-31", "2013-12-32"));

        assertThat(differences(days)).containsExactly("2013-12-32: has a result, but the data have no such day");
    }

    @Test
    void wants_no_result_of_an_excluded_day() {
        assertThat(FlightsCheck.differences(Recorded.tables(year), Set.of("2013-01-01")))
                .containsExactly("2013-01-01: has a result, expected none");
        assertThat(FlightsCheck.differences(Recorded.tables(year.subList(1, 365)), Set.of("2013-01-01")))
                .isEmpty();
    }

    @Test
    void names_groups_that_are_missing_or_too_many() {
        assertThat(differences(first(year.getFirst().replace("[\"9E\",\"JFK\"", "[\"9X\",\"JFK\""))))
                .containsExactly("2013-01-01 9E JFK: is missing", "2013-01-01 9X JFK: had no flight");
    }

    @Test
    void says_when_a_result_is_malformed() {
        assertThat(differences(first(year.getFirst().replace("[\"9E\"", "[9"))))
                .singleElement()
                .asString()
                .startsWith("2013-01-01: The result of 2013-01-01 has a row that is no group");
    }

    @Test
    void sees_a_delay_that_was_changed_in_the_list_alone() {
        assertThat(differences(first(year.getFirst().replace("~S1100", "~S0200"))))
                .containsExactly("2013-01-01 9E JFK: list of departure delays is not the expected one");
    }

    @Test
    void names_the_cell_of_the_report_that_differs() throws IOException {
        FlightsReport report = Recorded.report(year);
        FlightsReport changed = new FlightsReport(
                report.days(),
                report.missingDays(),
                report.flights(),
                report.cancelled(),
                report.html(),
                report.totalsCsv().replace("842390,20.16", "842390,20.17"),
                report.daysCsv());

        assertThat(FlightsCheck.reportDifferences(changed, Set.of()))
                .containsExactly("totals.csv EV EWR: dep_mean 20.17, expected 20.16");
    }

    private static List<String> first(String changed) {
        assertThat(changed).isNotEqualTo(year.getFirst());
        List<String> days = new ArrayList<>(year);
        days.set(0, changed);
        return days;
    }

    private static List<String> differences(List<String> days) {
        return FlightsCheck.differences(Recorded.tables(days), Set.of());
    }
}
