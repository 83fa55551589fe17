package dev.stepstile.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/**
 * The description of the HTTP API as OpenAPI 3.1, for programs that make clients or tests of it. Its one source is
 * {@code openapi.json} beside this class.
 */
public final class OpenApi {
    /** The server of one machine, in the document. */
    private static final String ONE_MACHINE = "http://127.0.0.1:8787";

    private OpenApi() {}

    /** The document, JSON. */
    public static String document() {
        try (InputStream in = OpenApi.class.getResourceAsStream("openapi.json")) {
            if (in == null) {
                throw new IllegalStateException("openapi.json is missing beside " + OpenApi.class.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The document as a server on one machine hands it out, with its own address as the first server. */
    public static String document(URI endpoint) {
        return document().replace(ONE_MACHINE, endpoint.toString());
    }
}
