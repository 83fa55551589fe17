package dev.stepstile.local.handlers;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import dev.stepstile.process.Reloading;
import dev.stepstile.usecase.HandlerInput;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Both pipes of a handlers' process may be full at once, and it goes on. */
@Tag("integration")
@Timeout(value = 1, unit = TimeUnit.MINUTES)
class ChattyHandlersTest {
    private static final int STEPS = 20;

    /** A step that waits for nothing, other than to be told that it is cancelled. */
    private record Running(String stepKey, AtomicBoolean stopped, CountDownLatch logged) implements StepContext {
        @Override
        public String runId() {
            return "run";
        }

        @Override
        public int attempt() {
            return 1;
        }

        @Override
        public Instant deadline() {
            return Instant.now().plus(Duration.ofMinutes(5));
        }

        @Override
        public Map<String, String> tags() {
            return Map.of();
        }

        @Override
        public void progress(double fraction, String note) {
            // nobody looks
        }

        @Override
        public void log(String line) {
            logged.countDown();
        }

        @Override
        public boolean cancelled() {
            return stopped.get();
        }
    }

    private static StepResult run(StepHandler handler, String act, String text, Running step) throws Exception {
        String input =
                Json.print(Json.object().put("act", act).put("attempts", 1).put("text", text));
        return handler.run(new HandlerInput(input, new TreeMap<>()), step);
    }

    @Test
    void steps_with_large_inputs_end_while_another_logs_without_a_pause(@TempDir Path folder) throws Exception {
        Path jar = HandlerJar.jar(
                folder.resolve("acts.jar"), Map.of("acme.Acts", JavaHandlersContract.source()), List.of("acme.Acts"));
        List<String> said = new ArrayList<>();
        AtomicBoolean stopped = new AtomicBoolean();
        Running chatter = new Running("chatter", stopped, new CountDownLatch(1));
        try (HandlerProcesses processes = new HandlerProcesses(
                        new UserHandlers(jar.toString(), List.of()),
                        folder.resolve("stack"),
                        Set::of,
                        new Reloading(true, said::add));
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            StepHandler acts = processes.handlers().getFirst();
            Future<StepResult> chatting = threads.submit(() -> run(acts, "chatters", "", chatter));
            chatter.logged().await();
            String large = "x".repeat(1_000_000);
            List<Future<StepResult>> others = new ArrayList<>();
            for (int step = 0; step < STEPS; step++) {
                Running other = new Running("s" + step, new AtomicBoolean(), new CountDownLatch(1));
                others.add(threads.submit(() -> run(acts, "none", large, other)));
            }
            for (Future<StepResult> other : others) {
                other.get(40, TimeUnit.SECONDS);
            }
            assertThat(chatting.isDone()).isFalse();
            stopped.set(true);
            chatting.get(10, TimeUnit.SECONDS);
        }
        assertThat(said).isEmpty();
    }
}
