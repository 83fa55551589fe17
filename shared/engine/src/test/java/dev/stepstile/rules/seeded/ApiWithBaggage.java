package dev.stepstile.rules.seeded;

import org.slf4j.Logger;

/** An interface that makes its users carry a library. */
public interface ApiWithBaggage {
    Logger log();
}
