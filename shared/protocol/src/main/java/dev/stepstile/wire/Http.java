package dev.stepstile.wire;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Calls and answers of the HTTP API, whatever carries them. */
public final class Http {
    private Http() {}

    /**
     * A call. The path is decoded already.
     *
     * @param path its segments, as {@code ["v1", "runs", "r1", "feed"]}
     */
    public record Call(
            String method,
            List<String> path,
            Map<String, String> query,
            @Nullable String body) {}

    /** An answer; {@code body} is JSON. */
    public record Answer(int status, String contentType, String body) {
        static Answer json(int status, ObjectNode body) {
            return new Answer(status, "application/json", Json.print(body));
        }
    }

    /** What went wrong, as RFC 9457 has it: a stable type, and a detail that says what to do. */
    public static final class Problem extends RuntimeException {
        private final int status;
        private final String type;

        public Problem(int status, String type, String detail) {
            super(detail);
            this.status = status;
            this.type = type;
        }

        public static Problem badRequest(String type, String detail) {
            return new Problem(400, type, detail);
        }

        public static Problem noRun(String runId) {
            return new Problem(
                    404,
                    "run-not-found",
                    "No run is named '" + runId + "': nothing was dispatched to it, or it was deleted by age.");
        }

        public int status() {
            return status;
        }

        /** Its stable name: for a log, which must not repeat what was sent. */
        public String type() {
            return type;
        }

        public Answer answer() {
            ObjectNode body = Json.object()
                    .put("type", "https://stepstile.dev/problems/" + type)
                    .put("title", type.replace('-', ' '))
                    .put("status", status)
                    .put("detail", getMessage());
            return new Answer(status, "application/problem+json", Json.print(body));
        }
    }
}
