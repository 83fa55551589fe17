package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.util.function.Function;
import java.util.function.Predicate;

/** Entries of an answer, for as long as it can be sent with them. */
final class EntryPage<T> implements Predicate<T> {
    /** For the entries of an answer, in bytes; the rest is for what surrounds them, above all the cursor of a feed. */
    static final long ROOM = Limits.ANSWER_BYTES - 100_000L;

    private final ArrayNode nodes = Json.array();
    private final Function<T, ObjectNode> view;
    private long room = ROOM;

    EntryPage(Function<T, ObjectNode> view) {
        this.view = view;
    }

    ArrayNode nodes() {
        return nodes;
    }

    @Override
    public boolean test(T entry) {
        ObjectNode node = view.apply(entry);
        room -= TransferSize.bytes(node) + 1;
        boolean fits = room >= 0;
        if (fits) {
            nodes.add(node);
        }
        return fits;
    }
}
