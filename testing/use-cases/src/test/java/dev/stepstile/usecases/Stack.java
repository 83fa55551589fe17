package dev.stepstile.usecases;

import dev.stepstile.api.StepHandler;
import dev.stepstile.embedded.EmbeddedPorts;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepState;
import dev.stepstile.step.Times;
import dev.stepstile.step.WorkerRecord;
import dev.stepstile.usecase.AttemptRunner;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Dispatcher.Answer;
import dev.stepstile.usecase.Dispatcher.NewStep;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Metric;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.SuspectLimiter;
import dev.stepstile.usecase.Sweep;
import dev.stepstile.usecase.SweepReport;
import dev.stepstile.usecase.Tasks;
import dev.stepstile.usecase.Timing;
import dev.stepstile.usecase.Traces;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/** The whole protocol over embedded ports, on a clock that stands still; faults and deliveries are its verbs. */
final class Stack implements AutoCloseable {
    static final Instant START = Instant.parse("2026-11-24T08:00:00Z");
    static final Duration VISIBILITY = Duration.ofMinutes(90);
    static final Duration FUNCTION_TIMEOUT = Duration.ofMinutes(15);
    static final String RUN = "r1";

    /** Nothing goes wrong here: it knows of each call, also of the test's own, whether it is answered. */
    private final Faults calls = new Faults();

    final ManualTime time = new ManualTime(START, calls::callUnderWay);
    final Faults faults = new Faults();

    /** What goes wrong beside the ports: threads, timers and counts. */
    final Faults inside = new Faults();

    final InMemoryMeter tally = new InMemoryMeter();
    final Work work = new Work();
    final Told told = new Told();
    final SuspectLimiter suspects = SuspectLimiter.among(4);
    final Timing timing;
    final Ports ports;
    final Stepstile stepstile;

    private final EmbeddedPorts embedded;
    private final EngineRuntime runtime;
    private final Handlers handlers;
    private final HandlerOutput output;

    Stack(Path folder) {
        this(folder, HandlerOutput.UNCAPTURED);
    }

    Stack(Path folder, HandlerOutput output, StepHandler... more) {
        this(folder, Timing.DEFAULT, output, more);
    }

    Stack(Path folder, Timing timing, HandlerOutput output, StepHandler... more) {
        this.timing = timing;
        this.output = output;
        embedded = EmbeddedPorts.open(folder.resolve("state"), VISIBILITY, time);
        ports = calls.over(embedded.ports().withNotifier(told));
        AtomicInteger ids = new AtomicInteger();
        runtime = new EngineRuntime(time, new Random(7), () -> "owner-" + ids.incrementAndGet(), inside.over(time));
        stepstile = new Stepstile(faults.over(ports), timing, runtime, inside.over(tally));
        List<StepHandler> all = new ArrayList<>(List.of(work));
        all.addAll(Arrays.asList(more));
        handlers = new Handlers(all);
    }

    /** The same ports, with spans that are told to {@code traces}. */
    Stepstile telling(Traces traces) {
        return new Stepstile(faults.over(ports), timing, runtime, tally, traces);
    }

    /** A worker of such. */
    List<String> executeTelling(Traces traces, List<Delivery> batch) throws InterruptedException {
        return telling(traces)
                .execution(handlers, output, AttemptRunner.DIRECT, suspects)
                .execute(batch, time.instant().plus(FUNCTION_TIMEOUT));
    }

    /** The use cases over other ports. */
    Stepstile over(Ports others) {
        return new Stepstile(others, timing, runtime, tally);
    }

    @Override
    public void close() {
        embedded.close();
    }

    static NewStep step(String key) {
        return step(key, "{}", RetryPolicy.DEFAULT);
    }

    static NewStep step(String key, String input, RetryPolicy retry) {
        return new NewStep(key, "work", input, retry, Duration.ofMinutes(5), new TreeMap<>());
    }

    /** The same step at other times. */
    static NewStep timed(NewStep step, Times times) {
        return new NewStep(step.key(), step.handler(), step.input(), step.retry(), step.timeout(), step.tags(), times);
    }

    static NewStep once(String key) {
        return step(key, "{}", new RetryPolicy(1, Duration.ZERO, Duration.ZERO));
    }

    static Dispatcher.Request request(String dispatchId, NewStep... steps) {
        return new Dispatcher.Request(RUN, dispatchId, List.of(steps), new TreeMap<>());
    }

    Dispatcher dispatcher() {
        return stepstile.dispatcher(Shards.DEFAULT);
    }

    Answer dispatch(String dispatchId, NewStep... steps) throws InterruptedException {
        return dispatcher().dispatch(request(dispatchId, steps));
    }

    /** Dispatch {@code d1} of run {@code r1} with these steps. */
    void handOver(String... keys) throws InterruptedException {
        dispatch("d1", Arrays.stream(keys).map(Stack::step).toArray(NewStep[]::new));
    }

    List<Delivery> receive(int max) {
        return ports.queue().receive(max, Duration.ZERO);
    }

    /** What is visible, as if it had been received so often. */
    List<Delivery> receivedTimes(int times) {
        return receive(10).stream()
                .map(d -> new Delivery(d.messageId(), d.receipt(), d.body(), times, d.sentAt()))
                .toList();
    }

