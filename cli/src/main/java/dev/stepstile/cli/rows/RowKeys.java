package dev.stepstile.cli.rows;

import dev.stepstile.step.Sha256;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the rows. Where the rows have none, a key is derived from the row's content, so the same row has the same key
 * wherever it stands, and a changed row is another step; the same row once more gets a number.
 */
public final class RowKeys {
    /** Hexadecimal digits of the content's digest. Two rows that differ and share them would get a number, too. */
    private static final int DIGITS = 16;

    private final Map<String, Integer> rows = new HashMap<>();
    private final List<String> inOrder = new ArrayList<>();
    private final Map<String, Integer> repeats = new HashMap<>();

    /** Notes the key that the next row has; the earlier row that has it, or null. */
    @Nullable
    Integer named(String key) {
        Integer earlier = rows.putIfAbsent(key, inOrder.size() + 1);
        if (earlier == null) {
            inOrder.add(key);
        }
        return earlier;
    }

    /** The key of the next row. */
    String derived(String content) {
        String digest = Sha256.hex(content).substring(0, DIGITS);
        String key = digest;
        while (rows.containsKey(key)) {
            key = digest + "." + (repeats.merge(digest, 1, Integer::sum) + 1);
        }
        named(key);
        return key;
    }

    /** By row. */
    public List<String> all() {
        return Collections.unmodifiableList(inOrder);
    }

    /** The row of a key; the first is 1. */
    public @Nullable Integer row(String key) {
        return rows.get(key);
    }
}
