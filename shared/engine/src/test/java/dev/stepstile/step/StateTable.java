package dev.stepstile.step;

import dev.stepstile.step.StepEvent.FailureKind;
import dev.stepstile.step.StepState.Running;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Every situation a step can be in, every event that can meet it there, and what {@link StepLife} makes of the two. */
final class StateTable {
    private StateTable() {}

    /** A row: a step as an event finds it; {@code record} null while it exists only in its manifest. */
    record Situation(String name, @Nullable StepRecord record, StepSpec spec) {}

    /** A column. The event depends on the situation only by the spec that a message for it would carry. */
    record Happening(String name, Function<Situation, StepEvent> event) {}

    /** Columns that are read together. */
    record Part(String title, List<Happening> happenings) {}

    static List<Situation> situations() {
        List<Situation> rows = new ArrayList<>();
        rows.add(new Situation("QUEUED", null, Steps.spec()));
        rows.add(new Situation("QUEUED, validity over", null, Steps.expired()));
        Window late = new Window(null, Steps.NOW);
        rows.add(new Situation("QUEUED, deadline reached", null, Steps.spec(late)));
        rows.add(new Situation(
                "QUEUED, `notBefore` ahead", null, Steps.spec(new Window(Steps.NOW.plusMillis(1), null))));
        add(rows, "RUNNING", Steps.record(Steps.running(Duration.ofSeconds(1), false)));
        add(rows, "RUNNING, cancel asked", Steps.record(Steps.running(Duration.ofSeconds(1), true)));
        add(rows, "RUNNING, last attempt", Steps.record(3, 0, Steps.running(Duration.ofSeconds(1), false), List.of()));
        Duration over = Steps.MARGIN.negated();
        add(rows, "RUNNING, overdue", Steps.record(Steps.running(over, false)));
        add(rows, "RUNNING, overdue, cancel asked", Steps.record(Steps.running(over, true)));
        add(rows, "RUNNING, overdue, last attempt", Steps.record(3, 0, Steps.running(over, false), List.of()));
        Window soonLate = new Window(null, Steps.NOW.plusSeconds(5));
        add(rows, "RUNNING, deadline reached", Steps.record(Steps.running(over, false), late));
        add(rows, "RUNNING, deadline reached, cancel asked", Steps.record(Steps.running(over, true), late));
        add(rows, "RUNNING, deadline before a retry", Steps.record(Steps.running(over, false), soonLate));
        RetryRule others = new RetryRule(List.of("a.B"), List.of());
        RetryRule these = new RetryRule(List.of(), List.of("HANDLER_FAILED", "WORKER_LOST", "WORKER_STOPPED"));
        add(rows, "RUNNING, `retry.on` has others", Steps.record(Steps.running(over, false), others));
        add(rows, "RUNNING, `retry.never` has it", Steps.record(Steps.running(over, false), these));
        add(rows, "RUNNING, `retry.never` has it, cancel asked", Steps.record(Steps.running(over, true), these));
        add(rows, "RETRYING, not due", Steps.record(new StepState.Retrying(Steps.NOW.plusMillis(1))));
        add(rows, "RETRYING, due", Steps.record(new StepState.Retrying(Steps.NOW)));
        add(
                rows,
                "RETRYING, due, lost a worker",
                Steps.record(2, 0, new StepState.Retrying(Steps.NOW), List.of(Steps.lost(2))));
        add(rows, "RETRYING, deadline reached", Steps.record(new StepState.Retrying(Steps.NOW.plusMillis(1)), late));
        add(rows, "SUCCEEDED", Steps.record(new StepState.Succeeded(new Payload.Inline("41"), Steps.NOW)));
        add(rows, "FAILED", Steps.record(new StepState.Failed(Steps.BROKEN, Steps.NOW)));
        add(rows, "FAILED, deadline reached", Steps.record(new StepState.Failed(Steps.BROKEN, Steps.NOW), late));
        add(rows, "DEAD, not dead-lettered", Steps.record(new StepState.Dead(Steps.BROKEN, Steps.NOW, null)));
        add(rows, "DEAD, dead-lettered", Steps.record(new StepState.Dead(Steps.BROKEN, Steps.NOW, Steps.NOW)));
        add(rows, "CANCELLED", Steps.record(new StepState.Cancelled(Steps.NOW)));
        Window ahead = new Window(Steps.NOW.plusMillis(1), null);
        add(rows, "CANCELLED, `notBefore` ahead", Steps.record(new StepState.Cancelled(Steps.NOW), ahead));
        for (Situation row : List.copyOf(rows)) {
            if (row.record() != null
                    && List.of("RUNNING, overdue", "RETRYING, due", "SUCCEEDED").contains(row.name())) {
                rows.add(new Situation(row.name() + ", of another dispatch", row.record(), Steps.spec("d2")));
            }
        }
        return rows;
    }

