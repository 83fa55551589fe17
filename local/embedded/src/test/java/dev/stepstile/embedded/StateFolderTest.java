package dev.stepstile.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.contracts.Samples;
import dev.stepstile.port.DamagedData;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies on the disk of an embedded stack: whose it is, what is left over, and what happens when it is damaged. */
class StateFolderTest {
    @TempDir
    Path folder;

    private EmbeddedPorts open(boolean fsync) {
        return EmbeddedPorts.open(folder.resolve("state"), Duration.ofSeconds(30), fsync, InstantSource.system());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private void sql(String statement) {
        try (Connection connection =
                        DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("state/stepstile.db"));
                Statement executed = connection.createStatement()) {
            assertThat(executed.executeUpdate(statement)).as("rows changed").isPositive();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_folder_where_a_payload_was_is_no_payload() throws IOException {
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports().objects().put("results/r/a/1", bytes("1"));
            assertThat(embedded.ports().objects().exists("results/r/a/1")).isTrue();
            try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
                Path file = files.filter(Files::isRegularFile).findFirst().orElseThrow();
                Files.delete(file);
                Files.createDirectory(file);
            }
            assertThat(embedded.ports().objects().exists("results/r/a/1")).isFalse();
        }
    }

    @Test
    void is_its_owners_alone() throws IOException {
        Files.createDirectories(
                folder.resolve("state"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports().store().putRunIfAbsent(new Run("r", Samples.NOW, 8, 0));
            embedded.ports().objects().put("results/r/a/1", bytes("secret"));
            SortedMap<String, String> open = new TreeMap<>();
            try (Stream<Path> files = Files.walk(folder.resolve("state"))) {
                for (Path file : files.toList()) {
                    String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                    if (!mode.endsWith("------") && !Files.isDirectory(file)) {
                        open.put(file.getFileName().toString(), mode);
                    }
                }
            }
            // Whatever is below is out of reach, as the folder itself is.
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("state"))))
                    .isEqualTo("rwx------");
            open.remove("lock"); // is empty
            assertThat(open).isEmpty();
        }
    }

    @Test
    void keeps_no_part_of_a_payload_that_a_killed_process_left() throws IOException {
        Path left = folder.resolve("state/payloads/part-1.tmp");
        Files.createDirectories(left.getParent());
        Files.writeString(left, "half");
        try (EmbeddedPorts embedded = open(true)) {
            assertThat(left).doesNotExist();
            embedded.ports().objects().put("shared/a", bytes("whole"));
            assertThat(embedded.ports().objects().get("shared/a")).contains(bytes("whole"));
            try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
                assertThat(files.filter(Files::isRegularFile)).hasSize(1);
            }
        }
    }

    @Test
    void keeps_no_part_of_a_payload_that_could_not_be_written() throws IOException {
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports().objects().put("shared/a", bytes("whole"));
            Path file;
            try (Stream<Path> files = Files.walk(folder.resolve("state/payloads"))) {
                file = files.filter(Files::isRegularFile).findFirst().orElseThrow();
            }
            Files.delete(file);
            Files.delete(file.getParent());
            Files.writeString(file.getParent(), "a file where a folder should be");
            assertThatThrownBy(() -> embedded.ports().objects().put("shared/a", bytes("whole")))
                    .isInstanceOf(PortException.class);
            try (Stream<Path> files = Files.list(folder.resolve("state/payloads"))) {
                assertThat(files.map(path -> path.getFileName().toString()))
                        .noneMatch(name -> name.startsWith("part-"));
            }
        }
    }

    @Test
    void with_a_flipped_byte_in_a_record_is_damaged_and_says_which_step() {
        StepRecord record = Samples.running("r", "a");
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports().store().write(record, new Precondition.Absent());
            assertThat(embedded.ports().store().record(record.id(), record.shard()))
                    .contains(record);
            sql("UPDATE record SET body = replace(body, '\"attempt\":1', '\"attempt\":3')"); // still good JSON
            assertThatThrownBy(() -> embedded.ports().store().record(record.id(), record.shard()))
                    .isInstanceOf(DamagedData.class)
                    .hasMessageContaining(record.id().toString())
                    .hasMessageContaining("restore");
            sql("UPDATE record SET body = '{'");
            assertThatThrownBy(() -> embedded.ports().store().record(record.id(), record.shard()))
                    .isInstanceOf(DamagedData.class);
        }
    }

    @Test
    void of_an_older_version_has_no_checksums_and_is_believed() {
        StepRecord record = Samples.running("r", "a");
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports().store().write(record, new Precondition.Absent());
            sql("UPDATE record SET body = substr(body, 1, instr(body, ',\"crc\"') - 1) || '}'");
            assertThat(embedded.ports().store().record(record.id(), record.shard()))
                    .contains(record);
        }
    }

    @Test
    void with_a_damaged_message_delivers_it_as_one_that_nobody_recognises() {
        try (EmbeddedPorts embedded = open(false)) {
            embedded.ports()
                    .queue()
                    .send(List.of(
                            new Outgoing("r", "{\"v\":1,\"n\":7}", Duration.ZERO),
                            new Outgoing("r", "no JSON", Duration.ZERO)));
            sql("UPDATE message SET body = replace(body, '7', '8') WHERE body LIKE '{%'");
            assertThat(embedded.ports().queue().receive(10, Duration.ZERO))
                    .extracting(Delivery::body)
                    .satisfiesExactlyInAnyOrder(
                            body -> assertThat(body).startsWith("damaged: {\"v\":1,\"n\":8"),
                            body -> assertThat(body).isEqualTo("no JSON"));
        }
    }
}
