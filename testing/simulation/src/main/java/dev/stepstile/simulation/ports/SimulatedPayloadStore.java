package dev.stepstile.simulation.ports;

import dev.stepstile.port.PayloadStore;
import dev.stepstile.step.Retention;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Payloads in memory. */
public final class SimulatedPayloadStore implements PayloadStore {
    private final PortCalls calls;
    private final String name;
    private final long most;
    private final DeletionByAge deletion;
    private @Nullable Observer listener;
    private final Map<String, byte[]> contents = new HashMap<>();
    private boolean lostAny;

    /** @param most how many bytes a key may hold */
    public SimulatedPayloadStore(PortCalls calls, String name, long most, DeletionByAge deletion) {
        this.deletion = deletion;
        this.calls = calls;
        this.most = most;
        this.name = name;
    }

    /** Sets the observer of puts, before the first call. */
    public void tells(Observer observer) {
        this.listener = observer;
    }

    @Override
    public void put(String key, byte[] content) {
        calls.call(
                name + ".put " + key,
                () -> {
                    Objects.requireNonNull(listener, "no listener was set")
                            .sized(name + " " + key, content.length + key.length(), most);
                    contents.put(key, content.clone());
                    deletion.written(name + " " + key, Retention.SPARE, () -> contents.remove(key));
                    return content.length;
                },
                size -> size + " bytes");
    }

    @Override
    public Optional<byte[]> get(String key) {
        return calls.call(
                name + ".get " + key,
                () -> Optional.ofNullable(contents.get(key)).map(byte[]::clone),
                found -> found.map(bytes -> bytes.length + " bytes").orElse("none"));
    }

    @Override
    public boolean exists(String key) {
        return calls.call(name + ".exists " + key, () -> contents.containsKey(key), Object::toString);
    }

    /** What a key holds, without a call; null if it holds nothing. */
    public byte @Nullable [] peek(String key) {
        return contents.get(key);
    }

    /** Whether anything was ever deleted. */
    public boolean lostAny() {
        return lostAny;
    }

    /** Deletes what a key holds, as a lifecycle rule does. */
    void lose(String key) {
        lostAny = true;
        contents.remove(key);
    }

    /** Deletes all, as a lifecycle rule does. */
    public void loseAll() {
        lostAny = true;
        contents.clear();
    }
}
