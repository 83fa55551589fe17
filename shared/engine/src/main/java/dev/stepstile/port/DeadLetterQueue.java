package dev.stepstile.port;

import java.util.List;

/** The dead-letter queue: what could not be run, with its cause. A dead letter may be in it twice; none is missing. */
public interface DeadLetterQueue {

    /**
     * Sends a dead letter; durable when the call returns. Called twice, the dead letter is in the queue twice.
     *
     * @param group as of a message in the step queue ({@link StepQueue.Outgoing}), into which it may be moved back
     */
    void moveToDeadLetters(String group, String body);

    /**
     * Up to {@code max} dead letters, without deleting them; each message at most once in the answer. On SQS they are
     * invisible to others for a few seconds.
     */
    List<String> peek(int max);
}
