package dev.stepstile.usecase;

import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PortException;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import dev.stepstile.step.Pauses;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pauses and resumes a run, a handler, or everything. Each call may be made again. */
public final class PauseControl {
    private static final Logger LOG = LoggerFactory.getLogger(PauseControl.class);
    private static final int TRIES = 20;

    /**
     * By how much the end of a pause may be older than the write that tells of it: sweeps compare it with the time of their
     * readings.
     */
    static final Duration STAMP_AGE = Duration.ofSeconds(1);

    /** A resume that is made again within this may be one whose answer was lost: it does all that the first was to do. */
    private static final Duration SAME_RESUME = Duration.ofMinutes(2);

    private final PauseStore store;
    private final EngineRuntime runtime;

    PauseControl(EngineParts parts) {
        this.store = parts.ports().pauses();
        this.runtime = parts.runtime();
    }

    /** The outcome of a call. */
    public sealed interface Answer {
        /** @param changed whether this call changed it; the pause as it is now */
        record Done(Pause pause, boolean changed) implements Answer {}

        /** Nothing was ever paused there, as far as is known. */
        record NeverPaused() implements Answer {}

        /** {@link Limits#PAUSES} last already. */
        record TooMany() implements Answer {}
    }

    /** From when this has returned, nothing that is covered begins {@link KnownPauses#MOST_AGE} later. */
    public Answer pause(PauseScope scope, String reason) {
        for (int i = 0; i < TRIES; i++) {
            Pauses known = new Pauses(store.pauses());
            Pause found = find(known, scope);
            if (found != null && found.lasts()) {
                return new Answer.Done(found, false);
            }
            if (known.lasting().size() >= Limits.PAUSES) {
                return new Answer.TooMany();
            }
            Instant now = runtime.now();
            Pause next = found == null ? Pause.first(scope, now, reason) : found.again(now, reason);
            if (store.replace(next)) {
                LOG.info("Paused {}: nothing that it covers begins, until it is resumed.", scope.name());
                return new Answer.Done(next, true);
            }
        }
        throw new PortException("the pause of " + scope.name() + " changed " + TRIES + " times; try again");
    }

    /** From when this has returned, the next sweeps send the messages of what was covered, and is covered no more. */
    public Answer resume(PauseScope scope) {
        boolean changed = false;
        for (int i = 0; i < TRIES; i++) {
            Pause found = find(new Pauses(store.pauses()), scope);
            if (found == null) {
                return new Answer.NeverPaused();
            }
            Instant ended = found.resumedAt();
            Instant now = runtime.now();
            if (ended != null && !now.isBefore(ended.plus(SAME_RESUME))) {
                return new Answer.Done(found, changed);
            }
            Pause next = found.resumed(now);
            if (store.replace(next)) {
                changed |= found.lasts();
                if (!runtime.now().isAfter(now.plus(STAMP_AGE))) {
                    LOG.info("Resumed {}: the next sweeps send what was covered.", scope.name());
                    return new Answer.Done(next, changed);
                }
            }
        }
        throw new PortException("the end of the pause of " + scope.name() + " could not be written in time; try again");
    }

    private static @Nullable Pause find(Pauses known, PauseScope scope) {
        Optional<Pause> found = known.all().stream()
                .filter(pause -> pause.scope().equals(scope))
                .findFirst();
        return found.orElse(null);
    }

    /** Those that last, in the order of their scopes' names. */
    public List<Pause> lasting() {
        return known().lasting();
    }

    /** All that last, and those that ended of late. */
    public Pauses known() {
        return new Pauses(store.pauses());
    }
}
