package dev.stepstile.usecase;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Looks whether payloads are there, past any cache, and whether they are what was stored, unless they are large. */
final class PayloadLook {
    /** A payload up to this is read and its digest compared; of a larger one it is asked whether it is there. */
    static final long MOST_READ_BYTES = 256 * 1024;

    private static final int LOOKS_AT_ONCE = 16;

    private final Ports ports;
    private final Tasks tasks;

    PayloadLook(Ports ports, Tasks tasks) {
        this.ports = ports;
        this.tasks = tasks;
    }

    /** A payload that a step needs. {@code what} says for what. */
    record Needed(StepSpec spec, String what, Payload payload) {}

    /** Why a payload is not what it should be. */
    record Fault(Violation.Kind kind, String evidence) {}

    /**
     * The payloads outside of its record that a step needs: its result once it has succeeded; until then, or for a redrive,
     * its inputs.
     *
     * @param record null if it has none, or one of another dispatch
     */
    static List<Needed> of(StepSpec spec, @Nullable StepRecord record) {
        List<Needed> needed = new ArrayList<>();
        if (record != null && record.state() instanceof StepState.Succeeded succeeded) {
            needed.add(new Needed(spec, "result", succeeded.result()));
        } else {
            needed.add(new Needed(spec, "input", spec.as(record).input()));
            spec.sharedInputs().forEach((name, input) -> needed.add(new Needed(spec, "shared input " + name, input)));
            Payload tags = spec.tags().common();
            if (tags != null) {
                needed.add(new Needed(spec, "tags", tags));
            }
        }
        needed.removeIf(each -> each.payload() instanceof Payload.Inline);
        return needed;
    }

    /** For each of the payloads that is gone or altered, why. Each is one read. */
    Map<Payload, Fault> faults(List<Payload> payloads) throws InterruptedException {
        Map<Payload, Fault> faults = new LinkedHashMap<>();
        if (!payloads.isEmpty()) {
            List<Optional<Fault>> looks =
                    ParallelCalls.map(tasks, LOOKS_AT_ONCE, "look for payloads", payloads, payload -> switch (payload) {
                        case Payload.Inline _ -> Optional.empty();
                        case Payload.Item(String key, long size, String sha256) ->
                            look(ports.items(), key, size, sha256);
                        case Payload.Stored(String key, long size, String sha256) ->
                            look(ports.objects(), key, size, sha256);
                    });
            for (int i = 0; i < payloads.size(); i++) {
                Payload payload = payloads.get(i);
                looks.get(i).ifPresent(fault -> faults.put(payload, fault));
            }
        }
        return faults;
    }

    private static Optional<Fault> look(PayloadStore store, String key, long size, String sha256) {
        if (size > MOST_READ_BYTES) {
            return store.exists(key) ? Optional.empty() : Optional.of(gone(key));
        }
        Optional<byte[]> bytes = store.get(key);
        if (bytes.isEmpty()) {
            return Optional.of(gone(key));
        }
        String found = Sha256.hex(bytes.get());
        return found.equals(sha256)
                ? Optional.empty()
                : Optional.of(new Fault(
                        Violation.Kind.PAYLOAD_ALTERED,
                        "payload " + key + " has " + bytes.get().length + " bytes with the SHA-256 " + found
                                + "; stored were " + size + " with " + sha256 + "."));
    }

    private static Fault gone(String key) {
        return new Fault(Violation.Kind.PAYLOAD_MISSING, "payload " + key + " is gone.");
    }
}
