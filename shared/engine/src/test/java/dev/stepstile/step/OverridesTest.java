package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a redrive changes of a step's settings. */
class OverridesTest {
    private static final StepSettings BEFORE = Steps.spec().settings();
    private static final Payload INPUT = new Payload.Inline("{\"secret\":1}");
    private static final StepOverrides ALL = new StepOverrides(
            "other",
            new StepOverrides.Retries(
                    5, Duration.ofMillis(1500), Duration.ofMinutes(9), List.of("TIMEOUT"), List.of("a.B")),
            Duration.ofSeconds(90),
            null);

    @Test
    void nothing_stays_as_it_was() {
        assertThat(StepOverrides.NONE.on(BEFORE, Steps.NOW)).isEqualTo(BEFORE);
        assertThat(StepOverrides.NONE.describe(BEFORE, Steps.NOW)).isEqualTo("nothing changed");
    }

    @Test
    void each_is_taken_over_and_dispatch_and_place_stay() {
        assertThat(ALL.withInput(INPUT).on(BEFORE, Steps.NOW))
                .isEqualTo(new StepSettings(
                        BEFORE.dispatchId(),
                        BEFORE.index(),
                        "other",
                        new RetryPolicy(
                                5,
                                Duration.ofMillis(1500),
                                Duration.ofMinutes(9),
                                new RetryRule(List.of("TIMEOUT"), List.of("a.B"))),
                        Duration.ofSeconds(90),
                        INPUT));
    }

    @Test
    void an_input_of_an_earlier_redrive_stays_until_another_is_given() {
        StepSettings redriven = StepOverrides.NONE.withInput(INPUT).on(BEFORE, Steps.NOW);
        assertThat(StepOverrides.NONE.on(redriven, Steps.NOW).input()).isEqualTo(INPUT);
        assertThat(ALL.on(redriven, Steps.NOW).input()).isEqualTo(INPUT);
    }

    @Test
    void the_history_says_what_is_changed_and_never_the_input() {
        assertThat(ALL.withInput(INPUT).describe(BEFORE, Steps.NOW))
                .isEqualTo("handler h -> other, maxAttempts 3 -> 5, timeoutSeconds 60 -> 90, baseSeconds 1 -> 1.5,"
                        + " capSeconds 300 -> 540, retry.on [] -> [TIMEOUT], retry.never [] -> [a.B], another input");
    }

    @Test
    void the_history_says_when_the_step_may_run_from_then_on() {
        StepOverrides times = new StepOverrides(
                null,
                StepOverrides.Retries.NONE,
                null,
                null,
                new Times(new Moment.After(Duration.ofSeconds(30)), new Moment.At(Steps.NOW.plusSeconds(90))));
        assertThat(times.describe(BEFORE, Steps.NOW))
                .isEqualTo("notBefore none -> 2026-11-24T08:00:30Z, deadline none -> 2026-11-24T08:01:30Z");
    }

    @Test
    void a_value_that_is_what_it_was_is_no_change() {
        RetryPolicy retry = BEFORE.retry();
        StepOverrides same = new StepOverrides(
                BEFORE.handler(),
                new StepOverrides.Retries(retry.maxAttempts(), retry.base(), retry.cap(), List.of(), List.of()),
                BEFORE.timeout(),
                null);
        assertThat(same.describe(BEFORE, Steps.NOW)).isEqualTo("nothing changed");
    }

    @Test
    void a_message_follows_the_record_of_its_own_dispatch_only() {
        StepSpec spec = Steps.spec();
        StepSettings changed = ALL.withInput(INPUT).on(BEFORE, Steps.NOW);
        StepRecord redriven = Steps.record(new StepState.Retrying(Steps.NOW), changed);
        assertThat(spec.as(null)).isEqualTo(spec);
        assertThat(Steps.spec("d2").as(redriven)).isEqualTo(Steps.spec("d2"));
        assertThat(spec.as(redriven).settings()).isEqualTo(changed);
        assertThat(spec.as(redriven).input()).isEqualTo(INPUT);
        assertThat(spec.as(Steps.record(new StepState.Retrying(Steps.NOW), ALL.on(BEFORE, Steps.NOW)))
                        .input())
                .isEqualTo(spec.input());
    }
}
