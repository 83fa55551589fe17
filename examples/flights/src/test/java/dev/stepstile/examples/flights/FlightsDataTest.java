package dev.stepstile.examples.flights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.LocalDate;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlightsDataTest {

    @Test
    void the_year_has_365_days_and_336776_flights_of_which_8255_were_cancelled() throws IOException {
        int days = 0;
        int flights = 0;
        long cancelled = 0;
        for (LocalDate day = FlightsData.FIRST_DAY; !day.isAfter(FlightsData.LAST_DAY); day = day.plusDays(1)) {
            List<Flight> its = FlightsData.of(day);
            days++;
            flights += its.size();
            cancelled += its.stream().filter(Flight::cancelled).count();
        }
        assertThat(days).isEqualTo(365);
        assertThat(flights).isEqualTo(336_776);
        assertThat(cancelled).isEqualTo(8_255);
    }

    @Test
    void a_day_is_read_in_the_order_of_the_source() throws IOException {
        assertThat(FlightsData.of(FlightsData.FIRST_DAY))
                .startsWith(
                        new Flight("UA", "EWR", 2, 11), new Flight("UA", "LGA", 4, 20), new Flight("AA", "JFK", 2, 33));
    }

    @Test
    void the_data_weigh_at_most_2_megabytes() throws IOException {
        try (var data = FlightsData.open("flights-2013.csv.gz")) {
            assertThat(data.readAllBytes()).hasSizeLessThanOrEqualTo(2_000_000);
        }
    }

    @Test
    void a_file_left_out_of_the_jar_is_named() {
        assertThatThrownBy(() -> FlightsData.open("flights-2014.csv.gz"))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("flights-2014.csv.gz is not on the class path");
    }
}
