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
 * One warm host at a time. It is replaced when it has exited, no longer answers, has loaded old code, or has reached its
 * limit of steps or memory. In the last case it serves until its successor is ready. A replaced host exits after its last
 * step.
 */
final class WarmHostPool implements Launcher {
    private static final Logger LOG = LoggerFactory.getLogger(WarmHostPool.class);

    /** How many hosts in a row may refuse a step: code that changes its own sources would otherwise never run. */
    private static final int MOST_HOSTS = 3;

    private final HandlerSpec spec;
    private final HandlerSpec.Warm warm;
    private final ProcessGroups groups;
    private final Reloading reloading;
    private final ReentrantLock lock = new ReentrantLock();
    private @Nullable WarmHost current;
    private @Nullable WarmHost successor;
    private final List<WarmHost> leaving = new ArrayList<>();
    private boolean retired;
    private boolean closed;

    WarmHostPool(HandlerSpec spec, HandlerSpec.Warm warm, ProcessGroups groups, Reloading reloading) {
        this.spec = spec;
        this.warm = warm;
        this.groups = groups;
        this.reloading = reloading;
        try {
            current = new WarmHost(spec, groups, reloading);
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
                    if (retired) {
                        host.retire();
                    }
                } finally {
                    lock.unlock();
                }
                return host.launch(child, pipes, warm.start(), !reloading.on() || hosts > MOST_HOSTS);
            } catch (WarmHost.HostExited exited) {
                if (hosts == MOST_HOSTS) {
                    LOG.warn(
                            "Sources of '{}' change each time a host loads them; the step runs with what the next host"
                                    + " loads. Code that writes source files while it is imported should write them"
                                    + " elsewhere.",
                            spec.name());
                }
                LOG.debug("The host of '{}' did not take the step; the next host gets it.", spec.name());
                if (exited.changed() != null) {
                    SettledFiles.await(exited.changed());
                }
            }
        }
    }

    private WarmHost host() throws IOException, ProcessFailed {
        if (closed) {
            throw new ProcessFailed("This worker is stopping.");
        }
        WarmHost host = current;
        WarmHost next = successor != null && successor.alive() ? successor : null;
        leaving.removeIf(WarmHost::exited);
        if (host == null || !host.alive()) {
            if (host != null && !host.exited()) {
                leaving.add(host);
            }
            host = next == null ? new WarmHost(spec, groups, reloading) : next;
            next = null;
        } else if (next != null && next.ready()) {
            host.retire();
            leaving.add(host);
            host = next;
            next = null;
        } else if (next == null && host.shouldRecycle(warm)) {
            LOG.info(
                    "The host of '{}' has reached its limit of steps or memory; a new host is started to replace it.",
                    spec.name());
            next = new WarmHost(spec, groups, reloading);
        }
        current = host;
        successor = next;
        return host;
    }

    @Override
    public void retire() {
        lock.lock();
        try {
            retired = true;
            if (current != null) {
                current.retire();
            }
            if (successor != null) {
                successor.retire();
            }
        } finally {
            lock.unlock();
        }
    }

    @Override
    public boolean idle() {
        lock.lock();
        try {
            leaving.removeIf(WarmHost::exited);
            return leaving.isEmpty()
                    && (current == null || current.exited())
                    && (successor == null || successor.exited());
        } finally {
            lock.unlock();
        }
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
