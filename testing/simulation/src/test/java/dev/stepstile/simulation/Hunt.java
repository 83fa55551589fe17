package dev.stepstile.simulation;

import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.exploration.Replay;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.scenarios.Scenarios;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/** Where mistakes are hunted by chance: one execution for each seed. */
enum Hunt {
    /** The busy scenario in rough weather, in which no delay is bounded. */
    ROUGH {
        @Override
        Replay replay(long seed) {
            return Replay.of(Scenarios.BUSY, Scenarios.BUSY.steps(), seed, FaultProfile.parse("rough"));
        }
    },

    /** The varied scenario with a few faults, in which each delay is. */
    SPARSE {
        @Override
        Replay replay(long seed) {
            return Replay.of(Scenarios.VARIED, Scenarios.VARIED.steps(), seed, FaultProfile.CALM)
                    .and(few(seed));
        }
    },

    /** As sparse, while somebody pauses and resumes. */
    PAUSED {
        @Override
        Replay replay(long seed) {
            return Replay.of(Scenarios.PAUSES, Scenarios.PAUSES.steps(), seed, FaultProfile.CALM)
                    .and(few(seed));
        }
    };

    /** Longer than any run without a mistake takes. */
    private static final Duration AT_MOST = Duration.ofDays(2);

    private static final List<String> WRITES = List.of(
            "store.write",
            " RUNNING 1",
            " RUNNING 2",
            " SUCCEEDED",
            " RETRYING",
            " DEAD",
            " CANCELLED",
            "queue.changeVisibility",
            "queue.send",
            "queue.delete",
            "putPage",
            "raiseCancelSeq",
            "deadLetters.move",
            "pauses.replace");

    abstract Replay replay(long seed);

    /** What is found with this change of the setup; ends with the first. */
    List<String> found(long seed, UnaryOperator<SimulationConfig> change) {
        return played(seed, change).violations();
    }

    Outcome played(long seed, UnaryOperator<SimulationConfig> change) {
        Replay replay = replay(seed);
        return replay.scenario()
                .scenario()
                .staged(change.apply(replay.config()).untilFirstFinding())
                .run(AT_MOST);
    }

    /** Some at any call, more at those that change something. */
    private static Faults few(long seed) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
        Faults faults = Faults.NONE;
        for (int i = 0; i < 3; i++) {
            faults = faults.at(1 + random.nextInt(4_000), fault(random));
        }
        for (int i = 0; i < 7; i++) {
            String piece = WRITES.get(random.nextInt(WRITES.size()));
            faults = faults.at(piece, 1 + random.nextInt(1 + random.nextInt(40)), fault(random));
        }
        return faults.at("queue.send", 1 + random.nextInt(8), new Fault.Partial())
                .at("queue.delete", 1 + random.nextInt(40), new Fault.Partial());
    }

    private static Fault fault(RandomGenerator random) {
        return Exploration.FAULTS.get(random.nextInt(Exploration.FAULTS.size()));
    }
}
