package dev.stepstile.client;

/**
 * Why a step is FAILED or DEAD.
 *
 * @param cause one of the causes that the wire contract lists, as {@code TIMEOUT}; there may be new ones
 * @param message for people
 */
public record StepError(String cause, String message) {}
