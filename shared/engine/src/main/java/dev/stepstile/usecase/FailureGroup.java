package dev.stepstile.usecase;

import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepError;
import dev.stepstile.step.Truncation;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Failures that have the same kind, the same handler and, but for what differs from step to step, the same message.
 *
 * @param message normalised: UUIDs, long hexadecimal texts, numbers, times, quoted texts and the parts of paths that have a
 *     digit are {@code …}; at most {@link #MAX_MESSAGE} characters
 */
public record FailureGroup(StepError.Kind kind, String handler, String message) {
    /** Of a normalised message: what tells failures apart for people is at both ends. */
    public static final int MAX_MESSAGE = 200;

    /** Of an id: 48 bits, by which a thousand groups collide once in 500 million runs. */
    private static final int ID_LENGTH = 12;

    private static final Pattern ID = Pattern.compile("[0-9a-f]{" + ID_LENGTH + "}");
    private static final String ANY = "…";

    /** A pattern, and what takes the place of what it matches. */
    private record Rule(Pattern pattern, String replacement) {
        private static Rule of(String regex, String replacement) {
            return new Rule(Pattern.compile(regex), replacement);
        }

        private String on(String text) {
            return pattern.matcher(text).replaceAll(replacement);
        }
    }

    private static final List<Rule> RULES = List.of(
            Rule.of("\\s+", " "),
            Rule.of("\"[^\"]*\"", "\"" + ANY + "\""),
            Rule.of("`[^`]*`", "`" + ANY + "`"),
            Rule.of("(?<!\\w)'[^']*'(?!\\w)", "'" + ANY + "'"), // not the apostrophes of "doesn't"
            Rule.of("(?<![0-9A-Za-z])[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}(?![0-9A-Za-z])", ANY),
            Rule.of("\\d{4}-\\d\\d-\\d\\d([T ]\\d\\d:\\d\\d(:\\d\\d([.,]\\d+)?)?)?(Z|[+-]\\d\\d:?\\d\\d)?", ANY),
            Rule.of("(?<=[/\\\\])[^/\\\\\\s,:;()'\"]*\\d[^/\\\\\\s,:;()'\"]*", ANY),
            Rule.of("(?<![0-9A-Za-z])(?=[A-Fa-f]*\\d)(0x)?[0-9A-Fa-f]{8,}(?![0-9A-Za-z])", ANY),
            Rule.of("(?<![0-9A-Za-z])(?=([A-Za-z]*\\d){3})[0-9A-Za-z]{10,}(?![0-9A-Za-z])", ANY), // ids of requests
            Rule.of("\\d+([.,:]\\d+)*", ANY),
            Rule.of(ANY + "(, ?" + ANY + ")+", ANY)); // a list of them, however long

    /** The group of a failure. */
    public static FailureGroup of(String handler, StepError error) {
        String message = error.message();
        for (Rule rule : RULES) {
            message = rule.on(message);
        }
        return new FailureGroup(error.kind(), handler, Truncation.middle(message.strip(), MAX_MESSAGE));
    }

    /** Names the group, in every run and on every stack: 12 hexadecimal digits of the SHA-256 of what it consists of. */
    public String id() {
        return Sha256.hex(kind + "\n" + handler + "\n" + message).substring(0, ID_LENGTH);
    }

    /** Whether it can be the id of a group. */
    public static boolean isId(String text) {
        return ID.matcher(text).matches();
    }
}
