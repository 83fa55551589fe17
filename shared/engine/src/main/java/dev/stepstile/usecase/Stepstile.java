package dev.stepstile.usecase;

import dev.stepstile.port.Ports;

/** The use cases over one stack's ports: what the four functions, the local stacks and the simulator all run. */
public final class Stepstile {
    private final Ports ports;
    private final Timing timing;
    private final World world;
    private final Meter meter;
    private final Payloads payloads;
    private final Recorder recorder;
    private final Burying burying;
    private final Redriving redriving;

    public Stepstile(Ports ports, Timing timing, World world, Meter meter) {
        this.ports = ports;
        this.timing = timing;
        this.world = world;
        this.meter = meter;
        this.payloads = new Payloads(ports.items(), ports.objects());
        this.recorder = new Recorder(ports.store(), world, meter);
        this.burying = new Burying(ports.letters(), recorder, meter);
        this.redriving = new Redriving(ports.store(), ports.queue(), payloads, recorder, timing, world);
    }

    public World world() {
        return world;
    }

    /** @param shards over how many partitions a new run is spread */
    public Dispatching dispatching(int shards) {
        return new Dispatching(ports.store(), ports.queue(), payloads, timing, world, meter, shards);
    }

    /** A worker that shares with no other how many suspects run at a time: it runs one at a time. */
    public StepExecution execution(Handlers handlers, Output output, StepExecution.Engine engine) {
        return execution(handlers, output, engine, SuspectTurns.among(1));
    }

    /** @param suspects shared by the workers of one machine */
    public StepExecution execution(
            Handlers handlers, Output output, StepExecution.Engine engine, SuspectLimit suspects) {
        StepExecution.Parts parts = new StepExecution.Parts(
                ports.store(),
                ports.queue(),
                payloads,
                recorder,
                burying,
                redriving,
                handlers,
                output,
                timing,
                world,
                meter,
                suspects,
                new Stopping());
        return new StepExecution(parts, engine);
    }

    public Sweep sweep() {
        return new Sweep(ports.store(), ports.queue(), payloads, recorder, burying, timing, world, meter);
    }

    public Cancelling cancelling() {
        return new Cancelling(ports.store(), payloads, recorder, world);
    }

    public Redriving redriving() {
        return redriving;
    }

    public RunQueries queries() {
        return new RunQueries(ports.store(), payloads, world);
    }
}
