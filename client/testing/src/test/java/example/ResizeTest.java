package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.testkit.Moment;
import dev.stepstile.testkit.StepOutcome;
import dev.stepstile.testkit.StepTest;
import example.Resize.Image;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The examples of README.md and docs/testing.md, which DocumentedExamplesTest compares with these. */
class ResizeTest {
    @Test
    void resizes_an_image_once_though_its_worker_was_lost() throws Exception {
        Resize.Store store = new Resize.Store();

        StepOutcome outcome = StepTest.of(new Resize(store))
                .input(new Image("a.png", 200))
                .loseWorker(Moment.end())
                .run();

        outcome.assertSucceeded();
        assertThat(outcome.handlerStarts()).isEqualTo(2);
        assertThat(store.widths()).isEqualTo(Map.of("a.png", 200));
    }

    @Test
    void refuses_an_attempt_that_another_has_overtaken() throws Exception {
        Resize.Store store = new Resize.Store();
        StepOutcome outcome = StepTest.of(new Resize(store))
                .input(new Image("a.png", 200))
                .standStill(Moment.progress(0.5))
                .run();
        assertThat(outcome.resultJson()).isEqualTo("{\"stored\":true}");
        assertThat(outcome.attempts()).hasSize(2);
    }
}
