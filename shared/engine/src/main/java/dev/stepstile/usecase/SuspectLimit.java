package dev.stepstile.usecase;

/** How many suspects run at a time, among all workers that share it; see {@link SuspectLimiter}. */
public interface SuspectLimit {
    /** Takes a turn, to be given back; false if as many suspects as may are running. */
    boolean take();

    void giveBack();
}
