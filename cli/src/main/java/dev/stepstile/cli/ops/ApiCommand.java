package dev.stepstile.cli.ops;

import dev.stepstile.cli.api.Api;
import dev.stepstile.cli.api.StackException;
import dev.stepstile.cli.console.Launcher;
import dev.stepstile.cli.console.ShellWord;
import dev.stepstile.cli.console.Terminal;
import dev.stepstile.client.RefusedException;
import dev.stepstile.client.UnauthorisedException;
import dev.stepstile.client.UnreachableException;
import dev.stepstile.step.Limits;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A command that calls the API. What a call can end with becomes a sentence on standard error, and an exit code. */
abstract class ApiCommand implements Callable<Integer> {
    /** Someone waits for the answer. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @Mixin
    private Api api = new Api();

    @Mixin
    private OutputOptions output = new OutputOptions();

    @Spec
    private @Nullable CommandSpec spec;

    private final Screen screen = new Screen();
    private final Terminal errors = Terminal.ofErrors();

    /** @return the exit code */
    abstract int ask(Calls calls);

    @Override
    public final Integer call() {
        try (Calls calls = new Calls(api.client(PATIENCE))) {
            return ask(calls);
        } catch (RefusedException e) {
            errors.say(e.getMessage() + next(e.type()));
            return e.type().equals("not-stepstile") ? Exit.NOT_REACHED : Exit.REFUSED;
        } catch (UnreachableException | UnauthorisedException e) {
            errors.say(e.getMessage() + " To find out more: " + suggested("doctor"));
            return Exit.NOT_REACHED;
        } catch (StackException e) {
            errors.say(String.valueOf(e.getMessage()));
            return e.reached() ? Exit.REFUSED : Exit.NOT_REACHED;
        }
    }

    /** What to do about a refusal, where the API cannot know the command for it. */
    private String next(String type) {
        return switch (type) {
            case "run-not-found" -> " Which runs there are: " + suggested("runs");
            case "step-not-started" -> " Waiting steps: " + suggested("steps", "RUN", "--state", "QUEUED");
            default -> "";
        };
    }

    Api api() {
        return api;
    }

    OutputOptions output() {
        return output;
    }

    Screen screen() {
        return screen;
    }

    /** For what is not an answer, so that it is not in a pipe. */
    Terminal errors() {
        return errors;
    }

    /** A command of this command line against the same Stepstile, to be copied. */
    String suggested(String... words) {
        StringBuilder command = new StringBuilder(Launcher.ofThisProcess().command());
        for (String word : words) {
            command.append(' ').append(ShellWord.of(word));
        }
        return command.append(api.given()).toString();
    }

    ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    /** The path of a run's calls. */
    String path(String run) {
        if (!Limits.isRunId(run)) {
            throw wrong("A run's id has 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = - and not '" + Text.clean(run)
                    + "'.");
        }
        return "/v1/runs/" + run;
    }
}
