package dev.stepstile.rules.seeded.step;

import dev.stepstile.port.PortException;

/** A model that knows of ports. */
interface KnowsTheStore {
    PortException thrown();
}
