package dev.stepstile.embedded;

import dev.stepstile.store.PortException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One SQLite database. All writes go through one thread, which applies what has come in, commits once, and only then
 * answers: a write that was answered survives a kill of the process (and a power cut, if opened so). Reads have
 * connections of their own.
 */
final class EmbeddedDatabase implements AutoCloseable {
    private static final int SCHEMA = 1;
    private static final int GROUP = 256;
    private static final int READERS = 4;
    private static final List<String> TABLES = List.of(
            "CREATE TABLE run(run_id TEXT PRIMARY KEY, created_at INTEGER, shards INTEGER, cancel_seq INTEGER) WITHOUT ROWID",
            "CREATE TABLE dispatch(run_id TEXT, dispatch_id TEXT, version INTEGER, bucket INTEGER, next_sweep_at INTEGER,"
                    + " body TEXT, PRIMARY KEY(run_id, dispatch_id)) WITHOUT ROWID",
            "CREATE INDEX open ON dispatch(bucket, next_sweep_at) WHERE next_sweep_at IS NOT NULL",
            "CREATE TABLE record(run_id TEXT, shard INTEGER, step_key TEXT, attempt INTEGER, owner TEXT, state TEXT,"
                    + " cancel_seq INTEGER, lease_until INTEGER, feed TEXT, body TEXT,"
                    + " PRIMARY KEY(run_id, shard, step_key)) WITHOUT ROWID",
            "CREATE INDEX record_feed ON record(run_id, shard, feed) WHERE feed IS NOT NULL",
            "CREATE TABLE page(run_id TEXT, shard INTEGER, step_key TEXT, attempt INTEGER, number INTEGER, at INTEGER,"
                    + " feed TEXT, body TEXT, PRIMARY KEY(run_id, shard, step_key, attempt, number)) WITHOUT ROWID",
            "CREATE INDEX page_feed ON page(run_id, shard, feed)",
            "CREATE TABLE message(queue INTEGER, at INTEGER, seq INTEGER, id TEXT, receives INTEGER, sent INTEGER,"
                    + " body TEXT, PRIMARY KEY(queue, at, seq)) WITHOUT ROWID",
            "CREATE TABLE item(key TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID");

    /** Came later; whoever does not know it does without. */
    private static final String REDRIVE = "CREATE TABLE IF NOT EXISTS redrive(run_id TEXT, redrive_id TEXT, body TEXT,"
            + " PRIMARY KEY(run_id, redrive_id)) WITHOUT ROWID";

    private final BlockingQueue<Write<?>> incoming = new LinkedBlockingQueue<>();
    private final BlockingQueue<Session> readers = new ArrayBlockingQueue<>(READERS);
    private final Session writer;
    private final Thread thread;
    private volatile boolean closed;

    /** Work on a session of the database. */
    interface Work<T> {
        T on(Session session) throws SQLException;
    }

    private record Write<T>(Work<T> work, CompletableFuture<T> answer) {}

    /** @param fsync whether a write survives a power cut too, at the cost of a sync for each group */
    EmbeddedDatabase(Path file, boolean fsync) {
        try {
            String url = "jdbc:sqlite:" + file;
            writer = new Session(DriverManager.getConnection(url));
            writer.execute("PRAGMA journal_mode=WAL");
            writer.execute("PRAGMA synchronous=" + (fsync ? "FULL" : "NORMAL"));
            writer.execute("PRAGMA busy_timeout=5000");
            migrate(file);
            writer.connection.setAutoCommit(false);
            for (int i = 0; i < READERS; i++) {
                Session reader = new Session(DriverManager.getConnection(url));
                reader.execute("PRAGMA busy_timeout=5000");
                reader.execute("PRAGMA query_only=true");
                readers.add(reader);
            }
        } catch (SQLException e) {
            throw new PortException("the database " + file + " does not open: " + e.getMessage(), e);
        }
        thread = Thread.ofPlatform().daemon().name("stepstile-sqlite-writer").start(this::run);
    }

    private void migrate(Path file) throws SQLException {
        int version = writer.one("PRAGMA user_version", row -> row.getInt(1)).orElseZero();
        if (version > SCHEMA) {
            throw new PortException("the database " + file + " was written by a newer Stepstile (schema " + version
                    + ", this one knows " + SCHEMA + "); use that one, or another folder");
        }
        if (version == 0) {
            for (String table : TABLES) {
                writer.execute(table);
            }
            writer.execute("PRAGMA user_version=" + SCHEMA);
        }
        writer.execute(REDRIVE);
    }

