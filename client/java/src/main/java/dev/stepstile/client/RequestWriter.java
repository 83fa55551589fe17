package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.math.BigDecimal;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The bodies of calls, as the API takes them. */
final class RequestWriter {
    /** For a dispatch's id and the names of its members. */
    private static final int HEAD_BYTES = 1_000;

    private static final int MOST_OF_AN_ID = 128;

    private RequestWriter() {}

    /**
     * A dispatch as one or more bodies, each small enough for a call. They depend on nothing but the dispatch, so that it
     * is the same one when it is made again; the second and later ones have ids of their own.
     */
    static List<String> dispatch(Dispatch dispatch) {
        Checked.whole(dispatch);
        ObjectNode head = Json.object();
        if (dispatch.tenant() != null) {
            head.put("tenant", dispatch.tenant());
        }
        putDeadline(head, dispatch.defaults());
        ObjectNode defaults = settings(dispatch.defaults());
        putTags(defaults, dispatch.tags());
        if (!defaults.isEmpty()) {
            head.set("defaults", defaults);
        }
        if (!dispatch.sharedInputs().isEmpty()) {
            ObjectNode shared = head.putObject("sharedInputs");
            dispatch.sharedInputs().forEach((name, json) -> shared.putRawValue(name, new RawValue(json.text())));
        }
        switch (dispatch.notifies()) {
            case null -> {}
            case NotifyTarget.Event _ -> head.putObject("notify").putObject("event");
            case NotifyTarget.Webhook(URI url) ->
                head.putObject("notify").putObject("webhook").put("url", url.toString());
        }
        String text = Json.print(head);
        String common = text.substring(1, text.length() - 1);
        List<String> bodies = new ArrayList<>();
        int room = Checked.REQUEST_BYTES - HEAD_BYTES;
        Checked.fits("sharedInputs", weight(common), room);
        for (List<String> part : parts(dispatch.steps(), room - weight(common))) {
            String id = id(dispatch.dispatchId(), bodies.size());
            bodies.add(
                    "{" + id + (common.isEmpty() ? "" : common + ",") + "\"steps\":[" + String.join(",", part) + "]}");
        }
        return bodies;
    }

    /** The member, with a comma; none where the content names the dispatch. */
    private static String id(@Nullable String dispatchId, int number) {
        if (dispatchId == null) {
            return "";
        }
        return "\"dispatchId\":" + JsonValue.of(number == 0 ? dispatchId : derived(dispatchId, number)) + ",";
    }

    static String lookup(List<String> keys) {
        ObjectNode body = Json.object();
        keys.forEach(body.putArray("keys")::add);
        return Json.print(body);
    }

    static String redrive(Redrive redrive) {
        return Json.print(redriveBody(redrive));
    }

    static ObjectNode redriveBody(Redrive redrive) {
        ObjectNode body = Json.object().put("redriveId", redrive.redriveId());
        if (!redrive.keys().isEmpty()) {
            redrive.keys().forEach(body.putArray("keys")::add);
        }
        putFilter(body, redrive.filter());
        ObjectNode overrides = settings(redrive.overrides());
        putDeadline(overrides, redrive.overrides());
        if (redrive.input() != null) {
            overrides.putRawValue("input", new RawValue(redrive.input().text()));
        }
        if (!overrides.isEmpty()) {
            body.set("overrides", overrides);
        }
        return body;
    }

    /** What a cancel of steps names. */
    static ObjectNode cancelBody(Collection<String> keys, StepFilter filter) {
        Checked.cancelled(keys, filter);
        ObjectNode body = Json.object();
        if (!keys.isEmpty()) {
            keys.forEach(body.putArray("keys")::add);
        }
        putFilter(body, filter);
        return body;
    }

    /** @throws IllegalArgumentException if this version does not know the scope */
    static ObjectNode scopeBody(PauseScope scope) {
        return switch (scope) {
            case PauseScope.Everything _, PauseScope.OfRun _ -> Json.object();
            case PauseScope.OfHandler(String handler) -> Json.object().put("handler", handler);
            case PauseScope.Unrecognised(String name) -> throw Checked.unknownScope(name);
        };
    }

    /** As {@code states} and {@code filter}, each where it selects something. */
    private static void putFilter(ObjectNode body, StepFilter filter) {
        if (!filter.states().isEmpty()) {
            states(filter).forEach(body.putArray("states")::add);
        }
        ObjectNode members = Json.object();
        named(filter).forEach(members::put);
        if (filter.tag() != null) {
            members.putObject("tag")
                    .put("name", filter.tag().name())
                    .put("value", filter.tag().value());
        }
        if (!members.isEmpty()) {
            body.set("filter", members);
        }
    }

    /**
     * A filter as the parameters of a call that reads.
     *
     * @throws IllegalArgumentException if the tag's name has an equals sign, which ends a name there
     */
    static Map<String, String> query(StepFilter filter) {
        Map<String, String> query = named(filter);
        if (!filter.states().isEmpty()) {
            query.put("state", String.join(",", states(filter)));
        }
        if (filter.tag() != null) {
            query.put(
                    "tag",
                    Checked.tagName(filter.tag().name()) + "=" + filter.tag().value());
        }
        return query;
    }

