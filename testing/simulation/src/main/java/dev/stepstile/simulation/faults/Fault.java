package dev.stepstile.simulation.faults;

import java.time.Duration;
import java.util.List;

/** What may go wrong at one port call. */
public sealed interface Fault {
    /** The calls of which a part alone can be taken. */
    List<String> BATCHES = List.of("queue.send", "queue.delete");

    /** As a fault is written down, to be read by {@link Faults#parse}. */
    default String text() {
        return name();
    }

    /** What it is called, whatever its measure. */
    String name();

    /** The calling process dies before the call has any effect. */
    record CrashBefore() implements Fault {
        @Override
        public String name() {
            return "crash-before";
        }
    }

    /** The calling process dies after the effect, before it receives the response. */
    record CrashAfter() implements Fault {
        @Override
        public String name() {
            return "crash-after";
        }
    }

    /** The call fails without an effect: a throttle, a refused connection. */
    record Fail() implements Fault {
        @Override
        public String name() {
            return "fail";
        }
    }

    /** The call fails without an effect, as does every other that writes at that time. */
    record DiskFull() implements Fault {
        @Override
        public String name() {
            return "disk-full";
        }
    }

    /** The call has its effect, and fails: its response was lost. */
    record LoseResponse() implements Fault {
        @Override
        public String name() {
            return "lose-response";
        }
    }

    /**
     * The call has its effect twice, and the caller sees the second answer: the client retried by itself after a lost
     * response. A receive leaves what it returns visible, so that it is delivered a second time at once.
     */
    record Duplicate() implements Fault {
        @Override
        public String name() {
            return "duplicate";
        }
    }

    /** A batch of which the service takes a part alone, and says so; any other call fails. */
    record Partial() implements Fault {
        @Override
        public String name() {
            return "partial";
        }
    }

    /** The calling process stands still so long with the call half made, and goes on: a zombie if its lease ends. */
    record Pause(Duration length) implements Fault {
        @Override
        public String name() {
            return "pause";
        }

        @Override
        public String text() {
            return "pause:" + length.toMillis() + "ms";
        }
    }
}
