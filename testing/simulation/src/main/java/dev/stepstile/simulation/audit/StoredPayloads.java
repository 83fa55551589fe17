package dev.stepstile.simulation.audit;

import dev.stepstile.simulation.ports.SimulatedPayloadStore;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What a dispatch, a message or a record names is stored before, whole; and nothing is said to be gone that is there. */
final class StoredPayloads implements Check {
    private final Audit audit;
    private final SimulatedPayloadStore items;
    private final SimulatedPayloadStore objects;

    StoredPayloads(Audit audit, SimulatedPayloadStore items, SimulatedPayloadStore objects) {
        this.audit = audit;
        this.items = items;
        this.objects = objects;
    }

    /** The payload as it is stored; empty, and said so, if it is not. */
    Optional<String> read(Object what, String name, Payload payload) {
        return switch (payload) {
            case Payload.Inline(String json) -> Optional.of(json);
            case Payload.Item(String key, long size, String sha256) -> read(what, name, items, key, size, sha256);
            case Payload.Stored(String key, long size, String sha256) -> read(what, name, objects, key, size, sha256);
        };
    }

    private Optional<String> read(
            Object what, String name, SimulatedPayloadStore store, String key, long size, String sha256) {
        byte[] bytes = store.peek(key);
        if (bytes == null) {
            if (!store.lostAny()) {
                audit.violated(what, name + " is referred to and not stored: " + key);
            }
            return Optional.empty();
        }
        if (bytes.length != size || !Sha256.hex(bytes).equals(sha256)) {
            audit.violated(what, name + " is stored with another content: " + key);
            return Optional.empty();
        }
        return Optional.of(new String(bytes, StandardCharsets.UTF_8));
    }

    private void there(Object what, String name, Payload payload) {
        if (!(payload instanceof Payload.Inline)) {
            read(what, name, payload);
        }
    }

    @Override
    public void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {
        if (before == null) {
            there(
                    after.runId() + "/" + after.dispatchId(),
                    "its manifest",
                    after.accepted().manifest());
        }
    }

    @Override
    public void messageSent(StepLedger step, StepSpec spec) {
        there(spec.id(), "its input", spec.input());
        spec.sharedInputs().forEach((name, payload) -> there(spec.id(), "its shared input " + name, payload));
    }

    @Override
    public void recordWritten(StepLedger step, @Nullable StepRecord before, StepRecord after) {
        if (after.state() instanceof StepState.Dead dead
                && dead.error().kind() == StepError.Kind.PAYLOAD_MISSING
                && !items.lostAny()
                && !objects.lostAny()) {
            audit.violated(after.id(), "it died of a missing payload, and no payload was deleted");
        }
    }
}
