package dev.stepstile.usecase;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pauses;
import dev.stepstile.step.StepSpec;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pauses as this process has read them: at most {@link #MOST_AGE} ago for what begins, and anew before a message is
 * deleted because of one.
 */
final class KnownPauses {
    /** By how much a pause may be unknown here. One read in this time costs a busy worker nothing to speak of. */
    static final Duration MOST_AGE = Duration.ofSeconds(5);

    private static final Logger LOG = LoggerFactory.getLogger(KnownPauses.class);

    private final PauseStore store;
    private final EngineRuntime runtime;

    /** @param asOf when the read began: what was stored before it is there */
    private record Read(Pauses pauses, Instant asOf) {}

    private volatile @Nullable Read last;

    KnownPauses(PauseStore store, EngineRuntime runtime) {
        this.store = store;
        this.runtime = runtime;
    }

    /** Reads them for messages that are processed at once, each of which would read them. */
    void readAhead() {
        try {
            recent();
        } catch (Throwable thrown) { // each message reads them, and decides what becomes of itself
            LOG.warn("Pauses: not read yet; each message reads them.", thrown);
        }
    }

    /**
     * Whether the step is not to begin. True is read anew: a message that is deleted because of it was received before the
     * pause ended, and a sweep that comes after the end sends another.
     *
     * @throws dev.stepstile.port.PortException if that is not known: nothing may begin
     */
    boolean cover(StepSpec step) {
        return recent().cover(step) && now().cover(step);
    }

    /** As of {@link #MOST_AGE} ago at most. */
    Pauses recent() {
        Read read = last;
        Instant now = runtime.now();
        boolean isRecent = read != null
                && !now.isBefore(read.asOf())
                && now.isBefore(read.asOf().plus(MOST_AGE));
        return isRecent && read != null ? read.pauses() : now();
    }

    /** As of now. */
    Pauses now() {
        Instant began = runtime.now();
        Pauses pauses = new Pauses(store.pauses());
        last = new Read(pauses, began);
        return pauses;
    }
}
