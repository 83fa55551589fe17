package dev.stepstile.usecase;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.CanonicalJson;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.NotificationCodec;
import dev.stepstile.step.Moment;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.RetryRule;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.Times;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.Dispatcher.Request;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a dispatch asks for, in one hash: of two calls with the same content in whatever order of members, the same. The
 * stored form names the algorithm; a stored digest is never rewritten.
 */
final class DispatchDigest {
    /** SHA-256 of canonical JSON. Before it: of a text with each input as it was printed, without a prefix. */
    private static final String CANONICAL = "2:";

    private DispatchDigest() {}

    static String of(Request request) {
        ObjectNode content = Json.object().put("runId", request.runId());
        if (hasTenant(request)) {
            content.put("tenant", request.group());
        }
        NotifyTarget notify = request.notifies();
        if (notify != null) {
            content.set("notify", NotificationCodec.target(notify));
        }
        ObjectNode shared = content.putObject("sharedInputs");
        request.sharedInputs().forEach((name, json) -> shared.set(name, Json.parse(json)));
        ArrayNode steps = content.putArray("steps");
        for (NewStep step : request.steps()) {
            ObjectNode node = steps.addObject().put("key", step.key()).put("handler", step.handler());
            node.set("input", Json.parse(step.input()));
            node.put("maxAttempts", step.retry().maxAttempts())
                    .put("baseMillis", step.retry().base().toMillis())
                    .put("capMillis", step.retry().cap().toMillis())
                    .put("timeoutMillis", step.timeout().toMillis());
            RetryRule rule = step.retry().rule();
            if (!rule.equals(RetryRule.ANY)) {
                rule.on().forEach(node.putArray("retryOn")::add);
                rule.never().forEach(node.putArray("retryNever")::add);
            }
            moment(node, "notBefore", step.times().notBefore());
            moment(node, "deadline", step.times().deadline());
            ObjectNode tags = node.putObject("tags");
            tags(request, step).forEach(tags::put);
        }
        return CANONICAL + Sha256.hex(CanonicalJson.of(content));
    }

    private static void moment(ObjectNode node, String member, @Nullable Moment moment) {
        if (moment != null) {
            node.put(member, moment.text());
        }
    }

    /** What a dispatch is named that has no name. */
    static String name(String digest) {
        return digest.substring(CANONICAL.length(), CANONICAL.length() + 32);
    }

    /** Whether the stored digest, in whichever form it was made, is this request's. */
    static boolean isOf(String stored, Request request) {
        if (stored.startsWith(CANONICAL)) {
            return stored.equals(of(request));
        }
        return !hasTenant(request)
                && !hasNewer(request)
                && request.notifies() == null
                && stored.equals(earlier(request));
    }

    /** Without one, the digest is that of versions that knew none: the run was the tenant. */
    private static boolean hasTenant(Request request) {
        return !request.group().equals(request.runId());
    }

    /** What versions with that digest did not know. */
    private static boolean hasNewer(Request request) {
        return request.steps().stream()
                .anyMatch(step -> !step.retry().rule().equals(RetryRule.ANY)
                        || !step.times().equals(Times.NONE));
    }

    private static String earlier(Request request) {
        StringBuilder text = new StringBuilder(request.runId());
        request.sharedInputs()
                .forEach((name, json) ->
                        text.append('\n').append(name).append('\t').append(Json.printedEarlier(json)));
        for (NewStep step : request.steps()) {
            text.append('\n').append(step.key()).append('\t').append(step.handler());
            text.append('\t').append(Json.printedEarlier(step.input()));
            text.append('\t').append(printedEarlier(step.retry())).append('\t').append(step.timeout());
            text.append('\t').append(Json.print(Json.object(tags(request, step))));
        }
        return Sha256.hex(text.toString());
    }

    private static String printedEarlier(RetryPolicy retry) {
        return "RetryPolicy[maxAttempts=" + retry.maxAttempts() + ", base=" + retry.base() + ", cap=" + retry.cap()
                + "]";
    }

    private static SortedMap<String, String> tags(Request request, NewStep step) {
        SortedMap<String, String> tags = new TreeMap<>(request.commonTags());
        tags.putAll(step.tags());
        return tags;
    }
}
