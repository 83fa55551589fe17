package dev.stepstile.cli.results;

import dev.stepstile.client.StepStatus;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Results of one run in a file, to which lines are appended as steps end. Whenever the process is killed, the file has whole
 * lines, and perhaps the beginning of another, which the next {@link #lines} removes. A step has a line for each end that was
 * seen: after a redrive, its last line counts.
 */
final class ResultFile implements ResultSink {
    private static final int STEP_BACK = 1 << 16;

    private final RandomAccessFile file;
    private final FileLock lock;
    private final ResultLines lines;

    /** A success is final. */
    private final Set<String> succeeded = new HashSet<>();

    /** By key, the newest end that is no success: a redrive may be followed by another. */
    private final Map<String, String> others = new HashMap<>();

    private ResultFile(RandomAccessFile file, FileLock lock, ResultLines lines) {
        this.file = file;
        this.lock = lock;
        this.lines = lines;
    }

    /**
     * Opens a file, or goes on with what an earlier process of the same run has written.
     *
     * @throws ResultsFileException if the file has something else in it, or another process writes it
     */
    static ResultFile lines(Path path, ResultLines lines, String runId) {
        try {
            RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw");
            try {
                ResultFile results = new ResultFile(file, locked(path, file), lines);
                results.goOn(path, runId);
                return results;
            } catch (IOException | RuntimeException e) {
                file.close();
                throw e;
            }
        } catch (IOException e) {
            throw new ResultsFileException("The results cannot be written into " + path + ": " + e.getMessage());
        }
    }

    private static FileLock locked(Path path, RandomAccessFile file) throws IOException {
        FileLock lock;
        try {
            lock = file.getChannel().tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            throw new ResultsFileException(
                    "Another process writes results into " + path + ": wait for it, or name another file.");
        }
        return lock;
    }

    /** Reads the lines that are there, and removes what follows the last one's end: its process was killed. */
    private void goOn(Path path, String runId) throws IOException {
        long end = endOfLines();
        try {
            if (end == 0) {
                refuseWhatIsNoBeginning(runId);
            } else {
                read(path, end, runId);
            }
        } catch (ResultsFileException e) {
            throw new ResultsFileException(path + " has something else in it: " + e.getMessage()
                    + ". Name another file, or delete it, or go on with its run by --run.");
        }
        file.setLength(end);
        file.seek(end);
        if (end == 0) {
            file.write(lines.header().getBytes(StandardCharsets.UTF_8));
        }
    }

    private void read(Path path, long end, String runId) throws IOException {
        try (InputStream in = new BufferedInputStream(new FirstBytes(Files.newInputStream(path), end))) {
            lines.read(in, line -> {
                if (!line.runId().equals(runId)) {
                    throw new ResultsFileException("it has results of run " + line.runId());
                }
                note(line.key(), line.attempt(), line.state());
            });
        }
    }

    private long endOfLines() throws IOException {
        byte[] block = new byte[STEP_BACK];
        for (long end = file.length(); end > 0; ) {
            int size = (int) Math.min(STEP_BACK, end);
            file.seek(end - size);
            file.readFully(block, 0, size);
            for (int i = size - 1; i >= 0; i--) {
                if (block[i] == '\n') {
                    return end - size + i + 1;
                }
            }
            end -= size;
        }
        return 0;
    }

    /** A file without a line's end is somebody else's, unless it has the beginning of a first line. */
    private void refuseWhatIsNoBeginning(String runId) throws IOException {
        byte[] expected = lines.beginning(runId).getBytes(StandardCharsets.UTF_8);
        byte[] found = new byte[(int) Math.min(expected.length, file.length())];
        file.seek(0);
        file.readFully(found);
        if (!Arrays.equals(found, 0, found.length, expected, 0, found.length)) {
            throw new ResultsFileException("line 1 is not the result of a step of this run");
        }
    }

    private void note(String key, int attempt, StepStatus state) {
        if (state == StepStatus.SUCCEEDED) {
            succeeded.add(key);
        } else {
            others.put(key, end(attempt, state));
        }
    }

    private static String end(int attempt, StepStatus state) {
        return attempt + " " + state;
    }

    @Override
    public boolean hasSuccess(String key) {
        return succeeded.contains(key);
    }

    /**
     * Appends the results that are not in the file yet.
     *
     * @throws ResultsFileException if they cannot be written: the disk is full, for example
     */
    @Override
    public synchronized void append(List<Result> results) {
        if (!lock.isValid()) {
            return; // this process is about to end
        }
        StringBuilder text = new StringBuilder();
        for (Result result : results) {
            boolean written = succeeded.contains(result.key())
                    || end(result.attempt(), result.state()).equals(others.get(result.key()));
            if (!written) {
                text.append(lines.line(result));
            }
        }
        try {
            file.write(text.toString().getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new ResultsFileException("The results cannot be written: " + e.getMessage()
                    + ". The run goes on; the same command with its --run goes on with the file.");
        }
    }

    @Override
    public synchronized void complete() throws IOException {
        file.getChannel().force(true);
    }

    /** Waits for what is being written. */
    @Override
    public synchronized void close() throws IOException {
        if (lock.isValid()) {
            lock.close();
        }
        file.close();
    }
}
