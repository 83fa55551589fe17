package dev.stepstile.cli.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.TypeConversionException;

class QuantityTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "1000000; 1000000",
                "1e6; 1000000",
                "1E6; 1000000",
                "10k; 10000",
                "2.5M; 2500000",
                "1G; 1000000000",
                "1,000,000; 1000000",
                "1_000; 1000",
                "0.02; 0.02"
            })
    void a_number_is_read_as_people_write_it(String written, String number) {
        assertThat(new Quantity().convert(written)).isEqualByComparingTo(number);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "k", "ten", "10x", "1,00", "1__000", "1e", "--5", "NaN", "1e99999999", "1e2147483648"})
    void what_is_not_a_number_is_refused_with_what_one_looks_like(String written) {
        assertThatThrownBy(() -> new Quantity().convert(written))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageStartingWith("'" + written + "' is ");
    }
}
