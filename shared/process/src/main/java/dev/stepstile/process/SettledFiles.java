package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/** Waits for an editor, a build or a copy to finish: until a file has not changed for a moment. */
final class SettledFiles {
    private static final Duration SETTLED = Duration.ofMillis(300);
    private static final Duration GIVE_UP = Duration.ofSeconds(10);

    private SettledFiles() {}

    /** Returns at once if the file is gone, or was last changed longer ago. */
    static void await(Path file) throws InterruptedException {
        Instant giveUp = Instant.now().plus(GIVE_UP);
        Duration left = left(file);
        while (left.isPositive() && Instant.now().isBefore(giveUp)) {
            Thread.sleep(left);
            left = left(file);
        }
    }

    private static Duration left(Path file) {
        try {
            Duration age = Duration.between(Files.getLastModifiedTime(file).toInstant(), Instant.now());
            return age.isNegative() ? Duration.ZERO : SETTLED.minus(age);
        } catch (IOException gone) {
            return Duration.ZERO;
        }
    }
}
