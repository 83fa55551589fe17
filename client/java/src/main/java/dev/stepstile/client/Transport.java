package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Calls one endpoint, from any thread. Every call of Stepstile may be made again with the same effect as once, so one that
 * was not answered, or was answered "not now", is made again after a pause (exponential, full jitter) for as long as the
 * client is to be patient.
 */
final class Transport implements AutoCloseable {
    static final Set<Integer> RETRIED_STATUSES = Set.of(429, 500, 502, 503, 504);
    static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
    static final Duration LONGEST_RETRY_AFTER = Duration.ofSeconds(60);

    private static final int MOST_DOUBLINGS = 10;
    private static final String PROBLEMS = "https://stepstile.dev/problems/";
    private static final Set<String> SENT_IN_ANY_CASE =
            Set.of("host", "content-length", "connection", "expect", "upgrade");

    private final ClientOptions options;
    private final String endpoint;
    private final Pacing pacing;
    private final InstantSource clock = InstantSource.system();
    private volatile @Nullable Duration clockAhead;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Transport(ClientOptions options, Pacing pacing) {
        this.options = options;
        this.endpoint = options.endpoint().toString().replaceFirst("/+$", "");
        this.pacing = pacing;
    }

    private record Answer(int status, String body, Optional<Duration> retryAfter) {}

    /** @param member that each answer of this call has; one without it is not Stepstile's */
    JsonNode get(String path, Map<String, String> query, String member) {
        return call("GET", target(path, query), null, Map.of(), answer -> having(answer, member));
    }

    /** @param member that each answer of this call has; one without it is not Stepstile's */
    JsonNode post(String path, @Nullable String body, String member) {
        return post(path, body, member, Map.of());
    }

    /**
     * @param member that each answer of this call has; one without it is not Stepstile's
     * @param unsigned headers that whatever passes the call on may change
     */
    JsonNode post(String path, @Nullable String body, String member, Map<String, String> unsigned) {
        return call("POST", path, body, unsigned, answer -> having(answer, member));
    }

    /** An answer as it came. */
    JsonValue getAsItIs(String path, Map<String, String> query) {
        return call("GET", target(path, query), null, Map.of(), Transport::asItIs);
    }

    /** An answer as it came. */
    JsonValue postAsItIs(String path, @Nullable String body) {
        return call("POST", path, body, Map.of(), Transport::asItIs);
    }

    private static Optional<JsonNode> having(String answer, String member) {
        return Json.answer(answer).filter(json -> json.has(member)).map(json -> json);
    }

    private static Optional<JsonValue> asItIs(String answer) {
        return Json.answer(answer).map(_ -> new JsonValue(answer));
    }

    private static String target(String path, Map<String, String> query) {
        String parameters = query.entrySet().stream()
                .map(parameter -> encoded(parameter.getKey()) + "=" + encoded(parameter.getValue()))
                .collect(Collectors.joining("&"));
        return path + (parameters.isEmpty() ? "" : "?" + parameters);
    }

    /** By how much the clock of whoever answered last was ahead of this machine's; empty if no answer said its time. */
    Optional<Duration> clockAhead() {
        return Optional.ofNullable(clockAhead);
    }

    private <T> T call(
            String method,
            String target,
            @Nullable String body,
            Map<String, String> unsigned,
            Function<String, Optional<T>> read) {
        URI uri = URI.create(endpoint + target);
        Instant until = pacing.now().plus(options.patience());
        for (int failures = 1; ; failures++) {
            String cause;
            Optional<Duration> told = Optional.empty();
            try {
                Answer answer = attempt(request(method, uri, body, unsigned));
                if (answer.status() < 400) {
                    return read.apply(answer.body())
                            .orElseThrow(() -> notStepstile(answer, "what it answered is not its JSON"));
                }
                // A signed call that was refused is signed again, once: its credentials may have expired.
                boolean signAgain = signs() && failures == 1 && (answer.status() == 401 || answer.status() == 403);
                if (!isRetried(answer) && !signAgain) {
                    throw error(answer);
                }
                told = answer.retryAfter();
                cause = "HTTP " + answer.status() + detail(answer);
            } catch (IOException e) {
                cause = e.toString();
            } catch (InterruptedException e) {
                throw interrupted(e);
            }
            Duration pause = told.orElse(jittered(failures));
            if (pacing.now().plus(pause).isAfter(until)) {
                throw unreachable(method + " " + uri.getPath(), failures, cause);
            }
            pause(pause);
        }
    }

    private UnreachableException unreachable(String call, int tries, String cause) {
        return new UnreachableException(String.format(
                Locale.ROOT,
                "Stepstile at %s did not answer %s in %d tries within %s s; the last one: %s. "
                        + "Is the stack up, and is this its endpoint?",
                endpoint,
                call,
                tries,
                options.patience().toMillis() / 1000.0,
                cause));
    }

