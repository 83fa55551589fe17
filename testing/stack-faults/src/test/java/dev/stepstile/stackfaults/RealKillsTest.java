package dev.stepstile.stackfaults;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.stackfaults.RecordingHandler.Fate;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.testing.Eventually;
import dev.stepstile.testing.StackCaller;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Real processes, killed by SIGKILL and stopped by SIGSTOP under load; then the real table and queue are read. */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class RealKillsTest {
    private static final String RUN = "killed";
    private static final int STEPS_PER_CALL = 100;

    /** A lease that does not expire while a busy machine ends a process. */
    private static final StackOptions.Times PATIENT = new StackOptions.Times(
            Timing.of(Duration.ofSeconds(30), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(30)),
            Duration.ofMinutes(2),
            Duration.ofMinutes(2));

    @TempDir
    Path folder;

    /** What a step has to come to. */
    record Wanted(int number, StepState.Name state) {}

    private final Map<String, Wanted> wanted = new TreeMap<>();

    private Path notes() {
        return folder.resolve("notes");
    }

    private ObjectNode step(int number, long millis) {
        Fate fate = number % 50 == 7
                ? Fate.DIES
                : number % 50 == 13 ? Fate.FAILS_FOR_GOOD : number % 10 == 3 ? Fate.FAILS_ONCE : Fate.SUCCEEDS;
        return step(number, millis, fate);
    }

    private ObjectNode step(int number, long millis, Fate fate) {
        String key = "step-" + number;
        StepState.Name state = switch (fate) {
            case SUCCEEDS, FAILS_ONCE, HANGS -> StepState.Name.SUCCEEDED;
            case FAILS_FOR_GOOD -> StepState.Name.FAILED;
            case DIES -> StepState.Name.DEAD;
        };
        wanted.put(key, new Wanted(number, state));
        ObjectNode step = Json.object().put("key", key).put("handler", RecordingHandler.NAME);
        // Enough that kills alone dead-letter no step; those that die by themselves wait a little less.
        step.put("maxAttempts", fate == Fate.DIES ? 2 : 30).putObject("retry").put("baseSeconds", 0.1);
        step.putObject("input")
                .put("number", number)
                .put("millis", millis)
                .put("fate", fate.name())
                .put("notes", notes().toString());
        return step;
    }

    private static void pause(Duration duration) {
        try {
            Thread.sleep(duration);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Hands steps over, again after each call that got no answer, as a client does. */
    private final class Client implements Runnable {
        private final AtomicReference<StackProcess> stack;
        private final Deque<List<ObjectNode>> calls = new ArrayDeque<>();
        private volatile int left;

        Client(int steps, long millis, AtomicReference<StackProcess> stack) {
            this.stack = stack;
            for (int from = 0; from < steps; from += STEPS_PER_CALL) {
                List<ObjectNode> call = new ArrayList<>();
                for (int i = from; i < Math.min(steps, from + STEPS_PER_CALL); i++) {
                    call.add(step(i, millis));
                }
                calls.add(call);
            }
            left = calls.size();
        }

        @Override
        public void run() {
            while (!calls.isEmpty()) {
                try {
                    stack.get().api().dispatch(RUN, calls.getFirst());
                    calls.removeFirst();
                    left = calls.size();
                } catch (IOException e) {
                    pause(Duration.ofMillis(50)); // it is being killed
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }
    }

    /** Looks again and again whether what has ended stays as it is, until all have. */
    private static final class Watch implements Runnable {
        private final int steps;
        private final AtomicReference<StackProcess> stack;
        private final Map<String, String> results = new HashMap<>();
        private final List<String> changes = new CopyOnWriteArrayList<>();
        private volatile int ended;

        Watch(int steps, AtomicReference<StackProcess> stack) {
            this.steps = steps;
            this.stack = stack;
        }

        @Override
        public void run() {
            while (ended < steps && changes.isEmpty()) {
                try {
                    ended = Math.max(ended, seen(steps(stack.get().api())));
                } catch (IOException e) {
                    pause(Duration.ofMillis(50)); // it is being killed
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            }
        }

        private int seen(List<JsonNode> all) {
            int now = 0;
            for (JsonNode step : all) {
                String state = step.path("state").asText();
                if (state.equals("SUCCEEDED")) {
                    String key = step.path("key").asText();
                    String result = step.path("attempt").asText() + " " + step.path("result");
                    if (!results.merge(key, result, (was, is) -> was).equals(result)) {
                        changes.add(key + " had the result " + results.get(key) + ", and has " + result);
                    }
                }
                now += state.equals("RUNNING") || state.equals("RETRYING") ? 0 : 1;
            }
            return now;
        }
    }

    private static List<JsonNode> steps(StackCaller api) throws IOException, InterruptedException {
        List<JsonNode> all = new ArrayList<>();
        String cursor = "";
        do {
            JsonNode page = Json.parse(
                    api.get("/v1/runs/" + RUN + "/steps?limit=1000" + cursor).body());
            page.path("steps").forEach(all::add);
            cursor =
                    page.hasNonNull("cursor") ? "&cursor=" + page.path("cursor").asText() : "";
        } while (!cursor.isEmpty());
        return all;
    }

    /** Kills an environment of a function repeatedly, if they have processes of their own. */
    private static final class Killer {
        private final String function;
        private final Duration every;
        private Instant next;
        private int killed;

        Killer(String function, Duration every) {
            this.function = function;
            this.every = every;
            next = Instant.now().plus(every);
        }

        void strike(StackProcess stack) {
            if (Instant.now().isAfter(next)) {
                killed += stack.kill(function) ? 1 : 0;
                next = Instant.now().plus(every);
            }
        }
    }

    /** Kills the whole stack so often, the first time while it is given steps, and each function in between. */
    private void survives(StackOptions.Kind kind, int steps, long millis, int stackKills) throws Exception {
        long start = System.nanoTime();
        AtomicReference<StackProcess> stack = new AtomicReference<>(StackProcess.start(kind, folder));
        Client client = new Client(steps, millis, stack);
        int half = client.left / 2;
        Thread caller = Thread.ofVirtual().start(client);
        Watch watch = new Watch(steps, stack);
        Thread watcher = Thread.ofVirtual().start(watch);
        int killedStacks = 0;
        Killer workers = new Killer("StepFunction", Duration.ofSeconds(3));
        Killer sweepers = new Killer("SweeperFunction", Duration.ofSeconds(8));
        Killer dispatchers = new Killer("DispatchFunction", Duration.ofSeconds(1));
        Killer answerers = new Killer("RunsFunction", Duration.ofSeconds(15));
        List<Killer> killers = List.of(workers, sweepers, dispatchers, answerers);
        int nextDispatch = client.left - 2;
        try {
            while (client.left > 0 || watch.ended < steps || killedStacks < stackKills) {
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofMinutes(8));
                assertThat(watch.changes).isEmpty();
                boolean now = killedStacks == 0
                        ? client.left <= half
                        : watch.ended >= (long) steps * killedStacks / stackKills;
                if (killedStacks < stackKills && now) {
                    stack.get().kill();
                    killedStacks++;
                    stack.set(StackProcess.start(kind, folder));
                } else {
                    workers.strike(stack.get());
                    sweepers.strike(stack.get());
                    answerers.strike(stack.get());
                    if (client.left <= nextDispatch) { // else it would die before it ever answers
                        dispatchers.strike(stack.get());
                        nextDispatch = client.left - 3;
                    }
                }
                pause(Duration.ofMillis(50));
            }
            caller.join();
            watcher.join();
            for (Killer killer : killers) {
                assertThat(killer.killed > 0)
                        .as("%s, in processes of their own, were killed", killer.function)
                        .isEqualTo(kind == StackOptions.Kind.ISOLATED);
            }
        } finally {
            stack.get().kill();
        }
        audited(kind, Duration.ofNanos(System.nanoTime() - start), killedStacks, killers);
    }

    private void audited(StackOptions.Kind kind, Duration took, int killedStacks, List<Killer> killers)
            throws Exception {
        try (LocalStack last = LocalStack.start(StackOptions.of(kind, folder))) {
            closed(last);
            RealAudit.Seen seen = new RealAudit(last.ports(), RUN, wanted, notes()).audit();
            System.out.printf(
                    "real kills, %s: %d steps; killed: %d stacks, %d workers, %d sweepers, %d dispatchers, %d that answer;"
                            + " %d starts, %d steps tried again, %d letters; %d s%n",
                    kind,
                    seen.steps(),
                    killedStacks,
                    killers.get(0).killed,
                    killers.get(1).killed,
                    killers.get(2).killed,
                    killers.get(3).killed,
                    seen.starts(),
                    seen.again(),
                    seen.deadLetters(),
                    took.toSeconds());
        }
    }

    /** Once the sweeper has seen that every step is at rest. */
    private static void closed(LocalStack stack) throws IOException, InterruptedException {
        Eventually.await(() -> stack.ports().store().dispatches(RUN).stream().allMatch(Dispatch::closed));
    }

    @Test
    @Tag("full")
    void two_thousand_steps_on_the_embedded_stack_end_once() throws Exception {
        survives(StackOptions.Kind.EMBEDDED, 2_000, 100, 6);
    }

    @Test
    @Tag("full")
    void two_thousand_steps_on_the_aws_stack_with_a_process_for_each_worker_end_once() throws Exception {
        survives(StackOptions.Kind.ISOLATED, 2_000, 100, 3);
    }

    /** Is not started again on what it left, so that its emulators keep all in memory. */
    private StackOptions isolated() {
        return StackOptions.of(StackOptions.Kind.ISOLATED, folder).withoutEarlierState();
    }

    /** Attempts whose whole process stands still beyond their leases, and then goes on as if nothing had been. */
    @Test
    @Tag("integration")
    void zombies_find_their_results_refused() throws Exception {
        int steps = 4; // as suspects they run one after the other, all within the time that their first worker has
        List<ObjectNode> call = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            call.add(step(i, 5_000, Fate.SUCCEEDS));
        }
        try (LocalStack stack = LocalStack.start(isolated())) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch(RUN, call);
            String worker = firstWorker();
            // None is stopped between its claim and its start, or it would start after the attempt that follows it.
            Eventually.await(
                    () -> claimed(stack, steps) <= Files.readAllLines(notes()).size());
            signal("-STOP", worker);
            Set<String> zombies = startedBy(worker);
            assertThat(zombies).isNotEmpty();
            Eventually.await(() -> api.steps(RUN), all -> StackCaller.count(all, "SUCCEEDED") == steps);
            Map<String, String> before = results(api);
            assertThat(stack.tally().of(Metric.STALE_REFUSED)).isZero();

            signal("-CONT", worker);

            Eventually.await(() -> stack.tally().of(Metric.STALE_REFUSED) >= zombies.size());
            assertThat(results(api)).isEqualTo(before);
            closed(stack);
            RealAudit.Seen seen = new RealAudit(stack.ports(), RUN, wanted, notes()).audit();
            assertThat(seen.again()).isGreaterThanOrEqualTo(zombies.size());
            System.out.printf(
                    "zombies: %d of %d attempts stood still beyond their leases; %d late writes refused%n",
                    zombies.size(), steps, stack.tally().of(Metric.STALE_REFUSED));
        }
    }

    /** Its handler still runs when the worker hears that it was revoked. */
    @Test
    @Tag("integration")
    void the_handlers_of_a_worker_that_stood_still_are_stopped() throws Exception {
        try (LocalStack stack = LocalStack.start(isolated())) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch(RUN, List.of(step(0, 0, Fate.HANGS)));
            String worker = firstWorker();
            signal("-STOP", worker);
            JsonNode ended = api.await(RUN, "step-0", "SUCCEEDED");
            Path stopped = Path.of(notes() + RecordingHandler.STOPPED);
            assertThat(stopped).doesNotExist();

            signal("-CONT", worker);

            Eventually.await(() -> Files.exists(stopped) && stack.tally().of(Metric.STALE_REFUSED) == 1);
            assertThat(api.step(RUN, "step-0")).isEqualTo(ended);
            closed(stack);
            assertThat(new RealAudit(stack.ports(), RUN, wanted, notes())
                            .audit()
                            .again())
                    .isEqualTo(1);
        }
    }

    /** As Lambda ends an environment. */
    @Test
    @Tag("integration")
    void a_worker_that_is_terminated_hands_its_step_over_and_leaves_no_item() throws Exception {
        try (LocalStack stack = LocalStack.start(isolated().withTimes(PATIENT))) {
            StackCaller api = new StackCaller(stack.endpoint());
            api.dispatch(RUN, List.of(step(0, 0, Fate.HANGS)));
            String worker = firstWorker();
            assertThat(workers(stack))
                    .singleElement()
                    .satisfies(item -> assertThat(item.steps())
                            .extracting(step -> step.id().stepKey())
                            .containsExactly("step-0"));

            signal("-TERM", worker);

            JsonNode ended = api.await(RUN, "step-0", "SUCCEEDED");
            assertThat(ended.path("attempts").findValuesAsText("kind")).containsExactly("WORKER_STOPPED");
            Eventually.await(() -> workers(stack).isEmpty());
            assertThat(stack.tally().of(Metric.WORKERS_LOST)).isZero();
        }
    }

    private static List<WorkerRecord> workers(LocalStack stack) {
        List<WorkerRecord> workers = new ArrayList<>();
        for (int bucket = 0; bucket < WorkerRecord.BUCKETS; bucket++) {
            workers.addAll(stack.ports().workers().workers(bucket, null, 100));
        }
        return workers;
    }

    /** Its workers may find each other silent when it goes on, or renew before anyone looks. */
    @Test
    @Tag("integration")
    void an_embedded_stack_that_stood_still_beyond_its_leases_ends_each_step_once() throws Exception {
        int steps = 40;
        List<ObjectNode> call = new ArrayList<>();
        for (int i = 0; i < steps; i++) {
            call.add(step(i, 3_000, Fate.SUCCEEDS));
        }
        StackProcess stack = StackProcess.start(StackOptions.Kind.EMBEDDED, folder);
        try {
            stack.api().dispatch(RUN, call);
            String process = firstWorker();
            signal("-STOP", process);
            Thread.sleep(Duration.ofSeconds(8)); // lease and margin are four
            signal("-CONT", process);
            Eventually.await(() -> stack.api().steps(RUN), all -> StackCaller.count(all, "SUCCEEDED") == steps);
        } finally {
            stack.kill();
        }
        try (LocalStack last = LocalStack.start(StackOptions.of(StackOptions.Kind.EMBEDDED, folder))) {
            closed(last);
            RealAudit.Seen seen = new RealAudit(last.ports(), RUN, wanted, notes()).audit();
            System.out.printf(
                    "a stack that stood still: %d steps, %d starts, %d tried again%n",
                    seen.steps(), seen.starts(), seen.again());
        }
    }

    /** How many steps run by their records: read here, as the function that answers calls may take seconds to start. */
    private static int claimed(LocalStack stack, int steps) {
        int claimed = 0;
        for (int i = 0; i < steps; i++) {
            StepId id = new StepId(RUN, "step-" + i);
            boolean runs = stack.ports()
                    .store()
                    .record(id, Shards.of(id.stepKey(), Shards.DEFAULT))
                    .filter(record -> record.state().name() == StepState.Name.RUNNING)
                    .isPresent();
            claimed += runs ? 1 : 0;
        }
        return claimed;
    }

    private static Map<String, String> results(StackCaller api) throws IOException, InterruptedException {
        Map<String, String> results = new TreeMap<>();
        steps(api).forEach(step -> results.put(step.path("key").asText(), step.toString()));
        return results;
    }

    /** The process in which a step was started first. */
    private String firstWorker() throws IOException, InterruptedException {
        Eventually.await(
                () -> Files.exists(notes()) && Files.readString(notes()).indexOf('\n') >= 0);
        return Files.readAllLines(notes()).getFirst().split(" ", -1)[2];
    }

    private Set<String> startedBy(String process) throws IOException {
        Set<String> keys = new TreeSet<>();
        for (String line : Files.readAllLines(notes())) {
            String[] note = line.split(" ", -1);
            if (note[2].equals(process)) {
                keys.add(note[0]);
            }
        }
        return keys;
    }

    private static void signal(String signal, String process) throws IOException, InterruptedException {
        assertThat(new ProcessBuilder("kill", signal, process).start().waitFor())
                .isZero();
    }
}
