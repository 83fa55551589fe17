package dev.stepstile.examples.flights;

/**
 * What the flights of one carrier from one airport did.
 *
 * @param flights scheduled
 * @param cancelled of those, the ones that have no departure time
 */
public record Group(String carrier, String origin, int flights, int cancelled, Delays departure, Delays arrival) {}
