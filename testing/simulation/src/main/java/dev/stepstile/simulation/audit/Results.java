package dev.stepstile.simulation.audit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Payload;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** At most one result for a step: the one that its handler returned, whole, and stored before the record names it. */
final class Results implements Check {
    private final Audit audit;
    private final StoredPayloads payloads;

    Results(Audit audit, StoredPayloads payloads) {
        this.audit = audit;
        this.payloads = payloads;
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (after.state() instanceof StepState.Ended ended
                && (before == null || !(before.state() instanceof StepState.Ended))) {
            stamped(after, ended.finishedAt());
        }
        if (!(after.state() instanceof StepState.Succeeded(Payload result, Instant _))) {
            return;
        }
        if (step.results > 0) {
            audit.violated(after.id(), "result number " + (step.results + 1) + " was recorded");
        }
        Optional<String> stored = payloads.read(after.id(), "its result", result);
        String returned = step.returned;
        if (stored.isPresent() && returned != null && !stored.get().equals(Json.print(parsed(returned)))) {
            audit.violated(
                    after.id(),
                    "attempt " + after.attempt() + " is credited with " + shortened(stored.get()) + ", and returned "
                            + shortened(returned));
        }
        if (returned == null) {
            audit.violated(after.id(), "a result was recorded, and no handler returned one");
        }
    }

    /** A write gets its timestamp when it is made, and a new one for each retry: readers of the feed rely on that. */
    private void stamped(StepRecord after, Instant finishedAt) {
        long stamp = finishedAt.toEpochMilli();
        long skew = audit.cluster().surroundings().maxSkew().toMillis();
        boolean stoodStill = audit.caller().stoodStillUntil() >= stamp - skew;
        if (!stoodStill && (stamp < audit.millis() - skew - 2_000 || stamp > audit.millis() + skew)) {
            audit.violated(after.id(), "its end was written now, with the time " + finishedAt);
        }
    }

    private static JsonNode parsed(String json) {
        try {
            return Json.parse(json);
        } catch (Json.BadJson e) {
            throw new IllegalStateException("the simulated handler returns JSON", e);
        }
    }

    private static String shortened(String json) {
        return json.length() <= 60 ? json : json.substring(0, 60) + "…";
    }
}
