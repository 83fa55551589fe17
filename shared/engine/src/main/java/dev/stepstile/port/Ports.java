package dev.stepstile.port;

/**
 * All ports of one stack.
 *
 * @param items for small payloads, beside the records
 * @param objects for larger ones
 */
public record Ports(
        StepStore store, StepQueue queue, DeadLetterQueue deadLetters, PayloadStore items, PayloadStore objects) {}
