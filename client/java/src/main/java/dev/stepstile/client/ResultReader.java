package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/** Reads results of any size, in as many calls as it takes. */
record ResultReader(Transport transport) {
    /** @param path of the call, without the query */
    JsonValue read(String path, String key) {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        while (true) {
            Map<String, String> query = Map.of("key", key, "offset", String.valueOf(content.size()));
            JsonNode piece = transport.get(path, query, "content");
            byte[] bytes = decoded(key, piece.path("content").asText());
            content.writeBytes(bytes);
            if (content.size() >= piece.path("size").asLong() || bytes.length == 0) {
                if (!RequestWriter.sha256(content.toByteArray())
                        .equals(piece.path("sha256").asText())) {
                    throw new DamagedResultException(
                            "The result of step " + key + " did not arrive as it was stored: its digest differs.");
                }
                return JsonValue.parse(content.toString(StandardCharsets.UTF_8));
            }
        }
    }

    private static byte[] decoded(String key, String content) {
        try {
            return Base64.getDecoder().decode(content);
        } catch (IllegalArgumentException e) {
            throw new DamagedResultException("The result of step " + key + " did not arrive as base64.", e);
        }
    }
}
