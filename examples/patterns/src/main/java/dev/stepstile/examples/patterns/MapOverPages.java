package dev.stepstile.examples.patterns;

import dev.stepstile.client.Dispatch;
import dev.stepstile.client.Follower;
import dev.stepstile.client.JsonValue;
import dev.stepstile.client.RunEvent;
import dev.stepstile.client.Step;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepstileClient;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A step for each item of a source that is read page by page: how many pages there are is known when the last one is read. */
public final class MapOverPages {
    private MapOverPages() {}

    /**
     * What a step that reads a page returns.
     *
     * @param next the number of the page after it; null for the last one
     */
    public record Page(List<String> texts, @Nullable Integer next) {}

    /** @return what the step of each item returned, by its key */
    public static Map<String, JsonValue> run(StepstileClient client, String runId) {
        client.dispatch(runId, Dispatch.of(List.of(page(1))));

        Map<String, JsonValue> results = new TreeMap<>();
        Follower follower = client.follow(runId, List.of(page(1).key()));
        for (RunEvent event : follower) {
            if (event instanceof StepEnded end) {
                JsonValue result = end.resultOrThrow();
                if (end.key().startsWith("page/")) {
                    List<Step> more = following(end.key(), Objects.requireNonNull(result.as(Page.class)));
                    if (!more.isEmpty()) {
                        client.dispatch(runId, Dispatch.of(more));
                        follower.add(more.stream().map(Step::key).toList());
                    }
                } else {
                    results.put(end.key(), result);
                }
            }
        }
        return results;
    }

    private static Step page(int number) {
        return Step.of("page/" + number, "words.page", Map.of("page", number));
    }

    /** A step for each item of a page, and one that reads the next page meanwhile. */
    private static List<Step> following(String key, Page page) {
        List<Step> steps = new ArrayList<>();
        for (int item = 0; item < page.texts().size(); item++) {
            Map<String, String> input = Map.of("text", page.texts().get(item));
            steps.add(Step.of("count/" + key + "/" + item, "words.count", input));
        }
        if (page.next() != null) {
            steps.add(page(page.next()));
        }
        return steps;
    }
}
