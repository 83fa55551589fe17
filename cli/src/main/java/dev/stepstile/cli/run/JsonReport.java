package dev.stepstile.cli.run;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.cli.results.Result;
import dev.stepstile.client.StepStatus;
import dev.stepstile.codec.Json;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;

/** For programs: a JSON object on each line, whose {@code event} says what it is. */
final class JsonReport implements RunReport {
    private static final Duration PROGRESS_EVERY = Duration.ofSeconds(5);

    private final PrintStream out = System.out;
    private final InstantSource clock = InstantSource.system();
    private String runId = "";
    private Instant nextAt = clock.instant();

    @Override
    public synchronized void started(String run, String rows) {
        runId = run;
        print(event("started").put("text", rows));
    }

    @Override
    public synchronized void progress(Standing standing) {
        Instant now = clock.instant();
        if (!now.isBefore(nextAt)) {
            nextAt = now.plus(PROGRESS_EVERY);
            print(counted(event("progress"), standing));
        }
    }

    @Override
    public synchronized void note(String sentence) {
        print(event("note").put("text", sentence));
    }

    @Override
    public synchronized void ended(Standing standing, List<Result> unsuccessful, String results) {
        print(counted(event("ended"), standing).put("allSucceeded", standing.allSucceeded()));
    }

    @Override
    public void asked(String question) {
        throw new IllegalStateException("nobody sits before a program's output");
    }

    @Override
    public void answered() {
        throw new IllegalStateException("nothing was asked");
    }

    private ObjectNode event(String name) {
        return Json.object().put("event", name).put("run", runId);
    }

    private static ObjectNode counted(ObjectNode event, Standing standing) {
        if (standing.total() != null) {
            event.put("rows", standing.total());
        }
        event.put("dispatched", standing.dispatched()).put("done", standing.done());
        ObjectNode counts = event.putObject("counts");
        for (StepStatus status : StepStatus.values()) {
            if (standing.of(status) > 0) {
                counts.put(status.name(), standing.of(status));
            }
        }
        event.put("perSecond", Math.round(standing.perSecond() * 10) / 10.0);
        Duration left = standing.left();
        if (left != null) {
            event.put("secondsLeft", left.toSeconds());
        }
        return event;
    }

    private void print(ObjectNode event) {
        out.println(Json.print(event));
        out.flush();
    }
}
