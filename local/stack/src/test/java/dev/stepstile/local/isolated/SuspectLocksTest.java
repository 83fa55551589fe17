package dev.stepstile.local.isolated;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The turns of suspects, shared by processes. */
class SuspectLocksTest {
    @TempDir
    Path folder;

    /** A worker that takes a turn, says so, and keeps it until it is killed. */
    static final class Other {
        public static void main(String[] args) throws Exception {
            boolean taken = new SuspectLocks(Path.of(args[0]), 2).take();
            System.out.write(taken ? 'y' : 'n');
            System.out.flush();
            System.in.read();
        }
    }

    private Process other() throws Exception {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Other.class.getName(),
                        folder.resolve("turns").toString())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    @Test
    void of_one_worker_are_one_at_a_time() {
        SuspectLocks locks = new SuspectLocks(folder.resolve("turns"), 2);
        assertThat(locks.take()).isTrue();
        assertThat(locks.take()).isFalse();
        locks.giveBack();
        assertThat(locks.take()).isTrue();
    }

    @Test
    @Tag("integration")
    void are_as_many_as_there_are_for_all_processes_and_free_again_when_one_is_killed() throws Exception {
        SuspectLocks locks = new SuspectLocks(folder.resolve("turns"), 2);
        Process first = other();
        Process second = other();
        try {
            assertThat(first.getInputStream().read()).isEqualTo('y');
            assertThat(second.getInputStream().read()).isEqualTo('y');
            assertThat(locks.take()).isFalse();

            first.destroyForcibly();
            assertThat(first.waitFor(30, TimeUnit.SECONDS)).isTrue();

            assertThat(locks.take()).isTrue();
            Process third = other();
            try {
                assertThat(third.getInputStream().read()).isEqualTo('n');
            } finally {
                third.destroyForcibly();
            }
        } finally {
            first.destroyForcibly();
            second.destroyForcibly();
        }
    }
}
