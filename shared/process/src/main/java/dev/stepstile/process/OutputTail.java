package dev.stepstile.process;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/** The end of what was printed: as much as fits into a step's error. */
public final class OutputTail {
    private static final int CHARS = 300;

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<String> lines = new ArrayDeque<>();
    private int chars;

    public void add(String line) {
        if (line.isBlank()) {
            return;
        }
        lock.lock();
        try {
            lines.addLast(line);
            chars += line.length();
            while (chars > CHARS && lines.size() > 1) {
                chars -= lines.removeFirst().length();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public String toString() {
        lock.lock();
        try {
            String joined = String.join("\n", lines);
            return joined.length() > CHARS ? "…" + joined.substring(joined.length() - CHARS) : joined;
        } finally {
            lock.unlock();
        }
    }
}
