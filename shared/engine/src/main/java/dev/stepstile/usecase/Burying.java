package dev.stepstile.usecase;

import dev.stepstile.codec.StepMessages;
import dev.stepstile.port.DeadLetters;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;

/**
 * Puts what cannot run into the dead-letter queue: the record is DEAD, then the letter is sent, then the record says so.
 * A crash in between buries again; a letter may be there twice, and is never missing.
 */
public final class Burying {
    private final DeadLetters letters;
    private final Recorder recorder;
    private final Meter meter;

    public Burying(DeadLetters letters, Recorder recorder, Meter meter) {
        this.letters = letters;
        this.recorder = recorder;
        this.meter = meter;
    }

    /** Buries a record that is DEAD. */
    public void bury(StepSpec spec, StepRecord record, StepState.Dead dead) {
        letters.bury(StepMessages.dead(spec.as(record), record, dead));
        meter.add(Count.LETTERS_BURIED);
        recorder.apply(record.id(), record, new StepEvent.Buried(record.attempt()));
    }

    /** Buries a message that is not ours. */
    public void buryUndecodable(String messageId, String reason, String body) {
        letters.bury(StepMessages.undecodable(messageId, reason, body));
        meter.add(Count.LETTERS_BURIED);
        meter.add(Count.MESSAGES_UNDECODABLE);
    }
}
