package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever sends a message of a step, and whenever, sends it in the group of its dispatch's tenant. */
class TenantTest {
    private static Dispatcher.Request ofAcme(String dispatchId, Dispatcher.NewStep... steps) {
        return new Dispatcher.Request(
                Scenario.RUN, dispatchId, "acme", List.of(steps), new TreeMap<>(), new TreeMap<>());
    }

    /**
     * Messages are sent by all who can: a worker dies, a dispatch function crashes before it sends, a step is redriven, and
     * a dead letter moved back.
     */
    private static final Scenario SENT_BY_ALL = s -> {
        s.dispatch(
                Duration.ZERO,
                ofAcme(
                        "d",
                        Scenario.step("a", 3, 100, 0),
                        Scenario.step("redriven", 1, 100, 1),
                        Scenario.step("moved", 1, 100, 1)));
        s.dispatch(Duration.ofSeconds(1), Scenario.many("busy", 1, 250_000));
        s.dispatch(Duration.ofSeconds(2), ofAcme("e", Scenario.step("b", 3, 100, 0), Scenario.step("c", 3, 100, 0)));
        s.redrive(Duration.ofSeconds(200), Scenario.RUN, StepState.REDRIVABLE, Set.of("redriven"));
        s.at(
                Duration.ofSeconds(220),
                "operator",
                () -> s.deadLetters().moveBack(body -> body.contains("\"key\":\"moved\"")));
    };

    private static final SimulationConfig CONFIG = SimulationConfig.of(1)
            .with(Cluster.CALM.withWorkers(4))
            .with(Faults.NONE
                    .at("store.write r/a RUNNING 1", new Fault.CrashAfter())
                    .at("queue.send 2", new Fault.CrashBefore()));

    private static Interceptor forgottenBy(String function) {
        return Mistakes.queue(function, (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Outgoing> send(List<Outgoing> messages) {
                return queue.send(messages.stream()
                        .map(message -> new Outgoing(Scenario.RUN, message.body(), message.delay()))
                        .toList());
            }
        });
    }

    @Test
    void is_kept_to_by_all_who_send() {
        Played.of(SENT_BY_ALL, CONFIG).holds();
    }

    @ParameterizedTest
    @ValueSource(strings = {"dispatch", "step", "sweeper", "runs"})
    void else_it_is_found_who_forgot_it(String function) {
        Played.of(SENT_BY_ALL, CONFIG.with(forgottenBy(function)))
                .isFound("its message is in the group r, and its tenant is acme");
    }

    @Test
    void also_when_a_dead_letter_lost_its_group() {
        Played.of(SENT_BY_ALL, CONFIG.with(Mistakes.deadLetters("step", letters -> new PassingDeadLetters(letters) {
                    @Override
                    public void moveToDeadLetters(String group, String body) {
                        letters.moveToDeadLetters(Scenario.RUN, body);
                    }
                })))
                .isFound("r/moved: its message is in the group r, and its tenant is acme");
    }

    /** A sweeper of a version that knows no tenant, beside newer ones or after a rollback. */
    @Test
    void an_older_sweeper_costs_fairness_and_nothing_else() {
        Interceptor older = Mistakes.queue("sweeper", (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Outgoing> send(List<Outgoing> messages) {
                return queue.send(messages.stream()
                        .map(message -> new Outgoing(
                                Scenario.RUN, message.body().replace(",\"tenant\":\"acme\"", ""), message.delay()))
                        .toList());
            }
        });
        Played played = Played.of(SENT_BY_ALL, CONFIG.with(older));
        assertThat(played.outcome().violations())
                .isNotEmpty()
                .allMatch(found -> found.contains("its message is in the group r"));
        assertThat(played.outcome().progress().ends()).containsExactly(Map.entry(StepState.Name.SUCCEEDED, 6));
    }
}
