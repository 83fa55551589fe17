package dev.stepstile.simulation;

import dev.stepstile.port.PayloadStore;
import java.util.Optional;

/** Passes every call on. */
class PassingPayloads implements PayloadStore {
    protected final PayloadStore payloads;

    PassingPayloads(PayloadStore payloads) {
        this.payloads = payloads;
    }

    @Override
    public void put(String key, byte[] content) {
        payloads.put(key, content);
    }

    @Override
    public Optional<byte[]> get(String key) {
        return payloads.get(key);
    }

    @Override
    public boolean exists(String key) {
        return payloads.exists(key);
    }
}
