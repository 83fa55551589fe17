package dev.stepstile.usecases;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.PauseStore;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.port.WorkerStore;
import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Tasks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/** What goes wrong between the protocol and its ports: calls that never arrive, answers that are lost, and the end of the process. */
final class Faults {
    /** The process is gone; nothing in it goes on. */
    static final class Crash extends Error {
        Crash(String where) {
            super("crashed " + where);
        }
    }

    private enum Kind {
        CRASH,
        LOSS,
        ERROR
    }

    private record Fault(String call, int skip, boolean after, Kind kind) {}

    private final List<String> calls = new ArrayList<>();
    private final List<Fault> faults = new ArrayList<>();
    private final AtomicInteger underWay = new AtomicInteger();
    private boolean dead;
    private Runnable afterNext;
    private String afterNextCall = "";

    /** The next call of that name, or of any name if it is "", is the last thing that the process does. */
    void crashBefore(String call, int skip) {
        add(new Fault(call, skip, false, Kind.CRASH));
    }

    void crashAfter(String call, int skip) {
        add(new Fault(call, skip, true, Kind.CRASH));
    }

    /** The next call of that name does not arrive. */
    void fail(String call) {
        fail(call, 0);
    }

    /** One of the next calls of that name does not arrive. */
    void fail(String call, int skip) {
        add(new Fault(call, skip, false, Kind.LOSS));
    }

    /** The next call of that name is carried out, and its answer is lost. */
    void loseAnswer(String call) {
        add(new Fault(call, 0, true, Kind.LOSS));
    }

    /** A call of any name throws an Error, as where no thread or no memory is left; the process goes on. */
    void breakOff(int skip, boolean after) {
        add(new Fault("", skip, after, Kind.ERROR));
    }

    /** Whether all that was to go wrong has. */
    synchronized boolean over() {
        return faults.isEmpty();
    }

    /** Somebody else acts right after the next call of that name. */
    synchronized void afterNext(String call, Runnable act) {
        afterNextCall = call;
        afterNext = act;
    }

    /** A new process, without faults. */
    synchronized void restart() {
        dead = false;
        faults.clear();
        calls.clear();
    }

    /** Whether the process is gone. */
    synchronized boolean crashed() {
        return dead;
    }

    private synchronized void add(Fault fault) {
        faults.add(fault);
    }

    synchronized List<String> calls() {
        return List.copyOf(calls);
    }

    long calls(String call) {
        return calls().stream().filter(call::equals).count();
    }

    /** Whether a call has arrived and is not answered yet. */
    boolean callUnderWay() {
        return underWay.get() > 0;
    }

    Tasks over(Tasks tasks) {
        return over(Tasks.class, tasks, "tasks.");
    }

    Meter over(Meter meter) {
        return over(Meter.class, meter, "meter.");
    }

    Ports over(Ports ports) {
        return new Ports(
                over(StepStore.class, ports.store(), "store."),
                over(WorkerStore.class, ports.workers(), "workers."),
                over(PauseStore.class, ports.pauses(), "pauses."),
                over(StepQueue.class, ports.queue(), "queue."),
                over(DeadLetterQueue.class, ports.deadLetters(), "deadLetters."),
                new Ports.Payloads(
                        over(PayloadStore.class, ports.items(), "items."),
                        over(PayloadStore.class, ports.objects(), "objects.")),
                over(Notifier.class, ports.notifier(), "notifier."));
    }

    private <T> T over(Class<T> port, T real, String prefix) {
        return port.cast(Proxy.newProxyInstance(
                port.getClassLoader(), new Class<?>[] {port}, (proxy, method, arguments) -> {
                    String call = prefix + method.getName();
                    Fault fault = next(call);
                    if (fault != null && !fault.after()) {
                        throw thrown(fault, "before " + call);
                    }
                    Object answer;
                    underWay.incrementAndGet();
                    try {
                        answer = method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        underWay.decrementAndGet();
                    }
                    Runnable act = takeAct(call);
                    if (act != null) {
                        act.run();
                    }
                    if (fault != null) {
                        throw thrown(fault, "after " + call);
                    }
                    return answer;
                }));
    }

    private synchronized Runnable takeAct(String call) {
        if (!call.equals(afterNextCall)) {
            return null;
        }
        afterNextCall = "";
        return afterNext;
    }

    private synchronized Fault next(String call) {
        if (dead) {
            throw new Crash("before this, at " + call);
        }
        calls.add(call);
        for (int i = 0; i < faults.size(); i++) {
            Fault fault = faults.get(i);
            if (fault.call().isEmpty() || fault.call().equals(call)) {
                if (fault.skip() > 0) {
                    faults.set(i, new Fault(fault.call(), fault.skip() - 1, fault.after(), fault.kind()));
                } else {
                    faults.remove(i);
                    return fault;
                }
            }
        }
        return null;
    }

    private synchronized Throwable thrown(Fault fault, String where) {
        return switch (fault.kind()) {
            case CRASH -> {
                dead = true;
                yield new Crash(where);
            }
            case LOSS -> new PortException("lost " + where);
            case ERROR -> new OutOfMemoryError("unable to create native thread, " + where);
        };
    }
}
