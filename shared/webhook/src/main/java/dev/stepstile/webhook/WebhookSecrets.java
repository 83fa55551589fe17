package dev.stepstile.webhook;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The secrets that sign webhooks, by name. Each has one key, or several while one replaces another: a request then has a
 * signature by each.
 */
public final class WebhookSecrets {
    private static final String PREFIX = "whsec_";

    /** What the Standard Webhooks specification asks of a key. */
    private static final int LEAST_BYTES = 24;

    private static final int MOST_BYTES = 64;

    private final SortedMap<String, List<byte[]>> keys;

    private WebhookSecrets(SortedMap<String, List<byte[]>> keys) {
        this.keys = keys;
    }

    /** Where they are, such as a file or AWS Secrets Manager; a call may read them again. */
    public interface Source {
        /**
         * @throws dev.stepstile.port.PortException if they cannot be read now
         * @throws IllegalArgumentException if they are not what {@link #parse} reads
         */
        WebhookSecrets read();
    }

    /**
     * Reads a JSON object of texts: the name of each secret, and its key as {@code whsec_} and 24 to 64 bytes in Base64,
     * or several keys with a space between them.
     *
     * @throws IllegalArgumentException that says what is wrong, without any part of a key
     */
    public static WebhookSecrets parse(String json) {
        JsonNode node;
        try {
            node = Json.parse(json);
        } catch (Json.BadJson e) {
            throw new IllegalArgumentException("the webhook secrets are not JSON: " + e.getMessage());
        }
        if (!node.isObject()) {
            throw new IllegalArgumentException("the webhook secrets must be a JSON object of texts by name");
        }
        SortedMap<String, List<byte[]>> keys = new TreeMap<>();
        for (var secret : node.properties()) {
            String text = secret.getValue().textValue();
            keys.put(secret.getKey(), keys(secret.getKey(), text == null ? "" : text));
        }
        return new WebhookSecrets(keys);
    }

    private static List<byte[]> keys(String name, String text) {
        List<byte[]> keys = new ArrayList<>();
        for (String key : text.strip().split(" +", -1)) {
            byte[] bytes = key.startsWith(PREFIX) ? decoded(key.substring(PREFIX.length())) : new byte[0];
            if (bytes.length < LEAST_BYTES || bytes.length > MOST_BYTES) {
                throw new IllegalArgumentException("the webhook secret '" + name + "' must be " + PREFIX + " and "
                        + LEAST_BYTES + " to " + MOST_BYTES + " bytes in Base64, or several such with a space between");
            }
            keys.add(bytes);
        }
        return keys;
    }

    private static byte[] decoded(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException e) {
            return new byte[0]; // reported as any other that is wrong
        }
    }

    /** A new key, as {@link #parse} reads it. */
    public static String text(byte[] random) {
        return PREFIX + Base64.getEncoder().encodeToString(random);
    }

    SortedSet<String> names() {
        return new TreeSet<>(keys.keySet());
    }

    /** The keys of that name; none if there is no such secret. */
    List<byte[]> keys(String name) {
        return keys.getOrDefault(name, List.of());
    }
}
