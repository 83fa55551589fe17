package dev.stepstile.usecase;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The batch loop, the heartbeats and the log under many schedules, with a point before each access to what threads
 * share. A schedule that fails is named by its seed.
 */
class RacesTest {
    private static final List<Class<?>> RACY = List.of(
            StepExecution.class,
            StepAttempt.class,
            Worker.class,
            RunningAttempt.class,
            LogPageWriter.class,
            AttemptLog.class);

    private static final int SCHEDULES = 300;
    private static final int MANY_SCHEDULES = 10_000;

    private static void play(RacyLoader loader, String races, int schedules) {
        long seed = 0;
        try {
            Method play = Class.forName(Races.class.getName(), true, loader).getDeclaredMethod(races, long.class);
            play.setAccessible(true);
            for (; seed < schedules; seed++) {
                play.invoke(null, seed);
            }
            System.out.printf("races, %s: %d schedules%n", races, seed);
        } catch (InvocationTargetException e) {
            throw new AssertionError("schedule " + seed + " of " + races + ": " + e.getCause(), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new LinkageError(e.getMessage(), e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"batch", "cancelled", "lost"})
    void none_goes_wrong(String races) {
        play(new RacyLoader(RACY, false), races, SCHEDULES);
    }

    @Tag("full")
    @ParameterizedTest
    @ValueSource(strings = {"batch", "cancelled", "lost"})
    void none_of_many_goes_wrong(String races) {
        play(new RacyLoader(RACY, false), races, MANY_SCHEDULES);
    }

    @Nested
    class A_race_that_is_made {
        @Test
        void by_taking_the_locks_away_is_found() {
            assertThatThrownBy(() -> play(new RacyLoader(RACY, true), "batch", SCHEDULES))
                    .hasMessageContaining("logged [");
        }
    }
}
