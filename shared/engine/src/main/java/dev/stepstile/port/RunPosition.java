package dev.stepstile.port;

import dev.stepstile.step.Run;
import java.time.Instant;
import java.util.Comparator;

/**
 * Where a run is in the list of all runs: the newest first, those of the same millisecond by their ids.
 *
 * @param createdAt whole milliseconds
 */
public record RunPosition(Instant createdAt, String runId) implements Comparable<RunPosition> {
    /** What 13 digits can count, in milliseconds: good until 2286. */
    private static final long LAST = 9_999_999_999_999L;

    private static final Comparator<RunPosition> ORDER =
            Comparator.comparing(RunPosition::createdAt).reversed().thenComparing(RunPosition::runId);

    public static RunPosition of(Run run) {
        return new RunPosition(run.createdAt(), run.runId());
    }

    /** The position behind which are all runs that began before then, and no others. */
    public static RunPosition before(Instant instant) {
        Instant up = instant.plusNanos(999_999);
        return new RunPosition(Instant.ofEpochMilli(up.toEpochMilli() - 1), "");
    }

    /** As a text that sorts as the position does: no id has a {@code #}. */
    public String text() {
        return "%013d#%s".formatted(LAST - createdAt.toEpochMilli(), runId);
    }

    /** The position of a {@link #text}. */
    public static RunPosition parse(String text) {
        int end = text.indexOf('#');
        return new RunPosition(
                Instant.ofEpochMilli(LAST - Long.parseLong(text.substring(0, end))), text.substring(end + 1));
    }

    @Override
    public int compareTo(RunPosition other) {
        return ORDER.compare(this, other);
    }
}
