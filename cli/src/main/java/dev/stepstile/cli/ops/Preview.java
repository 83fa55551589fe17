package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What a call would do, as its dry run answers. */
record Preview(JsonNode answer) {
    private static final String DRY_RUN = "dryRun";

    /** Makes the call with {@code dryRun}, which writes nothing. */
    static Preview of(Calls calls, String path, ObjectNode body) {
        return new Preview(calls.post(path, body.deepCopy().put(DRY_RUN, true)));
    }

    /** Whether nothing would happen; false if that is not known. */
    boolean isNothing() {
        return count() == 0
                && answer.path("deletedCount").asLong() == 0
                && answer.path("complete").asBoolean(true);
    }

    long count() {
        long sum = 0;
        for (JsonNode count : answer.path("counts")) {
            sum += count.asLong();
        }
        return sum;
    }

    /** Of a redrive of dead letters: those that are not counted, as their steps would not be redriven. */
    private String toldOfLetters() {
        long deleted = answer.path("deletedCount").asLong() - count();
        long left = answer.path("leftCount").asLong();
        return (deleted > 0
                        ? " " + Text.count(deleted, "more dead letter")
                                + " would be deleted: the steps are no longer DEAD."
                        : "")
                + (left > 0 ? " " + Text.count(left, "dead letter") + " would be left in the queue." : "");
    }

    /** {@code 12 steps would be redriven: 10 DEAD, 2 FAILED. For example: a, b.} */
    String told(String one, String done) {
        List<String> states = new ArrayList<>();
        answer.path("counts")
                .properties()
                .forEach(state -> states.add(Text.count(state.getValue().asLong()) + " " + state.getKey()));
        String examples = StreamSupport.stream(answer.path("examples").spliterator(), false)
                .limit(3)
                .map(key -> Text.clean(key.asText()))
                .collect(Collectors.joining(", "));
        return (answer.path("complete").asBoolean(true) ? "" : "At least ") + Text.count(count(), one) + " would be "
                + done + (states.isEmpty() ? "." : ": " + String.join(", ", states) + ".")
                + (examples.isEmpty() ? "" : " For example: " + examples + ".") + toldOfLetters();
    }
}
