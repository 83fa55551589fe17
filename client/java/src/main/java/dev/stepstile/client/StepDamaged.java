package dev.stepstile.client;

/**
 * The step's record is damaged: nobody can tell whether the step has ended, and it is no longer waited for. Follow it again
 * by {@link Follower#add} once the record is repaired.
 *
 * @param attempt 0, as it is not known
 * @param damage what is wrong, and what to do
 */
public record StepDamaged(String key, int attempt, String damage) implements RunEvent {}
