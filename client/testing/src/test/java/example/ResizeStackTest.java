package example;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.testkit.StepstileExtension;
import example.Resize.Image;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The example of docs/testing.md with a stack, which DocumentedExamplesTest compares with this. */
class ResizeStackTest {
    private final Resize.Store store = new Resize.Store();

    @RegisterExtension
    final StepstileExtension stepstile = StepstileExtension.of(new Resize(store));

    @Test
    void resizes_what_a_client_dispatches(StepstileClient client) {
        client.dispatch(
                "nightly",
                Dispatch.of(
                        "d1",
                        List.of(
                                Step.of("a", "images.resize", new Image("a.png", 200)),
                                Step.of("b", "images.resize", new Image("b.png", 100)))));
        assertThat(client.follow("nightly", Set.of("a", "b")).await(Duration.ofSeconds(30), event -> {}))
                .isTrue();
        assertThat(store.widths()).isEqualTo(Map.of("a.png", 200, "b.png", 100));
    }
}
