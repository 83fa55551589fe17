package dev.stepstile.rules.seeded;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;

/** Keeps and hands out collections without an order. Never run. */
@SuppressWarnings("NonApiType") // that is the point
public class Unordered {
    final HashMap<String, JsonNode> kept = new HashMap<>();

    HashSet<String> handedOut() {
        return new HashSet<>(kept.keySet());
    }
}
