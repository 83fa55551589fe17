package dev.stepstile.model;

import java.time.Instant;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an actor waits for: the one place at which others may come in between.
 *
 * @param what for the trace
 * @param mayFail whether the call can also fail, or lose its response
 * @param choices what may come of it
 */
record Asked(String what, boolean mayFail, List<Choice> choices) {

    /** One thing that may come of it: the table after it, and what the actor is told. */
    record Choice(String name, BiFunction<Table, Instant, Result> effect) {}

    /** @param wrong what the call itself shows to be wrong */
    record Result(
            Table table, @Nullable Object told, @Nullable String wrong) {
        Result(Table table, @Nullable Object told) {
            this(table, told, null);
        }
    }

    static Asked call(String what, BiFunction<Table, Instant, Result> effect) {
        return new Asked(what, true, List.of(new Choice("", effect)));
    }

    /** Thrown to stop an actor where its next answer is not known yet. */
    static final class Unanswered extends Error {
        final transient Asked asked;

        Unanswered(Asked asked) {
            super("unanswered", null, false, false);
            this.asked = asked;
        }
    }

    /** Told instead of an answer: the call failed, as far as the actor knows. */
    enum Failure {
        FAILED
    }
}
