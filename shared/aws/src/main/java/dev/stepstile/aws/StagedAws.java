package dev.stepstile.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.http.AbortableInputStream;
import software.amazon.awssdk.http.ExecutableHttpRequest;
import software.amazon.awssdk.http.HttpExecuteRequest;
import software.amazon.awssdk.http.HttpExecuteResponse;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.SdkHttpFullResponse;

/**
 * Answers what the SDK's clients send, within this JVM: a table that gives back what was put, and a queue that gives back
 * what was sent. It is for a rehearsal before a snapshot, which must run all code and reach nothing. It evaluates no
 * condition but that an item that is updated must exist.
 */
final class StagedAws implements SdkHttpClient {
    private final Map<String, JsonNode> items = new ConcurrentHashMap<>();
    private final List<String> messages = new ArrayList<>();

    @Override
    public ExecutableHttpRequest prepareRequest(HttpExecuteRequest request) {
        return new ExecutableHttpRequest() {
            @Override
            public HttpExecuteResponse call() throws IOException {
                String target = request.httpRequest()
                        .firstMatchingHeader("X-Amz-Target")
                        .orElse("");
                String body = request.contentStreamProvider().isEmpty()
                        ? "{}"
                        : text(request.contentStreamProvider().get().newStream());
                return answer(target.substring(target.indexOf('.') + 1), Json.parse(body));
            }

            @Override
            public void abort() {}
        };
    }

    private static String text(InputStream content) throws IOException {
        try (content) {
            return new String(content.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private HttpExecuteResponse answer(String operation, JsonNode call) {
        return switch (operation) {
            case "PutItem" -> {
                items.put(key(call.path("Item")), call.path("Item"));
                yield response(200, Json.object());
            }
            case "GetItem" -> response(200, with("Item", items.get(key(call.path("Key")))));
            case "UpdateItem" ->
                items.containsKey(key(call.path("Key")))
                        ? response(200, with("Attributes", items.get(key(call.path("Key")))))
                        : response(
                                400,
                                Json.object()
                                        .put(
                                                "__type",
                                                "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException")
                                        .put("message", "The conditional request failed"));
            case "SendMessageBatch" -> {
                call.path("Entries")
                        .forEach(entry -> messages.add(entry.path("MessageBody").asText()));
                yield response(200, Json.object());
            }
            case "ReceiveMessage" -> response(200, received());
            default -> response(200, Json.object());
        };
    }

    private static String key(JsonNode item) {
        return item.path("pk") + " " + item.path("sk");
    }

    private static ObjectNode with(String name, @Nullable JsonNode value) {
        ObjectNode object = Json.object();
        if (value != null) {
            object.set(name, value);
        }
        return object;
    }

    private ObjectNode received() {
        ObjectNode answer = Json.object();
        ArrayNode received = answer.putArray("Messages");
        for (String body : messages) {
            ObjectNode message = received.addObject();
            message.put("MessageId", "rehearsal")
                    .put("ReceiptHandle", "rehearsal")
                    .put("Body", body)
                    .put("MD5OfBody", md5(body));
            message.putObject("Attributes").put("ApproximateReceiveCount", "1").put("SentTimestamp", "0");
        }
        messages.clear();
        return answer;
    }

    /** Which the SDK compares with its own. */
    private static String md5(String body) {
        try {
            byte[] digest = MessageDigest.getInstance("MD5").digest(body.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        }
    }

    private static HttpExecuteResponse response(int status, ObjectNode body) {
        byte[] bytes = Json.print(body).getBytes(StandardCharsets.UTF_8);
        return HttpExecuteResponse.builder()
                .response(SdkHttpFullResponse.builder()
                        .statusCode(status)
                        .putHeader("Content-Type", "application/x-amz-json-1.0")
                        .putHeader("Content-Length", Integer.toString(bytes.length))
                        .build())
                .responseBody(AbortableInputStream.create(new ByteArrayInputStream(bytes)))
                .build();
    }

    @Override
    public void close() {}
}