    /** What is damaged stays so until someone repairs it. */
    private static boolean isRetried(Answer answer) {
        return RETRIED_STATUSES.contains(answer.status())
                && !problem(answer).path("type").asText().equals(PROBLEMS + "damaged-data");
    }

    /** Waits, unless the thread is interrupted. */
    void pause(Duration pause) {
        try {
            pacing.pause(pause);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    static CallInterruptedException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new CallInterruptedException("The thread was interrupted while it called Stepstile.", e);
    }

    static Duration longestPause(int failures) {
        Duration doubled = FIRST_PAUSE.multipliedBy(1L << Math.min(failures, MOST_DOUBLINGS));
        return doubled.compareTo(LONGEST_PAUSE) < 0 ? doubled : LONGEST_PAUSE;
    }

    private static Duration jittered(int failures) {
        return Duration.ofNanos(
                ThreadLocalRandom.current().nextLong(longestPause(failures).toNanos() + 1));
    }

    /** One try. The timeout is of all of it: the HTTP client's own ends with the head of the answer. */
    private Answer attempt(HttpRequest request) throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<String>> sent =
                http.sendAsync(request, HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8));
        try {
            HttpResponse<String> response = sent.get(options.timeout().toNanos(), TimeUnit.NANOSECONDS);
            noteTime(response);
            return new Answer(response.statusCode(), response.body(), retryAfter(response));
        } catch (TimeoutException e) {
            sent.cancel(true);
            throw new HttpTimeoutException(
                    "timed out after " + options.timeout().toMillis() / 1000.0 + " s");
        } catch (InterruptedException e) {
            sent.cancel(true);
            throw e;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failed) {
                throw failed;
            }
            throw new IllegalStateException("The HTTP client failed.", e.getCause());
        }
    }

    private void noteTime(HttpResponse<?> response) {
        response.headers().firstValue("date").ifPresent(date -> {
            try {
                Instant said = DateTimeFormatter.RFC_1123_DATE_TIME.parse(date, Instant::from);
                clockAhead = Duration.between(clock.instant(), said);
            } catch (DateTimeParseException _) {
                // A date that nobody can read says nothing.
            }
        });
    }

    private HttpRequest request(String method, URI uri, @Nullable String body, Map<String, String> unsigned) {
        Map<String, String> headers = body == null ? Map.of() : Map.of("content-type", "application/json");
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
        options.signer()
                .sign(new Signer.Request(method, uri, headers, body == null ? "" : body))
                .forEach((name, value) -> {
                    if (!SENT_IN_ANY_CASE.contains(name.toLowerCase(Locale.ROOT))) {
                        request.header(name, value);
                    }
                });
        unsigned.forEach(request::setHeader);
        return request.build();
    }

    private StepstileException error(Answer answer) {
        String type = problem(answer).path("type").asText();
        if (type.startsWith(PROBLEMS)) {
            return new RefusedException(
                    type.substring(PROBLEMS.length()),
                    problem(answer).path("detail").asText(),
                    answer.status());
        }
        if (answer.status() == 401 || answer.status() == 403) {
            String how = signs()
                    ? "The call was signed: the role or user that signed it needs execute-api:Invoke on this API, and the "
                            + "clock of this machine must be right."
                    : "The call was not signed: give the client a signer, such as SigV4Signer.standard(region).";
            return new UnauthorisedException("Stepstile at " + endpoint + " does not allow this caller (HTTP "
                    + answer.status() + detail(answer) + "). " + how);
        }
        if (answer.status() == 413) { // API Gateway's own, which has no type
            return new RefusedException(
                    "request-too-large", "The call is larger than API Gateway and Lambda allow.", answer.status());
        }
        return notStepstile(answer, "it answered HTTP " + answer.status() + detail(answer));
    }

    private RefusedException notStepstile(Answer answer, String why) {
        return new RefusedException("not-stepstile", "Is " + endpoint + " Stepstile? " + why, answer.status());
    }

    private boolean signs() {
        return !options.signer().equals(Signer.NONE);
    }

    private static JsonNode problem(Answer answer) {
        Optional<ObjectNode> problem = Json.answer(answer.body());
        return problem.isPresent() ? problem.get() : Json.object();
    }

    private static String detail(Answer answer) {
        JsonNode problem = problem(answer);
        for (String name : new String[] {"detail", "message", "Message"}) {
            if (problem.path(name).isTextual()) {
                return ", " + problem.path(name).textValue();
            }
        }
        return "";
    }

    /** What a Retry-After header says, if it says seconds. */
    private static Optional<Duration> retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("retry-after")
                .filter(seconds -> seconds.matches("[0-9]{1,9}"))
                .map(seconds -> Duration.ofSeconds(Math.min(LONGEST_RETRY_AFTER.toSeconds(), Long.parseLong(seconds))));
    }

    static String encoded(String text) {
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
