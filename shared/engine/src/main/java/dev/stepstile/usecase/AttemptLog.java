package dev.stepstile.usecase;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The lines of one attempt that are not yet in a page. Takes lines from any thread; holds {@link Limits#LOG_BYTES}. Of an
 * attempt that writes more, the first lines and the last are kept: the last ones usually show why it failed.
 */
final class AttemptLog {
    private static final int PAGE_BYTES = 15 * 1024;
    private static final int LINE_CHARS = 4_000;

    /** A line that begins so is a record of a process handler. */
    private static final String RECORD = "\u001e";

    /** A record for programs alone. */
    private static final String LIVE = RECORD + "{\"live\":";

    private final ReentrantLock lock = new ReentrantLock();
    private final Deque<String> ending = new ArrayDeque<>();
    private List<String> lines = new ArrayList<>();
    private int pending;
    private long taken;
    private int endingBytes;
    private long dropped;
    private boolean ended;
    private String lastLine = "";

    void add(String line) {
        String cut = line.length() > LINE_CHARS ? line.substring(0, LINE_CHARS) + "…" : line;
        int bytes = bytes(cut);
        lock.lock();
        try {
            if (ended) { // by a thread that its handler left behind
                return;
            }
            if (!cut.startsWith(LIVE)) {
                lastLine = cut;
            }
            if (ending.isEmpty() && taken + bytes <= Limits.LOG_BYTES - Limits.LOG_ENDING_BYTES) {
                taken += bytes;
                pending += bytes;
                lines.add(cut);
                return;
            }
            ending.addLast(cut);
            endingBytes += bytes;
            while (taken + endingBytes > Limits.LOG_BYTES) {
                String oldest = ending.removeFirst();
                endingBytes -= bytes(oldest);
                dropped += oldest.length() + 1L;
            }
        } finally {
            lock.unlock();
        }
    }

    /** The newest line that says something to people; empty if there is none. */
    String lastLine() {
        String line;
        lock.lock();
        try {
            line = lastLine;
        } finally {
            lock.unlock();
        }
        return line.startsWith(RECORD) ? text(line.substring(RECORD.length())) : line;
    }

    private static String text(String record) {
        try {
            JsonNode node = Json.parse(record);
            JsonNode stderr = node.path("stderr");
            return (stderr.isMissingNode() ? node.path("log").path("message") : stderr).asText();
        } catch (Json.BadJson notOne) {
            return record;
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

    /**
     * The lines of the next page.
     *
     * @param last whether the attempt has ended: its last lines follow, after one that reports how much was left out before them,
     *     and no further ones are taken
     */
    List<String> takePage(boolean last) {
        lock.lock();
        try {
            if (last && !ended) {
                takeEnding();
            }
            List<String> page = new ArrayList<>();
            int bytes = 0;
            int next = 0;
            while (next < lines.size()) {
                String line = lines.get(next);
                int size = bytes(line);
                if (!page.isEmpty() && bytes + size > PAGE_BYTES) {
                    break;
                }
                bytes += size;
                page.add(line);
                next++;
            }
            lines = new ArrayList<>(lines.subList(next, lines.size()));
            pending -= bytes;
            return page;
        } finally {
            lock.unlock();
        }
    }

    private void takeEnding() {
        if (dropped > 0) {
            String cut = "[cut: " + dropped + " characters more were written here; an attempt's log holds "
                    + Limits.LOG_BYTES / 1024 + " KB]";
            ending.addFirst(cut);
            endingBytes += bytes(cut);
            dropped = 0;
        }
        lines.addAll(ending);
        pending += endingBytes;
        ending.clear();
        ended = true;
    }

    private static int bytes(String line) {
        return line.getBytes(StandardCharsets.UTF_8).length + 1;
    }
}
