package dev.stepstile.stackfaults;

import com.amazonaws.services.lambda.runtime.events.SQSBatchResponse;
import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.api.StepHandler;
import dev.stepstile.local.WorkerParts;
import dev.stepstile.local.events.Worker;
import dev.stepstile.port.Ports;
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
import java.util.concurrent.ExecutionException;
import java.util.function.BiFunction;
import java.util.function.Function;

/**
 * A worker in this JVM that can be killed in the middle of a batch: from then on its calls of ports never return, no
 * {@code finally} of theirs runs, and its timers stop. What is left is what a killed process leaves.
 */
final class KillableWorker implements Worker {
    private final CountDownLatch never = new CountDownLatch(1);
    private final CompletableFuture<Void> killed = new CompletableFuture<>();
    private final List<Tasks.Cancellable> timers = new CopyOnWriteArrayList<>();
    private final Worker worker;

    /** @param faulty the handlers with their faults, which may kill this worker */
    KillableWorker(
            WorkerParts parts,
            Function<WorkerParts, Worker> make,
            BiFunction<List<StepHandler>, Runnable, List<StepHandler>> faulty) {
        worker = make.apply(new WorkerParts(
                ports(parts.ports()), runtime(parts.runtime()), faulty.apply(parts.handlers(), this::kill)));
    }

    private void kill() {
        if (killed.complete(null)) {
            timers.forEach(timer -> Thread.startVirtualThread(timer::cancel));
            worker.close();
        }
    }

    @Override
    public SQSBatchResponse invoke(SQSEvent event) throws WorkerLost, InterruptedException {
        CompletableFuture<SQSBatchResponse> answer = new CompletableFuture<>();
        Thread invocation = Thread.ofVirtual().start(() -> {
            try {
                answer.complete(worker.invoke(event));
            } catch (Throwable e) { // handed to the poller, which would wait for ever
                answer.completeExceptionally(e);
            }
        });
        try {
            CompletableFuture.anyOf(answer, killed).get();
            if (killed.isDone()) {
                throw new WorkerLost("killed in the middle of a batch");
            }
            return answer.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            invocation.interrupt();
        }
    }

    @Override
    public void stop() {
        worker.stop();
    }

    @Override
    public void close() {
        kill();
    }

    private Ports ports(Ports ports) {
        return ports.decorated(this::port);
    }

    private EngineRuntime runtime(EngineRuntime runtime) {
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
            hangIfKilled();
            try {
                Object answer = method.invoke(port, args);
                hangIfKilled();
                return answer;
            } catch (InvocationTargetException e) {
                throw e.getCause() == null ? e : e.getCause();
            }
        }));
    }

    private void hangIfKilled() {
        while (killed.isDone()) {
            try {
                never.await();
            } catch (InterruptedException e) {
                // a thread of a dead process takes no notice
            }
        }
    }
}
