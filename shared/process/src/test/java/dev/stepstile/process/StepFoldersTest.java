package dev.stepstile.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folders of attempts, and what is left when a worker is killed with everything beside it. */
class StepFoldersTest {
    private static final String NO_HANDLERS = "{\"handlers\": {}}";

    @TempDir
    Path outside;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void end() {
        started.forEach(Process::destroyForcibly);
    }

    /** As a worker has it, with the input of an attempt. */
    private static Path left() throws IOException {
        Path folder = Files.createTempDirectory("stepstile-steps-");
        Path attempt = Files.createDirectory(folder.resolve("attempt-1"));
        Files.writeString(attempt.resolve("context.json"), "{}");
        Files.createFile(folder.resolve("lock"));
        return folder;
    }

    private Process sleeping(Path attempt) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sleep", "600");
        builder.environment().put(ProcessGroups.MARK, ProcessGroups.mark(attempt));
        Process process = builder.start();
        started.add(process);
        return process;
    }

    @Test
    void of_a_worker_that_was_killed_are_deleted_by_the_next_and_its_processes_ended() throws Exception {
        Path folder = left();
        Path secret = Files.writeString(outside.resolve("kept"), "not a worker's");
        Files.createSymbolicLink(folder.resolve("attempt-1/link"), outside);
        Process process = sleeping(folder.resolve("attempt-1"));
        Process other = sleeping(folder.resolveSibling(folder.getFileName() + "0/attempt-1"));
        try (ProcessHandlers handlers = ProcessHandlers.open(NO_HANDLERS)) {
            assertThat(handlers.handlers()).isEmpty();
            assertThat(folder).doesNotExist();
            assertThat(secret).exists();
            assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
            assertThat(other.isAlive()).isTrue();
        }
    }

    @Test
    void of_a_worker_that_lives_are_left_alone() throws Exception {
        Path folder = left();
        Process holder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        folder.resolve("lock").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        started.add(holder);
        assertThat(holder.inputReader().readLine()).isEqualTo("held");
        Process process = sleeping(folder.resolve("attempt-1"));
        try (ProcessHandlers first = ProcessHandlers.open(NO_HANDLERS);
                ProcessHandlers second = ProcessHandlers.open(NO_HANDLERS)) {
            assertThat(first.handlers()).isEqualTo(second.handlers());
            assertThat(folder.resolve("attempt-1/context.json")).exists();
            assertThat(process.waitFor(Duration.ofMillis(200))).isFalse();
        }
        holder.destroyForcibly().waitFor();
        ProcessHandlers.open(NO_HANDLERS).close();
        assertThat(folder).doesNotExist();
    }

    /** Another worker, as far as its folder knows. */
    static final class Holder {
        private Holder() {}

        public static void main(String[] arguments) throws Exception {
            try (FileChannel lock = FileChannel.open(Path.of(arguments[0]), StandardOpenOption.WRITE)) {
                lock.lock();
                System.out.println("held");
                new CountDownLatch(1).await();
            }
        }
    }

    @Test
    void of_a_worker_that_is_closed_are_gone() {
        StepFolders folders = StepFolders.create();
        assertThat(folders.folder()).isDirectory();
        folders.close();
        assertThat(folders.folder()).doesNotExist();
    }

    @Test
    void that_were_deleted_while_their_worker_runs_are_made_again_and_are_still_its_own() throws Exception {
        StepFolders folders = StepFolders.create();
        Files.delete(folders.folder().resolve("lock"));
        Files.delete(folders.folder());
        Path attempt = folders.attempt();
        assertThat(attempt).hasParent(folders.folder()).isDirectory();
        assertThat(Files.getPosixFilePermissions(folders.folder()))
                .isEqualTo(PosixFilePermissions.fromString("rwx------"));
        assertThat(StepFolders.create().deleteLeftOver()).doesNotContain(folders.folder());
        Files.delete(attempt);
        folders.close();
        assertThat(folders.folder()).doesNotExist();
    }
}
