package dev.stepstile.simulation;

import dev.stepstile.simulation.audit.Findings;
import dev.stepstile.usecase.LiveAudit.Page;
import dev.stepstile.usecase.LiveAudit.Position;
import dev.stepstile.usecase.LiveAudit.SecondLook;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Violation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;

/** An operator who audits one run, whole, as the command does. What the live auditor reports is a finding. */
final class OperatorAudit {
    private static final int TRIES = 20;
    private static final long PAUSE_MILLIS = 2_000;

    /** Of how many steps on a call must make at most two reads a step, and one for each manifest. */
    private static final int MANY = 10;

    private static final int MANIFESTS = 20;

    private final Simulation simulation;
    private final Findings findings;
    private final String runId;
    private final boolean patient;
    private final Deque<SecondLook> toLookAgain = new ArrayDeque<>();

    /**
     * How much was audited, all audits together.
     *
     * @param unfinished audits that were given up, as calls went on to fail
     */
    record Audited(long runs, long steps, long reads, long secondLooks, long unfinished) {
        static final Audited NONE = new Audited(0, 0, 0, 0, 0);

        Audited plus(Audited more) {
            return new Audited(
                    runs + more.runs,
                    steps + more.steps,
                    reads + more.reads,
                    secondLooks + more.secondLooks,
                    unfinished + more.unfinished);
        }
    }

    /** @param patient false: a wrong auditor, which looks again at once */
    OperatorAudit(Simulation simulation, Findings findings, String runId, boolean patient) {
        this.simulation = simulation;
        this.findings = findings;
        this.runId = runId;
        this.patient = patient;
    }

    Audited audit() {
        Audited audited = new Audited(1, 0, 0, 0, 0);
        Position from = null;
        do {
            Position at = from;
            Optional<Page> page = call(stepstile -> stepstile.audit().look(runId, at));
            if (page.isEmpty()) {
                return audited.plus(new Audited(0, 0, 0, 0, 1));
            }
            audited = audited.plus(read(page.get()));
            from = page.get().next();
        } while (from != null);
        while (!toLookAgain.isEmpty()) {
            SecondLook again = toLookAgain.remove();
            waitUntil(again.notBefore());
            SecondLook now = patient ? again : new SecondLook(Instant.EPOCH, again.suspects());
            Optional<Page> page = call(stepstile -> stepstile.audit().lookAgain(runId, now));
            audited = audited.plus(page.isEmpty() ? new Audited(0, 0, 0, 0, 1) : read(page.get()));
            if (page.isPresent() && page.get().again() != null) { // too early, by the clock of the function
                simulation.scheduler().pause(PAUSE_MILLIS);
            }
        }
        return audited;
    }

    private Audited read(Page page) {
        for (Violation violation : page.violations()) {
            findings.add(
                    runId + "/" + violation.dispatchId() + "/" + violation.stepKey(),
                    "the live auditor reports " + violation.kind() + ": " + violation.evidence());
        }
        if (page.checked() >= MANY && page.reads() > 2 * page.checked() + MANIFESTS) {
            findings.add(runId, "a live audit of " + page.checked() + " steps made " + page.reads() + " reads");
        }
        SecondLook again = page.again();
        if (again != null) {
            toLookAgain.add(again);
        }
        return new Audited(0, page.checked(), page.reads(), again == null ? 0 : 1, 0);
    }

    private void waitUntil(Instant at) {
        while (patient && simulation.now().isBefore(at)) {
            simulation
                    .scheduler()
                    .pause(Math.max(1, Duration.between(simulation.now(), at).toMillis()));
        }
    }

    private interface Call {
        Optional<Page> on(Stepstile stepstile) throws InterruptedException;
    }

    /** Empty if there is no such run, or if all tries failed. */
    private Optional<Page> call(Call call) {
        for (int i = 0; i < TRIES; i++) {
            Optional<Optional<Page>> answer = simulation.askWaiting((stepstile, deadline) -> call.on(stepstile));
            if (answer.isPresent()) {
                return answer.get();
            }
            simulation.scheduler().pause(PAUSE_MILLIS);
        }
        return Optional.empty();
    }
}
