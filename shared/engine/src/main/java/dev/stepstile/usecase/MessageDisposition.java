package dev.stepstile.usecase;

import java.time.Duration;

/** What happens to a message once its step was dealt with. */
public sealed interface MessageDisposition {

    /** The step's new state is durable, or another message drives the step: the message is deleted. */
    record Ack() implements MessageDisposition {}

    /** The message stays in the queue, and becomes visible after {@code delay}. */
    record RetryIn(Duration delay) implements MessageDisposition {}

    /** The message stays in the queue, and becomes visible after a backoff that grows with its receives: see {@link MessageReleaser}. */
    record Retry() implements MessageDisposition {}

    /** The step lost a worker before: it runs alone, after the others of its batch and when a turn is free. */
    record RunAlone() implements MessageDisposition {}

    /**
     * Another attempt runs the step; if its worker is lost, others know after {@code retryIn}. A message that was
     * received once is a duplicate, and is deleted. A message that was received before may be the only one of its step,
     * and that attempt can no longer make it visible, as its receipt is stale: it stays in the queue.
     */
    record Held(Duration retryIn) implements MessageDisposition {}
}
