package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pause;
import dev.stepstile.step.PauseScope;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every store of pauses keeps to. */
public abstract class PauseStoreContract {
    protected abstract PauseStore pauses();

    private static Pause ofNewRun() {
        return Pause.first(new PauseScope.OfRun(Samples.runId()), Samples.NOW, "the source is down: \"ü\" 漢");
    }

    private List<Pause> stored(PauseScope... scopes) {
        return pauses().pauses().stream()
                .filter(pause -> List.of(scopes).contains(pause.scope()))
                .toList();
    }

    @Test
    void what_was_paused_is_there_as_it_was_written() {
        Pause run = ofNewRun();
        Pause handler = Pause.first(new PauseScope.OfHandler(Samples.runId()), Samples.NOW.plusMillis(1), "");
        assertThat(pauses().replace(run)).isTrue();
        assertThat(pauses().replace(handler)).isTrue();
        assertThat(stored(run.scope(), handler.scope())).containsExactly(handler, run);
    }

    @Test
    void everything_can_be_paused() {
        Pause found = pauses().pauses().stream()
                .filter(pause -> pause.scope() instanceof PauseScope.Everything)
                .findFirst()
                .orElse(null);
        Pause next = found == null
                ? Pause.first(new PauseScope.Everything(), Samples.NOW, "")
                : found.again(Samples.NOW, "");
        assertThat(pauses().replace(next)).isTrue();
        assertThat(stored(next.scope())).containsExactly(next);
        assertThat(pauses().replace(next.resumed(Samples.NOW))).isTrue();
    }

    @Test
    void a_pause_is_written_once() {
        Pause first = ofNewRun();
        assertThat(pauses().replace(first)).isTrue();
        assertThat(pauses().replace(Pause.first(first.scope(), Samples.NOW.plusSeconds(9), "later")))
                .isFalse();
        assertThat(stored(first.scope())).containsExactly(first);
    }

    @Test
    void a_change_replaces_the_version_that_was_read_and_no_other() {
        Pause paused = ofNewRun();
        Pause resumed = paused.resumed(Samples.NOW.plusSeconds(60));
        assertThat(pauses().replace(resumed)).isFalse();
        assertThat(stored(paused.scope())).isEmpty();
        pauses().replace(paused);
        assertThat(pauses().replace(resumed)).isTrue();
        assertThat(pauses().replace(resumed)).isFalse();
        assertThat(pauses().replace(resumed.again(Samples.NOW, "").again(Samples.NOW, "")))
                .isFalse();
        assertThat(stored(paused.scope())).containsExactly(resumed);
    }

    @Test
    void what_has_ended_can_be_paused_again() {
        Pause paused = ofNewRun();
        pauses().replace(paused);
        Pause resumed = paused.resumed(Samples.NOW.plusSeconds(60));
        pauses().replace(resumed);
        Pause again = resumed.again(Samples.NOW.plusSeconds(90), "once more");
        assertThat(pauses().replace(again)).isTrue();
        assertThat(stored(paused.scope())).containsExactly(again);
    }

    @Test
    void all_are_read_however_many_there_are() {
        List<Pause> many = IntStream.range(0, 20).mapToObj(_ -> ofNewRun()).toList();
        many.forEach(pause -> assertThat(pauses().replace(pause)).isTrue());
        assertThat(pauses().pauses()).containsAll(many);
    }
}
