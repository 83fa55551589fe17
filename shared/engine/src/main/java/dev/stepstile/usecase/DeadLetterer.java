package dev.stepstile.usecase;

import dev.stepstile.codec.MessageCodec;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;

/**
 * Puts what cannot run into the dead-letter queue: the record is DEAD, then the letter is sent, then the record says so.
 * A crash in between buries again; a letter may be there twice, and is never missing.
 */
public final class DeadLetterer {
    private final DeadLetterQueue deadLetters;
    private final StepRecorder recorder;
    private final Meter meter;

    public DeadLetterer(DeadLetterQueue deadLetters, StepRecorder recorder, Meter meter) {
        this.deadLetters = deadLetters;
        this.recorder = recorder;
        this.meter = meter;
    }

    /** Sends the dead letter of a record that is DEAD, and marks the record. */
    public void moveToDeadLetters(StepSpec spec, StepRecord record, StepState.Dead dead) {
        deadLetters.moveToDeadLetters(MessageCodec.dead(spec.as(record), record, dead));
        meter.add(Metric.DEAD_LETTERS_SENT);
        recorder.apply(record.id(), record, new StepEvent.DeadLettered(record.attempt()));
    }

    /** Dead-letters a message that is not recognised. */
    public void deadLetterUnrecognised(String messageId, String reason, String body) {
        deadLetters.moveToDeadLetters(MessageCodec.unrecognised(messageId, reason, body));
        meter.add(Metric.DEAD_LETTERS_SENT);
        meter.add(Metric.MESSAGES_UNRECOGNISED);
    }
}
