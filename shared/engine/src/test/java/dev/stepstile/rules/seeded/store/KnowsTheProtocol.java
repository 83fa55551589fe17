package dev.stepstile.rules.seeded.store;

import dev.stepstile.usecase.Timing;

/** A port that knows of the use cases. */
interface KnowsTheProtocol {
    Timing timing();
}
