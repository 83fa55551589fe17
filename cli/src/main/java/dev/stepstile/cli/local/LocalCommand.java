package dev.stepstile.cli.local;

import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.runtime.Signals;
import dev.stepstile.step.StepId;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A stack that stays. */
@Command(
        name = "local",
        description = "Starts a stack on this machine and stays; what was dispatched survives a restart.",
        mixinStandardHelpOptions = true)
public final class LocalCommand implements Callable<Integer> {
    /** As a shell reports a process that SIGKILL ended. */
    private static final int KILLED = 137;

    /** How many of the steps that it waits for it names. */
    private static final int NAMED = 5;

    @Option(names = "--aws", description = "Through the AWS adapters, against DynamoDB Local and ElasticMQ.")
    private boolean aws;

    @Option(names = "--port", description = "Of the HTTP API on loopback; 0 for a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8787;

    @Option(
            names = "--state",
            paramLabel = "FOLDER",
            description = "Where state and the log are kept. Default: .stepstile/local in the checkout.")
    private @Nullable Path state;

    @Option(
            names = "--lease",
            paramLabel = "SECONDS",
            description = {
                "How long an attempt owns its step without a heartbeat; margin and sweeps follow from it.",
                "Shorter: a lost worker is noticed sooner, at more writes. Default: ${DEFAULT-VALUE}."
            })
    private int leaseSeconds = 60;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "How many step functions run at once, each with up to ten steps. Default: ${DEFAULT-VALUE}.")
    private int workers = 4;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            description = {
                "When it is told to stop: how long it waits for what runs. What still runs then is interrupted, and",
                "runs again at the next start; such an attempt is not counted. Default: ${DEFAULT-VALUE}."
            })
    private int graceSeconds = 30;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--handlers",
            paramLabel = "FILE",
            description =
                    "Process handlers: a JSON file, see docs/process-handlers.md. Default: what STEPSTILE_HANDLERS"
                            + " says.")
    private @Nullable Path handlers;

    @Option(
            names = "--classpath",
            paramLabel = "JARS",
            description = "Java handlers: jars and folders of classes, separated by colons. They run in a process of"
                    + " their own, and may be built anew meanwhile. Default: what STEPSTILE_CLASSPATH says.")
    private @Nullable String classPath;

    private final Terminal terminal = Terminal.standard();
    private final Terminal errors = Terminal.ofErrors();

    @Override
    public Integer call() throws InterruptedException {
        if (leaseSeconds < 1 || leaseSeconds > 600) {
            throw wrong("--lease is 1 to 600 seconds.");
        }
        if (graceSeconds < 0 || graceSeconds > 3600) {
            throw wrong("--grace is 0 to 3600 seconds.");
        }
        if (workers < 1 || workers > 100) {
            throw wrong("--workers is 1 to 100.");
        }
        if (port < 0 || port > 65_535) {
            throw wrong("--port is 1 to 65535, or 0 for a free one.");
        }
        Path folder = state == null ? Stacks.home().resolve(aws ? "local-aws" : "local") : state.toAbsolutePath();
        Path log = LogFile.in(folder); // first: whatever is looked at next may log
        StackOptions options = options(folder);
        CountDownLatch stopped = new CountDownLatch(1);
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stopped.countDown();
            try {
                closed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        onSignals(stopped);
        try { // whatever fails in here, the hook must not wait for ever
            try (LocalStack stack = LocalStack.start(options)) {
                CompletableFuture<Void> _ = stack.failure().thenRun(stopped::countDown);
                say(stack, folder, log);
                stopped.await();
                if (!stack.failure().isDone()) {
                    stopGently(stack);
                }
                return ended(stack.failure().getNow(null));
            }
        } finally {
            closed.countDown();
        }
    }

    private StackOptions options(Path folder) {
        StackOptions options = Stacks.staying(aws, folder, port, workers, Duration.ofSeconds(leaseSeconds))
                .withConsole(terminal::say)
                .withUserHandlers(Stacks.userHandlers(classPath));
        if (handlers != null) {
            options = options.withProcessHandlers(handlers.toAbsolutePath().toString());
        }
        try {
            LocalStack.check(options);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
        return options;
    }

    private int ended(@Nullable String failure) {
        if (failure == null) {
            return CommandLine.ExitCode.OK;
        }
        errors.say(failure);
        return CommandLine.ExitCode.SOFTWARE;
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    private void stopGently(LocalStack stack) {
        stack.drain(Duration.ofSeconds(graceSeconds), this::tell);
        List<StepId> left = stack.runningSteps();
        if (!left.isEmpty()) {
            terminal.say("Stopping " + named(left) + "; they run again at the next start.");
        }
    }

    /** The first signal stops the stack gently, the second one at once. */
    private static void onSignals(CountDownLatch stopped) {
        for (String signal : List.of("INT", "TERM", "HUP")) {
            Signals.on(signal, () -> {
                if (stopped.getCount() == 0) {
                    Runtime.getRuntime().halt(KILLED);
                }
                stopped.countDown();
            });
        }
    }

    private void tell(List<StepId> running) {
        terminal.say("Takes no more work, and waits up to " + graceSeconds + " s for " + named(running)
                + ". Ctrl-C stops at once.");
    }

    private static String named(List<StepId> steps) {
        String first = steps.stream().limit(NAMED).map(StepId::toString).collect(Collectors.joining(", "));
        return steps.size()
                + (steps.size() == 1 ? " step" : " steps")
                + (steps.isEmpty() ? "" : " (" + first + (steps.size() > NAMED ? ", …" : "") + ")");
    }

    private void say(LocalStack stack, Path folder, Path log) {
        URI endpoint = stack.endpoint();
        terminal.say("Stepstile is up at " + endpoint + " (stop with Ctrl-C).");
        terminal.verbatim("  state     " + folder);
        terminal.verbatim("  log       " + log);
        SortedMap<String, SortedSet<String>> handlersFrom = new TreeMap<>(Comparator.reverseOrder());
        stack.installed()
                .forEach((name, from) -> handlersFrom
                        .computeIfAbsent(from, any -> new TreeSet<>())
                        .add(name));
        handlersFrom.forEach((from, names) -> terminal.say("  handlers  " + from + ": " + String.join(", ", names)));
        terminal.say("Try:");
        terminal.verbatim("  curl -s " + endpoint + "/v1/runs/hello/dispatches \\");
        terminal.verbatim("    -H 'content-type: application/json' \\");
        terminal.verbatim("    -d '{\"steps\": [{\"key\": \"first\", \"handler\": \"stepstile.echo\",");
        terminal.verbatim("         \"input\": {\"hello\": \"world\"}}]}'");
        terminal.verbatim("  curl -s " + endpoint + "/v1/runs/hello/steps/first");
    }
}
