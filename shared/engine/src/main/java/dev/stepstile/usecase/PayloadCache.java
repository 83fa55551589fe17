package dev.stepstile.usecase;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/** Payloads that never change, in memory: those used last, up to {@link #MAX_CHARS}. */
final class PayloadCache {
    private static final long MAX_CHARS = 64L * 1024 * 1024;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, String> payloads = new LinkedHashMap<>(16, 0.75f, true);
    private long chars;

    Optional<String> get(String key) {
        lock.lock();
        try {
            return Optional.ofNullable(payloads.get(key));
        } finally {
            lock.unlock();
        }
    }

    void put(String key, String json) {
        lock.lock();
        try {
            if (json.length() > MAX_CHARS || payloads.put(key, json) != null) {
                return;
            }
            chars += json.length();
            var eldest = payloads.entrySet().iterator();
            while (chars > MAX_CHARS && eldest.hasNext()) {
                chars -= eldest.next().getValue().length();
                eldest.remove();
            }
        } finally {
            lock.unlock();
        }
    }
}
