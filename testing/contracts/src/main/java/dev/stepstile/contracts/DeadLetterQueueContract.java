package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.StepQueue.Delivery;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every dead-letter queue keeps to. Each test has one of its own, empty. */
public abstract class DeadLetterQueueContract {
    private static final Duration HIDDEN = Duration.ofSeconds(5);

    protected abstract DeadLetterQueue deadLetters();

    /** Lets time pass: letters that were received are hidden for a few seconds. */
    protected abstract void after(Duration duration);

    private void send(String... bodies) {
        for (String body : bodies) {
            deadLetters().moveToDeadLetters("run-1", body);
        }
    }

    private Delivery one() {
        List<Delivery> received = deadLetters().receive(1, HIDDEN);
        assertThat(received).hasSize(1);
        return received.getFirst();
    }

    @Test
    void nothing_is_there_at_first() {
        assertThat(deadLetters().receive(10, HIDDEN)).isEmpty();
        assertThat(deadLetters().approximateCount()).isZero();
    }

    @Test
    void a_dead_letter_is_there_as_it_was_sent() {
        send("{\"größe\":\"漢字\"}");
        assertThat(one().body()).isEqualTo("{\"größe\":\"漢字\"}");
    }

    @Test
    void a_dead_letter_that_was_sent_twice_is_there_twice_by_two_ids() {
        send("a", "a", "b");
        List<Delivery> received = receiveAll();
        assertThat(received).extracting(Delivery::body).containsExactlyInAnyOrder("a", "a", "b");
        assertThat(received).extracting(Delivery::messageId).doesNotHaveDuplicates();
    }

    private List<Delivery> receiveAll() {
        List<Delivery> all = new ArrayList<>();
        List<Delivery> batch = deadLetters().receive(10, HIDDEN);
        while (!batch.isEmpty()) {
            assertThat(batch.size()).isLessThanOrEqualTo(10);
            all.addAll(batch);
            batch = deadLetters().receive(10, HIDDEN);
        }
        return all;
    }

    @Test
    void a_received_letter_is_hidden_for_as_long_as_was_asked_and_then_comes_by_another_receipt() {
        send("a");
        Delivery first = one();
        assertThat(first.receiveCount()).isEqualTo(1);
        assertThat(deadLetters().receive(10, HIDDEN)).isEmpty();
        after(Duration.ofSeconds(6));
        Delivery second = one();
        assertThat(second.messageId()).isEqualTo(first.messageId());
        assertThat(second.receipt()).isNotEqualTo(first.receipt());
        assertThat(second.receiveCount()).isEqualTo(2);
        assertThat(second.sentAt()).isEqualTo(first.sentAt());
    }

    @Test
    void a_released_letter_is_there_at_once() {
        send("a", "b");
        deadLetters().release(receiveAll().stream().map(Delivery::receipt).toList());
        assertThat(receiveAll()).extracting(Delivery::body).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void a_deleted_letter_does_not_come_back() {
        send("a", "b");
        Delivery gone = one();
        deadLetters().delete(List.of(gone.receipt()));
        after(Duration.ofSeconds(6));
        assertThat(receiveAll()).extracting(Delivery::messageId).hasSize(1).doesNotContain(gone.messageId());
    }

    @Test
    void nothing_is_deleted_or_released_by_an_empty_list_or_twice_or_by_what_is_no_receipt() {
        send("a");
        deadLetters().delete(List.of());
        deadLetters().release(List.of());
        deadLetters().delete(List.of("no-receipt"));
        deadLetters().release(List.of("no-receipt"));
        Delivery letter = one();
        deadLetters().delete(List.of(letter.receipt()));
        deadLetters().delete(List.of(letter.receipt()));
        deadLetters().release(List.of(letter.receipt()));
        assertThat(deadLetters().receive(10, HIDDEN)).isEmpty();
    }

    @Test
    void the_count_has_those_that_are_hidden_and_not_those_that_are_deleted() {
        send("a", "b", "c");
        Delivery hidden = one();
        assertThat(deadLetters().approximateCount()).isEqualTo(3);
        deadLetters().delete(List.of(hidden.receipt()));
        assertThat(deadLetters().approximateCount()).isEqualTo(2);
    }

    @Test
    void more_than_ten_are_deleted_by_one_call() {
        for (int i = 0; i < 25; i++) {
            send("letter " + i);
        }
        List<Delivery> all = receiveAll();
        assertThat(all).hasSize(25);
        deadLetters().release(all.subList(0, 12).stream().map(Delivery::receipt).toList());
        deadLetters().delete(all.subList(12, 25).stream().map(Delivery::receipt).toList());
        assertThat(deadLetters().approximateCount()).isEqualTo(12);
        assertThat(receiveAll()).hasSize(12);
    }

    @Test
    void looking_takes_nothing_out_and_hides_nothing() {
        for (int i = 0; i < 25; i++) {
            send("letter " + i);
        }
        assertThat(deadLetters().peek(100)).hasSize(25).doesNotHaveDuplicates();
        assertThat(deadLetters().peek(3)).hasSize(3);
        assertThat(deadLetters().peek(100)).hasSize(25);
    }
}
