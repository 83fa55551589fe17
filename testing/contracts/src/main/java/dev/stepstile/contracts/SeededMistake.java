package dev.stepstile.contracts;

import dev.stepstile.port.Ports;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Timing;
import java.util.ServiceLoader;

/**
 * A mistake between a function and its ports, seeded to learn whether tests notice it: a service provider on the tests'
 * class path. Functions are {@code dispatch}, {@code step}, {@code sweeper}, {@code runs} and {@code poller}.
 */
public interface SeededMistake {
    Ports ports(String function, Ports ports);

    Timing timing(String function, Timing timing);

    EngineRuntime runtime(String function, EngineRuntime runtime);

    /** The one that is seeded now; else none. */
    static SeededMistake now() {
        return ServiceLoader.load(SeededMistake.class, SeededMistake.class.getClassLoader())
                .findFirst()
                .orElseGet(NoMistake::new);
    }

    /** Everything as it is. */
    final class NoMistake implements SeededMistake {
        @Override
        public Ports ports(String function, Ports ports) {
            return ports;
        }

        @Override
        public Timing timing(String function, Timing timing) {
            return timing;
        }

        @Override
        public EngineRuntime runtime(String function, EngineRuntime runtime) {
            return runtime;
        }
    }
}
