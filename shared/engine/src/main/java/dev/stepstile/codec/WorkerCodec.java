package dev.stepstile.codec;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.step.WorkerRecord.Activity;
import dev.stepstile.step.WorkerRecord.Assignment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A worker's item as JSON, complete: reading gives back what was written. Instants in milliseconds. Its lists are arrays
 * without names: ten steps should stay within 1 KB, which is one write unit for each heartbeat.
 */
public final class WorkerCodec {
    private WorkerCodec() {}

    public static String write(WorkerRecord worker) {
        ObjectNode node = Json.object().put("id", worker.id()).put("beat", worker.beat());
        Json.putInstant(node, "leaseUntil", worker.leaseUntil());
        Json.putInstant(node, "revokedAt", worker.revokedAt());
        node.set("steps", steps(worker.steps()));
        node.set("activities", activities(worker.activities()));
        return Json.print(node);
    }

    public static WorkerRecord read(String json) {
        JsonNode node = Json.parse(json);
        return new WorkerRecord(
                Json.text(node, "id"),
                steps(Json.member(node, "steps")),
                Json.integer(node, "beat"),
                Json.instant(node, "leaseUntil"),
                Json.instantOrNull(node, "revokedAt"),
                activities(Json.member(node, "activities")));
    }

    public static String writeSteps(List<Assignment> steps) {
        return Json.print(steps(steps));
    }

    public static List<Assignment> readSteps(String json) {
        return steps(Json.parse(json));
    }

    public static String writeActivities(SortedMap<Integer, Activity> activities) {
        return Json.print(activities(activities));
    }

    public static SortedMap<Integer, Activity> readActivities(String json) {
        return activities(Json.parse(json));
    }

    /** {@code [[runId, dispatchId, [key, shard, index], …], …]}: neighbours of one dispatch name it once. */
    private static ArrayNode steps(List<Assignment> steps) {
        ArrayNode dispatches = Json.array();
        ArrayNode dispatch = dispatches;
        String named = "";
        for (Assignment step : steps) {
            String name = step.id().runId() + "/" + step.dispatchId();
            if (!name.equals(named)) {
                dispatch = dispatches.addArray().add(step.id().runId()).add(step.dispatchId());
                named = name;
            }
            dispatch.addArray().add(step.id().stepKey()).add(step.shard()).add(step.index());
        }
        return dispatches;
    }

    private static List<Assignment> steps(JsonNode dispatches) {
        List<Assignment> steps = new ArrayList<>();
        for (JsonNode dispatch : dispatches) {
            for (int i = 2; i < dispatch.size(); i++) {
                JsonNode step = dispatch.get(i);
                steps.add(new Assignment(
                        new StepId(dispatch.get(0).textValue(), step.get(0).textValue()),
                        step.get(1).intValue(),
                        dispatch.get(1).textValue(),
                        step.get(2).intValue()));
            }
        }
        return steps;
    }

    /** {@code {"<place>": [attempt, since, fraction, note, last line]}}. */
    private static ObjectNode activities(SortedMap<Integer, Activity> activities) {
        ObjectNode all = Json.object();
        activities.forEach((place, activity) -> all.putArray(place.toString())
                .add(activity.attempt())
                .add(activity.since().toEpochMilli())
                .add(activity.progress().fraction())
                .add(activity.progress().note())
                .add(activity.lastLine()));
        return all;
    }

    private static SortedMap<Integer, Activity> activities(JsonNode all) {
        SortedMap<Integer, Activity> activities = new TreeMap<>();
        all.properties().forEach(entry -> {
            JsonNode activity = entry.getValue();
            activities.put(
                    Integer.valueOf(entry.getKey()),
                    new Activity(
                            activity.get(0).intValue(),
                            Instant.ofEpochMilli(activity.get(1).longValue()),
                            new StepState.Progress(
                                    activity.get(2).doubleValue(),
                                    activity.get(3).textValue()),
                            activity.get(4).textValue()));
        });
        return activities;
    }
}
