package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.codec.Json;
import dev.stepstile.runtime.CapturedOutput;
import dev.stepstile.runtime.VirtualTasks;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.HandlerOutput;
import dev.stepstile.usecase.LogContext;
import dev.stepstile.usecase.ResultJson;
import dev.stepstile.usecase.Tasks;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.CodeSource;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A process with the user's handlers: runs the steps that the stack on the other end of its pipes starts, several at
 * once, and ends when that end is closed. Claims, heartbeats and results are the stack's; all that a handler can break is
 * this process.
 */
final class HandlerProcessMain {
    /** How long the user's shutdown hooks may take. */
    private static final Duration HOOKS = Duration.ofSeconds(2);

    private final HandlerOutput output = CapturedOutput.installed();
    private final Tasks tasks = new VirtualTasks();
    private final SortedMap<String, StepHandler> handlers = new TreeMap<>();
    private final Map<Integer, RunningStep> steps = new ConcurrentHashMap<>();
    private final ReentrantLock writing = new ReentrantLock();
    private final OutputStream events;

    private HandlerProcessMain(OutputStream events) {
        this.events = events;
    }

    /**
     * @param arguments the file for commands, the file for events, and the entries of the class path that are the user's
     */
    public static void main(String[] arguments) throws IOException {
        try (BufferedReader commands = new BufferedReader(
                        new InputStreamReader(new FileInputStream(arguments[0]), StandardCharsets.UTF_8));
                OutputStream events = new BufferedOutputStream(new FileOutputStream(arguments[1]))) {
            HandlerProcessMain process = new HandlerProcessMain(events);
            List<Path> own = Arrays.stream(arguments).skip(2).map(Path::of).toList();
            if (process.load(own)) {
                for (String line = commands.readLine(); line != null; line = commands.readLine()) {
                    process.handle(Json.parse(line));
                }
            }
        } finally {
            exit();
        }
    }

