package dev.stepstile.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.Dispatch;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepSettings;
import dev.stepstile.client.StepState;
import dev.stepstile.client.StepstileClient;
import dev.stepstile.client.UnreachableException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class StepstileStackTest {
    private static final List<URI> ENDPOINTS = Collections.synchronizedList(new ArrayList<>());

    private final List<Integer> starts = Collections.synchronizedList(new ArrayList<>());
    private final CountDownLatch never = new CountDownLatch(1);

    @RegisterExtension
    final StepstileExtension stepstile = StepstileExtension.of(new Given((input, context) -> {
        starts.add(context.attempt());
        if (context.stepKey().equals("later") && context.attempt() == 1) {
            throw new RetryAfter(Duration.ofHours(2), "not yet");
        }
        if (context.stepKey().equals("hangs")) {
            never.await();
        }
        return StepResult.of(context.attempt());
    }));

    private static void dispatch(StepstileClient client, String... keys) {
        List<Step> steps = new ArrayList<>();
        for (String key : keys) {
            steps.add(Step.of(key, "work", null));
        }
        client.dispatch("r", Dispatch.of("d", steps));
    }

    private static StepState ended(StepstileClient client, String key) {
        assertThat(client.follow("r", Set.of(key)).await(Duration.ofSeconds(60), event -> {}))
                .isTrue();
        return client.step("r", key).orElseThrow().state();
    }

    private void awaitStarts(int number) throws InterruptedException {
        while (starts.size() < number) {
            Thread.sleep(5);
        }
    }

    private void isOfItsOwn(URI endpoint, StepstileClient client) {
        assertThat(ENDPOINTS).doesNotContain(endpoint);
        ENDPOINTS.add(endpoint);
        assertThatThrownBy(() -> client.status("r")).isInstanceOf(RefusedException.class);
        dispatch(client, "a");
        assertThat(ended(client, "a")).isInstanceOf(StepState.Succeeded.class);
    }

    @Test
    void each_test_has_a_stack_of_its_own(URI endpoint, StepstileClient client) {
        isOfItsOwn(endpoint, client);
    }

    @Test
    void each_test_has_a_stack_of_its_own_which_knows_nothing_of_another() {
        isOfItsOwn(stepstile.endpoint(), stepstile.client());
    }

    @Test
    void a_stack_that_was_closed_answers_nobody() {
        URI endpoint;
        try (StepstileStack stack = StepstileStack.start(List.of(), 1)) {
            endpoint = stack.endpoint();
        }
        ClientOptions impatient = ClientOptions.of(endpoint).withPatience(Duration.ofMillis(100));
        try (StepstileClient client = new StepstileClient(impatient)) {
            assertThatThrownBy(() -> client.status("r")).isInstanceOf(UnreachableException.class);
        }
    }

    @Test
    void a_retry_after_two_hours_is_due_once_the_clock_is_set_forward(StepstileStack stack) throws Exception {
        dispatch(stack.client(), "later");
        awaitStarts(1);
        while (!(stack.client().step("r", "later").orElseThrow().state() instanceof StepState.Retrying)) {
            Thread.sleep(5);
        }
        stack.clockForward(Duration.ofHours(2));
        assertThat(ended(stack.client(), "later")).isInstanceOf(StepState.Succeeded.class);
        assertThat(starts).containsExactly(1, 2);
    }

    @Test
    void a_handler_that_hangs_is_timed_out_once_the_clock_is_set_forward(StepstileStack stack) throws Exception {
        stack.client()
                .dispatch(
                        "r",
                        Dispatch.of("d", List.of(Step.of("hangs", "work", null)))
                                .withDefaults(StepSettings.NONE.withMaxAttempts(1)));
        awaitStarts(1);
        stack.clockForward(Duration.ofMinutes(6));
        assertThat(ended(stack.client(), "hangs")).isInstanceOf(StepState.Dead.class);
    }

    @Test
    void a_cancel_stops_a_handler_that_hangs(StepstileStack stack) throws Exception {
        dispatch(stack.client(), "hangs");
        awaitStarts(1);
        stack.client().cancel("r");
        assertThat(ended(stack.client(), "hangs")).isInstanceOf(StepState.Cancelled.class);
    }

    @Test
    void a_lost_worker_is_found_and_its_step_runs_again(StepstileStack stack) throws Exception {
        stack.loseWorker("a", Moment.end());
        dispatch(stack.client(), "a");
        awaitStarts(1);
        stack.clockForward(Duration.ofSeconds(10));
        assertThat(ended(stack.client(), "a")).isInstanceOf(StepState.Succeeded.class);
        assertThat(starts).containsExactly(1, 2);
    }

    @Test
    void a_message_that_comes_twice_and_throttled_calls_start_no_handler_twice(StepstileStack stack) {
        stack.deliverTwice("a").throttle("a", Moment.end(), 3);
        dispatch(stack.client(), "a");
        assertThat(ended(stack.client(), "a")).isInstanceOf(StepState.Succeeded.class);
        assertThat(starts).containsExactly(1);
    }

    @Test
    void a_fault_whose_moment_never_came_is_told_when_the_stack_is_closed() {
        StepstileStack stack = StepstileStack.start(List.of(), 1);
        stack.loseWorker("a", Moment.end());
        assertThatThrownBy(stack::close)
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("lose the worker at attempt 1, end");
    }
}
