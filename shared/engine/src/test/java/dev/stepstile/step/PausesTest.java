package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the pauses of a stack cover; the step is {@code h}'s, in run {@code r1}. */
class PausesTest {
    private static final StepSpec STEP = Steps.spec();
    private static final Instant ENDED = Steps.NOW.plusSeconds(60);

    private static Pauses paused(PauseScope scope) {
        return new Pauses(List.of(Pause.first(scope, Steps.NOW, "why")));
    }

    private static Pauses resumed(PauseScope scope) {
        return new Pauses(List.of(Pause.first(scope, Steps.NOW, "why").resumed(ENDED)));
    }

    @Test
    void of_everything_cover_each_step() {
        assertThat(paused(new PauseScope.Everything()).cover(STEP)).isTrue();
        assertThat(paused(new PauseScope.Everything()).coverRun("r1")).isTrue();
        assertThat(resumed(new PauseScope.Everything()).resumedAt(STEP)).contains(ENDED);
        assertThat(resumed(new PauseScope.Everything()).resumedAt("r1")).contains(ENDED);
    }

    @Test
    void of_a_run_cover_its_steps_and_no_others() {
        assertThat(paused(new PauseScope.OfRun("r1")).cover(STEP)).isTrue();
        assertThat(paused(new PauseScope.OfRun("r2")).cover(STEP)).isFalse();
        assertThat(paused(new PauseScope.OfRun("r1")).coverRun("r1")).isTrue();
        assertThat(paused(new PauseScope.OfRun("r2")).coverRun("r1")).isFalse();
        assertThat(resumed(new PauseScope.OfRun("r1")).resumedAt("r1")).contains(ENDED);
        assertThat(resumed(new PauseScope.OfRun("r2")).resumedAt("r1")).isEmpty();
        assertThat(resumed(new PauseScope.OfRun("r2")).resumedAt(STEP)).isEmpty();
    }

    /** Other steps of the run have other handlers. */
    @Test
    void of_a_handler_cover_its_steps_and_no_run_as_a_whole() {
        assertThat(paused(new PauseScope.OfHandler("h")).cover(STEP)).isTrue();
        assertThat(paused(new PauseScope.OfHandler("g")).cover(STEP)).isFalse();
        assertThat(paused(new PauseScope.OfHandler("h")).coverRun("r1")).isFalse();
        assertThat(resumed(new PauseScope.OfHandler("h")).resumedAt("r1")).contains(ENDED);
        assertThat(resumed(new PauseScope.OfHandler("g")).resumedAt(STEP)).isEmpty();
    }

    /** One that ended pauses no run. */
    @Test
    void name_the_runs_that_they_cover_one_by_one_or_cover_everything() {
        Pauses some = new Pauses(List.of(
                Pause.first(new PauseScope.OfRun("r2"), Steps.NOW, ""),
                Pause.first(new PauseScope.OfRun("r1"), Steps.NOW, ""),
                Pause.first(new PauseScope.OfRun("r3"), Steps.NOW, "").resumed(ENDED),
                Pause.first(new PauseScope.OfHandler("h"), Steps.NOW, "")));
        assertThat(some.runs()).containsExactly("r1", "r2");
        assertThat(some.coverEverything()).isFalse();
        assertThat(paused(new PauseScope.Everything()).coverEverything()).isTrue();
        assertThat(resumed(new PauseScope.Everything()).coverEverything()).isFalse();
        assertThat(some.cover("r1", "g")).isTrue();
        assertThat(some.cover("r3", "g")).isFalse();
        assertThat(some.cover("r3", "h")).isTrue();
    }

    @Test
    void that_have_ended_cover_nothing_and_the_last_end_counts() {
        Pause ended = Pause.first(new PauseScope.OfRun("r1"), Steps.NOW, "").resumed(ENDED);
        Pause later = Pause.first(new PauseScope.OfHandler("h"), Steps.NOW, "").resumed(ENDED.plusSeconds(1));
        Pause lasting = Pause.first(new PauseScope.OfHandler("g"), Steps.NOW, "");
        Pauses all = new Pauses(List.of(later, ended, lasting));
        assertThat(all.cover(STEP)).isFalse();
        assertThat(all.coverRun("r1")).isFalse();
        assertThat(all.resumedAt(STEP)).contains(ENDED.plusSeconds(1));
        assertThat(all.lasting()).containsExactly(lasting);
        assertThat(lasting.lasts()).isTrue();
    }

    /** Each write is conditional on the version that was read. */
    @Test
    void raise_their_version_with_each_change() {
        Pause first = Pause.first(new PauseScope.OfRun("r1"), Steps.NOW, "why");
        Pause resumed = first.resumed(ENDED);
        Pause again = resumed.again(ENDED.plusSeconds(1), "once more");
        assertThat(first).isEqualTo(new Pause(first.scope(), Steps.NOW, null, "why", 1));
        assertThat(resumed).isEqualTo(new Pause(first.scope(), Steps.NOW, ENDED, "why", 2));
        assertThat(again).isEqualTo(new Pause(first.scope(), ENDED.plusSeconds(1), null, "once more", 3));
    }

    @Test
    void are_stored_by_the_names_of_their_scopes_of_which_a_newer_version_may_have_others() {
        for (PauseScope scope :
                List.of(new PauseScope.Everything(), new PauseScope.OfRun("r1"), new PauseScope.OfHandler("h"))) {
            assertThat(PauseScope.named(scope.name())).contains(scope);
        }
        assertThat(new PauseScope.Everything().name()).isEqualTo("all");
        assertThat(new PauseScope.OfRun("r1").name()).isEqualTo("run#r1");
        assertThat(new PauseScope.OfHandler("h").name()).isEqualTo("handler#h");
        assertThat(PauseScope.named("tenant#acme")).isEmpty();
    }
}
