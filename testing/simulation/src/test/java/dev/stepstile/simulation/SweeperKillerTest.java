package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Run;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** One dispatch that is too much for the sweeper, each time it is swept. */
class SweeperKillerTest {
    private static final String KILLER = "killer";
    private static final int OTHERS = 40;

    private static final Scenario MANY = simulation -> {
        for (String runId : List.of(KILLER, Scenario.RUN)) {
            int dispatches = runId.equals(KILLER) ? 1 : OTHERS;
            for (int i = 0; i < dispatches; i++) {
                List<Dispatcher.NewStep> steps = List.of(Scenario.step("s" + i, 2, 100, 0));
                simulation.dispatch(Duration.ZERO, new Dispatcher.Request(runId, "d" + i, steps, new TreeMap<>()));
            }
        }
    };

    private static final Interceptor DIES_OF_IT = (function, ports, simulation) -> function.equals("sweeper")
            ? Mistakes.with(ports, new PassingStore(ports.store()) {
                @Override
                public Optional<Run> run(String runId) {
                    dieOf(runId);
                    return store.run(runId);
                }

                @Override
                public Optional<Run> keepRun(String runId) {
                    dieOf(runId);
                    return store.keepRun(runId);
                }

                private void dieOf(String runId) {
                    if (runId.equals(KILLER)) {
                        simulation.scheduler().me("the fatal sweep").process.crash();
                        simulation.scheduler().abandon();
                    }
                }
            })
            : ports;

    private static List<String> open(Simulation simulation, String runId) {
        return simulation.store().findDispatches(runId).stream()
                .filter(dispatch -> !dispatch.closed())
                .map(Dispatch::dispatchId)
                .toList();
    }

    @Test
    void does_not_keep_the_others_from_being_swept() {
        for (int seed = 1; seed <= 5; seed++) {
            Simulation simulation = MANY.staged(SimulationConfig.of(seed).with(DIES_OF_IT));
            simulation.run(Duration.ofHours(1));
            assertThat(open(simulation, Scenario.RUN)).isEmpty();
            assertThat(open(simulation, KILLER)).containsExactly("d0");
        }
    }
}
