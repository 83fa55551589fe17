package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.cli.console.StepStates;
import dev.stepstile.client.StepStatus;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The options that select steps of a run, the same of each command that lists, cancels or redrives them. */
final class Selection {
    private static final Pattern AGO = Pattern.compile("([0-9]{1,9})(s|m|h|d)");

    @Option(
            names = "--state",
            paramLabel = "STATE",
            split = ",",
            completionCandidates = StepStates.class,
            description = "In one of these states: ${COMPLETION-CANDIDATES}.")
    private List<StepStatus> states = List.of();

    @Option(names = "--handler", paramLabel = "NAME", description = "Of this handler.")
    private @Nullable String handler;

    @Option(names = "--kind", paramLabel = "KIND", description = "With an error of this kind, such as TIMEOUT.")
    private @Nullable String kind;

    @Option(names = "--prefix", paramLabel = "TEXT", description = "Whose keys begin with this.")
    private @Nullable String prefix;

    @Option(names = "--tag", paramLabel = "NAME=VALUE", description = "With this tag.")
    private @Nullable String tag;

    @Option(
            names = "--since",
            paramLabel = "TIME",
            description = "Ended, if running begun, else queued since then: 2026-11-24T08:00:00Z, or 30m, 2h, 3d ago.")
    private @Nullable String since;

    @Option(names = "--until", paramLabel = "TIME", description = "As --since, before then.")
    private @Nullable String until;

    @Option(names = "--failure", paramLabel = "ID", description = "Of this group of failures.")
    private @Nullable String failure;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    /** As the parameters of a call that reads. */
    Map<String, String> query() {
        Map<String, String> query = new LinkedHashMap<>();
        if (!states.isEmpty()) {
            query.put("state", states.stream().map(StepStatus::name).collect(Collectors.joining(",")));
        }
        query.putAll(filter());
        if (tag != null) {
            query.put("tag", tagged(tag));
        }
        return query;
    }

    /** As members of the body of a call that changes something. */
    void into(ObjectNode body) {
        if (!states.isEmpty()) {
            states.forEach(state -> body.withArrayProperty("states").add(state.name()));
        }
        Map<String, String> filter = filter();
        filter.forEach((name, value) -> body.withObjectProperty("filter").put(name, value));
        if (tag != null) {
            String[] parts = tagged(tag).split("=", 2);
            body.withObjectProperty("filter")
                    .withObjectProperty("tag")
                    .put("name", parts[0])
                    .put("value", parts[1]);
        }
    }

    /** Whether nothing is selected, which means everything. */
    boolean isEmpty() {
        return query().isEmpty();
    }

    private Map<String, String> filter() {
        Map<String, String> filter = new LinkedHashMap<>();
        put(filter, "handler", handler);
        put(filter, "kind", kind);
        put(filter, "prefix", prefix);
        put(filter, "since", since == null ? null : instant(since));
        put(filter, "until", until == null ? null : instant(until));
        put(filter, "failure", failure);
        return filter;
    }

    private static void put(Map<String, String> filter, String name, @Nullable String value) {
        if (value != null) {
            filter.put(name, value);
        }
    }

    private String tagged(String text) {
        if (text.indexOf('=') < 1) {
            throw wrong("--tag takes a name and a value, as in --tag region=eu.");
        }
        return text;
    }

    private String instant(String text) {
        return instant(text, InstantSource.system().instant(), Objects.requireNonNull(command));
    }

    /** An instant, or how long ago. */
    static String instant(String text, Instant now, CommandSpec command) {
        Matcher ago = AGO.matcher(text);
        if (ago.matches()) {
            long number = Long.parseLong(ago.group(1));
            Duration duration = switch (ago.group(2)) {
                case "s" -> Duration.ofSeconds(number);
                case "m" -> Duration.ofMinutes(number);
                case "h" -> Duration.ofHours(number);
                default -> Duration.ofDays(number);
            };
            return now.minus(duration).toString();
        }
        try {
            return OffsetDateTime.parse(text).toInstant().toString();
        } catch (DateTimeParseException e) {
            throw new ParameterException(
                    command.commandLine(),
                    "'" + Text.quoted(text)
                            + "' is no time: write 2026-11-24T08:00:00Z, or 90s, 30m, 2h or 3d for so long" + " ago.");
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), why);
    }
}
