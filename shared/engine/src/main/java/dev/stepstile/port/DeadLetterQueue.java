package dev.stepstile.port;

import java.util.List;

/** The dead-letter queue: what could not be run, with its cause. A letter may be there twice; none is missing. */
public interface DeadLetterQueue {

    /** Puts a letter; durable when the call returns. Called twice, it is there twice. */
    void moveToDeadLetters(String body);

    /**
     * Up to {@code max} letters, without taking them out; each message at most once in the answer. On SQS they are
     * invisible to others for a few seconds.
     */
    List<String> peek(int max);
}
