package dev.stepstile.functions.seeded.one;

import dev.stepstile.embedded.EmbeddedPorts;

/** Breaks the rule that the embedded database stays out of the functions. */
public record UsesTheDatabase(EmbeddedPorts ports) {}
