package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.codec.Json;
import dev.stepstile.codec.MessageCodec;
import dev.stepstile.codec.MessageCodec.Decoded;
import dev.stepstile.codec.RecordCodec;
import dev.stepstile.contracts.formats.Formats;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.port.StepStore.WriteResult;
import dev.stepstile.simulation.faults.Fault;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.faults.Faults;
import dev.stepstile.simulation.ports.RunningHandler;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.simulation.scheduler.SimulatedProcess;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Payload;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepEvent;
import dev.stepstile.step.StepLife;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSpec;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Transition;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntPredicate;
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

    /** When a version's functions receive messages, in seconds from the start. */
    private record Window(int from, int to) {
        boolean has(Instant now) {
            return !now.isBefore(Scheduler.START.plusSeconds(from)) && now.isBefore(Scheduler.START.plusSeconds(to));
        }
    }

    /** A function of this version runs from then on. */
    private static Interceptor from(Duration deployed) {
        return within(new Window(Math.toIntExact(deployed.toSeconds()), Integer.MAX_VALUE));
    }

    /** Functions of this version receive messages then. */
    private static Interceptor within(Window... windows) {
        return Mistakes.queue("poller", (queue, simulation) -> new PassingQueue(queue) {
            @Override
            public List<Delivery> receive(int max, Duration wait) {
                if (Arrays.stream(windows).noneMatch(window -> window.has(simulation.now()))) {
                    simulation.scheduler().pause(500);
                    return List.of();
                }
                return queue.receive(max, wait);
            }
        });
    }

    /** An invocation of that version, by its rules, which reads what is stored and sent as that version did. */
    private static final class OldWorker {
        private static final Duration NEWER_VERSION_WAIT = Duration.ofSeconds(30);

        private final Simulation simulation;
        private final Window window;
        private final String name;
        private final IntPredicate dies;
        private int claims;

        /** @param dies after which of its claims, by their number, an invocation ends */
        OldWorker(Simulation simulation, String name, Window window, IntPredicate dies) {
            this.simulation = simulation;
            this.dies = dies;
            this.name = name;
            this.window = window;
        }

        void poll() {
            while (window.has(simulation.now())) {
                try {
                    simulation.queue().receive(1, Duration.ofSeconds(1)).forEach(this::process);
                } catch (PortException e) {
                    simulation.scheduler().pause(1_000); // the message comes again
                }
            }
        }

        private void process(Delivery message) {
            if (OldForms.isNewer(message.body())) {
                simulation.queue().changeVisibility(message.receipt(), NEWER_VERSION_WAIT);
                return;
            }
            StepSpec spec;
            try {
                spec = OldForms.message(message.body());
            } catch (Json.BadJson e) {
                String letter = DeadLetterCodec.unrecognised(message.messageId(), e.getMessage() + "", message.body());
                simulation.deadLetters().moveToDeadLetters("old", letter);
                simulation.queue().delete(List.of(message.receipt()));
                return;
            }
            StepRecord found = simulation
                    .store()
                    .record(spec.id(), spec.shard())
                    .map(OldForms::record)
                    .orElse(null);
            StepRecord claimed = claimed(spec, found);
            if (claimed != null && dies.test(claims)) {
                return; // nobody renews the lease, and its message stays hidden
            }
            settle(message, claimed == null ? found : run(spec, claimed));
        }

        /** @param left as the step is now; null if it is not known */
        private void settle(Delivery message, @Nullable StepRecord left) {
            if (left != null && left.state() instanceof StepState.Ended) {
                simulation.queue().delete(List.of(message.receipt()));
            } else if (left != null && left.state() instanceof StepState.Retrying(Instant due)) {
                Duration wait = Duration.between(simulation.now(), due);
                simulation.queue().changeVisibility(message.receipt(), wait.isNegative() ? Duration.ZERO : wait);
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
            return simulation.store().write(OldForms.written(next), expect) instanceof WriteResult.Written
                    ? next
                    : null;
        }

        /** Renews its lease each 20 s, and reads by that whether it is still its own, or cancelled. */
        private @Nullable StepRecord held(StepRecord claimed, long millis) {
            StepRecord held = claimed;
            try {
                for (long left = millis; left > 0 && held != null && !cancelled(held); ) {
                    long part = Math.min(left, LEASE.toMillis() / 3);
                    simulation.scheduler().pause(part);
                    left -= part;
                    held = left > 0 ? renewed(held) : held;
                }
                return held;
            } catch (PortException e) { // it does not know whether the lease is its own
                return null;
            }
        }

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
            StepRecord held = held(claimed, Json.parse(input).path("millis").asLong());
            String result = "{\"attempt\":" + claimed.attempt() + "}";
            boolean fails =
                    claimed.attempt() <= Json.parse(input).path("failures").asInt();
            simulation.auditor().workEnded(work, held == null || cancelled(held) || fails ? null : result);
            if (held == null) {
                return null;
            }
            StepEvent end = cancelled(held)
                    ? failed(held, StepError.Kind.CANCELLED, Duration.ZERO)
                    : fails
                            ? failed(held, StepError.Kind.HANDLER_FAILED, Duration.ofSeconds(20))
                            : new StepEvent.Succeed(held.attempt(), held.owner(), new Payload.Inline(result), 0);
            StepRecord ended = after(held, end);
            return ended != null && ended.state() instanceof StepState.Dead dead
                    ? deadLettered(spec, ended, dead)
                    : ended;
        }

        private @Nullable StepRecord after(StepRecord record, StepEvent event) {
            return StepLife.on(record, event, simulation.now())
                            instanceof Transition.Write(StepRecord next, Precondition expect)
                    ? written(next, expect)
                    : null;
        }

        private @Nullable StepRecord deadLettered(StepSpec spec, StepRecord record, StepState.Dead dead) {
            simulation.deadLetters().moveToDeadLetters(Scenario.RUN, DeadLetterCodec.dead(spec, record, dead));
            return after(record, new StepEvent.DeadLettered(record.attempt()));
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

    /** What that version read: a form that lacks a member of its fixture was not read by it. */
    private static final class OldForms {
        private static final int VERSION = 3;
        private static final String FORMAT = "1-lease-of-a-step";

        /** Were written only where there was something to write, or read as nothing where they were absent. */
        private static final Set<String> OPTIONAL = Set.of("history", "progress", "progressNote", "startedAt");

        static boolean isNewer(String body) {
            return Json.parse(body).path("v").asInt() > VERSION;
        }

        static StepSpec message(String body) {
            JsonNode letter = Json.parse(body).get("dead");
            hasAll("message", letter == null ? Json.parse(body) : ((ObjectNode) letter).put("v", VERSION));
            return switch (MessageCodec.decode(body)) {
                case Decoded.Step(StepSpec spec) -> spec;
                case Decoded.MovedBack(StepSpec spec, int _) -> spec;
                case Decoded.NewerVersion _, Decoded.Unrecognised _ -> throw new Json.BadJson("it cannot be read");
            };
        }

        static StepRecord record(StepRecord stored) {
            String json = RecordCodec.write(stored);
            String state = stored.state().name() == StepState.Name.RUNNING
                    ? "leased"
                    : stored.state().name().name().toLowerCase(Locale.ROOT);
            hasAll("record-" + state, Json.parse(json));
            return RecordCodec.read(json);
        }

        static StepRecord written(StepRecord record) {
            ObjectNode stored = (ObjectNode) Json.parse(RecordCodec.write(record));
            if (record.state() instanceof StepState.Running) {
                stored.put("progress", 0.25).put("progressNote", "a quarter");
            }
            return RecordCodec.read(Json.print(stored));
        }

        private static void hasAll(String form, JsonNode now) {
            JsonNode then = Json.parse(Formats.text(FORMAT, form).orElseThrow());
            then.fieldNames().forEachRemaining(name -> {
                if (!now.has(name) && !OPTIONAL.contains(name)) {
                    throw new Json.BadJson(form + " lacks '" + name + "'");
                }
            });
        }
    }

    private static void oldWorkers(Simulation simulation, int number, Duration retired) {
        for (int i = 0; i < number; i++) {
            boolean dies = i > 3;
            oldWorker(simulation, i, new Window(1, Math.toIntExact(retired.toSeconds())), claim -> dies && claim == 1);
        }
    }

    private static void oldWorker(Simulation simulation, int number, Window window, IntPredicate dies) {
        OldWorker worker = new OldWorker(simulation, "-" + number + "-" + window.from + "-", window, dies);
        simulation.at(Duration.ofSeconds(window.from), "old", worker::poll);
    }

    /** The record of a running step as that version wrote it: with its lease, its progress, and an owner that has no item. */
    private static StepRecord asStoredThen(StepSpec spec, Instant now) {
        StepEvent claim = new StepEvent.Claim(spec, OWNER + spec.id().stepKey(), now.plus(LEASE), true);
        if (!(StepLife.on(null, claim, now) instanceof Transition.Write(StepRecord record, Precondition _))) {
            throw new AssertionError("not claimed");
        }
        return OldForms.written(record);
    }

    private static StepEvent failed(StepRecord record, StepError.Kind kind, Duration wait) {
        return new StepEvent.Fail(
                record.attempt(),
                record.owner(),
                new StepEvent.Cause(StepEvent.FailureKind.RETRYABLE, new StepError(kind, "failed")),
                wait,
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
                    if (StepLife.on(
                                    running,
                                    failed(running, StepError.Kind.HANDLER_FAILED, Duration.ofSeconds(20)),
                                    simulation.now())
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
                                        read.fence(),
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

    /** That version knows nobody to notify, and writes a dispatch as a whole. */
    @Test
    void a_dispatch_that_an_old_sweep_has_written_ends_and_notifies_nobody() {
        Interceptor old = Mistakes.store("sweeper", store -> new PassingStore(store) {
            @Override
            public Optional<Dispatch> dispatch(String runId, String dispatchId) {
                return store.dispatch(runId, dispatchId).map(read -> Mistakes.withNotification(read, null));
            }

            @Override
            public boolean replace(Dispatch next) {
                return store.replace(Mistakes.withNotification(next, null));
            }
        });
        for (long seed = 1; seed <= 10; seed++) {
            SimulationConfig config = SimulationConfig.of(seed).with(Scenarios.NOTIFIED.cluster());
            Outcome by = Scenarios.NOTIFIED.scenario().play(config.with(old));
            assertThat(by.violations()).isNotEmpty().allMatch(found -> found.contains("it has forgotten whom to tell"));
            assertThat(by.counts().getOrDefault(Metric.NOTIFICATIONS_SENT, 0L)).isZero();
            assertThat(by.progress().ends())
                    .isEqualTo(Scenarios.NOTIFIED
                            .scenario()
                            .play(config)
                            .progress()
                            .ends());
        }
    }

    private static final String CANCELLED_RUN = "q";

    /** Many steps: some fail and are retried, some die and are redriven, some are cancelled, and some kill their workers. */
    private static final Scenario LOAD = s -> {
        s.dispatch(Duration.ZERO, Scenario.many("d", "d", 120, 10, 20_000, 0));
        s.dispatch(Duration.ofSeconds(2), Scenario.many("fails", "fails", 24, 10, 2_000, 2));
        s.dispatch(Duration.ofSeconds(3), Scenario.many("dies", "dies", 8, 1, 1_000, 1));
        List<Dispatcher.NewStep> cancelled = IntStream.range(0, 40)
                .mapToObj(i -> Scenario.step("c-" + i, 3, 60_000, 0))
                .toList();
        s.dispatch(Duration.ofSeconds(4), new Dispatcher.Request(CANCELLED_RUN, "c", cancelled, new TreeMap<>()));
        s.cancel(Duration.ofSeconds(75), CANCELLED_RUN);
        for (int at : List.of(1_500, 3_000, 4_500)) { // a redriven step may lose its worker, too
            s.redrive(Duration.ofSeconds(at), Scenario.RUN, StepState.REDRIVABLE, Set.of());
        }
        for (int at : List.of(45, 65, 90, 130)) {
            s.strike(Duration.ofSeconds(at), () -> s.killWorkers(0.5));
        }
    };

    private static final int OLD = 8;

    private static Scenario underLoad(Window... old) {
        return s -> {
            LOAD.on(s);
            for (Window window : old) {
                for (int i = 0; i < OLD; i++) {
                    boolean dies = i < 2;
                    oldWorker(s, i, window, claim -> dies && claim % 4 == 0);
                }
            }
        };
    }

    private static final Window BEFORE = new Window(1, 120);
    private static final Window ROLLED_BACK = new Window(150, 420);
    private static final Scenario DEPLOYED_UNDER_LOAD = underLoad(BEFORE);
    private static final Scenario ROLLED_BACK_UNDER_LOAD = underLoad(BEFORE, ROLLED_BACK);
    private static final Interceptor SINCE_DEPLOYED = within(new Window(30, Integer.MAX_VALUE));

    private static final Interceptor BUT_ROLLED_BACK = within(new Window(30, 150), new Window(420, Integer.MAX_VALUE));

    private static SimulationConfig loaded(long seed, Interceptor versions) {
        return SimulationConfig.of(seed)
                .with(Cluster.CALM.withWorkers(8).unbounded())
                .with(FaultProfile.parse("light"))
                .with(versions);
    }

    private static void ends(Played played, long seed) {
        assertThat(played.outcome().progress().ends())
                .as("seed %s", seed)
                .containsOnlyKeys(StepState.Name.SUCCEEDED, StepState.Name.CANCELLED);
        assertThat(unrecognised(played)).isEmpty();
    }

    @Test
    void both_versions_hold_under_load_while_one_is_deployed() {
        for (long seed = 1; seed <= 3; seed++) {
            ends(Played.of(DEPLOYED_UNDER_LOAD, loaded(seed, SINCE_DEPLOYED)).holds(), seed);
        }
    }

    @Test
    void and_when_it_is_rolled_back_and_deployed_again() {
        for (long seed = 1; seed <= 3; seed++) {
            ends(
                    Played.of(ROLLED_BACK_UNDER_LOAD, loaded(seed, BUT_ROLLED_BACK))
                            .holds(),
                    seed);
        }
    }

    /** Functions of a later version send messages in another form, and read it. */
    private static Interceptor later(int version) {
        Interceptor sends = (function, ports, simulation) -> ports.withQueue(new PassingQueue(ports.queue()) {
            @Override
            public List<Outgoing> send(List<Outgoing> messages) {
                return queue.send(messages.stream()
                        .map(message -> new Outgoing(
                                message.group(),
                                Json.print(Json.object().put("v", version).put("later", message.body())),
                                message.delay()))
                        .toList());
            }

            @Override
            public List<Delivery> receive(int max, Duration wait) {
                return queue.receive(max, wait).stream()
                        .map(message -> new Delivery(
                                message.messageId(),
                                message.receipt(),
                                Json.parse(message.body()).path("later").asText(message.body()),
                                message.receiveCount(),
                                message.sentAt()))
                        .toList();
            }
        });
        return Mistakes.both(SINCE_DEPLOYED, sends);
    }

    private static final Scenario SENT_LATER = s -> {
        s.dispatch(Duration.ofSeconds(5), Scenario.many("d", 24, 2_000));
        for (int i = 0; i < OLD; i++) {
            oldWorker(s, i, BEFORE, _ -> false);
        }
    };

    private static List<String> unrecognised(Played played) {
        return played.simulation().deadLetters().all().stream()
                .filter(letter -> letter.contains(DeadLetterCodec.UNRECOGNISED_KIND))
                .toList();
    }

    /** The auditor cannot read such messages: what they lead to is seen in the records. */
    @Test
    void a_message_of_a_newer_version_is_left_to_newer_workers() {
        Played played = Played.of(SENT_LATER, loaded(1, later(MessageCodec.VERSION + 1)));
        assertThat(unrecognised(played)).isEmpty();
        assertThat(played.outcome().progress().ends()).containsExactly(Map.entry(StepState.Name.SUCCEEDED, 24));
        for (int i = 0; i < 24; i++) {
            assertThat(played.step("d-" + i).worker()).as("of this version").isNotNull();
        }
    }

    @Test
    void else_old_workers_discard_what_they_cannot_read() {
        assertThat(unrecognised(Played.of(SENT_LATER, loaded(1, later(OldForms.VERSION)))))
                .isNotEmpty()
                .allMatch(letter -> letter.contains("message lacks 'dispatchId'"));
    }
}
