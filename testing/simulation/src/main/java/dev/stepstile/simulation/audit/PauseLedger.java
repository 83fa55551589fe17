package dev.stepstile.simulation.audit;

import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** What the auditor has seen of pauses. All times are virtual milliseconds. */
final class PauseLedger {
    /** A pause from its first write to the write that ended it. */
    static final class Span {
        final PauseScope scope;
        final long from;
        long until = Long.MAX_VALUE;

        /** When a client knew of it, and of its end. */
        long answeredAt = Long.MAX_VALUE;

        long endAnsweredAt = Long.MAX_VALUE;

        Span(PauseScope scope, long from) {
            this.scope = scope;
            this.from = from;
        }

        boolean lasts() {
            return until == Long.MAX_VALUE;
        }

        /** @param handler null: any */
        boolean covers(String runId, @Nullable String handler) {
            return handler == null ? scope.mayCover(runId) : scope.covers(runId, handler);
        }
    }

    private final List<Span> spans = new ArrayList<>();

    void written(Pause pause, long now) {
        Span span = last(pause.scope());
        if (pause.lasts() && (span == null || !span.lasts())) {
            spans.add(new Span(pause.scope(), now));
        } else if (!pause.lasts() && span != null && span.lasts()) {
            span.until = now;
        }
    }

    void answered(PauseScope scope, boolean paused, long now) {
        Span span = last(scope);
        if (span != null && paused && span.lasts()) {
            span.answeredAt = Math.min(span.answeredAt, now);
        } else if (span != null && !paused && !span.lasts()) {
            span.endAnsweredAt = Math.min(span.endAnsweredAt, now);
        }
    }

    private @Nullable Span last(PauseScope scope) {
        return spans.reversed().stream()
                .filter(span -> span.scope.equals(scope))
                .findFirst()
                .orElse(null);
    }

    List<Span> that(Predicate<Span> are) {
        return spans.stream().filter(are).toList();
    }

    /** Whether a pause that may have covered the step lasted since then, if only for a moment. */
    boolean coveredSince(String runId, long since) {
        return spans.stream().anyMatch(span -> span.covers(runId, null) && span.until >= since);
    }

    /** The delay that pauses since then may have caused: their length, and two sweeps for each end. */
    long costSince(long since, long now, long sweep) {
        return spans.stream()
                .filter(span -> span.until >= since)
                .mapToLong(span -> Math.min(span.until, now) - Math.max(span.from, since) + 2 * sweep)
                .sum();
    }
}
