package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Mixin;

/** A command that changes something: it shows the dry run, asks, and repeats the call until it is complete. */
abstract class ChangeCommand extends ApiCommand {
    static final ObjectMapper JSON = new ObjectMapper();

    /** Of a call that gets nowhere. */
    private static final int CALLS_WITHOUT_PROGRESS = 5;

    @Mixin
    private Confirmation confirmation = new Confirmation();

    /**
     * What is to be changed, and the words for it.
     *
     * @param path of the call
     * @param body without {@code dryRun}
     * @param one what is counted: {@code step}
     * @param done what happens to it, in the past: {@code redriven}
     * @param counts the members of the answer that count, the first of which is what was wanted
     * @param evenIfNothing the call does something even if it concerns no step
     */
    record Change(String path, ObjectNode body, String one, String done, List<String> counts, boolean evenIfNothing) {
        Change(String path, ObjectNode body, String one, String done, List<String> counts) {
            this(path, body, one, done, counts, false);
        }
    }

    final int change(Calls calls, Change change) {
        boolean json = output().isJson();
        confirmation.refuseIfNobodyCanBeAsked();
        if (confirmation.isDryRun() || confirmation.asks()) {
            Preview preview = Preview.of(calls, change.path(), change.body());
            String told = preview.told(change.one(), change.done());
            if (!json) {
                leftOut(preview.answer());
            }
            if (confirmation.isDryRun()) {
                if (json) {
                    screen().line(preview.answer().toString());
                } else {
                    screen().say(told);
                }
                return Exit.DONE;
            }
            if (preview.isNothing() && !change.evenIfNothing()) {
                errors().say("Nothing to do: no " + change.one() + " would be " + change.done() + ".");
                return Exit.DONE;
            }
            errors().say(told);
            if (!confirmation.confirmed(errors(), "Go on?")) {
                errors().say("Nothing was changed.");
                return Exit.NO;
            }
        }
        ObjectNode answer = whole(calls, change);
        if (json) {
            screen().line(answer.toString());
        } else {
            tell(answer, change);
        }
        return Exit.DONE;
    }

    /** Repeats the call until its answer is complete, and adds the counts up. */
    private static ObjectNode whole(Calls calls, Change change) {
        ObjectNode sum = JSON.createObjectNode();
        int idle = 0;
        while (true) {
            JsonNode answer = calls.post(change.path(), change.body());
            long progress = 0;
            for (String count : change.counts()) {
                progress += answer.path(count).asLong();
            }
            ObjectNode whole = (ObjectNode) answer.deepCopy();
            for (String count : change.counts()) {
                if (answer.has(count)) {
                    whole.put(
                            count, sum.path(count).asLong() + answer.path(count).asLong());
                }
            }
            sum = whole;
            idle = progress > 0 ? 0 : idle + 1;
            if (answer.path("complete").asBoolean(true) || idle == CALLS_WITHOUT_PROGRESS) {
                return sum;
            }
        }
    }

    /** What was done; and what was not. */
    private void tell(ObjectNode answer, Change change) {
        screen().say(Text.count(answer.path(change.counts().getFirst()).asLong(), change.one()) + " "
                + (answer.path(change.counts().getFirst()).asLong() == 1 ? "was " : "were ") + change.done() + ".");
        told(answer, "stoppingCount", " run, and stop with their worker's next heartbeat, within 5 s.");
        told(answer, "deletedCount", " dead letters were deleted.");
        told(answer, "leftCount", " were left in the queue: `./stepstile dlq list` says how their steps stand.");
        leftOut(answer);
        if (!answer.path("complete").asBoolean(true)) {
            errors().say("There is more to do, and the last calls got nowhere: repeat this command later.");
        }
    }

    private void leftOut(JsonNode answer) {
        for (String member : List.of("unknownKeys", "damagedKeys")) {
            for (JsonNode key : answer.path(member)) {
                errors().say((member.equals("unknownKeys") ? "No such step: " : "Its record is damaged: ")
                        + Text.clean(key.asText()));
            }
        }
    }

    private void told(ObjectNode answer, String member, String text) {
        long count = answer.path(member).asLong();
        if (count > 0) {
            screen().say(Text.count(count) + text);
        }
    }
}
