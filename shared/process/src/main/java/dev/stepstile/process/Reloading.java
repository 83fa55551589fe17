package dev.stepstile.process;

import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether changed code and configuration are loaded again between steps, and whom to tell.
 *
 * @param on false for handlers that stay as they were at the start
 * @param notices a line for each change, for the person who made it
 */
public record Reloading(boolean on, Consumer<String> notices) {
    private static final Logger LOG = LoggerFactory.getLogger(Reloading.class);

    /** Changes are loaded, and logged. */
    static final Reloading LOGGED = new Reloading(true, line -> {});

    void report(String line) {
        LOG.info(line);
        notices.accept(line);
    }
}
