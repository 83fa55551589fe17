package dev.stepstile.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file's lock, as other processes see it. */
class ProcessLockTest {
    @TempDir
    Path folder;

    /** Tries to take the lock of the file that it is given, and prints whether it is free. */
    static final class Other {
        private Other() {}

        public static void main(String[] arguments) throws IOException {
            System.out.println(ProcessLock.tryTake(Path.of(arguments[0])) == null ? "held" : "free");
        }
    }

    private static String toAnotherProcess(Path file) throws IOException, InterruptedException {
        Process other = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Other.class.getName(),
                        file.toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        String line = other.inputReader().readLine();
        assertThat(other.waitFor()).isZero();
        return line;
    }

    @Test
    void is_held_until_it_is_closed() throws Exception {
        Path file = folder.resolve("lock");
        try (ProcessLock lock = ProcessLock.tryTake(file)) {
            assertThat(lock).isNotNull();
            assertThat(toAnotherProcess(file)).isEqualTo("held");
        }
        assertThat(toAnotherProcess(file)).isEqualTo("free");
    }

    @Test
    void is_refused_to_the_process_that_has_it_which_keeps_it() throws Exception {
        Path file = folder.resolve("lock.new");
        try (ProcessLock lock = ProcessLock.tryTake(file)) {
            assertThat(lock).isNotNull();
            assertThat(ProcessLock.tryTake(file)).isNull();
            Path moved = Files.move(file, folder.resolve("lock"));
            assertThat(ProcessLock.tryTake(moved)).isNull();
            assertThat(toAnotherProcess(moved)).isEqualTo("held");
        }
    }

    @Test
    void is_kept_by_a_process_that_forgot_it() throws Exception {
        Path file = folder.resolve("lock");
        assertThat(ProcessLock.tryTake(file)).isNotNull();
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        assertThat(toAnotherProcess(file)).isEqualTo("held");
    }
}
