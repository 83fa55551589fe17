package dev.stepstile.functions.seeded.one;

import dev.stepstile.functions.seeded.two.Stranger;

/** Breaks the rule that functions do not know each other. */
public record ReachesOver(Stranger stranger) {}
