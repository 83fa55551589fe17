package dev.stepstile.cli.local;

import dev.stepstile.cli.console.Terminal;
import dev.stepstile.cli.stack.LogFile;
import dev.stepstile.cli.stack.Stacks;
import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import dev.stepstile.runtime.Signals;
import dev.stepstile.step.StepId;
import dev.stepstile.usecase.Timing;
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

/** {@code ./stepstile local}: a stack that runs until it is stopped, and keeps its state. */
@Command(
        name = "local",
        description = "Starts a stack on this machine, which runs until it is stopped. Its state survives a restart.",
        mixinStandardHelpOptions = true)
public final class LocalCommand implements Callable<Integer> {
    /** The exit code that a shell reports for a process killed by SIGKILL. */
    private static final int KILLED = 137;

    /** How many of the steps that a stop waits for are printed by name. */
    private static final int NAMED = 5;

    @Option(names = "--aws", description = "Use the AWS adapters, against DynamoDB Local and ElasticMQ.")
    private boolean aws;

    @Option(
            names = "--isolated",
            description =
                    "With --aws: run each function environment in a process of its own, with AWS's runtime client,"
                            + " built-in handlers and those of --handlers.")
    private boolean isolated;

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port of the HTTP API on loopback; 0 picks a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8787;

    @Option(
            names = "--state",
            paramLabel = "FOLDER",
            description = "Folder of the state and the log. Default: the folder local in STEPSTILE_HOME.")
    private @Nullable Path state;

    @Option(
            names = "--lease",
            paramLabel = "SECONDS",
            description =
                    "How long a worker is believed to live without a heartbeat; the margin and the sweep interval follow from it."
                            + " With a shorter lease, a lost worker is noticed sooner, at the cost of more writes. Default: ${DEFAULT-VALUE}.")
    private int leaseSeconds = (int) Timing.DEFAULT.lease().toSeconds();

