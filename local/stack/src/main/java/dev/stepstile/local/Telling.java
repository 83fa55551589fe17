package dev.stepstile.local;

import dev.stepstile.usecase.Meter;
import dev.stepstile.usecase.Traces;

/** Where the functions of a stack tell what happens. */
record Telling(Meter meter, Traces traces) {}
