package dev.stepstile.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DispatchCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.step.StepError;
import dev.stepstile.usecase.FailureGroups;
import dev.stepstile.usecase.RunQueries;

/** Failures by what they have in common, as the API shows them. */
final class FailuresView {
    private FailuresView() {}

    static ObjectNode page(RunQueries.FailurePage page) {
        ObjectNode body = Json.object();
        ArrayNode failures = body.putArray("failures");
        page.groups().forEach(group -> failures.add(group(group)));
        if (page.others() > 0) {
            body.put("otherCount", page.others());
        }
        return body.put("readCount", page.count());
    }

    private static ObjectNode group(FailureGroups.Group group) {
        ObjectNode node = Json.object()
                .put("failure", group.failure().id())
                .put("kind", group.failure().kind().name())
                .put("handler", group.failure().handler())
                .put("message", group.failure().message())
                .put("count", group.count());
        DispatchCodec.counts(node.putObject("states"), group.states());
        StepView.put(node, "firstAt", group.firstAt());
        StepView.put(node, "lastAt", group.lastAt());
        ArrayNode examples = node.putArray("examples");
        for (RunQueries.Step step : group.examples()) {
            StepError error = step.failure();
            examples.addObject()
                    .put("key", step.spec().id().stepKey())
                    .put("attempt", step.record() == null ? 0 : step.record().attempt())
                    .put("message", error == null ? "" : error.message());
        }
        return node;
    }
}
