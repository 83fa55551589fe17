package dev.stepstile.bench.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.offset;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RampTest {
    /** Five at once, five more each second, fifty at most: (5 + 50) / 2 for nine seconds are 247.5 invocation-seconds. */
    private static final Ramp TO_FIFTY = new Ramp(5, 300, 50);

    @Test
    void what_is_worked_off_while_it_rises_is_a_trapezium() {
        assertThat(TO_FIFTY.secondsFor(247.5)).isEqualTo(9, offset(1e-9));
        // After two seconds: (5 + 15) / 2 * 2 = 20.
        assertThat(TO_FIFTY.secondsFor(20)).isEqualTo(2, offset(1e-9));
    }

    @Test
    void what_is_left_at_the_top_is_worked_off_at_its_full_width() {
        assertThat(TO_FIFTY.secondsFor(247.5 + 5000)).isEqualTo(9 + 100, offset(1e-9));
    }

    @Test
    void one_that_begins_at_the_top_does_not_rise() {
        assertThat(new Ramp(50, 0, 50).secondsFor(5000)).isEqualTo(100);
        assertThat(new Ramp(5, 300, 2).secondsFor(10)).isEqualTo(5); // MaximumConcurrency may be below five
    }

    /** The same by small steps of time. */
    private static double stepwise(Ramp ramp, double work) {
        double step = 0.001;
        double done = 0;
        double seconds = 0;
        while (done < work) {
            done += Math.min(ramp.most(), ramp.start() + ramp.aMinute() * seconds / 60) * step;
            seconds += step;
        }
        return seconds;
    }

    @Test
    void it_agrees_with_a_count_by_small_steps_of_time() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 100; i++) {
            Ramp ramp = new Ramp(random.nextInt(1, 100), random.nextInt(1, 2000), random.nextInt(100, 2000));
            double work = random.nextDouble(1, 50_000);
            assertThat(ramp.secondsFor(work)).as("%s, %s", ramp, work).isEqualTo(stepwise(ramp, work), offset(0.05));
        }
    }
}