    /** The stack is done with this process, or gone. */
    private static void exit() {
        Thread.ofPlatform().daemon().start(() -> {
            try {
                Thread.sleep(HOOKS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            Runtime.getRuntime().halt(0);
        });
        System.exit(0);
    }

    /** Finds the handlers that lie in these entries of the class path; false, with the reason sent, if that fails. */
    private boolean load(List<Path> entries) {
        ArrayNode ready = Json.array();
        try {
            for (ServiceLoader.Provider<StepHandler> provider :
                    ServiceLoader.load(StepHandler.class).stream().toList()) {
                int entry = entryOf(provider.type(), entries);
                if (entry >= 0) {
                    StepHandler handler = provider.get();
                    String name = Objects.requireNonNull(handler.name(), () -> provider.type() + " has no name");
                    StepHandler other = handlers.putIfAbsent(name, handler);
                    if (other != null) {
                        send(Json.object()
                                .put(
                                        "refused",
                                        "two handlers are named '" + name + "': "
                                                + other.getClass().getName() + " and "
                                                + provider.type().getName() + "; rename one"));
                        return false;
                    }
                    ready.addObject()
                            .put("name", name)
                            .put("entry", entry)
                            .put("grace", handler.grace().toString());
                }
            }
        } catch (ServiceConfigurationError | RuntimeException | LinkageError e) {
            e.printStackTrace();
            send(Json.object().put("refused", reason(e)));
            return false;
        }
        send(Json.object().set("ready", ready));
        return true;
    }

    /** Which of the entries a class comes from; -1 if it is none of the user's. */
    private static int entryOf(Class<?> type, List<Path> entries) {
        CodeSource source = type.getProtectionDomain().getCodeSource();
        try {
            return source == null
                    ? -1
                    : entries.indexOf(Path.of(source.getLocation().toURI()));
        } catch (URISyntaxException e) {
            return -1;
        }
    }

    private static String reason(Throwable e) {
        String message = String.valueOf(e.getMessage()).replace(StepHandler.class.getName() + ": ", "");
        StringBuilder reason = new StringBuilder(message);
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            reason.append("; ").append(cause);
        }
        return reason.toString();
    }

    private void handle(JsonNode command) {
        if (command.has("start")) {
            start(HandlerProtocol.Start.read(command));
        } else if (command.has("cancelled")) {
            Optional.ofNullable(steps.get(command.path("cancelled").asInt())).ifPresent(step -> step.cancelled = true);
        } else if (command.has("interrupt")) {
            Optional.ofNullable(steps.get(command.path("interrupt").asInt())).ifPresent(RunningStep::interrupt);
        }
    }

    private void start(HandlerProtocol.Start start) {
        send(Json.object().put("taken", start.number()));
        RunningStep step = new RunningStep(start);
        steps.put(start.number(), step);
        StepId id = new StepId(start.attempt().runId(), start.attempt().stepKey());
        try (LogContext.Scope _ = LogContext.of(id, start.attempt().number()).open()) {
            step.begin(tasks.forkUserCode("step " + id, () -> run(step)));
        } catch (Error | RuntimeException e) { // such as no memory for one more thread: this step's failure alone
            steps.remove(start.number());
            send(HandlerProtocol.threw(start.number(), e));
        }
    }

    private boolean run(RunningStep step) {
        int number = step.start.number();
        ObjectNode end;
        try {
            StepHandler handler = Objects.requireNonNull(handlers.get(step.start.handler()));
            end = HandlerProtocol.returned(
                    number, ResultJson.of(output.capture(step::log, () -> handler.run(step.start.input(), step))));
        } catch (Throwable thrown) { // the boundary at which whatever a handler throws becomes the end of its step
            end = HandlerProtocol.threw(number, thrown);
        }
        steps.remove(number);
        send(end);
        return true;
    }

    private void send(ObjectNode event) {
        byte[] line = (Json.print(event) + "\n").getBytes(StandardCharsets.UTF_8);
        writing.lock();
        try {
            events.write(line);
            events.flush();
        } catch (IOException e) {
            Runtime.getRuntime().halt(0); // the stack is gone
        } finally {
            writing.unlock();
        }
    }

    /** A step as its handler sees it. */
    private final class RunningStep implements StepContext {
        private final HandlerProtocol.Start start;
        private final ReentrantLock interrupting = new ReentrantLock();
        private volatile boolean cancelled;
        private boolean interrupted;
        private Tasks.@Nullable Task<Boolean> task;

        RunningStep(HandlerProtocol.Start start) {
            this.start = start;
        }

        void begin(Tasks.Task<Boolean> begun) {
            interrupting.lock();
            try {
                task = begun;
                if (interrupted) {
                    begun.interrupt();
                }
            } finally {
                interrupting.unlock();
            }
        }

        void interrupt() {
            interrupting.lock();
            try {
                interrupted = true;
                if (task != null) {
                    task.interrupt();
                }
            } finally {
                interrupting.unlock();
            }
        }

        @Override
        public String runId() {
            return start.attempt().runId();
        }

        @Override
        public String stepKey() {
            return start.attempt().stepKey();
        }

        @Override
        public int attempt() {
            return start.attempt().number();
        }

        @Override
        public Instant deadline() {
            return start.attempt().deadline();
        }

        @Override
        public Map<String, String> tags() {
            return start.attempt().tags();
        }

        @Override
        public String tenant() {
            return start.attempt().tenant();
        }

        @Override
        public Optional<String> traceparent() {
            return start.traceparent();
        }

        @Override
        public Optional<String> tracestate() {
            return start.tracestate();
        }

        @Override
        public void progress(double fraction, String note) {
            send(Json.object()
                    .put("progress", start.number())
                    .put("fraction", Double.toString(fraction))
                    .put("note", Objects.requireNonNull(note)));
        }

        @Override
        public void log(String line) {
            send(Json.object().put("log", start.number()).put("line", Objects.requireNonNull(line)));
        }

        @Override
        public boolean cancelled() {
            return cancelled;
        }
    }
}
