package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepKeys;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.FailureGroup;
import dev.stepstile.usecase.StepFilter;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A {@link StepFilter} as callers write it: the parameters of a query, or {@code states} and {@code filter} of a body. */
final class FilterParameters {
    private static final Set<String> MEMBERS = Set.of("handler", "kind", "prefix", "tag", "since", "until", "failure");
    private static final Set<String> TAG_MEMBERS = Set.of("name", "value");
    private static final String KINDS = Arrays.stream(StepError.Kind.values())
            .filter(kind -> kind != StepError.Kind.REDRIVEN)
            .map(Enum::name)
            .collect(Collectors.joining(", "));

    private FilterParameters() {}

    /** The parameters of a call that takes a filter and these. */
    static String[] with(String... others) {
        List<String> all = new ArrayList<>(MEMBERS);
        all.add("state");
        all.addAll(Arrays.asList(others));
        return all.toArray(String[]::new);
    }

    /** The filter of a query; {@code state} may list several, with commas between them. */
    static StepFilter ofQuery(Http.Call call) {
        SortedSet<StepState.Name> states = new TreeSet<>();
        String listed = call.query().get("state");
        if (listed != null) {
            for (String name : listed.split(",", -1)) {
                states.add(Parameters.state("state", name));
            }
        }
        return new StepFilter(
                states,
                handler(call.query().get("handler")),
                kind(call.query().get("kind")),
                prefix(call.query().get("prefix")),
                tag(call.query().get("tag")),
                span(call.query().get("since"), call.query().get("until")),
                failure(call.query().get("failure")));
    }

    /** The states that a body names; empty if it names none. */
    static SortedSet<StepState.Name> states(JsonNode body) {
        SortedSet<StepState.Name> states = new TreeSet<>();
        Parameters.texts(body, "states", "bad-state").forEach(name -> states.add(Parameters.state("states", name)));
        return states;
    }

    /**
     * The member {@code filter} of a body, for steps in these states. One that names nothing is refused: it never means "all".
     *
     * @param states empty: any
     * @return null if there is no such member
     */
    static @Nullable StepFilter ofBody(JsonNode body, SortedSet<StepState.Name> states) {
        JsonNode node = Parameters.object(body, "filter", "bad-filter");
        if (!node.isObject()) {
            return null;
        }
        Parameters.known(node, "'filter'", MEMBERS);
        StepFilter filter = new StepFilter(
                states,
                handler(text(node, "handler", "bad-handler")),
                kind(text(node, "kind", "bad-kind")),
                prefix(text(node, "prefix", "bad-prefix")),
                tagOfBody(node),
                span(text(node, "since", "bad-time"), text(node, "until", "bad-time")),
                failure(text(node, "failure", "bad-failure")));
        if (filter.equals(StepFilter.ofStates(states))) {
            throw Problem.badRequest(
                    "bad-filter",
                    "'filter' must have at least one of " + String.join(", ", new TreeSet<>(MEMBERS))
                            + "; omit it to select without one.");
        }
        return filter;
    }

    private static @Nullable String text(JsonNode holder, String name, String problem) {
        JsonNode node = holder.path(name);
        if (node.isMissingNode() || node.isNull()) {
            return null;
        }
        if (!node.isTextual()) {
            throw Problem.badRequest(problem, "'" + name + "' must be a string.");
        }
        return node.textValue();
    }

    private static @Nullable String handler(@Nullable String text) {
        if (text != null && !Limits.isHandlerName(text)) {
            throw Problem.badRequest("bad-handler", "'handler' must have 1 to 128 characters of A-Z a-z 0-9 . _ -");
        }
        return text;
    }

    private static StepError.@Nullable Kind kind(@Nullable String text) {
        if (text == null) {
            return null;
        }
        for (StepError.Kind kind : StepError.Kind.values()) {
            if (kind.name().equals(text) && kind != StepError.Kind.REDRIVEN) {
                return kind;
            }
        }
        throw Problem.badRequest("bad-kind", "'kind' must be one of " + KINDS + ".");
    }

    /** What a step key can begin with: not what only the end of a key excludes, a blank. */
    private static @Nullable String prefix(@Nullable String text) {
        String fault = text == null ? null : StepKeys.fault(text);
        if (text == null || fault == null) {
            return text;
        }
        if (!text.isEmpty() && StepKeys.fault(text + "x") == null) {
            return text;
        }
        throw Problem.badRequest(
                "bad-prefix",
                "Invalid 'prefix' of step keys: " + fault + ". It must have 1 to " + StepKeys.MAX_BYTES
                        + " bytes of UTF-8, no control characters, line breaks or #, and no blank at its beginning.");
    }

    /** {@code name=value}; the name ends at the first {@code =}. */
    private static StepFilter.@Nullable Tag tag(@Nullable String text) {
        if (text == null) {
            return null;
        }
        int equals = text.indexOf('=');
        if (equals < 0) {
            throw Problem.badRequest("bad-tag", "'tag' must be name=value, such as team=data.");
        }
        return tag(text.substring(0, equals), text.substring(equals + 1));
    }

    private static StepFilter.@Nullable Tag tagOfBody(JsonNode filter) {
        JsonNode node = Parameters.object(filter, "tag", "bad-tag");
        if (!node.isObject()) {
            return null;
        }
        Parameters.known(node, "'tag'", TAG_MEMBERS);
        String name = text(node, "name", "bad-tag");
        String value = text(node, "value", "bad-tag");
        if (name == null || value == null) {
            throw Problem.badRequest("bad-tag", "'tag' must have a 'name' and a 'value'.");
        }
        return tag(name, value);
    }

    private static StepFilter.Tag tag(String name, String value) {
        if (Parameters.isLonger(name, Limits.TAG_LENGTH) || Parameters.isLonger(value, Limits.TAG_LENGTH)) {
            throw Problem.badRequest(
                    "bad-tag", "'tag': a tag's name and value have at most " + Limits.TAG_LENGTH + " characters each.");
        }
        return new StepFilter.Tag(name, value);
    }

    /** Half-open: from {@code since} on, before {@code until}. */
    static StepFilter.Span span(@Nullable String since, @Nullable String until) {
        Instant from = instant("since", since);
        Instant to = instant("until", until);
        if (from != null && to != null && !from.isBefore(to)) {
            throw Problem.badRequest("bad-time", "'since' must be before 'until'.");
        }
        return new StepFilter.Span(from, to);
    }

    static @Nullable Instant instant(String name, @Nullable String text) {
        if (text == null) {
            return null;
        }
        try {
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeException e) {
            throw Problem.badRequest(
                    "bad-time",
                    "'" + name + "' must be an instant of ISO 8601 with an offset, such as 2026-11-24T08:00:00Z"
                            + " (in a query, a plus is %2B).");
        }
    }

    private static @Nullable String failure(@Nullable String text) {
        if (text != null && !FailureGroup.isId(text)) {
            throw Problem.badRequest(
                    "bad-failure",
                    "'failure' must be the id of a group of failures, 12 of 0-9 a-f; GET …/failures lists them.");
        }
        return text;
    }
}
