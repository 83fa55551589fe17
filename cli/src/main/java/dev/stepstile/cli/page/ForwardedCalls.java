package dev.stepstile.cli.page;

import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.Signer;
import dev.stepstile.client.UnauthorisedException;
import dev.stepstile.http.Http;
import dev.stepstile.http.RequestTarget;
import dev.stepstile.local.http.ApiCalls;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Passes calls on to an API, each once, signed anew: nothing of a request but its method, path, query and body goes on,
 * and of the answer nothing but status, type, body and {@code Retry-After} comes back.
 */
final class ForwardedCalls implements ApiCalls, AutoCloseable {
    private static final Set<String> SENT_IN_ANY_CASE =
            Set.of("host", "content-length", "connection", "expect", "upgrade");
    private static final Duration CONNECT_WITHIN = Duration.ofSeconds(5);

    private final ClientOptions options;
    private final String endpoint;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_WITHIN)
            .build(); // follows no redirect

    ForwardedCalls(ClientOptions options) {
        this.options = options;
        this.endpoint = options.endpoint().toString().replaceFirst("/+$", "");
    }

    @Override
    public Http.Answer answer(
            String method, String path, @Nullable String query, Map<String, String> given, byte[] sent) {
        URI uri = target(method, path, query);
        String body = new String(sent, StandardCharsets.UTF_8);
        try {
            HttpResponse<String> answer =
                    http.send(request(method, uri, body), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
            SortedMap<String, String> headers = new TreeMap<>();
            answer.headers().firstValue("retry-after").ifPresent(value -> headers.put("retry-after", value));
            String type = answer.headers().firstValue("content-type").orElse("application/json");
            return new Http.Answer(answer.statusCode(), type, answer.body(), headers);
        } catch (UnauthorisedException e) { // there are no credentials
            throw unreachable(String.valueOf(e.getMessage()));
        } catch (IOException e) {
            throw unreachable(endpoint + " does not answer (" + e + "). Is it the endpoint, and is the network up?");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw unreachable("The console is being stopped.");
        }
    }

    private static Http.Problem unreachable(String detail) {
        return new Http.Problem(502, "unreachable", detail);
    }

    /** Taken apart and put together, so that it is what is signed, and leads to no other path of the host. */
    private URI target(String method, String sentPath, @Nullable String sentQuery) {
        List<String> path = RequestTarget.path(sentPath);
        if (!sentPath.startsWith("/v1/") || path.contains(".") || path.contains("..")) {
            throw new Http.Problem(404, "no-such-call", "The console passes on calls of /v1 alone.");
        }
        if (!method.equals("GET") && !method.equals("POST")) {
            throw Http.Problem.otherMethod("GET");
        }
        String encodedPath = path.stream().map(ForwardedCalls::encoded).collect(Collectors.joining("/", "/", ""));
        Map<String, String> query = RequestTarget.query(sentQuery == null ? "" : sentQuery);
        String encodedQuery = query.entrySet().stream()
                .map(parameter -> encoded(parameter.getKey()) + "=" + encoded(parameter.getValue()))
                .collect(Collectors.joining("&"));
        return URI.create(endpoint + encodedPath + (encodedQuery.isEmpty() ? "" : "?" + encodedQuery));
    }

    private HttpRequest request(String method, URI uri, String body) {
        Map<String, String> headers = body.isEmpty() ? Map.of() : Map.of("content-type", "application/json");
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .timeout(options.timeout())
                .method(
                        method,
                        body.isEmpty()
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
        options.signer().sign(new Signer.Request(method, uri, headers, body)).forEach((name, value) -> {
            if (!SENT_IN_ANY_CASE.contains(name.toLowerCase(Locale.ROOT))) {
                request.header(name, value);
            }
        });
        return request.build();
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8)
                .replace("+", "%20")
                .replace("*", "%2A")
                .replace("%7E", "~");
    }

    @Override
    public void close() {
        http.close();
    }
}
