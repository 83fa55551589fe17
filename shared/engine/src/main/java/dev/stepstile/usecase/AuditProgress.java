package dev.stepstile.usecase;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.Json.BadJson;
import dev.stepstile.port.RunPosition;
import dev.stepstile.usecase.LiveAudit.Position;
import dev.stepstile.usecase.LiveAudit.SecondLook;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far the audit of all runs has come, as it is kept between calls.
 *
 * @param round in which it is, or which was the last
 * @param again what is to be looked at once more, of this round or of earlier ones; the earliest first
 * @param heldUntil while a call works on it; null if none does
 * @param failing whose looks failed last; null: the newest look was made
 */
record AuditProgress(
        Round round,
        List<Again> again,
        @Nullable Instant heldUntil,
        @Nullable Failing failing) {
    private static final int VERSION = 1;

    /**
     * Once through all runs, the newest first.
     *
     * @param began runs that began later are the next one's
     * @param since what was closed before it was looked at by the round before; null: there was none
     * @param after the run that was looked at last; null: none yet
     * @param at where the look at that run goes on; null: it is done
     * @param over all have been looked at
     * @param passedOver whether a look failed and was given up
     */
    record Round(
            Instant began,
            @Nullable Instant since,
            @Nullable RunPosition after,
            @Nullable Position at,
            boolean over,
            boolean passedOver) {

        static Round first(Instant now) {
            return new Round(now, null, null, null, false, false);
        }

        /**
         * The one after this, which looks at everything if this one passed over anything.
         *
         * @param overlap so long before this one began something may have been closed that it did not see
         */
        Round next(Instant now, Duration overlap) {
            return new Round(now, passedOver ? null : began.minus(overlap), null, null, false, false);
        }

        Round at(RunPosition run, @Nullable Position next) {
            return new Round(began, since, run, next, false, passedOver);
        }

        Round ended() {
            return new Round(began, since, after, null, true, passedOver);
        }

        Round passingOver() {
            return new Round(began, since, after, at, over, true);
        }
    }

    /** A second look at what was suspected in a run. */
    record Again(String runId, SecondLook look) {
        private int suspects() {
            return look.suspects().stream()
                    .mapToInt(each -> each.steps().size())
                    .sum();
        }
    }

    /**
     * A run that could not be looked at.
     *
     * @param calls how many calls failed there, one after another
     */
    record Failing(String runId, int calls) {}

    AuditProgress in(Round other) {
        return new AuditProgress(other, again, heldUntil, failing);
    }

    AuditProgress with(List<Again> others) {
        return new AuditProgress(round, List.copyOf(others), heldUntil, failing);
    }

    AuditProgress held(@Nullable Instant until) {
        return new AuditProgress(round, again, until, failing);
    }

    AuditProgress failing(@Nullable Failing at) {
        return new AuditProgress(round, again, heldUntil, at);
    }

    /** In how many calls, one after another, looks at this run have failed. */
    int failuresOf(String runId) {
        return failing == null || !failing.runId.equals(runId) ? 0 : failing.calls;
    }

    int suspects() {
        return again.stream().mapToInt(Again::suspects).sum();
    }

    String write() {
        ObjectNode node = Json.object().put("v", VERSION);
        node.put("began", round.began.toEpochMilli());
        if (round.since != null) {
            node.put("since", round.since.toEpochMilli());
        }
        if (round.after != null) {
            node.put("after", round.after.text());
        }
        if (round.at != null) {
            node.set("at", AuditCursors.write(round.at));
        }
        node.put("over", round.over);
        if (round.passedOver) {
            node.put("passedOver", true);
        }
        if (failing != null) {
            node.putObject("failing").put("run", failing.runId).put("calls", failing.calls);
        }
        ArrayNode looks = node.putArray("again");
        again.forEach(each -> looks.addObject().put("run", each.runId).set("look", AuditCursors.write(each.look)));
        if (heldUntil != null) {
            node.put("heldUntil", heldUntil.toEpochMilli());
        }
        return Json.print(node);
    }

    /** @throws BadJson if it is none that this version writes */
    static AuditProgress read(String json) {
        JsonNode node = Json.parse(json);
        try {
            if (Json.integer(node, "v") != VERSION) {
                throw new BadJson("of version " + Json.integer(node, "v"));
            }
            Round round = new Round(
                    Json.instant(node, "began"),
                    Json.instantOrNull(node, "since"),
                    node.has("after") ? RunPosition.parse(Json.text(node, "after")) : null,
                    node.has("at") ? AuditCursors.position(node.path("at")) : null,
                    node.path("over").asBoolean(),
                    node.path("passedOver").asBoolean());
            List<Again> again = new ArrayList<>();
            node.path("again")
                    .forEach(each ->
                            again.add(new Again(Json.text(each, "run"), AuditCursors.secondLook(each.path("look")))));
            JsonNode failing = node.path("failing");
            return new AuditProgress(
                    round,
                    again,
                    Json.instantOrNull(node, "heldUntil"),
                    failing.isMissingNode()
                            ? null
                            : new Failing(Json.text(failing, "run"), Json.integer(failing, "calls")));
        } catch (DateTimeException | IndexOutOfBoundsException | IllegalArgumentException e) {
            throw new BadJson("not how far an audit has come: " + e);
        }
    }
}
