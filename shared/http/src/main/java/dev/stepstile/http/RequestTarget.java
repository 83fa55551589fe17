package dev.stepstile.http;

import dev.stepstile.codec.Json;
import dev.stepstile.http.Http.Problem;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The target of a call, taken apart: percent-encoded UTF-8, and nothing else. */
public final class RequestTarget {
    private RequestTarget() {}

    /**
     * The segments of a percent-encoded path; a plus in it is a plus.
     *
     * @throws Problem if it is not one
     */
    public static List<String> path(String encoded) {
        return segments(encoded).stream()
                .map(segment -> decoded(segment, false, "bad-path", "The path"))
                .toList();
    }

    /**
     * A percent-encoded path, decoded, as API Gateway hands it on: what that would take apart wrongly is refused.
     *
     * @throws Problem if it is not one, or a segment has a character that only an encoded path can carry
     */
    public static String decodedPath(String encoded) {
        List<String> segments = path(encoded);
        segments.forEach(RequestTarget::refuseWhatNoPathCarries);
        return "/" + String.join("/", segments);
    }

    /** API Gateway decodes a path before it takes it apart, and cuts it where that gives a question mark. */
    static void refuseWhatNoPathCarries(String segment) {
        if (segment.chars().anyMatch(character -> character == '/' || character == '?' || character == '%')) {
            throw Problem.badRequest(
                    "bad-path", "A step key with '/', '?' or '%' cannot be sent in a path; use GET …/step?key=…");
        }
    }

    /**
     * The segments of a path that is decoded already. One that is empty stays: the path of a run without its id must not
     * be that of another call.
     */
    public static List<String> segments(String path) {
        List<String> segments = Arrays.asList(path.split("/")); // without what is empty at the end
        return List.copyOf(
                segments.isEmpty()
                        ? segments
                        : segments.subList(segments.getFirst().isEmpty() ? 1 : 0, segments.size()));
    }

    /**
     * The parameters of a percent-encoded query, in which a plus is a space.
     *
     * @throws Problem if it is not one, or names a parameter twice
     */
    public static Map<String, String> query(String encoded) {
        Map<String, String> query = new TreeMap<>();
        for (String pair : encoded.split("&", -1)) {
            if (pair.isEmpty()) {
                continue;
            }
            int equals = pair.indexOf('=');
            String name = decoded(equals < 0 ? pair : pair.substring(0, equals), true, "bad-query", "The query");
            String value = equals < 0 ? "" : decoded(pair.substring(equals + 1), true, "bad-query", "The query");
            if (query.put(name, value) != null) {
                throw Problem.badRequest("bad-query", "The query has a parameter twice; send each parameter once.");
            }
        }
        return query;
    }

    private static String decoded(String encoded, boolean form, String problem, String what) {
        if (encoded.indexOf('%') < 0 && encoded.indexOf('+') < 0 && Utf8.holds(encoded)) {
            return encoded;
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        byte[] text = encoded.getBytes(StandardCharsets.UTF_8);
        try {
            for (int i = 0; i < text.length; i++) {
                if (text[i] == '%') {
                    bytes.write(HexFormat.fromHexDigits(encoded(text, i + 1)));
                    i += 2;
                } else {
                    bytes.write(form && text[i] == '+' ? ' ' : text[i]);
                }
            }
            if (Utf8.holds(encoded)) {
                return Utf8.text(bytes.toByteArray());
            }
        } catch (IllegalArgumentException | Json.BadJson e) {
            // answered below
        }
        throw Problem.badRequest(problem, what + " must be percent-encoded UTF-8.");
    }

    private static String encoded(byte[] text, int at) {
        if (at + 2 > text.length) {
            throw new IllegalArgumentException("cut off");
        }
        return new String(text, at, 2, StandardCharsets.ISO_8859_1);
    }
}
