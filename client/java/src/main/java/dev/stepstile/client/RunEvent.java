package dev.stepstile.client;

/** What a {@link Follower} reports. */
public sealed interface RunEvent permits LogPage, StepDamaged, StepEnded {
    /** Of which step. */
    String key();

    /** Of which attempt; 1 for the first. */
    int attempt();
}