    private static void add(List<Situation> rows, String name, StepRecord record) {
        rows.add(new Situation(name, record, Steps.spec()));
    }

    static List<Part> parts() {
        return List.of(
                new Part(
                        "A worker receives a message",
                        List.of(
                                new Happening("claim, others beside it", s -> Steps.claim(s.spec(), false)),
                                new Happening("claim, alone", s -> Steps.claim(s.spec(), true)),
                                new Happening(
                                        "discard",
                                        s -> new StepEvent.Discard(
                                                s.spec(), new StepError(StepError.Kind.PAYLOAD_MISSING, "gone"))))),
                new Part(
                        "Events from the owner",
                        List.of(
                                new Happening("succeed", s -> Steps.succeed(attempt(s), Steps.OWNER)),
                                new Happening(
                                        "fail, retryable",
                                        s -> Steps.fail(attempt(s), Steps.OWNER, FailureKind.RETRYABLE)),
                                new Happening(
                                        "fail, passing", s -> Steps.fail(attempt(s), Steps.OWNER, FailureKind.PASSING)),
                                new Happening(
                                        "fail, terminal",
                                        s -> Steps.fail(attempt(s), Steps.OWNER, FailureKind.TERMINAL)),
                                new Happening(
                                        "fail, unrecoverable",
                                        s -> Steps.fail(attempt(s), Steps.OWNER, FailureKind.UNRECOVERABLE)),
                                new Happening("release", s -> new StepEvent.Release(attempt(s), Steps.OWNER, 2)))),
                new Part(
                        "Events from a stale attempt (an older attempt; another owner)",
                        List.of(
                                new Happening("succeed (older)", s -> Steps.succeed(attempt(s) - 1, Steps.OWNER)),
                                new Happening("succeed (other)", s -> Steps.succeed(attempt(s), "owner-1")),
                                new Happening(
                                        "fail (older)",
                                        s -> Steps.fail(attempt(s) - 1, Steps.OWNER, FailureKind.RETRYABLE)),
                                new Happening(
                                        "fail (other)", s -> Steps.fail(attempt(s), "owner-1", FailureKind.RETRYABLE)),
                                new Happening(
                                        "release (older)", s -> new StepEvent.Release(attempt(s) - 1, Steps.OWNER, 2)),
                                new Happening(
                                        "release (other)", s -> new StepEvent.Release(attempt(s), "owner-1", 2)))),
                new Part(
                        "A lost worker, the sweeper, a cancel, a redrive, the dead-letter queue",
                        List.of(
                                new Happening("worker lost", s -> lost(Steps.WORKER, attempt(s))),
                                new Happening("worker lost (older attempt)", s -> lost(Steps.WORKER, attempt(s) - 1)),
                                new Happening("another worker lost", s -> lost("worker-1", attempt(s))),
                                new Happening("expire", s -> new StepEvent.Expire(Steps.MARGIN)),
                                new Happening("reach the deadline", s -> new StepEvent.ReachDeadline(s.spec())),
                                new Happening("cancel", s -> new StepEvent.Cancel(s.spec(), 1)),
                                new Happening("cancel, answered before", s -> new StepEvent.Cancel(s.spec(), 0)),
                                new Happening("redrive", s -> new StepEvent.Redrive(1, null)),
                                new Happening("redrive by its dead letter", s -> new StepEvent.Redrive(1, attempt(s))),
                                new Happening(
                                        "redrive by an older dead letter",
                                        s -> new StepEvent.Redrive(1, attempt(s) - 1)),
                                new Happening("dead-lettered", s -> new StepEvent.DeadLettered(attempt(s))),
                                new Happening(
                                        "dead-lettered (older attempt)",
                                        s -> new StepEvent.DeadLettered(attempt(s) - 1)))),
                new Part(
                        "A redrive that changes the step's settings",
                        List.of(new Happening(
                                "redrive with overrides", s -> new StepEvent.Redrive(1, null, "call", RAISED)))),
                new Part(
                        "A cancel of the step alone",
                        List.of(new Happening("cancel the step", s -> new StepEvent.CancelStep(s.spec())))));
    }

