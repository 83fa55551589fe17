package dev.stepstile.local.http;

import dev.stepstile.http.Http;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What answers the calls that a server on loopback lets in: the functions of this machine, or an API elsewhere. */
@FunctionalInterface
public interface ApiCalls {
    /**
     * Answers a call as it was sent.
     *
     * @param path percent-encoded, from its first slash on
     * @param query percent-encoded; null if there is none
     * @param headers by lower-case name
     * @param body empty if there is none
     * @throws Http.Problem as the answer
     */
    Http.Answer answer(String method, String path, @Nullable String query, Map<String, String> headers, byte[] body);
}
