package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.function.Function;

/**
 * A column of a list.
 *
 * @param title in capitals in a table, as it is in CSV
 * @param cut what is left out of a value that does not fit on a terminal
 * @param shown in a table; empty if an entry has none
 * @param exact in CSV: as the API has it
 */
record Column(String title, Cut cut, Function<JsonNode, String> shown, Function<JsonNode, String> exact) {
    enum Cut {
        /** Short values, which are cut only where nothing else is left. */
        LAST,
        /** Keys and ids. */
        MIDDLE,
        /** Sentences. */
        END,
        /** Sentences that are what is asked for: on a terminal, whole, below the line. */
        BELOW
    }

    static Column whole(String title, String member) {
        return new Column(title, Cut.LAST, member(member), member(member));
    }

    static Column derived(String title, Function<JsonNode, String> value) {
        return new Column(title, Cut.LAST, value, value);
    }

    /** For people another text than for programs. */
    static Column told(String title, Function<JsonNode, String> shown, Function<JsonNode, String> exact) {
        return new Column(title, Cut.LAST, shown, exact);
    }

    static Column key(String title, String member) {
        return new Column(title, Cut.MIDDLE, member(member), member(member));
    }

    static Column sentence(String title, Function<JsonNode, String> value) {
        return new Column(title, Cut.END, value, value);
    }

    static Column below(String title, Function<JsonNode, String> value) {
        return new Column(title, Cut.BELOW, value, value);
    }

    /** At the head of a table. */
    String heading() {
        return title.equals("attempt") ? "#" : title.toUpperCase(Locale.ROOT);
    }

    /** The text of a member; of a number, its digits. */
    static Function<JsonNode, String> member(String name) {
        return entry -> entry.path(name).asText("");
    }
}
