package dev.stepstile.cli.run;

import dev.stepstile.cli.results.Result;
import dev.stepstile.cli.results.ResultWriter;
import dev.stepstile.client.StepDamaged;
import dev.stepstile.client.StepEnded;
import dev.stepstile.client.StepRecord;
import dev.stepstile.client.StepResult;
import dev.stepstile.client.StepState;
import dev.stepstile.client.StepStatus;
import dev.stepstile.client.StepstileClient;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Reads the results of a run: a list of its steps, and for each hundred of them a lookup. Holds one hundred at a time. */
final class ResultExport {
    /** Of one lookup. */
    private static final int BATCH = 100;

    private final StepstileClient client;
    private final String runId;
    private final Set<StepStatus> wanted;

    /** A step that two dispatches name is listed twice. */
    private final Set<String> seen = new HashSet<>();

    private int written;
    private int notEnded;

    ResultExport(StepstileClient client, String runId, Set<StepStatus> wanted) {
        this.client = client;
        this.runId = runId;
        this.wanted = wanted;
    }

    void to(ResultWriter out) throws IOException {
        List<String> batch = new ArrayList<>();
        try (Stream<StepRecord> steps =
                wanted.size() == 1 ? client.steps(runId, wanted.iterator().next()) : client.steps(runId)) {
            for (Iterator<StepRecord> each = steps.iterator(); each.hasNext(); ) {
                StepRecord step = each.next();
                if (seen.add(step.key())) {
                    note(step, batch);
                }
                if (batch.size() == BATCH) {
                    write(batch, out);
                    batch.clear();
                }
            }
        }
        write(batch, out);
    }

    private void note(StepRecord step, List<String> batch) {
        StepStatus status = step.state().status();
        if (wanted.contains(status)) {
            batch.add(step.key());
        } else if (!(step.state() instanceof StepState.Ended)) {
            notEnded++;
        }
    }

    private void write(List<String> keys, ResultWriter out) throws IOException {
        for (StepRecord step : client.lookup(runId, keys).values()) {
            switch (step.state()) {
                case StepState.Ended state -> out.write(Result.of(runId, null, ended(step, state)));
                case StepState.Unknown(String damage) ->
                    out.write(Result.of(runId, null, new StepDamaged(step.key(), step.attempt(), damage)));
                case StepState.Queued _, StepState.Running _, StepState.Retrying _, StepState.Unrecognised _ -> {
                    notEnded++; // it was redriven since it was listed
                    continue;
                }
            }
            written++;
        }
    }

    /** With its result, of whatever size. */
    private StepEnded ended(StepRecord step, StepState.Ended state) {
        StepState.Ended whole = state instanceof StepState.Succeeded(Instant at, StepResult.Stored _)
                ? new StepState.Succeeded(at, new StepResult.Value(client.result(runId, step.key())))
                : state;
        return new StepEnded(step.key(), step.attempt(), whole, step.attempts());
    }

    int written() {
        return written;
    }

    int notEnded() {
        return notEnded;
    }
}
