package dev.stepstile.embedded;

import dev.stepstile.port.PortException;
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
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/**
 * One SQLite database. All writes go through one thread, which applies what has come in, commits once, and only then
 * answers: a write that was answered survives a kill of the process (and a power cut, if opened so). Reads have
 * connections of their own.
 *
 * <p>A transaction is begun and ended in SQL, not by JDBC's auto-commit: SQLite ends one by itself on some errors (a full
 * disk, a failed read or write, no memory), of which the driver knows nothing; it would go on without a transaction, and
 * each later write would be committed while its caller is told that it was not. After any failure the writer rolls back
 * and goes on with a new connection.
 */
final class EmbeddedDatabase implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedDatabase.class);
    private static final int SCHEMA = 1;
    private static final int GROUP = 256;
    private static final int READERS = 4;
    private static final List<String> TABLES = List.of(
            "CREATE TABLE IF NOT EXISTS run(run_id TEXT PRIMARY KEY, created_at INTEGER, shards INTEGER, cancel_seq INTEGER) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS dispatch(run_id TEXT, dispatch_id TEXT, version INTEGER, bucket INTEGER, next_sweep_at INTEGER,"
                    + " body TEXT, PRIMARY KEY(run_id, dispatch_id)) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS open ON dispatch(bucket, next_sweep_at) WHERE next_sweep_at IS NOT NULL",
            "CREATE TABLE IF NOT EXISTS record(run_id TEXT, shard INTEGER, step_key TEXT, attempt INTEGER, owner TEXT, state TEXT,"
                    + " cancel_seq INTEGER, lease_until INTEGER, feed TEXT, body TEXT,"
                    + " PRIMARY KEY(run_id, shard, step_key)) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS record_feed ON record(run_id, shard, feed) WHERE feed IS NOT NULL",
            "CREATE TABLE IF NOT EXISTS page(run_id TEXT, shard INTEGER, step_key TEXT, attempt INTEGER, number INTEGER, at INTEGER,"
                    + " feed TEXT, body TEXT, PRIMARY KEY(run_id, shard, step_key, attempt, number)) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS page_feed ON page(run_id, shard, feed)",
            "CREATE TABLE IF NOT EXISTS message(queue INTEGER, at INTEGER, seq INTEGER, id TEXT, receives INTEGER, sent INTEGER,"
                    + " body TEXT, PRIMARY KEY(queue, at, seq)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS item(key TEXT PRIMARY KEY, content BLOB) WITHOUT ROWID");

    /** Added later; older versions do without them. */
    private static final List<String> LATER_TABLES = List.of(
            "CREATE TABLE IF NOT EXISTS redrive(run_id TEXT, redrive_id TEXT, body TEXT,"
                    + " PRIMARY KEY(run_id, redrive_id)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS worker(id TEXT PRIMARY KEY, bucket INTEGER, beat INTEGER, revoked_at INTEGER,"
                    + " body TEXT) WITHOUT ROWID",
            "CREATE INDEX IF NOT EXISTS run_created ON run(created_at DESC, run_id)",
            "CREATE TABLE IF NOT EXISTS worker_cancel(worker TEXT, run_id TEXT, step_key TEXT,"
                    + " PRIMARY KEY(worker, run_id, step_key)) WITHOUT ROWID",
            "CREATE TABLE IF NOT EXISTS pause(scope TEXT PRIMARY KEY, paused_at INTEGER, resumed_at INTEGER, reason TEXT,"
                    + " version INTEGER) WITHOUT ROWID");

    private final BlockingQueue<Write<?>> incoming = new LinkedBlockingQueue<>();
    private final BlockingQueue<Session> free = new ArrayBlockingQueue<>(READERS);
    private final int readers;
    private final Connections connections;
    private final boolean fsync;
    private final Thread thread;
    private Session writer; // of the writer's thread, once it has started
    private volatile boolean closed;

    /** Work on a session of the database. */
    interface Work<T> {
        T on(Session session) throws SQLException;
    }

    private record Write<T>(Work<T> work, CompletableFuture<T> answer) {}

    /** Opens connections to one database. */
    interface Connections {
        Connection open() throws SQLException;
    }

    /** @param fsync whether a write survives a power cut too, at the cost of a sync for each group */
    EmbeddedDatabase(Path file, boolean fsync) {
        this(file, fsync, () -> DriverManager.getConnection("jdbc:sqlite:" + file));
    }

    /** In memory, which only one connection can see: the writer's thread reads, too. */
    static EmbeddedDatabase inMemory() {
        return new EmbeddedDatabase(
                Path.of("in memory"), false, 0, () -> DriverManager.getConnection("jdbc:sqlite::memory:"));
    }

    EmbeddedDatabase(Path file, boolean fsync, Connections connections) {
        this(file, fsync, READERS, connections);
    }

    private EmbeddedDatabase(Path file, boolean fsync, int readers, Connections connections) {
        this.connections = connections;
        this.readers = readers;
        this.fsync = fsync;
        List<Session> opened = new ArrayList<>();
        try {
            writer = openWriter();
            opened.add(writer);
            migrate(file);
            for (int i = 0; i < readers; i++) {
                Session reader = new Session(connections.open());
                opened.add(reader);
                reader.execute("PRAGMA busy_timeout=5000");
                reader.execute("PRAGMA query_only=true");
                free.add(reader);
            }
        } catch (SQLException e) {
            closeAll(opened, e);
            throw new PortException("the database " + file + " does not open: " + cause(e), e);
        } catch (PortException e) {
            closeAll(opened, e);
            throw e;
        }
        thread = Thread.ofPlatform().daemon().name("stepstile-sqlite-writer").start(this::run);
    }

    private static void closeAll(List<Session> opened, Exception why) {
        for (Session session : opened) {
            try {
                session.close();
            } catch (SQLException e) {
                why.addSuppressed(e);
            }
        }
    }

    private Session openWriter() throws SQLException {
        Session session = new Session(connections.open());
        session.execute("PRAGMA journal_mode=WAL");
        session.execute("PRAGMA synchronous=" + (fsync ? "FULL" : "NORMAL"));
        session.execute("PRAGMA busy_timeout=5000");
        return session;
    }

    private void migrate(Path file) throws SQLException {
        int version = writer.one("PRAGMA user_version", row -> row.getInt(1)).orElse(0);
        if (version > SCHEMA) {
            throw new PortException("the database " + file + " was written by a newer Stepstile (schema " + version
                    + ", this one knows " + SCHEMA + "); use that one, or another folder");
        }
        // All or nothing, or a kill in between would leave a schema that never opens again. An earlier version left
        // some.
        if (version == 0) {
            writer.execute("BEGIN IMMEDIATE");
            for (String table : TABLES) {
                writer.execute(table);
            }
            writer.execute("PRAGMA user_version=" + SCHEMA);
            writer.execute("COMMIT");
        }
        for (String table : LATER_TABLES) {
            writer.execute(table);
        }
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
        if (readers == 0) {
            return write(work);
        }
        Session session = null;
        try {
            session = free.take();
            return work.on(session);
        } catch (SQLException e) {
            throw new PortException("database: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new PortException("interrupted while waiting to read", e);
        } finally {
            if (session != null) {
                free.add(session);
            }
        }
    }

    private void run() {
        try {
            while (!closed || !incoming.isEmpty()) {
                workOff();
            }
        } finally {
            incoming.forEach(
                    write -> write.answer().completeExceptionally(new PortException("the database is closed")));
        }
    }

    /** Commits one group. Everybody waits for this thread, so nothing that goes wrong in it may end it. */
    private void workOff() {
        List<Write<?>> group = new ArrayList<>();
        try {
            Write<?> first = incoming.poll(100, TimeUnit.MILLISECONDS);
            if (first != null) {
                group.add(first);
                incoming.drainTo(group, GROUP - 1);
                commit(group);
            }
        } catch (InterruptedException ignored) {
            LOG.warn("The database's writer was interrupted; it continues until the database is closed.");
        } catch (Throwable t) { // the boundary: each waiting caller gets the failure, and the next group is written
            try {
                LOG.error("A group of {} writes failed; each caller gets the failure and may retry.", group.size(), t);
                startAnew();
            } catch (Throwable again) { // no memory to log or to open: the next group finds the same
                t.addSuppressed(again);
            } finally {
                refuse(group, new PortException("not committed: " + t, t));
            }
        }
    }

    private void commit(List<Write<?>> group) {
        List<Runnable> answers = new ArrayList<>();
        try {
            writer.execute("BEGIN IMMEDIATE");
            for (Write<?> write : group) {
                answers.add(applied(write));
            }
            writer.execute("COMMIT");
        } catch (SQLException e) {
            startAnew();
            LOG.warn("{} writes were not committed: {}. Each is refused, and may be retried.", group.size(), cause(e));
            refuse(group, new PortException("not committed: " + cause(e), e));
            return;
        }
        answers.forEach(Runnable::run);
    }

    /** Ends what may be left of a transaction, with its connection: whatever state it is in, the next one has none. */
    private void startAnew() {
        try {
            writer.close(); // rolls back
            writer = openWriter();
        } catch (SQLException e) {
            LOG.warn("The database cannot be opened again: {}. The next write tries once more.", cause(e));
        }
    }

    private static void refuse(List<Write<?>> group, PortException why) {
        group.forEach(write -> write.answer().completeExceptionally(why)); // does nothing for those already answered
    }

    /** What the operator can act on. */
    private static String cause(SQLException e) {
        boolean full = e instanceof SQLiteException sqlite && sqlite.getResultCode() == SQLiteErrorCode.SQLITE_FULL;
        return e.getMessage() + (full ? " (the disk is full: free some space, and writes continue by themselves)" : "");
    }

    private <T> Runnable applied(Write<T> write) throws SQLException {
        writer.execute("SAVEPOINT op");
        try {
            T answer = write.work().on(writer);
            writer.execute("RELEASE op");
            return () -> write.answer().complete(answer);
        } catch (SQLException e) {
            undo(e);
            return () -> write.answer().completeExceptionally(new PortException("database: " + cause(e), e));
        } catch (RuntimeException e) {
            undo(e);
            return () -> write.answer().completeExceptionally(e);
        }
    }

    /** Fails with what went wrong first where SQLite has ended the whole transaction, and with it the group. */
    private void undo(Exception why) throws SQLException {
        try {
            writer.execute("ROLLBACK TO op");
            writer.execute("RELEASE op");
        } catch (SQLException ended) {
            if (why instanceof SQLException first) {
                first.addSuppressed(ended);
                throw first;
            }
            ended.addSuppressed(why);
            throw ended;
        }
    }

    @Override
    public void close() {
        closed = true;
        incoming.add(new Write<>(session -> 0, new CompletableFuture<>())); // wakes the writer
        try {
            thread.join();
            writer.close();
            for (int i = 0; i < readers; i++) {
                free.take().close();
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

        /** The first row, if there is one. */
        <T> Optional<T> one(String sql, Row<T> row, @Nullable Object... arguments) throws SQLException {
            List<T> rows = all(sql, row, arguments);
            return rows.stream().findFirst();
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
}
