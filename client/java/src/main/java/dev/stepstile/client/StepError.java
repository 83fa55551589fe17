package dev.stepstile.client;

/**
 * Why a step is FAILED or DEAD.
 *
 * @param kind one of the error kinds that the wire contract lists, as {@code TIMEOUT}; there may be new ones
 * @param message for people
 */
public record StepError(String kind, String message) {}
