package dev.stepstile.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Answer;
import dev.stepstile.http.Http.Problem;
import dev.stepstile.usecase.AuditCursors;
import dev.stepstile.usecase.AuditRounds;
import dev.stepstile.usecase.LiveAudit;
import dev.stepstile.usecase.LiveAudit.Position;
import dev.stepstile.usecase.LiveAudit.SecondLook;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Violation;
import java.time.Instant;
import java.util.Optional;
import java.util.Set;

/**
 * {@code GET /v1/runs/{runId}/audit}: all that it has to remember between calls is in its cursors; and {@code POST /v1/audit}, the
 * next part of the audit of all runs.
 */
final class AuditApi {
    private static final String CALL = "audit";

    /** Violations of all runs in one answer; all are in the log. */
    private static final int LISTED = 100;

    private final LiveAudit audit;
    private final AuditRounds rounds;

    AuditApi(Stepstile stepstile) {
        this.audit = stepstile.audit();
        this.rounds = stepstile.auditRounds();
    }

    Answer answer(String runId, Http.Call call) throws InterruptedException {
        call.takes("cursor");
        String cursor = call.query().get("cursor");
        JsonNode node = cursor == null || cursor.isEmpty() ? null : Cursors.read(CALL, runId, cursor);
        Optional<LiveAudit.Page> page = node != null && AuditCursors.isSecondLook(node)
                ? audit.lookAgain(runId, secondLook(node))
                : audit.look(runId, node == null ? null : position(node));
        return Answer.json(200, body(runId, page.orElseThrow(() -> Problem.noRun(runId))));
    }

    /** The next part of the audit of all runs. */
    Answer ofAll(Http.Call call, Instant deadline) throws InterruptedException {
        call.takes();
        try {
            Parameters.body(call, Set.of());
        } catch (Json.BadJson e) {
            throw Problem.badRequest("bad-json", "Invalid request body: " + e.getMessage() + ".");
        }
        return switch (rounds.audit(deadline)) {
            case AuditRounds.Answer.Done(AuditRounds.Report report) -> Answer.json(200, body(report));
            case AuditRounds.Answer.UnderWay(Instant until) ->
                throw new Problem(
                        409,
                        "audit-under-way",
                        "Another call audits all runs, until " + until + " at the latest; call again after it.");
        };
    }

    private static ObjectNode body(AuditRounds.Report report) {
        AuditRounds.Looked looked = report.looked();
        ObjectNode body = Json.object();
        ArrayNode violations = body.putArray("violations");
        report.violations().stream()
                .limit(LISTED)
                .forEach(found -> violations.add(view(found.violation()).put("runId", found.runId())));
        body.put("violationCount", report.violations().size())
                .put("runCount", looked.runs())
                .put("settledCount", looked.settled())
                .put("checkedCount", looked.steps())
                .put("readCount", looked.reads());
        if (looked.unread() > 0) {
            body.put("unreadCount", looked.unread());
        }
        body.put("suspectCount", report.suspects())
                .put("roundBeganAt", report.began().toString());
        if (report.after() != null) {
            body.put("after", report.after());
        }
        return body.put("complete", report.after() == null);
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
            body.put("cursor", Cursors.write(CALL, runId, AuditCursors.write(next)));
        }
        SecondLook again = page.again();
        if (again != null) {
            body.putObject("secondLook")
                    .put("notBefore", again.notBefore().toString())
                    .put("cursor", Cursors.write(CALL, runId, AuditCursors.write(again)));
        }
        return body;
    }

    private static Position position(JsonNode node) {
        try {
            return AuditCursors.position(node);
        } catch (Json.BadJson e) {
            throw Cursors.bad();
        }
    }

    private static SecondLook secondLook(JsonNode node) {
        try {
            return AuditCursors.secondLook(node);
        } catch (Json.BadJson e) {
            throw Cursors.bad();
        }
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
}
