package dev.stepstile.simulatedaws;

import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.dynamodb.model.AttributeValue;

/**
 * One of the things that a DynamoDB condition demands, joined by AND: as much of that grammar as the adapter uses.
 *
 * @param attribute its name, or the {@code #name} that stands for it
 * @param value the {@code :value} that it is held against
 */
public record Conjunct(
        String text, Test test, String attribute, @Nullable String value) {
    private static final Pattern FUNCTION = Pattern.compile("(\\w+)\\((#?\\w+)(?:, (:\\w+))?\\)");
    private static final Pattern COMPARISON = Pattern.compile("(#?\\w+) (=|<=|>) (:\\w+)");

    /** How an attribute is held against a value. */
    public enum Test {
        EXISTS,
        NOT_EXISTS,
        BEGINS_WITH,
        EQUAL,
        AT_MOST,
        MORE
    }

    /** The conjuncts of an expression. */
    public static List<Conjunct> of(String expression) {
        return parts(expression)
                .map(part -> parse(part)
                        .orElseThrow(() -> new IllegalArgumentException("no condition that is known here: " + part)))
                .toList();
    }

    public static Stream<String> parts(String expression) {
        return Arrays.stream(expression.split(" AND ", -1));
    }

    /** Empty if this is no conjunct. */
    public static Optional<Conjunct> parse(String text) {
        Matcher function = FUNCTION.matcher(text);
        Matcher comparison = COMPARISON.matcher(text);
        if (comparison.matches()) {
            Test test = switch (comparison.group(2)) {
                case "=" -> Test.EQUAL;
                case "<=" -> Test.AT_MOST;
                default -> Test.MORE;
            };
            return Optional.of(new Conjunct(text, test, comparison.group(1), comparison.group(3)));
        }
        if (!function.matches()) {
            return Optional.empty();
        }
        return switch (function.group(1)) {
            case "attribute_exists" -> Optional.of(new Conjunct(text, Test.EXISTS, function.group(2), null));
            case "attribute_not_exists" -> Optional.of(new Conjunct(text, Test.NOT_EXISTS, function.group(2), null));
            case "begins_with" ->
                Optional.of(new Conjunct(text, Test.BEGINS_WITH, function.group(2), function.group(3)));
            default -> Optional.empty();
        };
    }

    /**
     * @param names what {@code #name} stands for
     * @param values what {@code :value} stands for
     */
    boolean holds(Map<String, AttributeValue> item, Map<String, String> names, Map<String, AttributeValue> values) {
        AttributeValue found = item.get(attribute.startsWith("#") ? stands(attribute, names) : attribute);
        return switch (test) {
            case EXISTS -> found != null;
            case NOT_EXISTS -> found == null;
            case BEGINS_WITH ->
                found != null && found.s().startsWith(stands(value, values).s());
            case EQUAL -> comparable(found, values) && compare(found, stands(value, values)) == 0;
            case AT_MOST -> comparable(found, values) && compare(found, stands(value, values)) <= 0;
            case MORE -> comparable(found, values) && compare(found, stands(value, values)) > 0;
        };
    }

    private boolean comparable(@Nullable AttributeValue found, Map<String, AttributeValue> values) {
        return found != null && found.type() == stands(value, values).type();
    }

    /** As DynamoDB orders the values of a key: numbers by value, texts by their bytes. */
    static int compare(@Nullable AttributeValue a, @Nullable AttributeValue b) {
        if (a == null || b == null) {
            throw new IllegalArgumentException("nothing to compare");
        }
        return a.n() != null
                ? new BigDecimal(a.n()).compareTo(new BigDecimal(b.n()))
                : Arrays.compareUnsigned(
                        a.s().getBytes(StandardCharsets.UTF_8), b.s().getBytes(StandardCharsets.UTF_8));
    }

    /** What a placeholder stands for. */
    static <T> T stands(@Nullable String placeholder, Map<String, T> given) {
        T stands = placeholder == null ? null : given.get(placeholder);
        if (stands == null) {
            throw new IllegalArgumentException(placeholder + " stands for nothing");
        }
        return stands;
    }
}
