package dev.stepstile.cli.plan;

import java.math.BigDecimal;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** A number as people write it: {@code 1e6}, {@code 10k}, {@code 2.5M}, {@code 1,000,000}, {@code 1_000}. */
final class Quantity implements ITypeConverter<BigDecimal> {
    private static final Map<Character, Integer> SUFFIXES = Map.of('k', 3, 'm', 6, 'g', 9);

    @Override
    public BigDecimal convert(String value) {
        String digits = value.strip().toLowerCase(Locale.ROOT).replaceAll("(?<=\\d)[,_](?=\\d{3}(?!\\d))", "");
        int exponent = digits.isEmpty() ? 0 : SUFFIXES.getOrDefault(digits.charAt(digits.length() - 1), 0);
        if (exponent > 0) {
            digits = digits.substring(0, digits.length() - 1);
        }
        try {
            BigDecimal number = new BigDecimal(digits);
            if (Math.abs((long) number.precision() - number.scale()) > 18) {
                throw new TypeConversionException("'" + value + "' is too large");
            }
            return number.scaleByPowerOfTen(exponent);
        } catch (NumberFormatException e) {
            throw new TypeConversionException("'" + value + "' is not a number such as 1000000, 1e6, 10k or 2.5M");
        }
    }

    /** @throws TypeConversionException if it is not a whole number */
    static long whole(String option, BigDecimal number) {
        try {
            return number.longValueExact();
        } catch (ArithmeticException e) {
            throw new TypeConversionException(option + " must be a whole number.");
        }
    }
}
