package dev.stepstile.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which port calls of a run go wrong, and how. A call is named by its number in the run (1, 2, 3 …) or by a piece of its
 * description ("store.write r1/a SUCCEEDED") and which of the calls that bear it is meant. Immutable.
 */
public final class Faults {
    public static final Faults NONE = new Faults(List.of());

    /** Where a fault strikes: at call {@code number}, or at the {@code number}-th call that bears {@code piece}. */
    private record Struck(@Nullable String piece, int number, Fault fault) {}

    private final List<Struck> struck;

    private Faults(List<Struck> struck) {
        this.struck = List.copyOf(struck);
    }

    public Faults at(int call, Fault fault) {
        return with(new Struck(null, call, fault));
    }

    public Faults crashBefore(int call) {
        return at(call, new Fault.CrashBefore());
    }

    public Faults crashAfter(int call) {
        return at(call, new Fault.CrashAfter());
    }

    public Faults fail(int call) {
        return at(call, new Fault.Fail());
    }

    public Faults loseResponse(int call) {
        return at(call, new Fault.LoseResponse());
    }

    public Faults duplicate(int call) {
        return at(call, new Fault.Duplicate());
    }

    public Faults pause(int call, Duration length) {
        return at(call, new Fault.Pause(length));
    }

    /** At the {@code nth} call (1, 2, 3 …) whose description contains {@code piece}. */
    public Faults at(String piece, int nth, Fault fault) {
        return with(new Struck(piece, nth, fault));
    }

    /** At the first such call. */
    public Faults at(String piece, Fault fault) {
        return at(piece, 1, fault);
    }

    private Faults with(Struck more) {
        List<Struck> all = new ArrayList<>(struck);
        all.add(more);
        return new Faults(all);
    }

    /** Counts the calls of one run. */
    Counter counter() {
        return new Counter();
    }

    final class Counter {
        private final int[] borne = new int[struck.size()];

        /** The fault at this call, null if there is none. */
        @Nullable
        Fault at(int call, String description) {
            Fault found = null;
            for (int i = 0; i < borne.length; i++) {
                Struck each = struck.get(i);
                String piece = each.piece();
                boolean here = piece == null
                        ? each.number() == call
                        : description.contains(piece) && ++borne[i] == each.number();
                found = here ? each.fault() : found;
            }
            return found;
        }
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Struck each : struck) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append(each.fault())
                    .append(" at ")
                    .append(each.piece() == null ? "call " : "'" + each.piece() + "' ")
                    .append(each.number());
        }
        return text.isEmpty() ? "no faults" : text.toString();
    }
}
