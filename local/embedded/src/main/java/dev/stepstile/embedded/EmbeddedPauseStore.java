package dev.stepstile.embedded;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The pauses, on SQLite. One that has ended stays. */
final class EmbeddedPauseStore implements PauseStore {
    private final EmbeddedDatabase database;

    EmbeddedPauseStore(EmbeddedDatabase database) {
        this.database = database;
    }

    @Override
    public List<Pause> pauses() {
        return database
                .read(session -> session.all(
                        "SELECT scope, paused_at, resumed_at, reason, version FROM pause ORDER BY scope",
                        EmbeddedPauseStore::read))
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    private static Optional<Pause> read(ResultSet row) throws SQLException {
        Optional<PauseScope> scope = PauseScope.named(row.getString(1));
        if (scope.isEmpty()) {
            return Optional.empty(); // of a newer version
        }
        Instant pausedAt = Instant.ofEpochMilli(row.getLong(2));
        long end = row.getLong(3);
        Instant resumedAt = row.wasNull() ? null : Instant.ofEpochMilli(end);
        return Optional.of(new Pause(scope.get(), pausedAt, resumedAt, row.getString(4), row.getLong(5)));
    }

    @Override
    public boolean replace(Pause next) {
        return database.write(session -> next.version() == 1 ? insert(session, next) : update(session, next)) == 1;
    }

    private static int insert(EmbeddedDatabase.Session session, Pause first) throws SQLException {
        return session.update(
                "INSERT INTO pause VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                first.scope().name(),
                first.pausedAt().toEpochMilli(),
                millis(first.resumedAt()),
                first.reason(),
                first.version());
    }

    private static int update(EmbeddedDatabase.Session session, Pause next) throws SQLException {
        return session.update(
                "UPDATE pause SET paused_at = ?, resumed_at = ?, reason = ?, version = ? WHERE scope = ? AND version = ?",
                next.pausedAt().toEpochMilli(),
                millis(next.resumedAt()),
                next.reason(),
                next.version(),
                next.scope().name(),
                next.version() - 1);
    }

    private static @Nullable Long millis(@Nullable Instant instant) {
        return instant == null ? null : instant.toEpochMilli();
    }
}
