package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.step.Limits;
import dev.stepstile.usecase.LiveAudit;
import dev.stepstile.usecase.LiveAudit.Position;
import dev.stepstile.usecase.LiveAudit.SecondLook;
import dev.stepstile.usecase.LiveAudit.Suspect;
import dev.stepstile.usecase.LiveAudit.Suspects;
import dev.stepstile.usecase.LiveAudit.Tally;
import dev.stepstile.usecase.Violation;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** {@code GET /v1/runs/{runId}/audit}. All that it has to remember between calls is in its cursors. */
final class AuditApi {
    private static final String CALL = "audit";

    /** A cursor has their places in it, as their names would make it too long for a request line. */
    private static final List<Violation.Kind> KINDS = List.of(Violation.Kind.values());

    private static final Pattern SUSPECT = Pattern.compile("[0-9]{1,6}:[0-9]{1,3}(,[0-9]{1,3})*:([0-9a-f]{8}|-{8})");
    private static final Pattern DIGEST = Pattern.compile("([0-9a-f]{8})?");

    /** More than a cursor that was given has: nobody makes one call read more. */
    private static final int MOST_SUSPECTS = 1_000;

    private final LiveAudit audit;

    AuditApi(LiveAudit audit) {
        this.audit = audit;
    }

    Answer answer(String runId, Http.Call call) throws InterruptedException {
        call.takes("cursor");
        String cursor = call.query().get("cursor");
        JsonNode node = cursor == null || cursor.isEmpty() ? null : Cursors.read(CALL, runId, cursor);
        Optional<LiveAudit.Page> page = node != null && node.has("s")
                ? audit.lookAgain(runId, secondLook(node))
                : audit.look(runId, node == null ? null : position(node));
        return Answer.json(200, body(runId, page.orElseThrow(() -> Problem.noRun(runId))));
    }

    private static ObjectNode body(String runId, LiveAudit.Page page) {
        ObjectNode body = Json.object();
        ArrayNode violations = body.putArray("violations");
        page.violations().forEach(violation -> violations.add(view(violation)));
        body.put("checkedCount", page.checked()).put("readCount", page.reads());
        if (page.unread() > 0) {
            body.put("unreadCount", page.unread());
        }
        Position next = page.next();
        if (next != null) {
            body.put("cursor", Cursors.write(CALL, runId, node(next)));
        }
        SecondLook again = page.again();
        if (again != null) {
            body.putObject("secondLook")
                    .put("notBefore", again.notBefore().toString())
                    .put("cursor", Cursors.write(CALL, runId, node(again)));
        }
        return body;
    }

    private static ObjectNode view(Violation violation) {
        ObjectNode node = Json.object().put("kind", violation.kind().name());
        if (violation.stepKey() != null) {
            node.put("key", violation.stepKey());
        }
        if (violation.dispatchId() != null) {
            node.put("dispatchId", violation.dispatchId());
        }
        return node.put("evidence", violation.evidence());
    }

    private static ObjectNode node(Position at) {
        ObjectNode node = Cursors.node(at.createdAt(), at.dispatchId(), at.index())
                .put("p", at.tally().progress());
        DispatchCodec.counts(node.putObject("n"), at.tally().counts());
        return node;
    }

    private static Position position(JsonNode node) {
        try {
            int index = Json.integer(node, "i");
            String progress = Json.text(node, "p");
            if (index >= 0 && DIGEST.matcher(progress).matches()) {
                Tally tally = new Tally(progress, DispatchCodec.counts(node.path("n")));
                return new Position(Json.instant(node, "c"), Json.text(node, "d"), index, tally);
            }
        } catch (Json.BadJson | IllegalArgumentException | DateTimeException e) {
            throw Cursors.bad();
        }
        throw Cursors.bad();
    }

    private static ObjectNode node(SecondLook again) {
        ObjectNode node = Json.object();
        node.put("t", again.notBefore().toEpochMilli());
        ObjectNode all = node.putObject("s");
        for (Suspects suspects : again.suspects()) {
            ArrayNode steps = all.putArray(suspects.dispatchId());
            suspects.steps().forEach(suspect -> steps.add(text(suspect)));
        }
        return node;
    }

    private static String text(Suspect suspect) {
        List<String> kinds = suspect.kinds().stream()
                .map(kind -> String.valueOf(KINDS.indexOf(kind)))
                .toList();
        return suspect.index() + ":" + String.join(",", kinds) + ":" + suspect.seen();
    }

    private static SecondLook secondLook(JsonNode node) {
        List<Suspects> all = new ArrayList<>();
        int count = 0;
        for (var dispatch : node.path("s").properties()) {
            List<Suspect> steps = new ArrayList<>();
            for (JsonNode suspect : dispatch.getValue()) {
                steps.add(suspect(suspect.textValue()));
                count++;
            }
            if (!Limits.isDispatchId(dispatch.getKey()) || count > MOST_SUSPECTS) {
                throw Cursors.bad();
            }
            all.add(new Suspects(dispatch.getKey(), steps));
        }
        try {
            return new SecondLook(Json.instant(node, "t"), all);
        } catch (Json.BadJson | DateTimeException e) {
            throw Cursors.bad();
        }
    }

    private static Suspect suspect(@Nullable String text) {
        if (text == null || !SUSPECT.matcher(text).matches()) {
            throw Cursors.bad();
        }
        List<String> parts = List.of(text.split(":", -1));
        Set<Violation.Kind> kinds = EnumSet.noneOf(Violation.Kind.class);
        for (String kind : parts.get(1).split(",", -1)) {
            int number = Integer.parseInt(kind);
            if (number >= KINDS.size() || KINDS.get(number).atOnce()) {
                throw Cursors.bad();
            }
            kinds.add(KINDS.get(number));
        }
        return new Suspect(Integer.parseInt(parts.get(0)), kinds, parts.get(2));
    }
}
