package dev.stepstile.client;

import java.time.Instant;
import java.util.List;

/**
 * Lines that an attempt wrote.
 *
 * @param number pages of an attempt are numbered from 0 on
 * @param at when the page was written
 * @param lines as they were printed, each cut at 4,000 characters. One that begins with U+001E is a record: JSON, as the
 *     wire contract describes it
 */
public record LogPage(String key, int attempt, int number, Instant at, List<String> lines) implements RunEvent {
    /** Keeps a copy of the lines. */
    public LogPage {
        lines = List.copyOf(lines);
    }
}
