package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.codec.RecordCodec;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Transition;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * The version before gave each running step a lease of its own. What it has left in flight ends well under this version, and
 * the two may run beside each other while one is deployed over the other.
 */
class UpgradeTest {
    /** Of that version. */
    private static final Duration LEASE = Duration.ofSeconds(60);

    private static final Duration MARGIN = Timing.DEFAULT.margin();
    private static final String OWNER = "0b7c2f6e-4a35-4f0c-9a3e-2f8f6d1c9e11";
    private static final Duration DEPLOYED = Duration.ofSeconds(30);

    private static final Cluster CLUSTER = Cluster.CALM.withWorkers(4);

    /** A function of this version runs from then on. */
    private static Interceptor from(Duration deployed) {
        return Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Delivery> receive(int max, Duration wait) {
                if (simulation.now().isBefore(Scheduler.START.plus(deployed))) {
                    simulation.scheduler().pause(500);
                    return List.of();
                }
                return queue.receive(max, wait);
            }
        });
    }

    /** An invocation of that version, by its rules. */
    private static final class OldWorker {
        private final Simulation simulation;
        private final Instant retired;
        private final String name;
        private final boolean dies;
        private int claims;

        /** @param dies whether its first invocation ends after its claim */
        OldWorker(Simulation simulation, String name, Duration retired, boolean dies) {
            this.simulation = simulation;
            this.dies = dies;
            this.name = name;
            this.retired = Scheduler.START.plus(retired);
        }

        void poll() {
            while (simulation.now().isBefore(retired)) {
                try {
                    simulation.queue().receive(1, Duration.ofSeconds(1)).forEach(this::process);
                } catch (PortException e) {
                    simulation.scheduler().pause(1_000); // the message comes again
                }
            }
        }

        private void process(Delivery message) {
            if (!(MessageCodec.decode(message.body()) instanceof Decoded.Step(StepSpec spec))) {
                return;
            }
            StepRecord found =
                    simulation.store().record(spec.id(), spec.shard()).orElse(null);
            StepRecord claimed = claimed(spec, found);
            if (claimed != null && dies && claims == 1) {
                return; // nobody renews the lease, and its message stays hidden
            }
            if (claimed != null) {
                StepRecord end = run(spec, claimed);
                if (end == null || end.state() instanceof StepState.Ended) {
                    simulation.queue().delete(List.of(message.receipt()));
                }
            } else if (found != null && found.state() instanceof StepState.Ended) {
                simulation.queue().delete(List.of(message.receipt()));
            } else {
                simulation.queue().changeVisibility(message.receipt(), MARGIN);
            }
        }

        /** A lease that is over is taken over by the claim itself. */
        private @Nullable StepRecord claimed(StepSpec spec, @Nullable StepRecord found) {
            Instant now = simulation.now();
            StepRecord from = found != null
                            && StepLife.on(found, new StepEvent.Expire(MARGIN), now)
                                    instanceof Transition.Write(StepRecord lost, Precondition _)
                    ? lost
                    : found;
            String owner = OWNER + name + ++claims;
            return StepLife.on(from, new StepEvent.Claim(spec, owner, now.plus(LEASE), true), now)
                            instanceof Transition.Write(StepRecord next, Precondition _)
                    ? written(next, found == null ? new Precondition.Absent() : Precondition.asRead(found))
                    : null;
        }

        /** What is stored now; null if the write was refused. */
        private @Nullable StepRecord written(StepRecord next, Precondition expect) {
            return simulation.store().write(next, expect) instanceof WriteResult.Written ? next : null;
        }

        /** Renews its lease each 20 s, and reads by that whether it is still its own, or cancelled. */
        private @Nullable StepRecord run(StepSpec spec, StepRecord claimed) {
            SimulatedProcess process = simulation.scheduler().me("an old worker").process;
            String input = spec.input() instanceof Payload.Inline(String json) ? json : "{}";
            RunningHandler work = new RunningHandler(
                    spec.id(),
                    claimed.attempt(),
                    input,
                    process,
                    simulation.scheduler().millis());
            work.lines = 0;
            simulation.auditor().workBegun(work);
            long left = Json.parse(input).path("millis").asLong();
            StepRecord held = claimed;
            while (left > 0 && held != null && !cancelled(held)) {
                long part = Math.min(left, LEASE.toMillis() / 3);
                simulation.scheduler().pause(part);
                left -= part;
                held = left > 0 ? renewed(held) : held;
            }
            String result = "{\"attempt\":" + claimed.attempt() + "}";
            simulation.auditor().workEnded(work, held == null || cancelled(held) ? null : result);
            if (held == null) {
                return null;
            }
            StepEvent end = cancelled(held)
                    ? new StepEvent.Fail(
                            held.attempt(),
                            held.owner(),
                            StepEvent.FailureKind.RETRYABLE,
                            new StepError(StepError.Kind.CANCELLED, "cancelled"),
                            Duration.ZERO,
                            0)
                    : new StepEvent.Succeed(held.attempt(), held.owner(), new Payload.Inline(result), 0);
            return StepLife.on(held, end, simulation.now())
                            instanceof Transition.Write(StepRecord next, Precondition expect)
                    ? written(next, expect)
                    : null;
        }

        private static boolean cancelled(StepRecord held) {
            return held.state() instanceof StepState.Running running && running.cancelRequested();
        }

        private @Nullable StepRecord renewed(StepRecord held) {
            Optional<StepRecord> now = simulation
                    .store()
                    .record(held.id(), held.shard())
                    .filter(record ->
                            record.owner().equals(held.owner()) && record.state() instanceof StepState.Running);
            if (now.isEmpty()) {
                return null;
            }
            StepRecord next = Mistakes.in(
                    now.get(), new StepState.Running(simulation.now().plus(LEASE), cancelled(now.get())));
            return written(next, Precondition.fence(now.get()));
        }
    }

    private static void oldWorkers(Simulation simulation, int number, Duration retired) {
        for (int i = 0; i < number; i++) {
            OldWorker worker = new OldWorker(simulation, "-" + i + "-", retired, i > 3);
            simulation.at(Duration.ofSeconds(1), "old", worker::poll);
        }
    }

    /** The record of a running step as that version wrote it: with its lease, its progress, and an owner that has no item. */
    private static StepRecord asStoredThen(StepSpec spec, Instant now) {
        StepEvent claim = new StepEvent.Claim(spec, OWNER + spec.id().stepKey(), now.plus(LEASE), true);
        if (!(StepLife.on(null, claim, now) instanceof Transition.Write(StepRecord record, Precondition _))) {
            throw new AssertionError("not claimed");
        }
        ObjectNode stored = (ObjectNode) Json.parse(RecordCodec.write(record));
        stored.put("progress", 0.25).put("progressNote", "a quarter");
        return RecordCodec.read(Json.print(stored));
    }

    private static StepEvent failed(StepRecord record) {
        return new StepEvent.Fail(
                record.attempt(),
                record.owner(),
                StepEvent.FailureKind.RETRYABLE,
                new StepError(StepError.Kind.HANDLER_FAILED, "failed"),
                Duration.ofSeconds(20),
                0);
    }

    /** Takes each message of the dispatch, and leaves its step as its key says. Its worker is gone after that. */
    private static void leave(Simulation simulation) {
        List<Delivery> batch = new ArrayList<>();
        while (batch.size() < 4) {
            batch.addAll(simulation.queue().receive(10, Duration.ofSeconds(1)));
        }
        for (Delivery message : batch) {
            StepSpec spec = ((Decoded.Step) MessageCodec.decode(message.body())).spec();
            StepRecord running = asStoredThen(spec, simulation.now());
            switch (spec.id().stepKey()) {
                case "running" -> simulation.store().write(running, new Precondition.Absent());
                case "retrying", "dead" -> {
                    simulation.store().write(running, new Precondition.Absent());
                    if (StepLife.on(running, failed(running), simulation.now())
                            instanceof Transition.Write(StepRecord next, Precondition expect)) {
                        simulation.store().write(next, expect);
                    }
                    simulation
                            .queue()
                            .changeVisibility(
                                    message.receipt(),
                                    spec.id().stepKey().equals("dead")
                                            ? Duration.ofMinutes(30)
                                            : Duration.ofSeconds(20));
                }
                default -> simulation.queue().changeVisibility(message.receipt(), Duration.ZERO);
            }
        }
    }

    private static final Scenario LEFT_IN_FLIGHT = s -> {
        s.dispatch(
                Duration.ZERO,
                Scenario.request(
                        "d",
                        Scenario.step("running", 3, 1_000, 0),
                        Scenario.step("retrying", 3, 1_000, 0),
                        Scenario.step("dead", 1, 1_000, 0),
                        Scenario.step("dispatched", 3, 1_000, 0)));
        s.at(Duration.ofSeconds(1), "old", () -> leave(s));
    };

    @Test
    void work_that_is_in_flight_ends_well() {
        for (long seed = 1; seed <= 20; seed++) {
            Played played = Played.of(
                            LEFT_IN_FLIGHT,
                            SimulationConfig.of(seed).with(CLUSTER).with(from(DEPLOYED)))
                    .holds();
            Map.of("running", 2, "retrying", 2, "dispatched", 1).forEach((key, attempts) -> {
                assertThat(played.step(key).state()).as(key).isInstanceOf(StepState.Succeeded.class);
                assertThat(played.step(key).attempt()).as(key).isEqualTo(attempts);
            });
            assertThat(played.step("dead").state()).isInstanceOf(StepState.Dead.class);
        }
    }

    private static final Scenario MIXED = s -> {
        s.dispatch(Duration.ZERO, Scenario.many("d", 24, 45_000));
        s.dispatch(Duration.ofSeconds(5), Scenario.many("e", 12, 100_000));
        oldWorkers(s, 6, Duration.ofSeconds(150));
    };

    @Test
    void both_versions_run_beside_each_other_while_one_is_deployed() {
        for (long seed = 1; seed <= 20; seed++) {
            SimulationConfig config = SimulationConfig.of(seed).with(CLUSTER).with(from(DEPLOYED));
            Played played = Played.of(MIXED, config).holds();
            assertThat(played.outcome().progress().ends()).containsExactly(Map.entry(StepState.Name.SUCCEEDED, 36));
            List<StepRecord> ended =
                    IntStream.range(0, 24).mapToObj(i -> played.step("d-" + i)).toList();
            assertThat(ended)
                    .anyMatch(record -> record.worker() == null && record.attempt() == 1)
                    .anyMatch(record -> record.worker() != null && record.attempt() == 1)
                    .anyMatch(record -> record.attempt() == 2);
        }
    }

    /** Else a heartbeat of the version before is overlooked, which renews the lease that a sweep has read. */
    @Test
    void a_sweep_takes_a_step_from_an_old_worker_only_by_the_lease_that_it_read() {
        Scenario oneLong = s -> {
            s.dispatch(Duration.ZERO, Scenario.request("d", Scenario.step("a", 3, 150_000, 0)));
            oldWorkers(s, 1, Duration.ofSeconds(10));
        };
        SimulationConfig config = SimulationConfig.of(1)
                .with(CLUSTER)
                .with(from(Duration.ofSeconds(10)))
                .with(Faults.NONE
                        .at("store.write r/a RUNNING 1", 2, new Fault.Pause(Duration.ofSeconds(105)))
                        .at("store.write r/a RETRYING 1", new Fault.Pause(Duration.ofSeconds(30))));
        StepRecord end =
                Objects.requireNonNull(Played.of(oneLong, config).holds().step("a"));
        assertThat(end.attempt()).isEqualTo(1);
        Played.of(
                        oneLong,
                        config.with(Mistakes.without((stored, expect) -> expect instanceof Precondition.AsRead read
                                ? new Precondition.AsRead(
                                        read.attempt(),
                                        read.owner(),
                                        read.state(),
                                        read.cancelSeq(),
                                        stored.state() instanceof StepState.Running running ? running.deadline() : null)
                                : expect)))
                .isFound("ended as lost before its deadline");
    }

    /** A cancel reaches a step whichever version runs it: the record tells the old one, and the item the new one. */
    @Test
    void a_cancel_reaches_the_steps_of_both() {
        Scenario cancelled = s -> {
            MIXED.on(s);
            s.cancel(Duration.ofSeconds(60), Scenario.RUN);
        };
        for (long seed = 1; seed <= 10; seed++) {
            SimulationConfig config = SimulationConfig.of(seed).with(CLUSTER).with(from(DEPLOYED));
            Outcome outcome = cancelled.play(config);
            assertThat(outcome.progress().ends().keySet())
                    .isSubsetOf(StepState.Name.SUCCEEDED, StepState.Name.CANCELLED);
            assertThat(outcome.progress().ends()).containsKey(StepState.Name.CANCELLED);
        }
    }
}
