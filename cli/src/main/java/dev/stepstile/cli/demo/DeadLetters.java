package dev.stepstile.cli.demo;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.local.LocalStack;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The dead letters of a stack. */
final class DeadLetters {
    private static final int POLLS = 50;
    private static final long POLL_MILLIS = 200;

    private DeadLetters() {}

    /** Reads them until there are this many: a step is seen DEAD a moment before its dead letter is in the queue. */
    static List<DeadLetterCodec.Summary> await(LocalStack stack, int expected) throws InterruptedException {
        Map<String, DeadLetterCodec.Summary> found = new LinkedHashMap<>();
        for (int poll = 0; poll < POLLS; poll++) {
            for (String body : stack.deadLetters(1000)) {
                DeadLetterCodec.Summary deadLetter = DeadLetterCodec.read(body);
                found.put(deadLetter.step() + "#" + deadLetter.attempt(), deadLetter);
            }
            if (found.size() >= expected) {
                break;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return new ArrayList<>(found.values());
    }
}