    @Option(
            names = "--workers",
            paramLabel = "N",
            description =
                    "Number of step functions that run at once, each with up to ten steps. With 0 (and --aws) nothing takes"
                            + " messages and nothing sweeps, for functions that `sam local` runs. Default: ${DEFAULT-VALUE}.")
    private int workers = 4;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            description =
                    "How long a stop waits for running steps. A step that still runs then is interrupted, and runs again after"
                            + " the next start; the interrupted attempt is not counted. Default: ${DEFAULT-VALUE}.")
    private int graceSeconds = 30;

    @Option(
            names = "--audit-every",
            paramLabel = "SECONDS",
            description =
                    "Audits a part of all runs each so often, as AuditSchedule does on AWS: the log and /metrics have what it"
                            + " finds. Default: never.")
    private @Nullable Integer auditSeconds;

    @Option(
            names = "--sam-env",
            paramLabel = "FILE",
            description =
                    "Writes the file for the option --env-vars of `sam local`: with it, the functions that SAM runs"
                            + " use this stack's table, queues and bucket.")
    private @Nullable Path samFile;

    @Option(
            names = "--sam-host",
            paramLabel = "HOST",
            description =
                    "By what host SAM's containers reach this machine. A name: the emulators listen on 127.0.0.1, as"
                            + " Docker Desktop and podman machine expect. An IPv4 address: they listen on it, and whoever reaches it"
                            + " can read and change all that they keep. On Linux, it is that of the bridge: Docker 172.17.0.1,"
                            + " podman 10.88.0.1. Default: " + SamEnvironment.DOCKER_DESKTOP + ".")
    private @Nullable String samHost;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--handlers",
            paramLabel = "FILE",
            description = "JSON file of process handlers, see docs/process-handlers.md. Default: $STEPSTILE_HANDLERS.")
    private @Nullable Path handlers;

    @Option(
            names = "--classpath",
            paramLabel = "JARS",
            description = "Java handlers: jars and folders of classes, separated by colons. They run in a process of"
                    + " their own; rebuilt ones are loaded before the next step. Default: $STEPSTILE_CLASSPATH.")
    private @Nullable String classPath;

    @Option(
            names = "--webhooks",
            paramLabel = "HOSTS",
            description =
                    "Hosts that a dispatch may notify, separated by commas: hooks.example.com, *.example.com:8443,"
                            + " or http://localhost:9000 for this machine. A host with =NAME is signed by the secret of that"
                            + " name. Default: none.")
    private @Nullable String webhooks;

    @Option(
            names = "--webhook-secrets",
            paramLabel = "FILE",
            description = "JSON file of the secrets that sign webhooks, by name. Default: webhook-secrets.json in the"
                    + " folder of the state, with a new secret named default.")
    private @Nullable Path webhookSecrets;

    @Option(
            names = "--webhook-private",
            description = "Allow hosts of --webhooks to have private and loopback addresses.")
    private boolean webhookPrivate;

    @Option(
            names = "--traces",
            paramLabel = "FILE|URL",
            description =
                    "Where spans of dispatches and attempts go: a file, as lines of OTLP in JSON, or the URL of an"
                            + " OpenTelemetry collector, such as http://localhost:4318. Default: nowhere.")
    private @Nullable String traces;

    @Option(
            names = "--no-reload",
            description = "Changed handlers are loaded at the next start only. Without this option, new steps run the"
                    + " jars, the Python code and the --handlers file as they are when a step begins.")
    private boolean fixed;

    private final Terminal terminal = Terminal.standard();
    private final Terminal errors = Terminal.ofErrors();

    @Override
    public Integer call() throws InterruptedException {
        checkOptions();
        Path folder = state == null ? Stacks.home().resolve(aws ? "local-aws" : "local") : state.toAbsolutePath();
        Path log = LogFile.in(folder); // first, because everything after it may log
        SamEnvironment sam = samEnvironment();
        StackOptions options = options(folder, sam);
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
        try { // whatever fails in here, the shutdown hook must not wait forever
            try (LocalStack stack = LocalStack.start(options)) {
                CompletableFuture<Void> _ = stack.failure().thenRun(stopped::countDown);
                printStarted(stack, folder, log);
                if (sam != null) {
                    sam.write(stack.variables());
                    printSam(sam);
                }
                stopped.await();
                if (!stack.failure().isDone()) {
                    stopGracefully(stack);
                }
                return ended(stack.failure().getNow(null));
            }
        } finally {
            closed.countDown();
        }
    }

    private void checkOptions() {
        if (leaseSeconds < 1 || leaseSeconds > 600) {
            throw wrong("--lease must be 1 to 600 seconds.");
        }
        if (auditSeconds != null && (auditSeconds < 1 || auditSeconds > 86_400)) {
            throw wrong("--audit-every must be 1 to 86400 seconds.");
        }
        if (graceSeconds < 0 || graceSeconds > 3600) {
            throw wrong("--grace must be 0 to 3600 seconds.");
        }
        if (workers < (aws ? 0 : 1) || workers > 100) {
            throw wrong("--workers must be 1 to 100; with --aws, it may be 0.");
        }
        if (port < 0 || port > 65_535) {
            throw wrong("--port must be 1 to 65535, or 0 for a free one.");
        }
        if (isolated && !aws) {
            throw wrong("--isolated needs --aws: function processes cannot share an embedded stack.");
        }
        if (isolated && classPath != null) {
            throw wrong("--isolated runs no handlers of --classpath: give those of --handlers, or leave it out.");
        }
    }

    private @Nullable SamEnvironment samEnvironment() {
        if (samFile == null && samHost != null) {
            throw wrong("--sam-host needs --sam-env: it is the address in that file.");
        }
        if (samFile == null) {
            return null;
        }
        if (!aws) {
            throw wrong("--sam-env needs --aws: the functions that SAM runs use the AWS adapters.");
        }
        try {
            return SamEnvironment.of(samFile, samHost == null ? SamEnvironment.DOCKER_DESKTOP : samHost);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
    }

    private StackOptions options(Path folder, @Nullable SamEnvironment sam) {
        StackOptions options = Stacks.staying(aws, isolated, folder, port, workers, Duration.ofSeconds(leaseSeconds))
                .withConsole(terminal::say)
                .withReloadedHandlers(!fixed)
                .withUserHandlers(isolated ? null : Stacks.userHandlers(classPath))
                .withTraces(traces)
                .withWebhooks(new StackOptions.Webhooks(
                        webhooks, webhookPrivate, webhookSecrets == null ? null : webhookSecrets.toAbsolutePath()));
        if (auditSeconds != null) {
            options = options.withTimes(options.times().audited(Duration.ofSeconds(auditSeconds)));
        }
        if (sam != null) {
            options = options.withEmulatorsOn(sam.address());
        }
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

    private void stopGracefully(LocalStack stack) {
        stack.drain(Duration.ofSeconds(graceSeconds), this::printWaiting);
        List<StepId> left = stack.runningSteps();
        if (!left.isEmpty()) {
            terminal.say("Interrupting " + named(left) + "; they run again after the next start.");
        }
    }

    /** The first signal stops the stack and waits for running steps; the second one ends this process at once. */
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

    private void printWaiting(List<StepId> running) {
        String waiting = running.isEmpty()
                ? "None is running."
                : "Waiting up to " + graceSeconds + " s for " + named(running) + ".";
        terminal.say("No more steps are started. " + waiting + " Ctrl-C stops at once.");
    }

    private static String named(List<StepId> steps) {
        String first = steps.stream().limit(NAMED).map(StepId::toString).collect(Collectors.joining(", "));
        return steps.size()
                + (steps.size() == 1 ? " step" : " steps")
                + (steps.isEmpty() ? "" : " (" + first + (steps.size() > NAMED ? ", …" : "") + ")");
    }

    private void printStarted(LocalStack stack, Path folder, Path log) {
        URI endpoint = stack.endpoint();
        terminal.say("Stepstile is up at " + endpoint + " (stop with Ctrl-C).");
        terminal.verbatim("  console   " + endpoint + "/");
        terminal.verbatim("  state     " + folder);
        terminal.verbatim("  log       " + log);
        SortedMap<String, SortedSet<String>> handlersFrom = new TreeMap<>(Comparator.reverseOrder());
        stack.installed()
                .forEach((name, from) -> handlersFrom
                        .computeIfAbsent(from, any -> new TreeSet<>())
                        .add(name));
        handlersFrom.forEach((from, names) -> terminal.say("  handlers  " + from + ": " + String.join(", ", names)));
        if (webhooks != null) {
            Path secrets = webhookSecrets == null ? folder.resolve("webhook-secrets.json") : webhookSecrets;
            terminal.verbatim("  webhooks  " + webhooks + ", signed by a secret of");
            terminal.verbatim("            " + secrets);
        }
        terminal.say("Try:");
        terminal.verbatim("  curl -s " + endpoint + "/v1/runs/hello/dispatches \\");
        terminal.verbatim("    -H 'content-type: application/json' \\");
        terminal.verbatim("    -d '{\"steps\": [{\"key\": \"first\", \"handler\": \"stepstile.echo\",");
        terminal.verbatim("         \"input\": {\"hello\": \"world\"}}]}'");
        terminal.verbatim("  curl -s " + endpoint + "/v1/runs/hello/steps/first");
    }

    private void printSam(SamEnvironment sam) {
        terminal.say("Or call the functions that SAM runs, in another terminal:");
        sam.usage().forEach(terminal::verbatim);
        terminal.say(sam.exposure());
    }
}
