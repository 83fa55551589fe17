package dev.stepstile.step;

import java.time.Instant;
import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** The state of a step that has a record. A step without one is QUEUED: it exists only in its manifest. */
public sealed interface StepState {

    /** The names of the states, as in the API and the table. */
    enum Name {
        QUEUED,
        RUNNING,
        RETRYING,
        SUCCEEDED,
        FAILED,
        DEAD,
        CANCELLED,
        /** The step has a record, but it is damaged. Only shown and counted, never stored. */
        UNKNOWN
    }

    /** The states that a redrive can change. */
    Set<Name> REDRIVABLE = Collections.unmodifiableSet(EnumSet.of(Name.FAILED, Name.DEAD, Name.CANCELLED));

    /** The states that a cancel can change. */
    SortedSet<Name> CANCELLABLE =
            Collections.unmodifiableSortedSet(new TreeSet<>(EnumSet.of(Name.QUEUED, Name.RUNNING, Name.RETRYING)));

    Name name();

    /**
     * An attempt owns the step. Whether its worker lives is said by the worker's item ({@link WorkerRecord}).
     *
     * @param deadline when the invocation that runs it ends at the latest; of an attempt that a version before started, whose
     *     workers had no items: when its lease expires
     */
    record Running(Instant deadline, boolean cancelRequested) implements StepState {
        @Override
        public Name name() {
            return Name.RUNNING;
        }
    }

    /** Waits to be claimed again, not before {@code notBefore}. */
    record Retrying(Instant notBefore) implements StepState {
        @Override
        public Name name() {
            return Name.RETRYING;
        }
    }

    /** A state that only a redrive leaves, and success never. */
    sealed interface Ended extends StepState {
        Instant finishedAt();
    }

    record Succeeded(Payload result, Instant finishedAt) implements Ended {
        @Override
        public Name name() {
            return Name.SUCCEEDED;
        }
    }

    /** The handler ruled out a retry. Not dead-lettered: the orchestrator reads it from the feed. */
    record Failed(StepError error, Instant finishedAt) implements Ended {
        @Override
        public Name name() {
            return Name.FAILED;
        }
    }

    /** Attempts are used up, or there is nothing to try with. In the dead-letter queue once {@code deadLetteredAt} is set. */
    record Dead(
            StepError error, Instant finishedAt, @Nullable Instant deadLetteredAt) implements Ended {
        @Override
        public Name name() {
            return Name.DEAD;
        }
    }

    record Cancelled(Instant finishedAt) implements Ended {
        @Override
        public Name name() {
            return Name.CANCELLED;
        }
    }

    /** The progress that an attempt reports: 0 to 1, and a few words. */
    record Progress(double fraction, String note) {
        public static final Progress NONE = new Progress(0, "");
        private static final int MAX_NOTE = 100;

        public Progress {
            fraction = Double.isNaN(fraction) ? 0 : Math.clamp(fraction, 0.0, 1.0);
            if (note.length() > MAX_NOTE) {
                note = Truncation.end(note, MAX_NOTE);
            }
        }
    }
}
