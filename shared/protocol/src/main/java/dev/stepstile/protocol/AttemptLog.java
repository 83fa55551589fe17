package dev.stepstile.protocol;

import dev.stepstile.step.Limits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** The lines of one attempt that are not yet in a page. Takes lines from any thread; cut at {@link Limits#LOG_BYTES}. */
final class AttemptLog {
    private static final int PAGE_BYTES = 15 * 1024;
    private static final int LINE_CHARS = 4_000;

    private final ReentrantLock lock = new ReentrantLock();
    private List<String> lines = new ArrayList<>();
    private int pending;
    private long taken;
    private long dropped;

    void add(String line) {
        String cut = line.length() > LINE_CHARS ? line.substring(0, LINE_CHARS) + "…" : line;
        lock.lock();
        try {
            boolean full = taken + cut.length() >= Limits.LOG_BYTES; // known without encoding it
            int bytes = full ? 0 : cut.getBytes(StandardCharsets.UTF_8).length + 1;
            if (full || taken + bytes > Limits.LOG_BYTES) {
                dropped += line.length() + 1L;
                return;
            }
            taken += bytes;
            pending += bytes;
            lines.add(cut);
        } finally {
            lock.unlock();
        }
    }

    /** True once a page is full. */
    boolean full() {
        lock.lock();
        try {
            return pending >= PAGE_BYTES;
        } finally {
            lock.unlock();
        }
    }

    /** The lines of the next page; at the end with a last line that tells how much was cut. */
    List<String> takePage(boolean last) {
        lock.lock();
        try {
            List<String> page = new ArrayList<>();
            int bytes = 0;
            int next = 0;
            while (next < lines.size()) {
                String line = lines.get(next);
                int size = line.getBytes(StandardCharsets.UTF_8).length + 1;
                if (!page.isEmpty() && bytes + size > PAGE_BYTES) {
                    break;
                }
                bytes += size;
                page.add(line);
                next++;
            }
            lines = new ArrayList<>(lines.subList(next, lines.size()));
            pending -= bytes;
            if (last && lines.isEmpty() && dropped > 0) {
                page.add("[cut: " + dropped + " characters more were written; an attempt's log holds "
                        + Limits.LOG_BYTES / 1024 + " KB]");
                dropped = 0;
            }
            return page;
        } finally {
            lock.unlock();
        }
    }
}
