package dev.stepstile.cli.rows;

import dev.stepstile.step.Limits;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rows of a source as dispatches, each as large as one call can be. A row is held only until its dispatch is made; of all
 * rows, the keys are held.
 */
public final class Rows implements Closeable {
    private final StepReader reader;
    private final DispatchHead head;
    private final RowKeys keys;
    private StepReader.@Nullable ReadStep ahead;
    private @Nullable BadRowException bad;
    private boolean ended;
    private int dispatches;

    private Rows(StepReader reader, DispatchHead head, RowKeys keys) {
        this.reader = reader;
        this.head = head;
        this.keys = keys;
    }

    /**
     * Reads a file to its end and checks each row; then its rows can be dispatched.
     *
     * @throws BadRowException if a row, or what the rows have in common, would be refused
     */
    public static Rows checked(RowSource.OfFile file, RowOptions options) throws IOException {
        DispatchHead head = DispatchHead.of(options.settings(), file.head());
        RowKeys keys = new RowKeys();
        try (StepReader reader = StepReader.open(file, options, head, keys, false)) {
            while (reader.next() != null) {
                // checked
            }
        }
        if (keys.all().isEmpty()) {
            throw new BadRowException("there is no row in it.");
        }
        return new Rows(StepReader.open(file, options, head, keys, true), head, keys);
    }

    /** Rows that are checked as they come. */
    public static Rows streamed(RowSource.OfStream stream, RowOptions options) throws IOException {
        DispatchHead head = DispatchHead.of(options.settings(), null);
        RowKeys keys = new RowKeys();
        return new Rows(StepReader.open(stream, options, head, keys, false), head, keys);
    }

    /** The keys that are known so far: those of a file are, all of them. */
    public RowKeys keys() {
        return keys;
    }

    /**
     * The next dispatch; null at the end.
     *
     * @throws BadRowException if a row would be refused; the rows before it are in dispatches that were returned
     */
    public @Nullable Chunk next() throws IOException {
        List<String> steps = new ArrayList<>();
        List<String> keysOfSteps = new ArrayList<>();
        long bytes = 0;
        StepReader.ReadStep step = ahead == null ? read() : ahead;
        while (step != null && steps.size() < Limits.STEPS_PER_DISPATCH && bytes + step.bytes() <= head.room()) {
            steps.add(step.json());
            keysOfSteps.add(step.key());
            bytes += step.bytes();
            step = read();
        }
        ahead = step;
        if (steps.isEmpty()) {
            if (bad != null) {
                throw bad;
            }
            return null;
        }
        return new Chunk(head.dispatch(dispatches++, steps), keysOfSteps);
    }

    /** Null also at a bad row, once the rows before it are to be dispatched. */
    private StepReader.@Nullable ReadStep read() throws IOException {
        if (ended || bad != null) {
            return null;
        }
        try {
            StepReader.ReadStep step = reader.next();
            ended = step == null;
            return step;
        } catch (BadRowException e) {
            bad = e;
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        reader.close();
    }
}
