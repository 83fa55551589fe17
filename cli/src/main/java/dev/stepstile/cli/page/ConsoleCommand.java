package dev.stepstile.cli.page;

import dev.stepstile.cli.api.Api;
import dev.stepstile.cli.api.StackException;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.client.ClientOptions;
import dev.stepstile.client.Signer;
import dev.stepstile.local.http.Callers;
import dev.stepstile.local.http.HttpApi;
import dev.stepstile.runtime.Signals;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code ./stepstile console}: the web console on loopback, in front of an API elsewhere. */
@Command(
        name = "console",
        description =
                "Serves the web console on this machine for a deployed stack. Its calls are signed with your own AWS"
                        + " credentials, so nothing new is exposed on AWS. Only whoever has the link that it prints can use it."
                        + " A local stack serves its console itself.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Example:",
            "  ./stepstile console --stack stepstile --profile operator",
            "",
            "Details: docs/console.md"
        })
public final class ConsoleCommand implements Callable<Integer> {
    /** As of the commands that call the API: a stack that is refused or not there, one that is not reached. */
    private static final int REFUSED = 3;

    private static final int NOT_REACHED = 4;

    @Mixin
    private Api api = new Api();

    @Option(
            names = "--port",
            paramLabel = "PORT",
            description = "Port of the console on loopback; 0 picks a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8788;

    @Spec
    private @Nullable CommandSpec spec;

    private final Terminal terminal = Terminal.standard();

    @Override
    public Integer call() throws InterruptedException {
        if (port < 0 || port > 65_535) {
            throw wrong("--port must be 1 to 65535, or 0 for a free one.");
        }
        try {
            serve(api.options(ClientOptions.PATIENCE));
            return CommandLine.ExitCode.OK;
        } catch (StackException e) {
            Terminal.ofErrors().say(String.valueOf(e.getMessage()));
            return e.reached() ? REFUSED : NOT_REACHED;
        }
    }

    private void serve(ClientOptions options) throws InterruptedException {
        CountDownLatch stopped = new CountDownLatch(1);
        for (String signal : List.of("INT", "TERM", "HUP")) {
            Signals.on(signal, stopped::countDown);
        }
        Callers callers = Callers.holdersOfToken();
        try (ForwardedCalls calls = new ForwardedCalls(options);
                HttpApi console =
                        new HttpApi(port, calls, callers, options.endpoint().toString())) {
            boolean signed = !options.signer().equals(Signer.NONE);
            terminal.say("The console of " + options.endpoint() + " is at this link (stop with Ctrl-C):");
            terminal.verbatim("  " + console.endpoint() + "/#token=" + callers.token());
            terminal.say(
                    signed
                            ? "Whoever has the link acts with your AWS credentials until you stop it: share it with nobody."
                            : "Calls are not signed, as the endpoint is none of AWS's.");
            stopped.await();
        }
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }
}
