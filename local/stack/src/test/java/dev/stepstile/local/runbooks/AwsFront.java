package dev.stepstile.local.runbooks;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.stepstile.codec.Json;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The calls of the AWS CLI that emulators do not know, answered for one stack: those of Lambda act on it; CloudFormation
 * tells its names; of DynamoDB, restores are done from copies, and all else goes on to DynamoDB Local.
 */
final class AwsFront implements AutoCloseable {
    private static final String MAPPING = "14e0db71-5d35-4eb5-b481-8945cf9d10c2";
    private static final Pattern MAPPINGS = Pattern.compile("/2015-03-31/event-source-mappings/?([^/]*)");
    private static final Pattern FUNCTION = Pattern.compile("/\\d{4}-\\d\\d-\\d\\d/functions/([^/]+)/(.+)");

    private final RunbookStack stack;
    private final TableCopies copies;
    private final Map<String, String> outputs;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    /** @param outputs of the stack, by name */
    AwsFront(RunbookStack stack, TableCopies copies, Map<String, String> outputs) throws IOException {
        this.stack = stack;
        this.copies = copies;
        this.outputs = new TreeMap<>(outputs);
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 16);
        server.createContext("/", this::handle);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    URI endpoint() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
            try {
                if (target != null) {
                    dynamoDb(exchange, target.substring(target.indexOf('.') + 1), body);
                } else if (exchange.getRequestURI().getPath().equals("/")) {
                    cloudFormation(exchange, new String(body, StandardCharsets.UTF_8));
                } else {
                    lambda(exchange, body);
                }
            } catch (RuntimeException | InterruptedException refused) { // the CLI prints it, and the test shows that
                answer(exchange, 400, "{\"message\":\"" + refused + "\"}");
            }
        }
    }

    private static void answer(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    // ---------------------------------------------------------------- CloudFormation

    private void cloudFormation(HttpExchange exchange, String form) throws IOException {
        String action = form.replaceFirst(".*\\bAction=([A-Za-z]+).*", "$1");
        String content = switch (action) {
            case "DescribeStacks" ->
                members("Stacks", "<StackName>s</StackName>" + nested("Outputs", "Output", outputs));
            case "ListStackResources" ->
                nested(
                        "StackResourceSummaries",
                        "",
                        Map.of(
                                "DispatchFunction", RunbookStack.DISPATCH,
                                "RunsFunction", RunbookStack.RUNS,
                                "StepFunction", RunbookStack.STEP,
                                "SweeperFunction", RunbookStack.SWEEPER,
                                "Table", stack.variable("STEPSTILE_TABLE")));
            default -> throw new IllegalArgumentException(action);
        };
        answer(exchange, 200, "<%1$sResponse><%1$sResult>%2$s</%1$sResult></%1$sResponse>".formatted(action, content));
    }

    private static String members(String list, String member) {
        return "<%1$s><member>%2$s</member></%1$s>".formatted(list, member);
    }

    /** Of outputs or, without a prefix, of resources. */
    private static String nested(String list, String prefix, Map<String, String> values) {
        String key = prefix.isEmpty() ? "LogicalResourceId" : prefix + "Key";
        String value = prefix.isEmpty() ? "PhysicalResourceId" : prefix + "Value";
        return values.entrySet().stream()
                .map(each -> "<member><%1$s>%2$s</%1$s><%3$s>%4$s</%3$s></member>"
                        .formatted(key, each.getKey(), value, each.getValue()))
                .collect(Collectors.joining("", "<" + list + ">", "</" + list + ">"));
    }

    // ---------------------------------------------------------------- Lambda

    private void lambda(HttpExchange exchange, byte[] body) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String method = exchange.getRequestMethod();
        Matcher mappings = MAPPINGS.matcher(path);
        Matcher function = FUNCTION.matcher(path);
        if (mappings.matches()) {
            answer(exchange, 200, Json.print(mapping(method, mappings.group(1), body)));
        } else if (function.matches()) {
            String name = function.group(1).replaceFirst(":live$", "");
            if (function.group(2).equals("invocations")) {
                invoke(exchange, name, body);
            } else {
                answer(exchange, 200, Json.print(of(name, method + " " + function.group(2), body)));
            }
        } else {
            throw new IllegalArgumentException(path);
        }
    }

    private JsonNode mapping(String method, String id, byte[] body) {
        if (id.isEmpty()) {
            ObjectNode all = Json.object();
            all.putArray("EventSourceMappings").addObject().put("UUID", MAPPING);
            return all;
        }
        boolean before = stack.enabled();
        if (method.equals("PUT")) {
            stack.enable(Json.parse(new String(body, StandardCharsets.UTF_8))
                    .path("Enabled")
                    .booleanValue());
        }
        String state = stack.enabled() ? "Enabled" : before ? "Disabling" : "Disabled";
        return Json.object().put("UUID", id).put("State", state);
    }

    private JsonNode of(String function, String call, byte[] body) {
        JsonNode given = body.length == 0 ? Json.object() : Json.parse(new String(body, StandardCharsets.UTF_8));
        switch (call) {
            case "PUT concurrency" ->
                stack.reserve(
                        function, given.path("ReservedConcurrentExecutions").intValue());
            case "DELETE concurrency" -> stack.reserve(function, null);
            case "GET concurrency" -> {}
            case "PUT aliases/live" ->
                stack.pointAt(Integer.parseInt(given.path("FunctionVersion").textValue()));
            case "GET aliases/live" -> {}
            case "GET versions" -> {
                return versions();
            }
            default -> throw new IllegalArgumentException(call);
        }
        ObjectNode answer = Json.object().put("FunctionVersion", Integer.toString(stack.version()));
        Integer reserved = stack.reserved(function);
        return reserved == null ? answer : answer.put("ReservedConcurrentExecutions", reserved);
    }

    private JsonNode versions() {
        ObjectNode answer = Json.object();
        ArrayNode versions = answer.putArray("Versions");
        versions.addObject().put("Version", "$LATEST");
        for (int version = 1; version <= stack.versionCount(); version++) {
            versions.addObject().put("Version", Integer.toString(version));
        }
        return answer;
    }

    private void invoke(HttpExchange exchange, String function, byte[] event) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        String version = stack.invoke(function, new ByteArrayInputStream(event), out);
        exchange.getResponseHeaders().set("X-Amz-Executed-Version", version);
        answer(exchange, 200, out.toString(StandardCharsets.UTF_8));
    }

    // ---------------------------------------------------------------- DynamoDB

    private void dynamoDb(HttpExchange exchange, String operation, byte[] body)
            throws IOException, InterruptedException {
        JsonNode given = Json.parse(new String(body, StandardCharsets.UTF_8));
        switch (operation) {
            case "RestoreTableToPointInTime" -> {
                Instant at = Instant.ofEpochSecond(given.path("RestoreDateTime").longValue());
                copies.restore(
                        given.path("SourceTableName").textValue(),
                        given.path("TargetTableName").textValue(),
                        at);
                answer(exchange, 200, "{\"TableDescription\":{\"TableStatus\":\"CREATING\"}}");
            }
            case "UpdateContinuousBackups" -> {
                copies.keep(given.path("TableName").textValue());
                answer(exchange, 200, "{\"ContinuousBackupsDescription\":{\"ContinuousBackupsStatus\":\"ENABLED\"}}");
            }
            default -> forward(exchange, body);
        }
    }

    private void forward(HttpExchange exchange, byte[] body) throws IOException, InterruptedException {
        HttpRequest.Builder call = HttpRequest.newBuilder(URI.create(stack.variable("STEPSTILE_DYNAMODB_ENDPOINT")))
                .timeout(Duration.ofSeconds(30))
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        for (String header : new String[] {"X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date"}) {
            call.header(header, exchange.getRequestHeaders().getFirst(header));
        }
        HttpResponse<String> answer = client.send(call.build(), HttpResponse.BodyHandlers.ofString());
        answer(exchange, answer.statusCode(), answer.body());
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
