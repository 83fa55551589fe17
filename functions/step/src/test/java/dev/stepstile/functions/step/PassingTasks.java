package dev.stepstile.functions.step;

import dev.stepstile.usecase.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;

/** Passes each call on. */
class PassingTasks implements Tasks {
    private final Tasks real;

    PassingTasks(Tasks real) {
        this.real = real;
    }

    @Override
    public <T> Task<T> fork(String name, Callable<T> work) {
        return real.fork(name, work);
    }

    @Override
    public <T> Task<T> forkUserCode(String name, Callable<T> work) {
        return real.forkUserCode(name, work);
    }

    @Override
    public void sleepUntil(Instant instant) throws InterruptedException {
        real.sleepUntil(instant);
    }

    @Override
    public Cancellable every(String name, Duration period, Runnable tick) {
        return real.every(name, period, tick);
    }
}
