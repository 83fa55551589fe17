package dev.stepstile.usecase;

import dev.stepstile.port.Ports;

/** The use cases over one stack's ports: what the four functions, the local stacks and the simulator all run. */
public final class Stepstile {
    private final EngineRuntime runtime;
    private final EngineParts parts;
    private final Redriver redriver;

    /** Of a stack that tells no spans. */
    public Stepstile(Ports ports, Timing timing, EngineRuntime runtime, Meter meter) {
        this(ports, timing, runtime, meter, Traces.NONE);
    }

    public Stepstile(Ports ports, Timing timing, EngineRuntime runtime, Meter meter, Traces traces) {
        this.runtime = runtime;
        Payloads payloads = new Payloads(ports.items(), ports.objects());
        StepRecorder recorder = new StepRecorder(ports.store(), runtime, meter, traces);
        DeadLetterer deadLetterer = new DeadLetterer(ports.deadLetters(), recorder, meter);
        this.parts = new EngineParts(ports, payloads, recorder, deadLetterer, timing, runtime, meter);
        this.redriver = new Redriver(ports.store(), ports.queue(), payloads, recorder, timing, runtime);
    }

    public EngineRuntime runtime() {
        return runtime;
    }

    /** @param shards over how many partitions a new run is spread */
    public Dispatcher dispatcher(int shards) {
        return new Dispatcher(parts, shards);
    }

    /** A worker that shares its limit of suspects with no other: it runs one suspect at a time. */
    public StepExecution execution(Handlers handlers, HandlerOutput output, AttemptRunner runner) {
        return execution(handlers, output, runner, SuspectLimiter.among(1));
    }

    /** @param suspects shared by the workers of one machine */
    public StepExecution execution(
            Handlers handlers, HandlerOutput output, AttemptRunner runner, SuspectLimit suspects) {
        WorkerShutdown shutdown = new WorkerShutdown();
        return new StepExecution(new ExecutionParts(parts, redriver, handlers, output, suspects, shutdown), runner);
    }

    public Sweep sweep() {
        return new Sweep(parts);
    }

    /**
     * Revokes all workers and recovers their steps at once, for a stack that has just started and knows that every worker of
     * its table ended with an earlier process.
     */
    public SweepReport recoverWorkers() {
        return new WorkerWatch(parts).recoverAll();
    }

    public RunCanceller canceller() {
        return new RunCanceller(parts);
    }

    public StepsCanceller stepsCanceller() {
        return new StepsCanceller(parts);
    }

    public SelectedSteps selectedSteps() {
        return new SelectedSteps(parts);
    }

    /** What is not to begin. */
    public PauseControl pauses() {
        return new PauseControl(parts);
    }

    public Redriver redriver() {
        return redriver;
    }

    public DeadLetters deadLetters() {
        return new DeadLetters(parts, redriver);
    }

    public LiveAudit audit() {
        return new LiveAudit(parts);
    }

    public AuditRounds auditRounds() {
        return new AuditRounds(parts);
    }

    public RunQueries queries() {
        return new RunQueries(parts);
    }
}
