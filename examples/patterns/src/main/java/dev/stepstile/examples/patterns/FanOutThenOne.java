package dev.stepstile.examples.patterns;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.RunEvent;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepstileClient;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Many steps, and one that gets all their results. */
public final class FanOutThenOne {
    private FanOutThenOne() {}

    /** @return what the last step returned */
    public static JsonValue run(StepstileClient client, String runId, Map<String, String> texts) {
        List<Step> counts = texts.entrySet().stream()
                .map(text -> Step.of("count/" + text.getKey(), "words.count", Map.of("text", text.getValue())))
                .toList();
        Dispatch many = Dispatch.of("counts", counts);
        client.dispatch(runId, many);

        Map<String, JsonValue> results = new TreeMap<>(); // by key: steps end in any order
        for (RunEvent event : client.follow(runId, many.keys())) {
            if (event instanceof StepEnded end) {
                results.put(end.key(), end.resultOrThrow());
            }
        }

        Dispatch one = Dispatch.of("sum", List.of(Step.of("sum", "words.sum", null)))
                .withSharedInputs(Map.of("counts", JsonValue.of(results.values())));
        client.dispatch(runId, one);
        StepEnded sum = (StepEnded) client.follow(runId, one.keys()).iterator().next();
        return sum.resultOrThrow();
    }
}
