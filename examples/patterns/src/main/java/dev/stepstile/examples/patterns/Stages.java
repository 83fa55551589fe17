package dev.stepstile.examples.patterns;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Follower;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.RunEvent;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepstileClient;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Each text goes through two steps; the second begins when its own first one has ended, whatever the others do. */
public final class Stages {
    private static final String CLEAN = "clean/";
    private static final String COUNT = "count/";

    private Stages() {}

    /** @return what the second step of each text returned, by the name of the text */
    public static Map<String, JsonValue> run(StepstileClient client, String runId, Map<String, String> texts) {
        List<Step> cleans = texts.entrySet().stream()
                .map(text -> Step.of(CLEAN + text.getKey(), "words.clean", Map.of("text", text.getValue())))
                .toList();
        Dispatch first = Dispatch.of("clean", cleans);
        client.dispatch(runId, first);

        Map<String, JsonValue> results = new TreeMap<>();
        Follower follower = client.follow(runId, first.keys());
        for (RunEvent event : follower) {
            if (event instanceof StepEnded end) {
                String text = end.key().substring(CLEAN.length()); // both prefixes have the same length
                if (end.key().startsWith(CLEAN)) {
                    Step count = Step.of(COUNT + text, "words.count", end.resultOrThrow());
                    client.dispatch(runId, Dispatch.of(List.of(count)));
                    follower.add(List.of(count.key()));
                } else {
                    results.put(text, end.resultOrThrow());
                }
            }
        }
        return results;
    }
}
