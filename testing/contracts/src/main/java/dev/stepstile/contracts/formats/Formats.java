package dev.stepstile.contracts.formats;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** What each released version stored and sent, as it wrote it: files that never change. */
public final class Formats {
    /** One or more for each version whose stored forms differ from those of the one before; the oldest first. */
    public static final List<String> ALL = List.of(
            "0-messages-of-version-1",
            "1-lease-of-a-step",
            "2-lease-of-a-worker",
            "3-tenant",
            "4-retry-rule",
            "5-delay",
            "6-notification",
            "7-deadline",
            "8-list-of-runs",
            "9-trace",
            "10-pauses",
            "11-tags-of-spans");

    private Formats() {}

    /** A fixture; empty if the version had no such form, or the one that the version before had. */
    public static Optional<String> text(String format, String form) {
        try (InputStream in = Formats.class.getResourceAsStream("/formats/" + format + "/" + form + ".json")) {
            return in == null
                    ? Optional.empty()
                    : Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The formats that have a fixture of this form; the oldest first. */
    public static List<String> of(String form) {
        return ALL.stream().filter(format -> text(format, form).isPresent()).toList();
    }

    /** The members of {@code before} that {@code after} has not, or has as something of another kind: as paths. */
    public static List<String> lost(JsonNode before, JsonNode after) {
        List<String> lost = new ArrayList<>();
        lost("", before, after, lost);
        return lost;
    }

    /** Of two JSON texts. */
    public static List<String> lost(String before, String after) {
        return lost(Json.parse(before), Json.parse(after));
    }

    private static void lost(String path, JsonNode before, JsonNode after, List<String> lost) {
        if (before.getNodeType() != after.getNodeType()) {
            lost.add(path);
        } else if (before.isObject()) {
            before.properties()
                    .forEach(member ->
                            lost(path + "/" + member.getKey(), member.getValue(), after.path(member.getKey()), lost));
        } else {
            for (int i = 0; i < before.size(); i++) {
                lost(path + "/" + i, before.get(i), after.path(i), lost);
            }
        }
    }
}
