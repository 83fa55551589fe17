package dev.stepstile.usecases;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Notification;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepKeys;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.DeadLetters;
import dev.stepstile.usecase.Violation;
import dev.stepstile.usecases.OpenApiDocument.Operation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the OpenAPI document must have in common with the code, the template and docs/protocol.md. */
final class OpenApiRules {
    private static final Path ROOT = Path.of("../..");
    private static final String SCHEMAS = "/components/schemas/";
    private static final String STRANGER = "stranger";
    private static final Pattern LISTED = Pattern.compile("(?:takes|the members are) (.*)\\.$");

    private OpenApiRules() {}

    /** Returns each difference, in words. */
    interface Rule {
        List<String> differences(OpenApiDocument document, Api api) throws InterruptedException;
    }

    static final SortedMap<String, Rule> ALL = new TreeMap<>(Map.of(
            "its routes are those of the template", (document, api) -> routes(document),
            "a call that is unknown gets its routes named", OpenApiRules::callsOfTheProblem,
            "its parameters are those that the calls take", OpenApiRules::parameters,
            "the members of its bodies are those that the calls take", OpenApiRules::members,
            "its names are those of the code", (document, api) -> names(document),
            "its limits are those of the code", (document, api) -> limits(document),
            "its problems are those of the page", (document, api) -> problems(document),
            "its examples are those of the page and as it describes them", (document, api) -> examples(document),
            "it says in words what everything is", (document, api) -> words(document),
            "its version is that of the poms", (document, api) -> version(document)));