    /** Applies a write; durable when this returns. What the work throws undoes it alone. */
    <T> T write(Work<T> work) {
        CompletableFuture<T> answer = new CompletableFuture<>();
        if (closed) {
            throw new PortException("the database is closed");
        }
        incoming.add(new Write<>(work, answer));
        if (closed && !thread.isAlive()) {
            answer.completeExceptionally(new PortException("the database is closed"));
        }
        try {
            return answer.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException known
                    ? known
                    : new PortException("database: " + e.getCause(), e);
        }
    }

    /** Reads what is committed. */
    <T> T read(Work<T> work) {
        Session session = null;
        try {
            session = readers.take();
            return work.on(session);
        } catch (SQLException e) {
            throw new PortException("database: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PortException("interrupted while waiting to read", e);
        } finally {
            if (session != null) {
                readers.add(session);
            }
        }
    }

    private void run() {
        List<Write<?>> group = new ArrayList<>();
        try {
            while (!closed || !incoming.isEmpty()) {
                Write<?> first = incoming.poll(100, TimeUnit.MILLISECONDS);
                if (first != null) {
                    group.add(first);
                    incoming.drainTo(group, GROUP - 1);
                    commit(group);
                    group.clear();
                }
            }
        } catch (InterruptedException stop) {
            Thread.currentThread().interrupt();
        } finally {
            incoming.forEach(
                    write -> write.answer().completeExceptionally(new PortException("the database is closed")));
        }
    }

    private void commit(List<Write<?>> group) {
        List<Runnable> answers = new ArrayList<>();
        try {
            for (Write<?> write : group) {
                answers.add(applied(write));
            }
            writer.connection.commit();
        } catch (SQLException e) {
            try {
                writer.connection.rollback();
            } catch (SQLException again) {
                e.addSuppressed(again);
            }
            group.forEach(write ->
                    write.answer().completeExceptionally(new PortException("not committed: " + e.getMessage(), e)));
            return;
        }
        answers.forEach(Runnable::run);
    }

    private <T> Runnable applied(Write<T> write) throws SQLException {
        writer.execute("SAVEPOINT op");
        try {
            T answer = write.work().on(writer);
            writer.execute("RELEASE op");
            return () -> write.answer().complete(answer);
        } catch (SQLException | RuntimeException e) {
            writer.execute("ROLLBACK TO op");
            writer.execute("RELEASE op");
            return () -> write.answer().completeExceptionally(e);
        }
    }

    @Override
    public void close() {
        closed = true;
        try {
            thread.join();
            writer.close();
            for (int i = 0; i < READERS; i++) {
                readers.take().close();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException e) {
            throw new PortException("the database does not close: " + e.getMessage(), e);
        }
    }

    /** Reads one row of an answer. */
    interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** A connection with the statements that it has prepared. */
    static final class Session {
        private final Connection connection;
        private final Map<String, PreparedStatement> prepared = new HashMap<>();

        Session(Connection connection) {
            this.connection = connection;
        }

        private void execute(String sql) throws SQLException {
            try (Statement statement = connection.createStatement()) {
                statement.execute(sql);
            }
        }

        /** Rows changed. */
        int update(String sql, @Nullable Object... arguments) throws SQLException {
            return statement(sql, arguments).executeUpdate();
        }

        <T> List<T> all(String sql, Row<T> row, @Nullable Object... arguments) throws SQLException {
            List<T> rows = new ArrayList<>();
            try (ResultSet answer = statement(sql, arguments).executeQuery()) {
                while (answer.next()) {
                    rows.add(row.read(answer));
                }
            }
            return rows;
        }

        <T> First<T> one(String sql, Row<T> row, @Nullable Object... arguments) throws SQLException {
            List<T> rows = all(sql, row, arguments);
            return new First<>(rows.isEmpty() ? null : rows.getFirst());
        }

        private PreparedStatement statement(String sql, @Nullable Object... arguments) throws SQLException {
            PreparedStatement statement = prepared.get(sql);
            if (statement == null) {
                statement = connection.prepareStatement(sql);
                prepared.put(sql, statement);
            }
            for (int i = 0; i < arguments.length; i++) {
                statement.setObject(i + 1, arguments[i]);
            }
            return statement;
        }

        void close() throws SQLException {
            connection.close();
        }
    }

    /** The first row, if there is one. */
    record First<T>(@Nullable T value) {
        int orElseZero() {
            return value instanceof Integer number ? number : 0;
        }
    }
}
