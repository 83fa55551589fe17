package dev.stepstile.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * A process handler as it is configured.
 *
 * @param name by which steps ask for it
 * @param command the program and its arguments
 * @param directory in which it works
 * @param environment what it finds in its environment beside this process's own
 * @param grace how long it may take to end after SIGTERM
 * @param warm for a host that stays and forks a child per step; null for a command per step
 */
record HandlerSpec(
        String name,
        List<String> command,
        Path directory,
        SortedMap<String, String> environment,
        Duration grace,
        @Nullable Warm warm) {

    /**
     * When a warm host is given up.
     *
     * @param start how long it may take to import its code, and to begin a step
     * @param maxSteps after so many steps it is replaced
     * @param maxMemory over so many bytes in memory it is replaced
     */
    record Warm(Duration start, int maxSteps, long maxMemory) {}
}
