package dev.stepstile.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/** A result that does not fit into the answer of the step call: read in pieces. */
final class LargeResult {
    private LargeResult() {}

    /** @param step the query that names the step */
    static String read(EngineUnderTest engine, String step) throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int size = 1;
        while (bytes.size() < size) {
            JsonNode piece = engine.body("GET", StepRun.RUN + "/step/result", step + "&offset=" + bytes.size(), null);
            if (piece == null) {
                throw new IllegalStateException("a success keeps its result");
            }
            size = piece.path("size").intValue();
            bytes.writeBytes(Base64.getDecoder().decode(piece.path("content").asText()));
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
