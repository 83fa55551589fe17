package dev.stepstile.cli;

import dev.stepstile.local.LocalStack;
import dev.stepstile.local.StackOptions;
import java.io.PrintStream;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
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
final class LocalCommand implements Callable<Integer> {
    @Option(names = "--aws", description = "Through the AWS adapters, against DynamoDB Local and ElasticMQ.")
    private boolean aws;

    @Option(names = "--port", description = "Of the HTTP API on loopback; 0 for a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8787;

    @Option(
            names = "--state",
            paramLabel = "FOLDER",
            description = "Where state is kept. Default: .stepstile/local in the checkout.")
    private @Nullable Path state;

    @Option(
            names = "--lease",
            paramLabel = "SECONDS",
            description = {
                "How long an attempt owns its step without a sign of life; margin and sweeps follow from it.",
                "Shorter: a lost worker is noticed sooner, at more writes. Default: ${DEFAULT-VALUE}."
            })
    private int leaseSeconds = 60;

    @Option(
            names = "--workers",
            paramLabel = "N",
            description = "How many step functions run at once, each with up to ten steps. Default: ${DEFAULT-VALUE}.")
    private int workers = 4;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--handlers",
            paramLabel = "FILE",
            description =
                    "Process handlers: a JSON file, see docs/process-handlers.md. Default: what STEPSTILE_HANDLERS"
                            + " says.")
    private @Nullable Path handlers;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws InterruptedException {
        if (leaseSeconds < 1 || leaseSeconds > 600) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "--lease is 1 to 600 seconds.");
        }
        if (workers < 1 || workers > 100) {
            throw new ParameterException(Objects.requireNonNull(spec).commandLine(), "--workers is 1 to 100.");
        }
        Path folder = state == null ? Stacks.home().resolve(aws ? "local-aws" : "local") : state.toAbsolutePath();
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
        StackOptions options = Stacks.staying(aws, folder, port, workers, Duration.ofSeconds(leaseSeconds));
        if (handlers != null) {
            options = options.withProcessHandlers(handlers.toAbsolutePath().toString());
        }
        try (LocalStack stack = LocalStack.start(options)) {
            say(stack.endpoint(), folder);
            stopped.await();
        } finally {
            closed.countDown();
        }
        return 0;
    }

    private void say(URI endpoint, Path folder) {
        out.println("Stepstile is up at " + endpoint + " (state in " + folder + "; stop with Ctrl-C). Try:");
        out.println();
        out.println("  curl -s " + endpoint + "/v1/runs/hello/dispatches -H 'content-type: application/json' \\");
        out.println(
                "    -d '{\"steps\":[{\"key\":\"first\",\"handler\":\"stepstile.echo\",\"input\":{\"hello\":\"world\"}}]}'");
        out.println("  curl -s " + endpoint + "/v1/runs/hello/steps/first");
        out.flush();
    }
}
