package dev.stepstile.local.handlers;

import dev.stepstile.api.StepContext;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The steps that run in one process, and whether it takes more. */
final class HostedSteps {
    private final ReentrantLock lock = new ReentrantLock();
    private final SortedMap<Integer, HostedStep> steps = new TreeMap<>();
    private int numbers;
    private boolean retired;
    private boolean ended;

    /** Adds a step; null if the process takes none any more. */
    @Nullable
    HostedStep add(StepContext context) {
        lock.lock();
        try {
            if (retired || ended) {
                return null;
            }
            numbers++;
            HostedStep step = new HostedStep(numbers, context);
            steps.put(step.number(), step);
            return step;
        } finally {
            lock.unlock();
        }
    }

    /** Removes a step; true if the process is retired and this was its last one. */
    boolean remove(HostedStep step) {
        lock.lock();
        try {
            steps.remove(step.number());
            return retired && steps.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Adds no further steps; true if none runs. */
    boolean retire() {
        lock.lock();
        try {
            retired = true;
            return steps.isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** The process has ended; returns the steps whose end it has not reported. */
    List<HostedStep> processEnded() {
        lock.lock();
        try {
            ended = true;
            return steps.values().stream().filter(step -> !step.end().isDone()).toList();
        } finally {
            lock.unlock();
        }
    }

    @Nullable
    HostedStep find(int number) {
        lock.lock();
        try {
            return steps.get(number);
        } finally {
            lock.unlock();
        }
    }

    boolean takesMore() {
        lock.lock();
        try {
            return !retired && !ended;
        } finally {
            lock.unlock();
        }
    }

    /** Whether the process has ended. */
    boolean haveEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    int count() {
        lock.lock();
        try {
            return steps.size();
        } finally {
            lock.unlock();
        }
    }
}
