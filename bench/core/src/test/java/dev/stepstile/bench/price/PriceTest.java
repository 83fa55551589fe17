package dev.stepstile.bench.price;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.net.URI;
import java.time.LocalDate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PriceTest {
    @ParameterizedTest
    @EnumSource
    void a_price_has_a_row_with_its_unit_its_source_and_its_dates(Price price) {
        assertThat(price.dollars()).isPositive();
        assertThat(price.per()).isPositive();
        assertThat(price.unit()).isNotBlank();
        Price.Origin origin = price.origin();
        assertThat(origin.region()).isIn("us-east-1", "any");
        assertThat(URI.create(origin.source()).getScheme()).isEqualTo("https");
        assertThatCode(() -> LocalDate.parse(origin.lookedUp())).doesNotThrowAnyException();
        if (!origin.dated().equals("undated")) {
            assertThat(LocalDate.parse(origin.dated())).isBeforeOrEqualTo(LocalDate.parse(origin.lookedUp()));
        }
        assertThat(origin.seen()).matches("(page|price list|page and price list|second hand)( \\(us-west-2\\))?");
    }
}
