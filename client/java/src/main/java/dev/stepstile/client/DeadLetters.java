package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The dead-letter queue of a stack: {@code client.deadLetters()}.
 *
 * <p>A redrive and a purge take at most 1,000 letters in a call; while the answer is not complete, the same call again
 * continues.
 */
public final class DeadLetters {
    private static final String PATH = "/v1/dead-letters";
    private static final int LIMIT = 1000;

    private final Transport transport;

    DeadLetters(Transport transport) {
        this.transport = transport;
    }

    /**
     * Up to 1,000 letters, with how their steps stand. They stay in the queue; other calls do not see them until this one
     * is answered.
     *
     * @throws RefusedException of type {@code bad-kind} if there is no such kind
     */
    public DeadLetterList list(DeadLetterSelection selection) {
        return list(selection, false);
    }

    /** As {@link #list}, with the letters as they are in the queue, which have the inputs of their steps. */
    public DeadLetterList listWithBodies(DeadLetterSelection selection) {
        return list(selection, true);
    }

    private DeadLetterList list(DeadLetterSelection selection, boolean bodies) {
        Map<String, String> query = new TreeMap<>(Map.of("limit", String.valueOf(LIMIT)));
        if (bodies) {
            query.put("body", "true");
        }
        selection.body().properties().stream()
                .filter(member -> member.getValue().isTextual())
                .forEach(member -> query.put(member.getKey(), member.getValue().asText()));
        if (selection.keys().size() == 1) {
            query.put("key", selection.keys().getFirst());
        }
        JsonNode answer = transport.get(PATH, query, "deadLetters");
        List<DeadLetter> letters = answer.path("deadLetters")
                .valueStream()
                .map(AnswerReader::deadLetter)
                .filter(letter -> includes(selection, letter))
                .toList();
        return new DeadLetterList(
                letters,
                answer.path("approximateCount").asLong(),
                answer.path("complete").asBoolean());
    }

    private static boolean includes(DeadLetterSelection selection, DeadLetter letter) {
        DeadLetter.DeadStep step = letter.step();
        return selection.keys().isEmpty() || (step != null && selection.keys().contains(step.key()));
    }

    /** Redrives the steps that are DEAD, and takes their letters out of the queue, as a redrive of its own. */
    public DeadLetterChange redrive(DeadLetterSelection selection) {
        return redrive(selection, Redrive.all());
    }

    /**
     * Redrives the steps that are DEAD, and takes their letters out of the queue.
     *
     * @param how name and overrides; a step that a call of that name has redriven is not redriven by it again. It has
     *     no keys, no filter and no input
     * @throws IllegalArgumentException if it names keys, a filter or an input
     */
    public DeadLetterChange redrive(DeadLetterSelection selection, Redrive how) {
        if (!how.keys().isEmpty() || !how.filter().equals(StepFilter.ALL) || how.input() != null) {
            throw new IllegalArgumentException(
                    "how must have a name and overrides alone: the letters say which steps are redriven.");
        }
        ObjectNode body = selection.body();
        body.setAll(RequestWriter.redriveBody(how));
        JsonNode answer = transport.post(PATH + "/redrive", Json.print(body), "redrivenCount");
        return new DeadLetterChange(
                answer.path("redrivenCount").asInt(),
                answer.path("deletedCount").asInt(),
                answer.path("leftCount").asInt(),
                answer.path("complete").asBoolean());
    }

    /** What {@link #redrive} would do. */
    public DeadLetterPlan planRedrive(DeadLetterSelection selection) {
        return plan("/redrive", selection.body());
    }

    /** Deletes letters of steps that have ended, or whose run was deleted by age. No step is changed. */
    public DeadLetterChange purge(DeadLetterSelection selection) {
        return purged(selection.body());
    }

    /** What {@link #purge} would do. */
    public DeadLetterPlan planPurge(DeadLetterSelection selection) {
        return plan("/purge", selection.body());
    }

    /** Deletes messages that are not recognised, and no letter of a step. */
    public DeadLetterChange purgeUnrecognised() {
        return purged(Json.object().put("unrecognised", true));
    }

    private DeadLetterChange purged(ObjectNode body) {
        JsonNode answer = transport.post(PATH + "/purge", Json.print(body), "purgedCount");
        return new DeadLetterChange(
                0,
                answer.path("purgedCount").asInt(),
                answer.path("leftCount").asInt(),
                answer.path("complete").asBoolean());
    }

    private DeadLetterPlan plan(String call, ObjectNode body) {
        JsonNode answer = transport.post(PATH + call, Json.print(body.put("dryRun", true)), "counts");
        Map<String, Integer> counts = new TreeMap<>();
        answer.path("counts")
                .properties()
                .forEach(count -> counts.put(count.getKey(), count.getValue().asInt()));
        List<String> examples = new ArrayList<>();
        answer.path("examples").forEach(example -> examples.add(example.asText()));
        int counted = counts.values().stream().mapToInt(Integer::intValue).sum();
        return new DeadLetterPlan(
                counts,
                examples,
                answer.path("deletedCount").asInt(counted),
                answer.path("leftCount").asInt(),
                answer.path("complete").asBoolean());
    }
}
