package dev.stepstile.local;

import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PayloadStore;
import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepStore;
import dev.stepstile.usecase.EngineRuntime;
import dev.stepstile.usecase.Tasks;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;

/**
 * A worker that can be abandoned in the middle, in this JVM: once severed, its calls of ports never return, no
 * {@code finally} of theirs runs, and its timers stop. What is left is what a killed process leaves.
 */
final class KillableWorker {
    private final CountDownLatch never = new CountDownLatch(1);
    private final CompletableFuture<Void> severed = new CompletableFuture<>();
    private final List<Tasks.Cancellable> timers = new CopyOnWriteArrayList<>();

    /** Cuts the worker off. */
    void sever() {
        if (severed.complete(null)) {
            timers.forEach(timer -> Thread.startVirtualThread(timer::cancel));
        }
    }

    /** Completed once the worker is cut off. */
    CompletableFuture<Void> severed() {
        return severed;
    }

    Ports ports(Ports ports) {
        return new Ports(
                port(StepStore.class, ports.store()),
                port(StepQueue.class, ports.queue()),
                port(DeadLetterQueue.class, ports.deadLetters()),
                port(PayloadStore.class, ports.items()),
                port(PayloadStore.class, ports.objects()));
    }

    EngineRuntime runtime(EngineRuntime runtime) {
        Tasks tasks = runtime.tasks();
        return new EngineRuntime(runtime.clock(), runtime.random(), runtime.ids(), new Tasks() {
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
                Cancellable timer = tasks.every(name, period, tick);
                timers.add(timer);
                return () -> {
                    timers.remove(timer);
                    timer.cancel();
                };
            }
        });
    }

    private <P> P port(Class<P> type, P port) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            hang();
            try {
                Object answer = method.invoke(port, args);
                hang();
                return answer;
            } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
            }
        }));
    }

    private void hang() {
        while (severed.isDone()) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // a thread of a dead process takes no notice
            }
        }
    }
}
