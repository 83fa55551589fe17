package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.DeadLetterQueue;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What every dead-letter queue keeps to. Each test has one of its own, empty. */
public abstract class DeadLetterQueueContract {
    protected abstract DeadLetterQueue deadLetters();

    /** Lets time pass: letters that were looked at may be hidden for a few seconds. */
    protected void after(Duration duration) {}

    @Test
    void nothing_is_there_at_first() {
        assertThat(deadLetters().peek(10)).isEmpty();
    }

    @Test
    void a_dead_letter_is_there_as_it_was_sent() {
        deadLetters().moveToDeadLetters("run-1", "{\"größe\":\"漢字\"}");
        assertThat(deadLetters().peek(10)).containsExactly("{\"größe\":\"漢字\"}");
    }

    @Test
    void a_dead_letter_that_was_sent_twice_is_there_twice() {
        deadLetters().moveToDeadLetters("run-1", "a");
        deadLetters().moveToDeadLetters("run-1", "a");
        deadLetters().moveToDeadLetters("run-1", "b");
        assertThat(deadLetters().peek(10)).containsExactlyInAnyOrder("a", "a", "b");
    }

    @Test
    void looking_takes_nothing_out() {
        deadLetters().moveToDeadLetters("run-1", "a");
        assertThat(deadLetters().peek(10)).hasSize(1);
        after(Duration.ofSeconds(6));
        assertThat(deadLetters().peek(10)).hasSize(1);
    }

    @Test
    void more_than_ten_are_seen_and_no_more_than_asked() {
        for (int i = 0; i < 25; i++) {
            deadLetters().moveToDeadLetters("run-1", "letter " + i);
        }
        assertThat(deadLetters().peek(100)).hasSize(25).doesNotHaveDuplicates();
        after(Duration.ofSeconds(6));
        assertThat(deadLetters().peek(3)).hasSize(3);
    }
}