    /** A filter as the parameters of the list of runs. */
    static Map<String, String> query(RunFilter filter) {
        Map<String, String> query = new TreeMap<>();
        if (filter.open()) {
            query.put("open", "true");
        }
        if (filter.paused()) {
            query.put("paused", "true");
        }
        put(query, "prefix", filter.prefix());
        put(query, "since", filter.span().since());
        put(query, "until", filter.span().until());
        return query;
    }

    /** What is of the same form in a query and in a body. */
    private static Map<String, String> named(StepFilter filter) {
        Map<String, String> named = new TreeMap<>();
        put(named, "handler", filter.handler());
        put(named, "kind", filter.kind());
        put(named, "prefix", filter.prefix());
        put(named, "since", filter.span().since());
        put(named, "until", filter.span().until());
        put(named, "failure", filter.failure());
        return named;
    }

    private static void put(Map<String, String> members, String name, @Nullable Object value) {
        if (value != null) {
            members.put(name, value.toString());
        }
    }

    private static List<String> states(StepFilter filter) {
        return filter.states().stream().map(StepStatus::name).sorted().toList();
    }

    private static List<List<String>> parts(List<Step> steps, int room) {
        List<List<String>> parts = new ArrayList<>();
        List<String> part = new ArrayList<>();
        int weight = 0;
        for (Step step : steps) {
            String json = step(step);
            int more = weight(json) + 1;
            Checked.fits("input", more, room);
            if (!part.isEmpty() && (part.size() == Checked.STEPS_PER_CALL || weight + more > room)) {
                parts.add(part);
                part = new ArrayList<>();
                weight = 0;
            }
            part.add(json);
            weight += more;
        }
        parts.add(part);
        return parts;
    }

    private static String step(Step step) {
        ObjectNode node = Json.object().put("key", step.key());
        if (!step.input().equals(JsonValue.NULL)) {
            node.putRawValue("input", new RawValue(step.input().text()));
        }
        node.setAll(settings(step.settings()));
        putTags(node, step.tags());
        return Json.print(node);
    }

    private static void putTags(ObjectNode node, Map<String, String> tags) {
        if (!tags.isEmpty()) {
            ObjectNode object = node.putObject("tags");
            new TreeMap<>(tags).forEach(object::put);
        }
    }

    private static ObjectNode settings(StepSettings settings) {
        ObjectNode node = Json.object();
        if (settings.handler() != null) {
            node.put("handler", settings.handler());
        }
        if (settings.maxAttempts() != null) {
            node.put("maxAttempts", settings.maxAttempts());
        }
        if (settings.timeout() != null) {
            node.set("timeoutSeconds", seconds(settings.timeout()));
        }
        Retry retry = settings.retry();
        if (retry != null) {
            node.set("retry", retry(retry));
        }
        if (settings.notBefore() != null) {
            node.set("notBefore", moment(settings.notBefore()));
        }
        return node;
    }

    private static void putDeadline(ObjectNode node, StepSettings settings) {
        if (settings.deadline() != null) {
            node.set("deadline", moment(settings.deadline()));
        }
    }

    private static JsonNode moment(Moment moment) {
        return switch (moment) {
            case Moment.At(Instant instant) -> Json.MAPPER.getNodeFactory().textNode(instant.toString());
            case Moment.After(Duration delay) -> seconds(delay);
        };
    }

    private static ObjectNode retry(Retry retry) {
        ObjectNode node = Json.object();
        if (retry.base() != null) {
            node.set("baseSeconds", seconds(retry.base()));
        }
        if (retry.cap() != null) {
            node.set("capSeconds", seconds(retry.cap()));
        }
        if (retry.on() != null) {
            retry.on().forEach(node.putArray("on")::add);
        }
        if (retry.never() != null) {
            retry.never().forEach(node.putArray("never")::add);
        }
        return node;
    }

    private static JsonNode seconds(Duration duration) {
        BigDecimal seconds = BigDecimal.valueOf(duration.getSeconds()).add(BigDecimal.valueOf(duration.getNano(), 9));
        BigDecimal shortest = seconds.signum() == 0 ? BigDecimal.ZERO : seconds.stripTrailingZeros();
        return shortest.scale() <= 0
                ? Json.MAPPER.getNodeFactory().numberNode(shortest.toBigIntegerExact())
                : Json.MAPPER.getNodeFactory().numberNode(shortest);
    }

    /** Bytes as Lambda counts them, the body being a JSON string in its event: of UTF-8, a quote and a backslash being two. */
    private static int weight(String json) {
        int weight = json.length();
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            weight += c == '"' || c == '\\' ? 1 : c < 0x80 ? 0 : c < 0x800 ? 1 : 2;
        }
        return weight;
    }

    private static String derived(String dispatchId, int number) {
        String id = dispatchId + "." + number;
        return id.length() <= MOST_OF_AN_ID ? id : sha256(dispatchId.getBytes(StandardCharsets.UTF_8)) + "." + number;
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
