package dev.stepstile.functions.step;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.RetryAfter;
import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.port.PortException;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepStore;
import dev.stepstile.step.Attempts;
import dev.stepstile.step.FailedAttempt;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.Metric;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.lambda.powertools.idempotency.internal.IdempotencyHandler;

/** Powertools leads an attempt to the same end as a direct call does, whatever happens on the way. */
class FencedIdempotencyTest {
    @TempDir
    Path folder;

    /**
     * A way that an attempt can go.
     *
     * @param ends the record afterwards
     * @param given what is in the table when the message comes
     * @param writes called before each write of the store; may refuse it
     */
    record Way(
            String name,
            String ends,
            int maxAttempts,
            Worker.Work work,
            Consumer<Ports> given,
            Consumer<StepRecord> writes) {
        static Way of(String name, String ends, Worker.Work work) {
            return new Way(name, ends, 3, work, ports -> {}, write -> {});
        }

        Way given(StepState state) {
            return given(state, "gone");
        }

        /** @param owner whose the newest attempt is */
        Way given(StepState state, String owner) {
            return given(ports -> ports.store().write(record(state, owner), new Precondition.Absent()));
        }

        Way given(Consumer<Ports> stored) {
            return new Way(name, ends, maxAttempts, work, given.andThen(stored), writes);
        }

        Way writes(Consumer<StepRecord> refusing) {
            return new Way(name, ends, maxAttempts, work, given, refusing);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Way> ways() {
        Worker.Work succeeds = () -> StepResult.of(Map.of("rows", 3));
        Worker.Work fails = () -> {
            throw new IllegalStateException("broken");
        };
        return Stream.of(
                Way.of("success", "1 [] SUCCEEDED", succeeds),
                Way.of("a result that is no JSON", "1 [RESULT_NOT_SERIALISABLE] FAILED", () -> StepResult.ofJson("{")),
                Way.of("a failure that is retried", "1 [HANDLER_FAILED] RETRYING", fails),
                Way.of("a failure with a retry time", "1 [HANDLER_FAILED] RETRYING", () -> {
                    throw new RetryAfter(Duration.ofMinutes(3), "later");
                }),
                Way.of("a terminal failure", "1 [TERMINAL_FAILURE] FAILED", () -> {
                    throw new TerminalFailure("pointless");
                }),
                Way.of("an error", "1 [HANDLER_FAILED] RETRYING", () -> {
                    throw new StackOverflowError();
                }),
                new Way("the last failure of a budget", "1 [HANDLER_FAILED] DEAD", 1, fails, ports -> {}, write -> {}),
                Way.of("held", "1 [] RUNNING", succeeds)
                        .given(running(60), WorkerRecord.owner("other", 1))
                        .given(ports -> ports.workers().start(other(now().plusSeconds(60)))),
                Way.of("held by a worker that is silent, until others have revoked it", "1 [] RUNNING", succeeds)
                        .given(running(60), WorkerRecord.owner("other", 1))
                        .given(ports -> ports.workers().start(other(now().minusSeconds(60)))),
                Way.of("left behind by a worker without an item", "2 [WORKER_LOST] SUCCEEDED", succeeds)
                        .given(running(60), WorkerRecord.owner("other", 1)),
                Way.of("left behind by the version before, until a sweep ends it", "1 [] RUNNING", succeeds)
                        .given(running(-60), "other"),
                Way.of("finished", "1 [] SUCCEEDED Inline[json=1]", succeeds)
                        .given(new StepState.Succeeded(new Payload.Inline("1"), now())),
                Way.of("cancelled", "1 [] CANCELLED", succeeds).given(new StepState.Cancelled(now())),
                Way.of("not due", "1 [] RETRYING", succeeds).given(new StepState.Retrying(now().plusSeconds(30))),
                Way.of("due again", "2 [] SUCCEEDED", succeeds).given(new StepState.Retrying(now())),
                Way.of("a claim without an answer", "", succeeds).writes(write -> {
                    throw new PortException("throttled");
                }),
                Way.of("a success that cannot be recorded", "1 [] RUNNING", succeeds)
                        .writes(refusing(StepState.Name.SUCCEEDED)),
                Way.of("a failure that cannot be recorded", "1 [] RUNNING", fails)
                        .writes(refusing(StepState.Name.RETRYING)));
    }

    private static StepState running(int secondsLeft) {
        return new StepState.Running(now().plusSeconds(secondsLeft), false);
    }

    private static WorkerRecord other(Instant leaseUntil) {
        return WorkerRecord.starting(
                "other", List.of(new WorkerRecord.Assignment(Worker.step("s", 3).id(), 0, "d", 0)), leaseUntil);
    }

    private static Consumer<StepRecord> refusing(StepState.Name state) {
        return write -> {
            if (write.state().name() == state) {
                throw new PortException("throttled");
            }
        };
    }

    @ParameterizedTest
    @MethodSource("ways")
    void ends_as_a_direct_call_does(Way way) throws InterruptedException {
        List<String> direct = went(way, AttemptRunner.DIRECT, "direct");
        assertThat(direct).anySatisfy(seen -> assertThat(seen).startsWith("r/s: " + way.ends()));
        assertThat(went(way, new FencedIdempotency(), "fenced")).isEqualTo(direct);
    }

    /** What can be seen afterwards: messages that stay, counts, dead letters, and the record, without owner and times. */
    private List<String> went(Way way, AttemptRunner engine, String name) throws InterruptedException {
        try (EmbeddedPorts embedded =
                EmbeddedPorts.open(folder.resolve(name), Duration.ofSeconds(30), InstantSource.system())) {
            Ports ports = embedded.ports();
            StepSpec step = Worker.step("s", way.maxAttempts());
            StepSpec mate = Worker.step("mate", way.maxAttempts());
            way.given().accept(ports);
            Worker worker =
                    Worker.withoutSleep(Worker.with(ports, intercepted(ports.store(), way.writes())), way.work());
            List<String> seen = new ArrayList<>();
            seen.add("stay: " + worker.execute(engine, step, mate));
            for (Metric count : Metric.values()) {
                seen.add(count + ": " + worker.counts().of(count));
            }
            seen.add("dead letters: " + ports.deadLetters().peek(10).size());
            for (StepSpec spec : List.of(step, mate)) {
                seen.add(spec.id() + ": "
                        + ports.store()
                                .record(spec.id(), 0)
                                .map(FencedIdempotencyTest::shown)
                                .orElse(""));
            }
            return seen;
        }
    }

    private static String shown(StepRecord record) {
        List<String> causes = record.history().stream()
                .map(FailedAttempt::cause)
                .map(Enum::name)
                .toList();
        String state = switch (record.state()) {
            case StepState.Succeeded(Payload result, Instant _) -> "SUCCEEDED " + result;
            case StepState.Failed failed -> "FAILED " + failed.error();
            case StepState.Dead dead ->
                "DEAD " + dead.error() + (dead.deadLetteredAt() == null ? "" : " dead-lettered");
            case StepState.Running _ -> "RUNNING";
            case StepState.Retrying _ -> "RETRYING";
            case StepState.Cancelled _ -> "CANCELLED";
        };
        return record.attempt() + " " + causes + " " + state;
    }

    private static StepRecord record(StepState state, String owner) {
        StepSpec step = Worker.step("s", 3);
        return new StepRecord(
                step.id(),
                0,
                step.settings(),
                now(),
                new Attempts(new Attempts.Newest(1, owner, now(), 0), 0, List.of()),
                StepRecord.AnsweredCalls.NONE,
                state);
    }

    @Test
    void a_claim_an_end_and_a_failure_all_come_from_powertools() throws InterruptedException {
        Map<String, Boolean> led = new TreeMap<>();
        try (EmbeddedPorts embedded =
                EmbeddedPorts.open(folder.resolve("led"), Duration.ofSeconds(30), InstantSource.system())) {
            Consumer<StepRecord> seen = write -> led.put(
                    write.state().name().name(),
                    StackWalker.getInstance()
                            .walk(frames -> frames.anyMatch(
                                    frame -> frame.getClassName().equals(IdempotencyHandler.class.getName()))));
            Ports ports =
                    Worker.with(embedded.ports(), intercepted(embedded.ports().store(), seen));
            new Worker(ports, StepResult::none).execute(new FencedIdempotency(), Worker.step("good", 3));
            new Worker(ports, () -> {
                        throw new IllegalStateException("broken");
                    })
                    .execute(new FencedIdempotency(), Worker.step("bad", 3));
        }
        assertThat(led)
                .containsExactly(Map.entry("RETRYING", true), Map.entry("RUNNING", true), Map.entry("SUCCEEDED", true));
    }

    private static Instant now() {
        return Instant.now().truncatedTo(ChronoUnit.MILLIS);
    }

    /** The store itself, after something was done before each write. */
    private static StepStore intercepted(StepStore store, Consumer<StepRecord> beforeWrite) {
        return (StepStore) Proxy.newProxyInstance(
                StepStore.class.getClassLoader(), new Class<?>[] {StepStore.class}, (self, method, arguments) -> {
                    @Nullable Object first = arguments == null || arguments.length == 0 ? null : arguments[0];
                    if (method.getName().equals("write") && first instanceof StepRecord record) {
                        beforeWrite.accept(record);
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }
}
