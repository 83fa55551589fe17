package dev.stepstile.simulation.ports;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pause;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** The pauses in memory. */
public final class SimulatedPauseStore implements PauseStore {
    private final PortCalls calls;
    private final Observer observer;
    private final NavigableMap<String, Pause> pauses = new TreeMap<>();

    public SimulatedPauseStore(PortCalls calls, Observer observer) {
        this.calls = calls;
        this.observer = observer;
    }

    @Override
    public List<Pause> pauses() {
        return calls.call("pauses.pauses", () -> List.copyOf(pauses.values()), found -> found.size() + " pauses");
    }

    @Override
    public boolean replace(Pause next) {
        String scope = next.scope().name();
        return calls.call(
                "pauses.replace " + scope + " " + (next.lasts() ? "paused" : "resumed") + " v" + next.version(),
                () -> {
                    Pause stored = pauses.get(scope);
                    if ((stored == null ? 0 : stored.version()) != next.version() - 1) {
                        return false;
                    }
                    pauses.put(scope, next);
                    observer.pauseWritten(next);
                    return true;
                },
                written -> written ? "written" : "refused");
    }
}
