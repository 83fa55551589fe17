package dev.stepstile.cli.ops;

import com.fasterxml.jackson.annotation.JsonInclude;

/**
 * What one check of the doctor found.
 *
 * @param check what was looked at
 * @param found as a sentence
 * @param todo what to do about it; empty if nothing is wrong
 */
record Finding(
        String check,
        Level level,
        String found,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) String todo) {
    enum Level {
        OK,
        /** Could not be looked at, which is no finding. */
        UNKNOWN,
        WRONG
    }

    static Finding ok(String check, String found) {
        return new Finding(check, Level.OK, found, "");
    }

    static Finding unknown(String check, String found, String todo) {
        return new Finding(check, Level.UNKNOWN, found, todo);
    }

    static Finding wrong(String check, String found, String todo) {
        return new Finding(check, Level.WRONG, found, todo);
    }
}
