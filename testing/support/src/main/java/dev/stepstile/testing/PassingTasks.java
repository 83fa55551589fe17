package dev.stepstile.testing;

import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Passes every call on: what a test changes, it overrides. */
public class PassingTasks implements Tasks {
    private final Tasks tasks;

    public PassingTasks(Tasks tasks) {
        this.tasks = tasks;
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        return tasks.fork(name, work);
    }

    @Override
    public <T> Task<T> forkUserCode(String name, Callable<T> work) {
        return tasks.forkUserCode(name, work);
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        tasks.sleepUntil(instant);
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        return tasks.every(name, period, tick);
    }

    /** Passes every call on. */
    public static class PassingTask<T> implements Task<T> {
        private final Task<T> task;

        public PassingTask(Task<T> task) {
            this.task = task;
        }

        @Override
        public T join() throws InterruptedException {
            return task.join();
        }

        @Override
        public boolean joinUntil(Instant instant) throws InterruptedException {
            return task.joinUntil(instant);
        }

        @Override
        public void interrupt() {
            task.interrupt();
        }

        @Override
        public void giveUp() {
            task.giveUp();
        }
    }
}
