package dev.stepstile.functions.seeded.one;

import org.slf4j.MDC;

/** Breaks the rule that the log context is passed. */
public final class PutsLogContext {
    private PutsLogContext() {}

    static void attempt(int attempt) {
        MDC.put("attempt", Integer.toString(attempt));
    }
}
