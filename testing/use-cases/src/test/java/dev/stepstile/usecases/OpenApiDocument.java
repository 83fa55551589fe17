package dev.stepstile.usecases;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import dev.stepstile.codec.Json;
import dev.stepstile.http.Http;
import dev.stepstile.http.OpenApi;
import dev.stepstile.http.RequestTarget;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The API as its OpenAPI document describes it, held against calls and their answers. An answer's objects are closed
 * here: to a client the document says that answers may gain members, and to this code that it names each.
 */
final class OpenApiDocument {
    static final OpenApiDocument SHIPPED = new OpenApiDocument(Json.parse(OpenApi.document()));

    private static final JsonMapper PLAIN = new JsonMapper();
    private static final String COMPONENTS = "#/components/schemas/";
    private static final Pattern TYPE = Pattern.compile("`([a-z]+(?:-[a-z]+)+|internal|busy|unavailable)`");

    private final JsonNode document;
    private final ObjectNode definitions;
    private final Map<String, Schema> compiled = new TreeMap<>();
    private final SchemaRegistry registry = SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            builder -> builder.schemaRegistryConfig(
                    SchemaRegistryConfig.builder().formatAssertionsEnabled(true).build()));

    OpenApiDocument(JsonNode document) {
        this.document = document;
        JsonNode closed = document.path("components").path("schemas").deepCopy();
        close(closed);
        this.definitions = (ObjectNode) Json.parse(local(Json.print(closed)));
    }

    /** An operation of the document, by its path and method. */
    record Operation(String path, String method, JsonNode node, JsonNode shared) {
        List<JsonNode> parameters(JsonNode document) {
            List<JsonNode> all = new ArrayList<>();
            for (JsonNode list : List.of(shared.path("parameters"), node.path("parameters"))) {
                list.forEach(each -> all.add(resolved(document, each)));
            }
            return all;
        }

        JsonNode parameter(JsonNode document, String in, String name) {
            return parameters(document).stream()
                    .filter(each -> each.path("in").asText().equals(in)
                            && each.path("name").asText().equals(name))
                    .findAny()
                    .orElse(MissingNode.getInstance());
        }

        Set<String> names(JsonNode document, String in) {
            return parameters(document).stream()
                    .filter(each -> each.path("in").asText().equals(in))
                    .map(each -> each.path("name").asText())
                    .collect(Collectors.toCollection(TreeSet::new));
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    JsonNode json() {
        return document;
    }

    /** What a reference leads to, also one that may be null instead; or the node itself. */
    static JsonNode resolved(JsonNode document, JsonNode node) {
        JsonNode first = node.at("/anyOf/0");
        JsonNode reference = first.has("$ref") ? first : node;
        return reference.has("$ref")
                ? document.at(reference.path("$ref").asText().substring(1))
                : node;
    }

    List<Operation> operations() {
        List<Operation> all = new ArrayList<>();
        for (var path : document.path("paths").properties()) {
            for (String method : List.of("get", "post", "put", "patch", "delete")) {
                if (path.getValue().has(method)) {
                    all.add(new Operation(
                            path.getKey(),
                            method.toUpperCase(Locale.ROOT),
                            path.getValue().path(method),
                            path.getValue()));
                }
            }
        }
        return all;
    }

    /** The operation that a call is; of several, the one whose path has fewer parameters. */
    Optional<Operation> operation(String method, List<String> path) {
        return operations().stream()
                .filter(each -> each.method().equals(method) && fits(segments(each.path()), path))
                .min((one, other) -> one.path().replaceAll("[^{]", "").length()
                        - other.path().replaceAll("[^{]", "").length());
    }

    private static List<String> segments(String path) {
        return RequestTarget.segments(path);
    }

    private static boolean fits(List<String> template, List<String> path) {
        if (template.size() != path.size()) {
            return false;
        }
        for (int i = 0; i < path.size(); i++) {
            if (!template.get(i).startsWith("{") && !template.get(i).equals(path.get(i))) {
                return false;
            }
        }
        return true;
    }

    /** What the document does not say of a call or of its answer; empty if it says all. */
    List<String> undocumented(Http.Call call, Http.Answer answer) {
        Optional<Operation> found = operation(call.method(), call.path());
        if (found.isEmpty()) {
            boolean refused = answer.status() == 404 || answer.status() == 405 || answer.status() == 400;
            return refused ? List.of() : List.of("an operation for " + call);
        }
        Operation operation = found.get();
        List<String> missing = new ArrayList<>(answer(operation, answer));
        if (answer.status() < 300) {
            missing.addAll(request(operation, call));
        }
        return missing;
    }

    private List<String> answer(Operation operation, Http.Answer answer) {
        String where = operation + " " + answer.status();
        if (answer.status() == 405) {
            return List.of(where + ", although the method is documented");
        }
        JsonNode response =
                resolved(document, operation.node().path("responses").path(String.valueOf(answer.status())));
        JsonNode media = response.path("content").path(answer.contentType());
        if (media.isMissingNode()) {
            return List.of(where + " of " + answer.contentType());
        }
        JsonNode body = Json.parse(answer.body());
        List<String> missing = new ArrayList<>(differences(where, media.path("schema"), body));
        if (answer.contentType().equals("application/problem+json")) {
            String type = body.path("type").asText().replaceFirst(".*/", "");
            String general = document.path("info").path("description").asText();
            if (!types(response.path("description").asText() + general).contains(type)) {
                missing.add(where + " does not name " + type);
            }
        }
        return missing;
    }

    /** The types of problems that a description names. */
    static Set<String> types(String description) {
        return TYPE.matcher(description).results().map(found -> found.group(1)).collect(Collectors.toSet());
    }

    private List<String> request(Operation operation, Http.Call call) {
        List<String> missing = new ArrayList<>();
        call.query().forEach((name, value) -> {
            JsonNode parameter = operation.parameter(document, "query", name);
            missing.addAll(
                    parameter.isMissingNode()
                            ? List.of(operation + " takes " + name)
                            : differences(
                                    operation + " takes " + name,
                                    parameter.path("schema"),
                                    typed(resolved(document, parameter.path("schema")), value)));
        });
        List<String> template = segments(operation.path());
        for (int i = 0; i < template.size(); i++) {
            if (template.get(i).startsWith("{")) {
                String name = template.get(i).substring(1, template.get(i).length() - 1);
                JsonNode schema = operation.parameter(document, "path", name).path("schema");
                missing.addAll(differences(
                        operation + " takes " + name,
                        schema,
                        Json.object().textNode(call.path().get(i))));
            }
        }
        JsonNode content = operation.node().path("requestBody");
        String body = call.body();
        if (body == null || body.isBlank()) {
            if (content.path("required").asBoolean()) {
                missing.add(operation + " takes no body");
            }
        } else if (content.isMissingNode()) {
            missing.add(operation + " takes a body");
        } else {
            JsonNode schema = content.path("content").path("application/json").path("schema");
            missing.addAll(differences(operation + " takes", schema, plain(body)));
        }
        return missing;
    }

    /** With numbers as the validator knows them: 6e1 is a whole one. */
    private static JsonNode plain(String json) {
        try {
            return PLAIN.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError("the API has accepted it", e);
        }
    }

    /** A parameter's text, as its schema types it. */
    private static JsonNode typed(JsonNode schema, String text) {
        try {
            return switch (schema.path("type").asText()) {
                case "array" -> {
                    var list = Json.array();
                    Arrays.stream(text.split(",", -1)).forEach(list::add);
                    yield list;
                }
                case "integer", "boolean" -> Json.parse(text);
                default -> Json.object().textNode(text);
            };
        } catch (Json.BadJson e) {
            return Json.object().textNode(text);
        }
    }

    /** Where a value is not as a schema of the document has it. */
    List<String> differences(String where, JsonNode schema, JsonNode value) {
        JsonNode closed = schema.deepCopy();
        close(closed);
        String text = local(Json.print(closed));
        Schema validator;
        synchronized (compiled) {
            validator = compiled.computeIfAbsent(text, each -> {
                ObjectNode whole = Json.object();
                whole.set("$defs", definitions);
                whole.set("allOf", Json.array().add(Json.parse(each)));
                return registry.getSchema(whole);
            });
        }
        return validator.validate(value).stream()
                .map(error -> where + ": " + error.getInstanceLocation() + " " + error.getMessage())
                .toList();
    }

    private static String local(String schema) {
        return schema.replace(COMPONENTS, "#/$defs/");
    }

    /** Each object of an answer has the members that are named, and no other. */
    private static void close(JsonNode schema) {
        if (schema instanceof ObjectNode object
                && object.path("properties").isObject()
                && object.has("type")
                && !object.has("additionalProperties")) {
            object.put("additionalProperties", false);
        }
        schema.forEach(OpenApiDocument::close);
    }
}
