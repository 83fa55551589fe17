package dev.stepstile.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * A process handler as it is configured.
 *
 * @param name by which steps ask for it
 * @param command the program and its arguments
 * @param directory in which it works
 * @param inherit which variables of this process it inherits beside {@link InheritedEnvironment#DEFAULT}
 * @param environment what it finds in its environment beside that
 * @param grace how long it may take to end after SIGTERM
 * @param mode how its steps become processes, and how these say what came of them
 */
record HandlerSpec(
        String name,
        List<String> command,
        Path directory,
        List<String> inherit,
        SortedMap<String, String> environment,
        Duration grace,
        Mode mode) {

    /** The program, to be started with these arguments before its own, in its directory and its environment. */
    ProcessBuilder process(String... before) {
        List<String> whole = new ArrayList<>(List.of(before));
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole).directory(directory.toFile());
        Map<String, String> handedOn = InheritedEnvironment.of(System.getenv(), inherit);
        builder.environment().clear();
        builder.environment().putAll(handedOn);
        builder.environment().putAll(environment);
        return builder;
    }

    sealed interface Mode {}

    /** A command for each step, which uses Dagster Pipes. */
    record Pipes() implements Mode {}

    /** A command for each step, which uses standard input, standard output and its exit status. */
    record Plain() implements Mode {}

    /**
     * A host that stays and forks a child for each step, which uses Dagster Pipes; and when the host is given up.
     *
     * @param start how long it may take to import its code, and to begin a step
     * @param maxSteps after so many steps it is replaced
     * @param maxMemory over so many bytes in memory it is replaced
     */
    record Warm(Duration start, int maxSteps, long maxMemory) implements Mode {}
}
