package dev.stepstile.simulation.ports;

import dev.stepstile.port.PortException;
import dev.stepstile.step.Span;
import dev.stepstile.usecase.Traces;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/** A process's spans: told to its memory, which is lost with it, and sent to a collector that is up in the end. */
public final class SimulatedTraces implements Traces {
    private static final int TRIES = 100;

    private final PortCalls calls;
    private final Consumer<Span> collector;
    private final List<Span> told = new ArrayList<>();

    public SimulatedTraces(PortCalls calls, Consumer<Span> collector) {
        this.calls = calls;
        this.collector = collector;
    }

    @Override
    public boolean exported() {
        return true;
    }

    @Override
    public void tell(Span span) {
        told.add(span);
    }

    /** What another is sending is sent again: who flushes must not go on before it has arrived. */
    @Override
    public void flush() {
        List<Span> batch = List.copyOf(told);
        for (int i = 0; i < TRIES && !batch.isEmpty(); i++) {
            try {
                calls.call(
                        "traces.flush",
                        () -> {
                            batch.forEach(collector);
                            return batch.size();
                        },
                        Object::toString);
                told.removeAll(batch);
                return;
            } catch (PortException notSent) {
                // again
            }
        }
    }
}
