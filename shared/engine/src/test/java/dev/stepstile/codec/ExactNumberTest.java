package dev.stepstile.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import java.math.BigDecimal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A number that BigDecimal would write otherwise. */
class ExactNumberTest {
    @Test
    void is_printed_as_it_was_written_now_and_as_a_decimal_by_an_earlier_version() {
        String json = "[-0,-0.0,1e2,1.50e3]";
        assertThat(Json.print(Json.parse(json))).isEqualTo(json);
        assertThat(Json.printedEarlier(json)).isEqualTo("[0,0.0,1E+2,1.50E+3]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "-0.0",
                "15e-1",
                "2147483647e0",
                "2147483648e0",
                "-2147483648e0",
                "-2147483649e0",
                "9223372036854775807e0",
                "9223372036854775808e0",
                "-9223372036854775808e0",
                "-9223372036854775809e0"
            })
    void has_the_value_and_the_ranges_of_a_decimal(String text) {
        JsonNode exact = Json.parse(text);
        JsonNode decimal = new DecimalNode(new BigDecimal(text));
        assertThat(exact).isInstanceOf(ExactNumber.class);
        assertThat(exact.intValue()).isEqualTo(decimal.intValue());
        assertThat(exact.longValue()).isEqualTo(decimal.longValue());
        assertThat(exact.doubleValue()).isEqualTo(decimal.doubleValue());
        assertThat(exact.decimalValue()).isEqualByComparingTo(decimal.decimalValue());
        assertThat(exact.bigIntegerValue()).isEqualTo(decimal.bigIntegerValue());
        assertThat(exact.canConvertToInt()).isEqualTo(decimal.canConvertToInt());
        assertThat(exact.canConvertToLong()).isEqualTo(decimal.canConvertToLong());
        assertThat(exact.isFloatingPointNumber()).isTrue();
        assertThat(exact.isBigDecimal()).isTrue();
    }

    @Test
    void is_equal_to_what_is_written_alike() {
        JsonNode number = Json.parse("1e2");
        assertThat(number).isEqualTo(Json.parse("1e2")).hasSameHashCodeAs("1e2");
        assertThat(number).isNotEqualTo(Json.parse("1e3")).isNotEqualTo(Json.parse("100"));
    }
}