    private static String read(String file) {
        try {
            return Files.readString(ROOT.resolve(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<String> compared(String what, Collection<?> documented, Collection<?> real) {
        Set<String> one = new TreeSet<>();
        documented.forEach(each -> one.add(String.valueOf(each)));
        Set<String> other = new TreeSet<>();
        real.forEach(each -> other.add(String.valueOf(each)));
        return one.equals(other) ? List.of() : List.of(what + ": documented are " + one + ", real are " + other);
    }

    private static List<String> names(OpenApiDocument document, String what) {
        return document.operations().stream().map(each -> what + each).toList();
    }

    private static List<String> routes(OpenApiDocument document) {
        Pattern route = Pattern.compile("Method: ([A-Z]+), Path: '?([^' }]+(?:\\{[a-zA-Z]+}[^' }]*)*)'? }");
        List<String> real = route.matcher(read("template.yaml"))
                .results()
                .map(found -> found.group(1) + " " + found.group(2))
                .toList();
        return compared("routes", names(document, ""), real);
    }

    /** {@code GET /v1/runs, …/steps; POST …}: what is left out is the path of a run. */
    private static List<String> callsOfTheProblem(OpenApiDocument document, Api api) throws InterruptedException {
        String detail = Json.parse(api.call("GET", "/v1/nothing", null).body())
                .path("detail")
                .asText();
        List<String> calls = new ArrayList<>();
        for (String group : detail.replaceFirst(".*The calls are ", "")
                .replaceFirst("\\.$", "")
                .split("; ", -1)) {
            String[] words = group.split(" ", 2);
            for (String path : words[1].split(", ", -1)) {
                calls.add(words[0] + " " + path.replace("…", "/v1/runs/{runId}"));
            }
        }
        return compared("calls that a problem names", names(document, ""), calls);
    }

    private static String target(Operation operation) {
        return operation.path().replace("{runId}", "r1").replace("{key}", "k1");
    }

    /** What a refusal says that a call, or an object, takes. */
    private static Set<String> listed(Api api, String method, String target, String body) throws InterruptedException {
        String detail =
                Json.parse(api.call(method, target, body).body()).path("detail").asText();
        Matcher listed = LISTED.matcher(detail);
        if (!detail.contains("'" + STRANGER + "'") || !listed.find()) {
            return Set.of("(not told: " + detail + ")");
        }
        Set<String> names = new TreeSet<>(Arrays.asList(listed.group(1).split(", ", -1)));
        names.removeAll(Set.of("", "none"));
        return names;
    }

    private static List<String> parameters(OpenApiDocument document, Api api) throws InterruptedException {
        List<String> differences = new ArrayList<>();
        List<String> headers = Pattern.compile("headers\\(\\)\\.get\\(\"([a-z-]+)\"\\)")
                .matcher(read("shared/http/src/main/java/dev/stepstile/http/DispatchApi.java"))
                .results()
                .map(found -> found.group(1))
                .toList();
        for (Operation operation : document.operations()) {
            boolean dispatches = operation.path().endsWith("/dispatches");
            differences.addAll(compared(
                    "headers of " + operation,
                    operation.names(document.json(), "header"),
                    dispatches ? headers : List.of()));
            String target = target(operation) + "?" + STRANGER + "=1";
            differences.addAll(compared(
                    operation.toString(),
                    operation.names(document.json(), "query"),
                    listed(api, operation.method(), target, null)));
        }
        return differences;
    }

    private static List<String> members(OpenApiDocument document, Api api) throws InterruptedException {
        List<String> differences = new ArrayList<>();
        for (Operation operation : document.operations()) {
            SortedMap<String, JsonNode> objects = new TreeMap<>();
            closedObjects(document.json(), operation.node().at(SCHEMA_OF_BODY), "", objects);
            for (var object : objects.entrySet()) {
                Set<String> documented = new TreeSet<>();
                object.getValue().path("properties").fieldNames().forEachRemaining(documented::add);
                String body = Json.print(withStranger(operation, object.getKey()));
                differences.addAll(compared(
                        operation + " " + object.getKey(),
                        documented,
                        listed(api, operation.method(), target(operation), body)));
            }
        }
        return differences;
    }

    private static final String SCHEMA_OF_BODY = "/requestBody/content/application~1json/schema";

    /** @param objects that take no other members than those that are named, by their place in a body */
    private static void closedObjects(JsonNode document, JsonNode node, String at, Map<String, JsonNode> objects) {
        JsonNode schema = OpenApiDocument.resolved(document, node);
        if (schema.path("additionalProperties").isBoolean()) {
            objects.put(at, schema);
        }
        for (var member : schema.path("properties").properties()) {
            closedObjects(document, member.getValue(), at + "/" + member.getKey(), objects);
        }
        if (schema.has("items")) {
            closedObjects(document, schema.path("items"), at + "/0", objects);
        }
    }

    /** A body with all that is checked before an object's members are, and an unknown member in the object. */
    private static JsonNode withStranger(Operation operation, String at) {
        ObjectNode body = Json.object();
        if (operation.path().endsWith("/dispatches")) {
            body.putArray("steps").addObject().put("key", "k1").put("handler", "work");
        } else if (operation.path().startsWith("/v1/dead-letters/")) {
            body.put("runId", "r1");
        }
        JsonNode place = body;
        for (String name : at.isEmpty() ? new String[0] : at.substring(1).split("/", -1)) {
            JsonNode next = place instanceof ArrayNode list ? list.get(Integer.parseInt(name)) : place.get(name);
            place = next == null ? ((ObjectNode) place).putObject(name) : next;
        }
        ((ObjectNode) place).put(STRANGER, 1);
        return body;
    }

    private static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(each -> {
            if (!each.isNull()) {
                texts.add(each.asText());
            }
        });
        return texts;
    }

    private static List<String> names(OpenApiDocument document) {
        List<StepError.Kind> failures = new ArrayList<>(List.of(StepError.Kind.values()));
        failures.remove(StepError.Kind.REDRIVEN);
        List<Object> letters = new ArrayList<>(List.of(StepError.Kind.values()));
        letters.add(DeadLetterCodec.RECEIVED_TOO_OFTEN_KIND);
        List<Object> allLetters = new ArrayList<>(letters);
        allLetters.add(DeadLetterCodec.UNRECOGNISED_KIND);
        List<Object> counted = new ArrayList<>(List.of(StepState.Name.values()));
        counted.addAll(List.of("GONE", DeadLetters.UNRECOGNISED));
        SortedMap<String, Collection<?>> real = new TreeMap<>(Map.of(
                "State/enum",
                List.of(StepState.Name.values()),
                "ErrorKind/enum",
                List.of(StepError.Kind.values()),
                "FailureKind/enum",
                failures,
                "Violation/properties/kind/enum",
                List.of(Violation.Kind.values()),
                "Notification/properties/state/enum",
                List.of(Notification.Status.values()),
                "Cancel/properties/states/items/enum",
                StepState.CANCELLABLE,
                "Redrive/properties/states/items/enum",
                StepState.REDRIVABLE,
                "DeadLetterKind/enum",
                allLetters,
                "DeadStepKind/enum",
                letters,
                "DeadLetterDryRun/properties/counts/propertyNames/enum",
                counted));
        List<String> differences = new ArrayList<>();
        real.forEach((at, names) ->
                differences.addAll(compared(at, texts(document.json().at(SCHEMAS + at)), names)));
        return differences;
    }

    private static List<String> limits(OpenApiDocument document) {
        SortedMap<String, Number> real = new TreeMap<>();
        real.put("Dispatch/properties/steps/maxItems", Limits.STEPS_PER_DISPATCH);
        real.put("Dispatch/properties/sharedInputs/maxProperties", Limits.SHARED_INPUTS);
        real.put("Tags/maxProperties", Limits.TAGS);
        real.put("Tags/propertyNames/maxLength", Limits.TAG_LENGTH);
        real.put("Tags/additionalProperties/maxLength", Limits.TAG_LENGTH);
        real.put("Tag/properties/name/maxLength", Limits.TAG_LENGTH);
        real.put("Tag/properties/value/maxLength", Limits.TAG_LENGTH);
        real.put("Filter/properties/prefix/maxLength", StepKeys.MAX_BYTES);
        real.put("StepKey/maxLength", StepKeys.MAX_BYTES);
        for (String member : List.of("on", "never")) {
            real.put("Retry/properties/" + member + "/maxItems", RetryRule.MAX_NAMES);
        }
        for (String member : List.of("baseSeconds", "capSeconds")) {
            real.put("Retry/properties/" + member + "/maximum", Limits.RETRY_DELAY.toSeconds());
        }
        for (String holder : List.of("NewStep", "StepDefaults", "Overrides")) {
            real.put(holder + "/properties/maxAttempts/maximum", Limits.MAX_ATTEMPTS);
            real.put(holder + "/properties/timeoutSeconds/maximum", Limits.TIMEOUT.toSeconds());
        }
        real.put("NotBefore/anyOf/1/maximum", Limits.NOT_BEFORE.toSeconds());
        real.put("Deadline/anyOf/1/maximum", Limits.DEADLINE.toSeconds());
        real.put("Webhook/properties/url/maxLength", Limits.WEBHOOK_URL_LENGTH);
        for (String holder : List.of("PauseOfRun", "Pause", "LastingPause")) {
            real.put(holder + "/properties/reason/maxLength", Limits.REASON_LENGTH);
        }
        real.put("PauseList/properties/pauses/maxItems", Limits.PAUSES);
        real.put("RunList/properties/runs/maxItems", Limits.RUNS_PAGE);
        for (String list : List.of(
                "StepList/properties/steps",
                "RunningList/properties/steps",
                "RunningListOfAll/properties/steps",
                "Feed/properties/entries",
                "DeadLetterList/properties/deadLetters")) {
            real.put(list + "/maxItems", Limits.PAGE);
        }
        List<String> differences = new ArrayList<>();
        real.forEach((at, limit) -> differences.addAll(
                compared(at, List.of(document.json().at(SCHEMAS + at).asText()), List.of(limit))));
        for (Operation operation : document.operations()) {
            int most = operation.path().equals("/v1/runs") ? Limits.RUNS_PAGE : Limits.PAGE;
            JsonNode limit =
                    operation.parameter(document.json(), "query", "limit").path("schema");
            if (!limit.isMissingNode() && limit.path("maximum").intValue() != most) {
                differences.add(operation + " has a limit of " + limit.path("maximum"));
            }
        }
        String whole = Json.print(document.json());
        for (String limit : List.of( // what no keyword of a schema counts
                String.format(Locale.ROOT, "%,d bytes", Limits.REQUEST_BYTES),
                "t most " + Limits.LOOKUP_KEYS + " different ones",
                "t most " + Limits.CANCEL_KEYS + " different ones")) {
            if (!whole.contains(limit)) {
                differences.add("it does not say " + limit);
            }
        }
        return differences;
    }

    private static SortedMap<String, String> problemsOfThePage() {
        SortedMap<String, String> problems = new TreeMap<>();
        Pattern row = Pattern.compile("(?m)^\\| `([a-z-]+)` \\| (4[^|]*|5[^|]*) \\|");
        row.matcher(read("docs/protocol.md")).results().forEach(found -> problems.put(found.group(1), found.group(2)));
        return problems;
    }

    private static List<String> problems(OpenApiDocument document) {
        SortedMap<String, String> page = problemsOfThePage();
        String prefix = "https://stepstile.dev/problems/";
        List<String> types = texts(document.json().at(SCHEMAS + "Problem/properties/type/enum"));
        List<String> differences = new ArrayList<>(compared(
                "types of problems",
                types,
                page.keySet().stream().map(type -> prefix + type).toList()));
        Set<String> said = new TreeSet<>(OpenApiDocument.types(
                document.json().path("info").path("description").asText()));
        for (Operation operation : document.operations()) {
            for (var answer : operation.node().path("responses").properties()) {
                JsonNode response = OpenApiDocument.resolved(document.json(), answer.getValue());
                for (String type :
                        OpenApiDocument.types(response.path("description").asText())) {
                    said.add(type);
                    String statuses = page.getOrDefault(type, "none");
                    if (!statuses.contains(answer.getKey()) && page.containsKey(type)) {
                        differences.add(
                                operation + ": " + type + " has the status " + statuses + ", not " + answer.getKey());
                    }
                }
            }
        }
        said.retainAll(page.keySet());
        differences.addAll(compared("problems that are described", said, page.keySet()));
        return differences;
    }

    /** The JSON of the page's examples of calls. */
    private static List<JsonNode> examplesOfThePage() {
        List<JsonNode> blocks = new ArrayList<>();
        Pattern block = Pattern.compile("```(?:json \\d+\n|http\n[^\n]+\n\n)(.*?)\n```", Pattern.DOTALL);
        block.matcher(read("docs/protocol.md")).results().forEach(found -> blocks.add(Json.parse(found.group(1))));
        return blocks;
    }

    private static List<String> examples(OpenApiDocument document) {
        List<JsonNode> page = examplesOfThePage();
        List<String> differences = new ArrayList<>();
        int examples = 0;
        for (Operation operation : document.operations()) {
            SortedMap<String, JsonNode> media = new TreeMap<>();
            media.put("body", operation.node().at("/requestBody/content/application~1json"));
            operation
                    .node()
                    .path("responses")
                    .properties()
                    .forEach(answer ->
                            media.put(answer.getKey(), answer.getValue().at("/content/application~1json")));
            for (var each : media.entrySet()) {
                for (JsonNode example : each.getValue().path("examples")) {
                    String where = operation + " " + each.getKey();
                    JsonNode value = example.path("value");
                    examples++;
                    differences.addAll(
                            document.differences(where, each.getValue().path("schema"), value));
                    if (page.stream().noneMatch(shown -> fits(shown, value))) {
                        differences.add(where + ": the page does not show " + value);
                    }
                }
            }
        }
        return examples > 25 ? differences : List.of("only " + examples + " examples");
    }

    /** Equal, but where the page shows that a value is not fixed. */
    private static boolean fits(JsonNode shown, JsonNode value) {
        if (shown.isTextual() && shown.textValue().equals("…")) {
            return true;
        }
        if (shown.isObject() && value.isObject()) {
            return shown.size() == value.size()
                    && shown.properties().stream()
                            .allMatch(each ->
                                    value.has(each.getKey()) && fits(each.getValue(), value.path(each.getKey())));
        }
        if (shown.isArray() && value.isArray()) {
            boolean same = shown.size() == value.size();
            for (int i = 0; same && i < shown.size(); i++) {
                same = fits(shown.get(i), value.get(i));
            }
            return same;
        }
        return shown.equals(value);
    }

    private static List<String> words(OpenApiDocument document) {
        List<String> missing = new ArrayList<>();
        Set<String> ids = new TreeSet<>();
        for (Operation operation : document.operations()) {
            String id = operation.node().path("operationId").asText();
            if (!id.matches("[a-z][A-Za-z]+") || !ids.add(id)) {
                missing.add(operation + " has no operationId of its own");
            }
            for (String name : List.of("summary", "description", "tags")) {
                if (operation.node().path(name).isEmpty()
                        && operation.node().path(name).asText().isBlank()) {
                    missing.add(operation + " has no " + name);
                }
            }
            for (JsonNode parameter : operation.parameters(document.json())) {
                if (parameter.path("description").asText().isBlank()) {
                    missing.add(operation + " does not say what " + parameter.path("name") + " is");
                }
            }
        }
        for (var schema : document.json().at("/components/schemas").properties()) {
            if (schema.getValue().path("description").asText().isBlank()) {
                missing.add(schema.getKey() + " is not described");
            }
        }
        return missing;
    }

    private static List<String> version(OpenApiDocument document) {
        Matcher version = Pattern.compile(
                        "<groupId>dev\\.stepstile</groupId>\\s*<artifactId>stepstile</artifactId>\\s*<version>([^<]+)<")
                .matcher(read("pom.xml"));
        return version.find()
                ? compared(
                        "version",
                        List.of(document.json().path("info").path("version").asText()),
                        List.of(version.group(1)))
                : List.of("the top pom has no version");
    }
}
