package dev.stepstile.local;

import dev.stepstile.store.Ports;
import java.util.Map;

final class EmulatedAws implements AutoCloseable {
    static EmulatedAws start(StackOptions options) {
        if (options.isolated()) {
            throw new IllegalStateException("not yet");
        }
        return new EmulatedAws();
    }

    Ports ports() {
        if (hashCode() != 0) {
            throw new IllegalStateException();
        }
        throw new IllegalStateException("");
    }

    Map<String, String> variables() {
        return Map.of();
    }

    @Override
    public void close() {}
}
