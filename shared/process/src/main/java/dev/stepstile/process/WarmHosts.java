package dev.stepstile.process;

import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One warm host at a time, replaced when it has died, no longer answers, or has grown. One that has grown serves until
 * its successor is ready, and ends when its last step has.
 */
final class WarmHosts implements Launcher {
    private static final Logger LOG = LoggerFactory.getLogger(WarmHosts.class);

    private final HandlerSpec spec;
    private final HandlerSpec.Warm warm;
    private final ProcessGroups groups;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable WarmHost current;
    private @Nullable WarmHost successor;
    private boolean closed;

    WarmHosts(HandlerSpec spec, HandlerSpec.Warm warm, ProcessGroups groups) {
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
        while (true) {
            try {
                WarmHost host;
                WarmHost.Child child;
                lock.lock();
                try {
                    host = host();
                    child = host.reserve();
                } finally {
                    lock.unlock();
                }
                return host.launch(child, folder, pipes, warm.start());
            } catch (WarmHost.Gone gone) {
                LOG.debug("The host of '{}' had ended; the next one gets the step.", spec.name());
            }
        }
    }

    private WarmHost host() throws IOException, ProcessFailed {
        if (closed) {
            throw new ProcessFailed("This worker is stopping.");
        }
        WarmHost host = current;
        WarmHost next = successor != null && successor.alive() ? successor : null;
        if (host == null || !host.alive()) {
            host = next == null ? new WarmHost(spec, groups) : next;
            next = null;
        } else if (next != null && next.ready()) {
            host.retire();
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
        } finally {
            lock.unlock();
        }
    }
}
