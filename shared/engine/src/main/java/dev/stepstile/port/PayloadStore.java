package dev.stepstile.port;

import java.util.Optional;

/** Bytes by key. What a key holds never changes, so a put may be repeated. Durable when the call returns. */
public interface PayloadStore {
    void put(String key, byte[] content);

    /** Nothing if the key holds nothing. */
    Optional<byte[]> get(String key);

    boolean exists(String key);
}
