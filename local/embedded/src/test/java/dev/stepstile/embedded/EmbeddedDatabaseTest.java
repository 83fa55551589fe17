package dev.stepstile.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.port.PortException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The database when something goes wrong underneath. */
class EmbeddedDatabaseTest {
    private static final int FULL_PAGES = 60;
    private static final int ALL_PAGES = 1_000_000;

    @TempDir
    Path folder;

    private final AtomicInteger mostPages = new AtomicInteger(ALL_PAGES);
    private Path file;

    @BeforeEach
    void name() {
        file = folder.resolve("stepstile.db");
    }

    /** A database on a disk that is full once it has {@link #mostPages}. */
    private EmbeddedDatabase open() {
        return new EmbeddedDatabase(file, false, () -> {
            Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
            limit(connection);
            return connection;
        });
    }

    private void limit(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA max_page_count=" + mostPages.get());
        }
    }

    private void fillsUp(EmbeddedDatabase database, int pages) {
        mostPages.set(pages);
        database.write(session -> session.one("PRAGMA max_page_count=" + pages, row -> row.getInt(1)));
    }

    private static int put(EmbeddedDatabase database, String key, int bytes) {
        return database.write(session -> session.update("INSERT INTO item VALUES(?, ?)", key, new byte[bytes]));
    }

    private static Set<String> keys(EmbeddedDatabase database) {
        List<String> keys = database.read(session -> session.all("SELECT key FROM item", row -> row.getString(1)));
        return new TreeSet<>(keys);
    }

    @Test
    void on_a_full_disk_refuses_and_says_so_and_goes_on_by_itself_when_there_is_space() throws Exception {
        Set<String> acknowledged = new ConcurrentSkipListSet<>();
        Set<String> refused = new ConcurrentSkipListSet<>();
        try (EmbeddedDatabase database = open();
                ExecutorService callers = Executors.newFixedThreadPool(8)) {
            fillsUp(database, FULL_PAGES);
            List<Future<?>> calls = IntStream.range(0, 400)
                    .<Future<?>>mapToObj(i -> callers.submit(() -> {
                        String key = String.format("%03d", i);
                        try {
                            put(database, key, 1500);
                            acknowledged.add(key);
                        } catch (PortException e) {
                            assertThat(e).hasMessageContaining("the disk is full");
                            refused.add(key);
                        }
                    }))
                    .toList();
            for (Future<?> call : calls) {
                call.get();
            }
            assertThat(acknowledged).isNotEmpty();
            assertThat(refused).isNotEmpty();
            assertThat(keys(database)).isEqualTo(acknowledged);

            fillsUp(database, ALL_PAGES);
            for (String key : refused) {
                assertThat(put(database, key, 1500)).isEqualTo(1);
            }
            assertThat(keys(database)).hasSize(400);
        }
        try (EmbeddedDatabase again = open()) {
            assertThat(keys(again)).as("after a restart").hasSize(400);
        }
    }

    @Test
    void that_ended_a_transaction_by_itself_commits_none_of_the_group_and_each_later_write_as_it_answers() {
        try (EmbeddedDatabase database = open()) {
            assertThatThrownBy(() -> database.write(session -> {
                        session.update("INSERT INTO item VALUES('lost', x'00')");
                        return session.update("ROLLBACK"); // as SQLite does on SQLITE_FULL, IOERR and NOMEM
                    }))
                    .isInstanceOf(PortException.class);
            assertThat(keys(database)).isEmpty();
            assertThatThrownBy(() -> database.write(session -> {
                        session.update("INSERT INTO item VALUES('undone', x'00')");
                        throw new IllegalStateException("the caller's own mistake");
                    }))
                    .isInstanceOf(IllegalStateException.class);
            put(database, "kept", 1);
            assertThat(keys(database)).containsExactly("kept");
        }
    }

    @Test
    void whose_work_throws_an_Error_refuses_it_and_serves_whoever_comes_next() {
        try (EmbeddedDatabase database = open()) {
            assertThatThrownBy(() -> database.write(session -> {
                        session.update("INSERT INTO item VALUES('lost', x'00')");
                        throw new OutOfMemoryError("for a test");
                    }))
                    .isInstanceOf(PortException.class)
                    .hasMessageContaining("for a test");
            put(database, "kept", 1);
            assertThat(keys(database)).containsExactly("kept");
        }
    }

    @Test
    void whose_writer_is_interrupted_goes_on() {
        try (EmbeddedDatabase database = open()) {
            database.write(session -> {
                Thread.currentThread().interrupt();
                return 0;
            });
            put(database, "kept", 1);
            put(database, "too", 1);
            assertThat(keys(database)).containsExactly("kept", "too");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 8})
    void that_was_left_half_made_by_an_earlier_version_opens(int made) throws SQLException {
        try (EmbeddedDatabase whole = open()) {
            assertThat(keys(whole)).isEmpty();
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            for (String table : List.of("item", "message", "page", "record", "dispatch", "run", "none", "none")
                    .subList(0, made)) {
                statement.execute("DROP TABLE IF EXISTS " + table);
            }
            statement.execute("PRAGMA user_version=0");
        }
        try (EmbeddedDatabase database = open()) {
            put(database, "kept", 1);
            assertThat(keys(database)).containsExactly("kept");
        }
    }

    @Test
    void whose_first_start_breaks_off_is_not_begun() throws SQLException {
        mostPages.set(4);
        assertThatThrownBy(this::open).isInstanceOf(PortException.class);
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            assertThat(statement
                            .executeQuery("SELECT count(*) FROM sqlite_master")
                            .getInt(1))
                    .isZero();
        }
        mostPages.set(ALL_PAGES);
        try (EmbeddedDatabase database = open()) {
            put(database, "kept", 1);
        }
    }
}
