package dev.stepstile.functions.seeded.two;

/** Somebody else's. */
public record Stranger() {}
