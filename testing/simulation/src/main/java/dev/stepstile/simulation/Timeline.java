package dev.stepstile.simulation;

import dev.stepstile.simulation.scheduler.Scheduler;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.Collectors;

/** How a run went, in at most some hundred samples: when there are too many, every other one goes. */
public final class Timeline implements Scheduler.Onlooker {
    private static final int MOST = 480;
    private static final long FIRST_INTERVAL_MILLIS = 1_000;

    /**
     * What is seen at one moment of virtual time.
     *
     * @param millis from the start on
     * @param visible messages that wait in the queue
     * @param inFlight messages that are received or delayed
     * @param busy environments of the step function that execute a batch
     * @param faults injected so far
     */
    public record Sample(long millis, Steps steps, int visible, int inFlight, int busy, int faults) {
        private String line() {
            return String.format(
                    Locale.ROOT,
                    "%.3f,%d,%d,%d,%d,%d,%d,%d,%d%n",
                    millis / 1_000.0,
                    steps.accepted,
                    steps.ended,
                    steps.running,
                    steps.retrying,
                    visible,
                    inFlight,
                    busy,
                    faults);
        }
    }

    /**
     * How many steps there are.
     *
     * @param accepted so far
     * @param ended and not redriven since
     */
    public record Steps(int accepted, int ended, int running, int retrying) {}

    /** A line for each sample, below a line of names. */
    public static String csv(List<Sample> samples) {
        return samples.stream()
                .map(Sample::line)
                .collect(Collectors.joining(
                        "",
                        "seconds,accepted,ended,running,retrying,visible,in_flight,busy,faults"
                                + System.lineSeparator(),
                        ""));
    }

    private final LongFunction<Sample> look;
    private final Consumer<Sample> listener;
    private final List<Sample> samples = new ArrayList<>();
    private long interval = FIRST_INTERVAL_MILLIS;

    /**
     * @param look takes the sample of a time, counted from the start
     * @param listener receives each sample as it is taken
     */
    Timeline(LongFunction<Sample> look, Consumer<Sample> listener) {
        this.look = look;
        this.listener = listener;
    }

    @Override
    public long look(long now) {
        Sample sample = look.apply(now - Scheduler.START.toEpochMilli());
        samples.add(sample);
        listener.accept(sample);
        if (samples.size() > MOST) {
            for (int i = samples.size() - 1; i > 0; i--) {
                if (i % 2 == 1) {
                    samples.remove(i);
                }
            }
            interval *= 2;
        }
        return now + interval;
    }

    List<Sample> samples() {
        return List.copyOf(samples);
    }
}
