package dev.stepstile.usecase;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;

/**
 * Puts what cannot run into the dead-letter queue: the record is DEAD, then the dead letter is sent, then the record is
 * marked. After a crash in between, the dead letter is sent again: it may be in the queue twice, and is never missing.
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

    /** Dead-letters a step whose record is DEAD. */
    public void moveToDeadLetters(StepSpec spec, StepRecord record, StepState.Dead dead) {
        deadLetters.moveToDeadLetters(spec.tenant(), DeadLetterCodec.dead(spec.as(record), record, dead));
        meter.add(Metric.DEAD_LETTERS_SENT);
        recorder.apply(record.id(), record, new StepEvent.DeadLettered(record.attempt()));
    }

    /** Dead-letters an unrecognised message unchanged. */
    public void deadLetterUnrecognised(String messageId, String reason, String body) {
        deadLetters.moveToDeadLetters(
                DeadLetterCodec.UNRECOGNISED_KIND, DeadLetterCodec.unrecognised(messageId, reason, body));
        meter.add(Metric.DEAD_LETTERS_SENT);
        meter.add(Metric.MESSAGES_UNRECOGNISED);
    }
}
