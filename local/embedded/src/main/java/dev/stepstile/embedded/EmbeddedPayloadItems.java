package dev.stepstile.embedded;

import dev.stepstile.port.PayloadStore;
import java.util.Optional;

/** Small payloads, on SQLite. */
final class EmbeddedPayloadItems implements PayloadStore {
    private final EmbeddedDatabase database;

    EmbeddedPayloadItems(EmbeddedDatabase database) {
        this.database = database;
    }

    @Override
    public void put(String key, byte[] content) {
        database.write(session -> session.update("INSERT OR REPLACE INTO item VALUES(?, ?)", key, content));
    }

    @Override
    public Optional<byte[]> get(String key) {
        return database.read(
                session -> session.one("SELECT content FROM item WHERE key = ?", row -> row.getBytes(1), key));
    }

    @Override
    public boolean exists(String key) {
        return database.read(session -> session.one("SELECT 1 FROM item WHERE key = ?", row -> row.getInt(1), key))
                .isPresent();
    }
}