    /** The step function's call; what stays in the queue by its answer. */
    List<String> execute(List<Delivery> batch) throws InterruptedException {
        return execute(batch, FUNCTION_TIMEOUT);
    }

    List<String> execute(List<Delivery> batch, Duration timeout) throws InterruptedException {
        return environment().execute(batch, time.instant().plus(timeout));
    }

    /** A function environment, which remembers from one batch to the next; one of four that share the suspects' turns. */
    StepExecution environment() {
        return stepstile.execution(handlers, output, AttemptRunner.DIRECT, suspects);
    }

    /** As {@link #start(List)}, by a worker that can be told to stop. */
    Tasks.Task<List<String>> start(StepExecution worker, List<Delivery> batch) {
        return time.fork("worker", () -> worker.execute(batch, time.instant().plus(FUNCTION_TIMEOUT)));
    }

    /** One batch as the event source mapping delivers it: what is not named in the answer is deleted. */
    List<String> deliver(List<Delivery> batch) throws InterruptedException {
        List<String> stay = execute(batch);
        ports.queue()
                .delete(batch.stream()
                        .filter(delivery -> !stay.contains(delivery.messageId()))
                        .map(Delivery::receipt)
                        .toList());
        return stay;
    }

    List<String> deliver() throws InterruptedException {
        return deliver(receive(10));
    }

    /** Delivers one message at a time until none is visible. */
    void deliverAll() throws InterruptedException {
        List<Delivery> batch = receive(1);
        while (!batch.isEmpty()) {
            deliver(batch);
            batch = receive(1);
        }
    }

    /** The same message twice, the second while the first is being worked on or after it. */
    void deliverTwice() throws InterruptedException {
        List<Delivery> batch = receive(10);
        deliver(batch);
        deliver(batch);
    }

    /** The batch is worked on, and the function's answer is lost: every message comes again. */
    void loseAck() throws InterruptedException {
        List<Delivery> batch = receive(10);
        execute(batch);
        batch.forEach(delivery -> ports.queue().changeVisibility(delivery.receipt(), Duration.ZERO));
    }

    /** The process ends right after its claim; its message comes again once its visibility timeout ends. */
    void crashAfterClaim() throws InterruptedException {
        faults.crashAfter("store.write", 0);
        crash(receive(10));
    }

    /** Works on the batch until the fault that was set before. */
    void crash(List<Delivery> batch) throws InterruptedException {
        execute(batch); // what it answers is heard by nobody
        if (!faults.crashed()) {
            throw new AssertionError("no crash; calls were " + faults.calls());
        }
        faults.restart();
    }

    /** A worker in a thread of its own, for what has to happen while a step runs. */
    Tasks.Task<List<String>> start(List<Delivery> batch) {
        return time.fork("worker", () -> deliver(batch));
    }

    Tasks.Task<List<String>> start() {
        return start(receive(10));
    }

    void expireLease() {
        time.advance(timing.lease().plus(timing.margin()));
    }

    Sweep sweeper() {
        return stepstile.sweep();
    }

    SweepReport sweep() throws InterruptedException {
        return sweeper().sweep(time.instant().plus(Duration.ofSeconds(50)));
    }

    SweepReport sweepAfter(Duration wait) throws InterruptedException {
        time.advance(wait);
        return sweep();
    }

    /** Sweeps and delivers for as long as anything is left to do, at most that many minutes. */
    void recover(int minutes) throws InterruptedException {
        for (int i = 0; i < minutes && !closed(); i++) {
            time.advance(Duration.ofMinutes(1));
            sweep();
            deliverAll();
        }
    }

    private boolean closed() {
        List<Dispatch> dispatches = ports.store().dispatches(RUN);
        return !dispatches.isEmpty() && dispatches.stream().allMatch(Dispatch::closed);
    }

    StepRecord record(String key) {
        return ports.store()
                .record(new StepId(RUN, key), Shards.of(key, Shards.DEFAULT))
                .orElseThrow(() -> new AssertionError("no record of " + key));
    }

    /** What an attempt of the step logged. */
    List<String> log(String key, int attempt) {
        StepRecord record = record(key);
        return ports.store().pages(record.id(), record.shard(), attempt).stream()
                .flatMap(page -> page.lines().stream())
                .toList();
    }

    boolean hasRecord(String key) {
        return ports.store()
                .record(new StepId(RUN, key), Shards.of(key, Shards.DEFAULT))
                .isPresent();
    }

    StepState.Name state(String key) {
        return hasRecord(key) ? record(key).state().name() : StepState.Name.QUEUED;
    }

    /** The items of all workers that there are. */
    List<WorkerRecord> workers() {
        List<WorkerRecord> all = new ArrayList<>();
        for (int bucket = 0; bucket < WorkerRecord.BUCKETS; bucket++) {
            all.addAll(ports.workers().workers(bucket, null, 100));
        }
        return all;
    }

    Dispatch dispatched(String dispatchId) {
        return ports.store().dispatch(RUN, dispatchId).orElseThrow();
    }

    long count(Metric count) {
        return tally.of(count);
    }
}
