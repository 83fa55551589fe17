package dev.stepstile.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What every queue keeps to. Each test has a queue of its own, empty, that hides messages for {@link #VISIBILITY}. */
public abstract class StepQueueContract {
    /** Longer than a busy machine takes to send some messages and receive them. */
    public static final Duration VISIBILITY = Duration.ofSeconds(5);

    private static final Duration SOON = Duration.ofMillis(500);

    protected abstract StepQueue queue();

    /** Lets time pass, for the queue. */
    protected abstract void after(Duration duration);

    private static Outgoing message(String body) {
        return new Outgoing("run-1", body, Duration.ZERO);
    }

    private List<Delivery> all() {
        List<Delivery> deliveries = new ArrayList<>();
        List<Delivery> batch = queue().receive(10, SOON);
        while (!batch.isEmpty()) {
            deliveries.addAll(batch);
            batch = queue().receive(10, SOON);
        }
        return deliveries;
    }

    private Delivery one() {
        List<Delivery> batch = queue().receive(10, SOON);
        assertThat(batch).hasSize(1);
        return batch.getFirst();
    }

    @Test
    void an_empty_queue_gives_nothing() {
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue().anyVisible()).isFalse();
    }

    @Test
    void what_is_sent_is_received_each_message_once_and_ten_at_most() {
        List<Outgoing> messages = new ArrayList<>();
        for (int i = 0; i < 23; i++) {
            messages.add(message("m" + i));
        }
        assertThat(queue().send(messages)).isEmpty();
        assertThat(queue().anyVisible()).isTrue();
        List<Delivery> deliveries = all();
        assertThat(deliveries)
                .extracting(Delivery::body)
                .containsExactlyInAnyOrderElementsOf(
                        messages.stream().map(Outgoing::body).toList());
        assertThat(deliveries).extracting(Delivery::messageId).doesNotHaveDuplicates();
        assertThat(deliveries)
                .allSatisfy(delivery -> assertThat(delivery.receiveCount()).isEqualTo(1));
    }

    @Test
    void no_more_than_asked_is_received() {
        queue().send(List.of(message("a"), message("b")));
        assertThat(queue().receive(1, SOON)).hasSize(1);
    }

    @Test
    void a_message_of_any_group_that_a_tenant_can_name_is_received() {
        String longest = "azAZ09._:~@+=-".repeat(10).substring(0, 128);
        queue().send(List.of(
                message("a"), new Outgoing("acme", "b", Duration.ZERO), new Outgoing(longest, "c", Duration.ZERO)));
        assertThat(all()).extracting(Delivery::body).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void a_body_comes_out_as_it_went_in() {
        String body = "{\"größe\":\"漢字 \\u0000 \\n\",\"long\":\"" + "x".repeat(60_000) + "\"}";
        queue().send(List.of(message(body)));
        assertThat(one().body()).isEqualTo(body);
    }

    @Test
    void a_message_in_flight_is_invisible_until_its_timeout_and_then_comes_with_another_receipt() {
        queue().send(List.of(message("a")));
        Delivery first = one();
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue().anyVisible()).as("in flight does not count").isFalse();
        after(VISIBILITY.plusMillis(200));
        Delivery second = one();
        assertThat(second.messageId()).isEqualTo(first.messageId());
        assertThat(second.receipt()).isNotEqualTo(first.receipt());
        assertThat(second.receiveCount()).isEqualTo(2);
    }

    @Test
    void what_is_deleted_does_not_come_again() {
        queue().send(List.of(message("a"), message("b"), message("c")));
        List<Delivery> deliveries = all();
        queue().delete(deliveries.stream().map(Delivery::receipt).toList());
        after(VISIBILITY.plusMillis(200));
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    void deleting_nothing_or_twice_or_by_what_is_no_receipt_is_no_error() {
        queue().send(List.of(message("a")));
        Delivery delivery = one();
        queue().delete(List.of());
        queue().delete(List.of(delivery.receipt()));
        queue().delete(List.of(delivery.receipt()));
        queue().delete(List.of("no-receipt"));
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    void more_than_ten_are_deleted_in_one_call() {
        List<Outgoing> messages = new ArrayList<>();
        for (int i = 0; i < 25; i++) {
            messages.add(message("m" + i));
        }
        queue().send(messages);
        queue().delete(all().stream().map(Delivery::receipt).toList());
        after(VISIBILITY.plusMillis(200));
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    void visibility_can_be_ended_at_once_or_prolonged() {
        queue().send(List.of(message("a")));
        queue().changeVisibility(one().receipt(), Duration.ZERO);
        Delivery again = one();
        assertThat(again.receiveCount()).isEqualTo(2);
        queue().changeVisibility(again.receipt(), VISIBILITY.multipliedBy(2));
        after(VISIBILITY.plusMillis(200));
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
        after(VISIBILITY);
        assertThat(one().body()).isEqualTo("a");
    }

    @Test
    void changing_the_visibility_by_what_is_no_receipt_is_no_error() {
        queue().changeVisibility("no-receipt", Duration.ofSeconds(1));
        queue().send(List.of(message("a")));
        Delivery delivery = one();
        queue().delete(List.of(delivery.receipt()));
        queue().changeVisibility(delivery.receipt(), Duration.ZERO);
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
    }

    @Test
    void a_delayed_message_is_not_visible_before_its_time() {
        queue().send(List.of(new Outgoing("run-1", "later", Duration.ofSeconds(1))));
        assertThat(queue().receive(10, Duration.ZERO)).isEmpty();
        assertThat(queue().anyVisible()).isFalse();
        after(Duration.ofMillis(1300));
        assertThat(one().body()).isEqualTo("later");
    }
}
