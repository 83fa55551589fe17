package dev.stepstile.embedded;

import dev.stepstile.codec.WorkerCodec;
import dev.stepstile.embedded.EmbeddedDatabase.Session;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.step.StepId;
import dev.stepstile.step.WorkerRecord;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The items of workers, on SQLite. What conditions need is in columns; all of the item is in its body. */
final class EmbeddedWorkerStore implements WorkerStore {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedWorkerStore.class);

    private final EmbeddedDatabase database;

    EmbeddedWorkerStore(EmbeddedDatabase database) {
        this.database = database;
    }

    @Override
    public void start(WorkerRecord first) {
        String body = body(first);
        database.write(session -> session.update(
                "INSERT INTO worker VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                first.id(),
                WorkerRecord.bucket(first.id()),
                first.beat(),
                millis(first.revokedAt()),
                body));
    }

    @Override
    public Optional<Set<StepId>> renew(WorkerRecord next) {
        String body = body(next);
        return database.write(session -> {
            int renewed = session.update(
                    "UPDATE worker SET beat = ?, body = ? WHERE id = ? AND beat <= ? AND revoked_at IS NULL",
                    next.beat(),
                    body,
                    next.id(),
                    next.beat());
            return renewed == 1 ? Optional.of(cancels(session, next.id())) : Optional.empty();
        });
    }

    private static Set<StepId> cancels(Session session, String worker) throws SQLException {
        return new HashSet<>(session.all(
                "SELECT run_id, step_key FROM worker_cancel WHERE worker = ?",
                row -> new StepId(row.getString(1), row.getString(2)),
                worker));
    }

    @Override
    public boolean askToCancel(String worker, StepId step) {
        return database.write(session -> {
            boolean lives = session.one(
                            "SELECT 1 FROM worker WHERE id = ? AND revoked_at IS NULL", row -> row.getInt(1), worker)
                    .isPresent();
            if (lives) {
                session.update(
                        "INSERT INTO worker_cancel VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
                        worker,
                        step.runId(),
                        step.stepKey());
            }
            return lives;
        });
    }

    @Override
    public boolean revoke(WorkerRecord read, Instant at) {
        String body = body(read.withRevokedAt(at));
        return database.write(session -> session.update(
                        "UPDATE worker SET revoked_at = ?, body = ? WHERE id = ? AND beat = ? AND revoked_at IS ?",
                        at.toEpochMilli(),
                        body,
                        read.id(),
                        read.beat(),
                        millis(read.revokedAt())))
                == 1;
    }

    @Override
    public void end(String worker) {
        delete("DELETE FROM worker WHERE id = ? AND revoked_at IS NULL", worker);
    }

    @Override
    public void forget(String worker) {
        delete("DELETE FROM worker WHERE id = ? AND revoked_at IS NOT NULL", worker);
    }

    private void delete(String sql, String worker) {
        database.write(session -> {
            int deleted = session.update(sql, worker);
            return deleted == 0 ? 0 : session.update("DELETE FROM worker_cancel WHERE worker = ?", worker);
        });
    }

    @Override
    public Optional<WorkerRecord> worker(String id) {
        return database.read(
                        session -> session.one("SELECT body FROM worker WHERE id = ?", row -> row.getString(1), id))
                .map(EmbeddedWorkerStore::read);
    }

    @Override
    public List<WorkerRecord> workers(int bucket, @Nullable String afterId, int limit) {
        return database
                .read(session -> session.all(
                        "SELECT body FROM worker WHERE bucket = ? AND id > ? ORDER BY id",
                        row -> row.getString(1),
                        bucket,
                        afterId == null ? "" : afterId))
                .stream()
                .map(EmbeddedWorkerStore::readUnlessDamaged)
                .flatMap(Optional::stream)
                .limit(limit)
                .toList();
    }

    private static Optional<WorkerRecord> readUnlessDamaged(String body) {
        try {
            return Optional.of(read(body));
        } catch (DamagedData e) {
            LOG.error("{} A sweep ends the attempts of its steps once their deadlines are over.", e.getMessage());
            return Optional.empty();
        }
    }

    private static String body(WorkerRecord worker) {
        return ChecksummedJson.seal(WorkerCodec.write(worker));
    }

    private static WorkerRecord read(String body) {
        return ChecksummedJson.read("The item of a worker", body, WorkerCodec::read);
    }

    private static @Nullable Long millis(@Nullable Instant instant) {
        return instant == null ? null : instant.toEpochMilli();
    }
}
