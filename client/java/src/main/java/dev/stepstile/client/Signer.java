package dev.stepstile.client;

import java.net.URI;
import java.util.Map;

/**
 * Signs calls to an API that asks who calls, as the deployed stack's does (IAM, SigV4). {@link SigV4Signer} is one for AWS;
 * the stack on one machine needs none.
 */
@FunctionalInterface
public interface Signer {
    /** Sends calls as they are. */
    Signer NONE = Request::headers;

    /**
     * A call as it will be sent.
     *
     * @param method {@code GET} or {@code POST}
     * @param uri the whole address, percent-encoded
     * @param headers to be sent, by name
     * @param body to be sent in UTF-8; empty for none
     */
    record Request(String method, URI uri, Map<String, String> headers, String body) {
        /** Keeps a copy of the headers. */
        public Request {
            headers = Map.copyOf(headers);
        }
    }

    /**
     * The headers to send in place of the request's. Called for each try of a call, from any thread, so that credentials
     * that ran out are renewed. {@code Host} and {@code Content-Length} may be among them; they are sent in any case.
     */
    Map<String, String> sign(Request request);
}
