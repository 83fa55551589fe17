package dev.stepstile.testkit;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.Timing;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Runs one step to its end: receives its message, lets a worker execute it, sweeps each minute, and sets the clock forward
 * when there is nothing to do. One thing happens after the other; only what stands still or was killed stays beside it.
 */
final class StepRun implements AutoCloseable {
    static final String RUN = "/v1/runs/test";

    private static final Set<String> ENDED = Set.of("SUCCEEDED", "FAILED", "DEAD", "CANCELLED");
    private static final Duration LOOK = Duration.ofSeconds(5);
    private static final Duration MOMENT = Duration.ofMillis(20);
    private static final Duration PATIENCE = Duration.ofDays(15);

    private final TestTime time = new TestTime(true);
    private final EngineUnderTest engine = new EngineUnderTest(time, Timing.DEFAULT);
    private final AttemptsUnderTest attempts;
    private final Handlers handlers;
    private final Instant began = time.instant();
    private final AtomicInteger deliveries = new AtomicInteger();
    private Instant nextSweep;
    private String step = "";

    StepRun(StepHandler handler, List<Fault> faults) {
        attempts = new AttemptsUnderTest(faults, time, engine, this::executeElsewhere);
        handlers = new Handlers(List.of(new WatchedHandler(handler, context -> attempts)));
        nextSweep = began.plus(engine.timing().sweepEvery());
    }

    StepOutcome run(String key, ObjectNode dispatch, Map<String, String> headers) throws InterruptedException {
        step = "key=" + URLEncoder.encode(key, StandardCharsets.UTF_8);
        if (engine.body(engine.answer("POST", RUN + "/dispatches", "", headers, Json.print(dispatch))) == null) {
            throw new IllegalStateException("a dispatch has no 404");
        }
        toTheEnd();
        attempts.letGo();
        JsonNode ended = step("");
        StepOutcome outcome = outcome(ended);
        attempts.requireAllFaults(outcome);
        return outcome;
    }

    private void toTheEnd() throws InterruptedException {
        while (!over()) {
            List<Delivery> batch = engine.ports().queue().receive(10, Duration.ZERO);
            Instant now = time.instant();
            if (!batch.isEmpty()) {
                work(batch);
            } else if (!now.isBefore(nextSweep)) {
                engine.sweep();
                nextSweep = now.plus(engine.timing().sweepEvery());
            } else if (now.isAfter(began.plus(PATIENCE))) {
                throw new AssertionError("The step has not ended within 15 days of its clock: " + step(""));
            } else {
                time.forward(Duration.between(now, nextAt(now)));
            }
        }
    }

    private boolean over() throws InterruptedException {
        JsonNode found = step("");
        if (!ENDED.contains(found.path("state").asText()) || attempts.expectsDelivery()) {
            return false;
        }
        JsonNode status = engine.body("GET", RUN, "", null);
        return status != null && status.path("openDispatchCount").intValue() == 0;
    }

    /** When something may be there to do. */
    private Instant nextAt(Instant now) throws InterruptedException {
        JsonNode found = step("");
        Instant at = now.plus(LOOK);
        if (found.has("notBefore")) {
            Instant notBefore = Instant.parse(found.path("notBefore").asText());
            at = notBefore.isAfter(now) ? notBefore : now.plus(MOMENT);
        }
        return at.isBefore(nextSweep) ? at : nextSweep;
    }

    /** The step as the API shows it; an empty object before it was started. */
    private JsonNode step(String query) throws InterruptedException {
        JsonNode found = engine.body("GET", RUN + "/step", step + query, null);
        return found == null ? Json.object() : found;
    }

    /** As the event source mapping: what the worker's answer does not name is deleted. */
    private void work(List<Delivery> batch) throws InterruptedException {
        WorkerLife worker = new WorkerLife();
        attempts.runBy(worker, batch);
        deliveries.addAndGet(batch.size());
        CompletableFuture<List<String>> executed = engine.execute(worker, handlers, batch);
        CompletableFuture.anyOf(executed, worker.stopped()).join();
        if (worker.standsStill()) {
            return;
        }
        List<String> staying = executed.join();
        for (Delivery delivery : batch) {
            if (attempts.takesDelivery(delivery)) {
                engine.ports().queue().changeVisibility(delivery.receipt(), Duration.ZERO);
            } else if (!staying.contains(delivery.messageId())) {
                engine.ports().queue().delete(List.of(delivery.receipt()));
            }
        }
    }

    /** Another worker gets the same messages, and answers. */
    private void executeElsewhere(List<Delivery> batch) {
        deliveries.addAndGet(batch.size());
        engine.execute(new WorkerLife(), handlers, batch).join();
    }

    private StepOutcome outcome(JsonNode ended) throws InterruptedException {
        JsonNode error = ended.path("error");
        Instant finished = Instant.parse(ended.path("finishedAt").asText());
        return new StepOutcome(
                ended.path("state").asText(),
                result(ended),
                error.isMissingNode()
                        ? ""
                        : error.path("kind").asText() + ": "
                                + error.path("message").asText(),
                Duration.between(began, finished),
                outcomes(ended),
                attempts.starts(),
                deliveries.get());
    }

    private @Nullable String result(JsonNode ended) throws InterruptedException {
        if (ended.has("result")) {
            return Json.print(ended.path("result"));
        }
        return ended.has("resultLocation") ? LargeResult.read(engine, step) : null;
    }

    private List<AttemptOutcome> outcomes(JsonNode ended) throws InterruptedException {
        List<AttemptOutcome> outcomes = new ArrayList<>();
        for (int number = 1; number <= ended.path("attempt").intValue(); number++) {
            JsonNode note = Json.object();
            for (JsonNode candidate : ended.path("attempts")) {
                note = candidate.path("attempt").intValue() == number ? candidate : note;
            }
            List<String> output = new ArrayList<>();
            step("&log=true&attempt=" + number)
                    .path("logPages")
                    .forEach(page -> page.path("lines").forEach(line -> output.add(line.asText())));
            outcomes.add(new AttemptOutcome(
                    number,
                    note.path("kind").textValue(),
                    note.path("message").asText(),
                    attempts.progressOf(number),
                    output));
        }
        return outcomes;
    }

    @Override
    public void close() {
        time.close();
        engine.close();
    }
}
