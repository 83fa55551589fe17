package dev.stepstile.simulation.ports;

import dev.stepstile.port.PortException;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultInjector;
import dev.stepstile.simulation.scheduler.Actor;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.scheduler.Trace;
import java.time.Duration;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Stands before every simulated port: hands the baton over at each call, numbers it, and lets it go wrong. */
public final class PortCalls {
    /** A call takes 1 to so many milliseconds, and its answer sometimes as long again. */
    private static final int LATENCY_MILLIS = 8;

    private final Scheduler scheduler;
    private final RandomGenerator random;
    private final FaultInjector faultInjector;
    private final Trace trace;
    private final SimulatedProcess rootProcess;
    private int calls;
    private String slowPort = "";
    private long slowMillis;

    /** @param rootProcess a process that never ends */
    public PortCalls(
            Scheduler scheduler,
            RandomGenerator random,
            FaultInjector faultInjector,
            Trace trace,
            SimulatedProcess rootProcess) {
        this.scheduler = scheduler;
        this.random = random;
        this.faultInjector = faultInjector;
        this.trace = trace;
        this.rootProcess = rootProcess;
    }

    /** From now on, each call of a port takes so much longer. */
    public void slow(String port, Duration longer) {
        slowPort = port + ".";
        slowMillis = longer.toMillis();
    }

    /** How many calls there were. */
    public int count() {
        return calls;
    }

    public <T> T call(String description, Supplier<T> effect, Function<T, String> shown) {
        return call(description, effect, again(description, effect, shown), null, shown);
    }

    /** The client tries again by itself. */
    private <T> Supplier<T> again(String description, Supplier<T> effect, Function<T, String> shown) {
        return () -> {
            T lost = effect.get();
            T answered = effect.get();
            trace.add(scheduler.millis(), "client", description, "first " + shown.apply(lost));
            return answered;
        };
    }

    /**
     * @param twice what happens instead of the effect if it is duplicated
     * @param shown the result in the trace
     */
    public <T> T call(String description, Supplier<T> effect, Supplier<T> twice, Function<T, String> shown) {
        return call(description, effect, twice, null, shown);
    }

    /** @param partly what happens instead if the service takes a part of the batch alone */
    <T> T batch(String description, Supplier<T> effect, Supplier<T> partly, Function<T, String> shown) {
        return call(description, effect, again(description, effect, shown), partly, shown);
    }

    private <T> T call(
            String description,
            Supplier<T> effect,
            Supplier<T> twice,
            @Nullable Supplier<T> partly,
            Function<T, String> shown) {
        Actor me = scheduler.me(description);
        int number = ++calls;
        Fault fault = faultInjector.at(me.process, number, description);
        if (fault instanceof Fault.Pause(Duration length)) {
            trace.add(scheduler.millis(), me.toString(), description, fault.text());
            standStill(me.process, length);
        }
        onTheWay(description);
        if (fault instanceof Fault.CrashBefore) {
            crash(me, number, description, fault);
        }
        if (fault instanceof Fault.Fail || (fault instanceof Fault.Partial && partly == null)) {
            throw failed(me, number, description, "fail", "simulated failure");
        }
        if (fault instanceof Fault.DiskFull) {
            throw failed(me, number, description, "disk full", "the disk is full");
        }
        T result = fault instanceof Fault.Duplicate
                ? twice.get()
                : fault instanceof Fault.Partial && partly != null ? partly.get() : effect.get();
        traced(me, number, description, shown.apply(result) + after(fault));
        if (fault instanceof Fault.CrashAfter) {
            crash(me, number, description, fault);
        }
        if (fault instanceof Fault.LoseResponse) {
            throw new PortException(description + ": simulated loss of the response");
        }
        if (random.nextInt(8) == 0) {
            scheduler.pause(1 + random.nextInt(LATENCY_MILLIS));
        }
        return result;
    }

    private void onTheWay(String description) {
        scheduler.pause(1 + random.nextInt(LATENCY_MILLIS));
        if (slowMillis > 0 && description.startsWith(slowPort)) {
            scheduler.pause(slowMillis);
        }
    }

    private PortException failed(Actor me, int number, String description, String shown, String why) {
        traced(me, number, description, shown);
        return new PortException(description + ": " + why);
    }

    private static String after(@Nullable Fault fault) {
        return fault == null ? "" : " (" + fault.text() + ")";
    }

    private void traced(Actor me, int number, String description, String result) {
        trace.add(scheduler.millis(), me.toString(), "#" + number + " " + description, result);
    }

    private void standStill(SimulatedProcess process, Duration length) {
        process.freeze();
        scheduler.startAt(scheduler.millis() + length.toMillis(), rootProcess, "thaw " + process.name(), process::goOn);
    }

    private void crash(Actor me, int number, String description, Fault fault) {
        traced(me, number, description, fault.text());
        me.process.crash();
        scheduler.abandon();
    }
}
