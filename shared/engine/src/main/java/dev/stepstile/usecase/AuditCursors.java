package dev.stepstile.usecase;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.Json.BadJson;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.LiveAudit.Position;
import dev.stepstile.usecase.LiveAudit.SecondLook;
import dev.stepstile.usecase.LiveAudit.Suspect;
import dev.stepstile.usecase.LiveAudit.Suspects;
import dev.stepstile.usecase.LiveAudit.Tally;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an audit goes on, as JSON: all that it has to remember between calls. What is read may have been altered by whoever
 * kept it.
 */
public final class AuditCursors {
    /** A cursor has their places in it, as their names would make it too long for a request line. */
    private static final List<Violation.Kind> KINDS = List.of(Violation.Kind.values());

    private static final Pattern SUSPECT = Pattern.compile("[0-9]{1,6}:[0-9]{1,3}(,[0-9]{1,3})*:([0-9a-f]{8}|-{8})");
    private static final Pattern DIGEST = Pattern.compile("([0-9a-f]{8})?");

    /** More than a cursor that was given has: nobody makes one call read more. */
    private static final int MOST_SUSPECTS = 1_000;

    private AuditCursors() {}

    /** Where a first look goes on. */
    public static ObjectNode write(Position at) {
        ObjectNode node = Json.object()
                .put("c", at.createdAt().toEpochMilli())
                .put("d", at.dispatchId())
                .put("i", at.index())
                .put("p", at.tally().progress());
        DispatchCodec.counts(node.putObject("n"), at.tally().counts());
        return node;
    }

    /** @throws BadJson if it is none that was written */
    public static Position position(JsonNode node) {
        try {
            int index = Json.integer(node, "i");
            String progress = Json.text(node, "p");
            if (index >= 0 && DIGEST.matcher(progress).matches()) {
                Tally tally = new Tally(progress, DispatchCodec.counts(node.path("n")));
                return new Position(Json.instant(node, "c"), Json.text(node, "d"), index, tally);
            }
        } catch (IllegalArgumentException | DateTimeException e) {
            throw bad();
        }
        throw bad();
    }

    /** What is to be looked at again. */
    public static ObjectNode write(SecondLook again) {
        ObjectNode node = Json.object();
        node.put("t", again.notBefore().toEpochMilli());
        ObjectNode all = node.putObject("s");
        for (Suspects suspects : again.suspects()) {
            ArrayNode steps = all.putArray(suspects.dispatchId());
            suspects.steps().forEach(suspect -> steps.add(text(suspect)));
        }
        return node;
    }

    /** Whether it is what is to be looked at again, and not where a first look goes on. */
    public static boolean isSecondLook(JsonNode node) {
        return node.has("s");
    }

    private static String text(Suspect suspect) {
        List<String> kinds = suspect.kinds().stream()
                .map(kind -> String.valueOf(KINDS.indexOf(kind)))
                .toList();
        return suspect.index() + ":" + String.join(",", kinds) + ":" + suspect.seen();
    }

    /** @throws BadJson if it is none that was written */
    public static SecondLook secondLook(JsonNode node) {
        List<Suspects> all = new ArrayList<>();
        int count = 0;
        for (var dispatch : node.path("s").properties()) {
            List<Suspect> steps = new ArrayList<>();
            for (JsonNode suspect : dispatch.getValue()) {
                steps.add(suspect(suspect.textValue()));
                count++;
            }
            if (!Limits.isDispatchId(dispatch.getKey()) || count > MOST_SUSPECTS) {
                throw bad();
            }
            all.add(new Suspects(dispatch.getKey(), steps));
        }
        try {
            return new SecondLook(Json.instant(node, "t"), all);
        } catch (DateTimeException e) {
            throw bad();
        }
    }

    private static Suspect suspect(@Nullable String text) {
        if (text == null || !SUSPECT.matcher(text).matches()) {
            throw bad();
        }
        List<String> parts = List.of(text.split(":", -1));
        Set<Violation.Kind> kinds = EnumSet.noneOf(Violation.Kind.class);
        for (String kind : parts.get(1).split(",", -1)) {
            int number = Integer.parseInt(kind);
            if (number >= KINDS.size() || KINDS.get(number).atOnce()) {
                throw bad();
            }
            kinds.add(KINDS.get(number));
        }
        return new Suspect(Integer.parseInt(parts.get(0)), kinds, parts.get(2));
    }

    private static BadJson bad() {
        return new BadJson("not where an audit goes on");
    }
}