    private static final StepOverrides RAISED = new StepOverrides(
            "another", StepOverrides.Retries.of(9), Duration.ofSeconds(880), new Payload.Inline("42"));

    private static StepEvent lost(String worker, int attempt) {
        return new StepEvent.WorkerLost(worker, attempt, ", beside others");
    }

    private static int attempt(Situation situation) {
        return situation.record() == null ? 0 : situation.record().attempt();
    }

    static Transition transition(Situation situation, Happening happening) {
        return StepLife.on(situation.record(), happening.event().apply(situation), Steps.NOW);
    }

    /** What the event does, in a few words. */
    static String cell(Situation situation, Happening happening) {
        return switch (transition(situation, happening)) {
            case Transition.Write(StepRecord next, Precondition _) -> written(situation.record(), next);
            case Transition.Held _ -> "held";
            case Transition.NotDue _ -> "not due";
            case Transition.Suspect _ -> "wait to be alone";
            case Transition.Attached _ -> "attached";
            case Transition.Finished _ -> "finished";
            case Transition.Stale _ -> "stale";
            case Transition.Unchanged _ -> "–";
        };
    }

    private static String written(@Nullable StepRecord found, StepRecord next) {
        StringBuilder words = new StringBuilder("**" + next.state().name() + "**");
        int before = found == null ? 0 : found.attempt();
        if (next.attempt() != before) {
            words.append(", attempt ")
                    .append(next.attempt() - before > 0 ? "+" : "")
                    .append(next.attempt() - before);
        }
        if (next.attempts().budgetFrom() == next.attempt() && next.attempt() > 0) {
            words.append(", fresh budget");
        } else if (found != null
                && next.attempts().budgetFrom() == found.attempts().budgetFrom() + 1) {
            words.append(", not counted");
        }
        if (next.state() instanceof StepState.Retrying(Instant due)
                && found != null
                && found.settings().window().isAhead(Steps.NOW)
                && due.isAfter(Steps.NOW)) {
            words.append(", not due");
        }
        if (found != null && !found.settings().equals(next.settings())) {
            words.append(", other settings");
        }
        if (found != null
                && found.state() instanceof Running was
                && next.state() instanceof Running is
                && is.cancelRequested() != was.cancelRequested()) {
            words.append(", asked to stop");
        }
        if (next.state() instanceof StepState.Dead dead && dead.deadLetteredAt() != null) {
            words.append(", dead-lettered");
        }
        return words.toString();
    }

    /** One part as a Markdown table. */
    static String markdown(Part part) {
        StringBuilder table = new StringBuilder("| from \\ event |");
        part.happenings()
                .forEach(happening -> table.append(' ').append(happening.name()).append(" |"));
        table.append("\n|---|").append("---|".repeat(part.happenings().size())).append('\n');
        for (Situation situation : situations()) {
            table.append("| ").append(situation.name()).append(" |");
            for (Happening happening : part.happenings()) {
                table.append(' ').append(cell(situation, happening)).append(" |");
            }
            table.append('\n');
        }
        return table.toString();
    }
}
