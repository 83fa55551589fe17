package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One warm host at a time, replaced when it has died, no longer answers, has old code, or has grown. One that has grown
 * serves until its successor is ready; it ends when its last step has, as one with old code does.
 */
final class WarmHostPool implements Launcher {
    private static final Logger LOG = LoggerFactory.getLogger(WarmHostPool.class);

    /** So many hosts may turn a step away in turn: code that changes its own sources would never run at all. */
    private static final int MOST_HOSTS = 3;

    private final HandlerSpec spec;
    private final HandlerSpec.Warm warm;
    private final ProcessGroups groups;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable WarmHost current;
    private @Nullable WarmHost successor;
    private final List<WarmHost> leaving = new ArrayList<>();
    private boolean closed;

    WarmHostPool(HandlerSpec spec, HandlerSpec.Warm warm, ProcessGroups groups) {
        this.spec = spec;
        this.warm = warm;
        this.groups = groups;
        try {
            current = new WarmHost(spec, groups);
        } catch (IOException e) {
            LOG.warn("The host of '{}' cannot be started ({}); the first step tries again.", spec.name(), e.toString());
        }
    }

    @Override
    public RunningProcess launch(Path folder, SortedMap<String, String> pipes)
            throws IOException, ProcessFailed, InterruptedException {
        for (int hosts = 1; ; hosts++) {
            try {
                WarmHost host;
                WarmHost.Child child;
                lock.lock();
                try {
                    host = host();
                    child = host.reserve(folder);
                } finally {
                    lock.unlock();
                }
                return host.launch(child, pipes, warm.start(), hosts > MOST_HOSTS);
            } catch (WarmHost.Gone gone) {
                if (hosts == MOST_HOSTS) {
                    LOG.warn(
                            "Sources of '{}' change each time a host loads them; the step runs with what the next host"
                                    + " loads. Code that writes source files while it is imported should write them"
                                    + " elsewhere.",
                            spec.name());
                }
                LOG.debug("The host of '{}' took no more steps; the next one gets the step.", spec.name());
            }
        }
    }

    private WarmHost host() throws IOException, ProcessFailed {
        if (closed) {
            throw new ProcessFailed("This worker is stopping.");
        }
        WarmHost host = current;
        WarmHost next = successor != null && successor.alive() ? successor : null;
        leaving.removeIf(WarmHost::ended);
        if (host == null || !host.alive()) {
            if (host != null && !host.ended()) {
                leaving.add(host);
            }
            host = next == null ? new WarmHost(spec, groups) : next;
            next = null;
        } else if (next != null && next.ready()) {
            host.retire();
            leaving.add(host);
            host = next;
            next = null;
        } else if (next == null && host.grown(warm)) {
            LOG.info("The host of '{}' has grown; another is started, and takes its place.", spec.name());
            next = new WarmHost(spec, groups);
        }
        current = host;
        successor = next;
        return host;
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            if (current != null) {
                current.close();
            }
            if (successor != null) {
                successor.close();
            }
            leaving.forEach(WarmHost::close);
        } finally {
            lock.unlock();
        }
    }
}
