package dev.stepstile.simulation.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which port calls of a run go wrong, and how. A call is named by its number in the run (1, 2, 3 …), or by a piece of its
 * description ("store.write r1/a SUCCEEDED") and its number among the calls that contain the piece. Immutable.
 *
 * <p>Written down as {@code duplicate@6,pause:150000ms@'store.write r/a SUCCEEDED'#2}.
 */
public final class Faults {
    public static final Faults NONE = new Faults(List.of());

    private static final Pattern ONE =
            Pattern.compile("([a-z-]+)(?::(\\d+)ms)?@(?:(\\d+)|'([^']+)'(?:#(\\d+))?)(?:,|$)");

    /** A fault at call {@code number}, or at the {@code number}-th call whose description contains {@code piece}. */
    public record Injection(@Nullable String piece, int number, Fault fault) {
        @Override
        public String toString() {
            return fault.text() + "@" + (piece == null ? Integer.toString(number) : "'" + piece + "'#" + number);
        }
    }

    private final List<Injection> injections;

    private Faults(List<Injection> injections) {
        this.injections = List.copyOf(injections);
    }

    public static Faults of(List<Injection> injections) {
        return new Faults(injections);
    }

    public List<Injection> list() {
        return injections;
    }

    /**
     * Reads what {@link #toString} wrote.
     *
     * @throws IllegalArgumentException if it is something else, with an example
     */
    public static Faults parse(String text) {
        List<Injection> all = new ArrayList<>();
        Matcher matcher = ONE.matcher(text);
        int end = 0;
        while (end < text.length()) {
            if (!matcher.find(end) || matcher.start() != end) {
                throw new IllegalArgumentException("'" + text.substring(end)
                        + "' is not a fault at a call; examples: crash-before@7,pause:200000ms@9,"
                        + "lose-response@'store.write r/a SUCCEEDED'#1");
            }
            Fault fault = fault(matcher.group(1), matcher.group(2));
            String piece = matcher.group(4);
            String number = piece == null ? matcher.group(3) : matcher.group(5);
            all.add(new Injection(piece, number == null ? 1 : Integer.parseInt(number), fault));
            end = matcher.end();
        }
        return new Faults(all);
    }

    private static Fault fault(String name, @Nullable String millis) {
        return switch (name) {
            case "crash-before" -> new Fault.CrashBefore();
            case "crash-after" -> new Fault.CrashAfter();
            case "fail" -> new Fault.Fail();
            case "lose-response" -> new Fault.LoseResponse();
            case "duplicate" -> new Fault.Duplicate();
            case "partial" -> new Fault.Partial();
            case "pause" -> new Fault.Pause(Duration.ofMillis(millis == null ? 200_000 : Long.parseLong(millis)));
            default ->
                throw new IllegalArgumentException(
                        "No fault is named '" + name
                                + "'; there are crash-before, crash-after, fail, lose-response, duplicate, partial, pause:<n>ms.");
        };
    }

    public Faults at(int call, Fault fault) {
        return with(new Injection(null, call, fault));
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
        return with(new Injection(piece, nth, fault));
    }

    /** At the first such call. */
    public Faults at(String piece, Fault fault) {
        return at(piece, 1, fault);
    }

    private Faults with(Injection more) {
        List<Injection> all = new ArrayList<>(injections);
        all.add(more);
        return new Faults(all);
    }

    /** Counts the calls of one run. */
    Counter counter() {
        return new Counter();
    }

    final class Counter {
        private final Map<Integer, Fault> byNumber = new HashMap<>();
        private final List<Injection> byPiece = new ArrayList<>();
        private final int[] borne;

        Counter() {
            for (Injection each : injections) {
                if (each.piece() == null) {
                    byNumber.put(each.number(), each.fault());
                } else {
                    byPiece.add(each);
                }
            }
            borne = new int[byPiece.size()];
        }

        /** The fault at this call, null if there is none. */
        @Nullable
        Fault at(int call, String description) {
            Fault found = byNumber.get(call);
            for (int i = 0; i < borne.length; i++) {
                Injection each = byPiece.get(i);
                String piece = each.piece();
                if (piece != null && description.contains(piece) && ++borne[i] == each.number()) {
                    found = each.fault();
                }
            }
            return found;
        }
    }

    @Override
    public String toString() {
        return injections.stream().map(Injection::toString).collect(Collectors.joining(","));
    }
}
