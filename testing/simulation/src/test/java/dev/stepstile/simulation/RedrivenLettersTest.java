package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Steps are redriven by their dead letters, while calls fail, processes end, and letters are received twice. */
class RedrivenLettersTest {
    /** Each step dies once; twelve are more than one receive takes. An operator redrives their letters, twice at once. */
    private static final Scenario DIE_ONCE = s -> {
        s.dispatch(
                Duration.ZERO,
                Scenario.request(
                        "d",
                        IntStream.range(0, 12)
                                .mapToObj(i -> Scenario.step("s" + i, 1, 100, 1))
                                .toArray(Dispatcher.NewStep[]::new)));
        for (int seconds : List.of(60, 60, 300, 900)) {
            s.redriveLetters(Duration.ofSeconds(seconds), Scenario.RUN);
        }
    };

    private static final Scenario ONE = s -> {
        s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 1, 100, 1)));
        s.redriveLetters(Duration.ofSeconds(60), Scenario.RUN);
    };

    @Test
    void all_run_again_and_no_letter_is_left() {
        Played played = Played.of(DIE_ONCE, SimulationConfig.of(1)).holds();
        for (int i = 0; i < 12; i++) {
            assertThat(played.step("s" + i).state()).isInstanceOf(StepState.Succeeded.class);
        }
        assertThat(played.simulation().deadLetters().all()).isEmpty();
    }

    /** Each call of the redrive is the last one of its process, or its answer is lost. */
    @Test
    void whichever_call_of_the_redrive_fails_a_dead_step_has_its_letter() {
        List<String> calls = List.of(
                "deadLetters.receive",
                "store.write r/a RETRYING 1",
                "deadLetters.delete",
                "deadLetters.release",
                "store.records",
                "queue.send 1");
        for (String call : calls) {
            for (Fault fault : List.of(
                    new Fault.CrashBefore(),
                    new Fault.CrashAfter(),
                    new Fault.LoseResponse(),
                    new Fault.Fail(),
                    new Fault.Duplicate())) {
                Played.of(ONE, SimulationConfig.of(1).with(Faults.NONE.at(call, fault)))
                        .holds();
            }
        }
    }

    @Test
    void under_random_faults_no_dead_step_is_without_its_letter() {
        assertThat(Played.found(DIE_ONCE, SimulationConfig.of(1).with(FaultProfile.parse("rough")), 40))
                .isEmpty();
    }

    /** A redrive that deletes what it has received, before it has redriven. */
    @Test
    void else_it_is_found_that_a_letter_was_deleted_first() {
        Interceptor greedy = Mistakes.deadLetters("runs", letters -> new PassingDeadLetters(letters) {
            @Override
            public List<Delivery> receive(int max, Duration hidden) {
                List<Delivery> received = letters.receive(max, hidden);
                letters.delete(received.stream().map(Delivery::receipt).toList());
                return received;
            }
        });
        SimulationConfig crash =
                SimulationConfig.of(1).with(Faults.NONE.at("store.write r/a RETRYING 1", new Fault.CrashBefore()));
        Played.of(ONE, crash).holds();
        Played.of(ONE, crash.with(greedy)).isFound("it is dead and has no dead letter");
    }
}
