package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Calls and answers of the HTTP API, whatever carries them. */
public final class Http {
    private Http() {}

    /**
     * A call. The path is decoded already.
     *
     * @param path its segments, as {@code ["v1", "runs", "r1", "feed"]}
     * @param headers by lower-case name
     */
    public record Call(
            String method,
            List<String> path,
            Map<String, String> query,
            Map<String, String> headers,
            @Nullable String body) {

        /** Without headers. */
        public Call(String method, List<String> path, Map<String, String> query, @Nullable String body) {
            this(method, path, query, Map.of(), body);
        }

        /** @throws Problem if there is a parameter that is none of these */
        void takes(String... parameters) {
            List<String> known = Arrays.stream(parameters).sorted().toList();
            for (String name : query.keySet()) {
                if (!known.contains(name)) {
                    throw Problem.badRequest(
                            "unknown-parameter",
                            "Unknown parameter '" + SentText.shown(name, 100) + "'; this call takes "
                                    + (known.isEmpty() ? "none" : String.join(", ", known)) + ".");
                }
            }
        }

        /** A parameter that is {@code true} or {@code false}, which it is if it is not there. */
        boolean flag(String name) {
            return switch (query.getOrDefault(name, "false")) {
                case "true" -> true;
                case "false" -> false;
                default -> throw Problem.badRequest("bad-flag", "'" + name + "' must be true or false.");
            };
        }
    }

    /**
     * An answer; {@code body} is JSON.
     *
     * @param headers by lower-case name, beside the content type
     */
    public record Answer(int status, String contentType, String body, SortedMap<String, String> headers) {
        public Answer(int status, String contentType, String body) {
            this(status, contentType, body, Collections.emptySortedMap());
        }

        static Answer json(int status, ObjectNode body) {
            return new Answer(status, "application/json", Json.print(body));
        }
    }

    /** What went wrong, as RFC 9457 has it: a stable type, and a detail that explains what to do. */
    public static final class Problem extends RuntimeException {
        private final int status;
        private final String type;
        private final String detail;
        private final SortedMap<String, String> headers;

        public Problem(int status, String type, String detail) {
            this(status, type, detail, Collections.emptySortedMap());
        }

        private Problem(int status, String type, String detail, SortedMap<String, String> headers) {
            super(detail);
            this.status = status;
            this.type = type;
            this.detail = detail;
            this.headers = headers;
        }

        /** The same, with a header. */
        public Problem with(String name, String value) {
            return new Problem(status, type, detail, new TreeMap<>(Map.of(name, value)));
        }

        public static Problem badRequest(String type, String detail) {
            return new Problem(400, type, detail);
        }

        /** @param method the one that the path takes */
        public static Problem otherMethod(String method) {
            return new Problem(405, "method-not-allowed", "Method not allowed; use " + method + ".")
                    .with("allow", method);
        }

        public static Problem noRun(String runId) {
            return new Problem(
                    404,
                    "run-not-found",
                    "No such run: nothing was dispatched to '" + runId + "', or it was deleted by age.");
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
                    .put("detail", detail);
            return new Answer(status, "application/problem+json", Json.print(body), headers);
        }
    }
}
