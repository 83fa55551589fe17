package dev.stepstile.cli.ops;

import dev.stepstile.cli.api.Api;
import dev.stepstile.cli.api.StackException;
import dev.stepstile.cli.console.ErrorJson;
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

    /** As the command line names it; a suggested command repeats it. */
    private String asked = "RUN";

    private final Terminal errors = Terminal.ofErrors();

    /** @return the exit code */
    abstract int ask(Calls calls);

    @Override
    public final Integer call() {
        try (Calls calls = new Calls(api.client(PATIENCE))) {
            return ask(calls);
        } catch (RefusedException e) {
            return failed(e.type(), told(e), e.type().equals("not-stepstile") ? Exit.NOT_REACHED : Exit.REFUSED);
        } catch (UnreachableException e) {
            return failed("not-reached", e.getMessage() + furtherBy("doctor"), Exit.NOT_REACHED);
        } catch (UnauthorisedException e) {
            return failed("not-authorised", e.getMessage() + furtherBy("doctor"), Exit.NOT_REACHED);
        } catch (StackException e) {
            return failed(
                    e.reached() ? "no-such-stack" : "not-reached",
                    String.valueOf(e.getMessage()),
                    e.reached() ? Exit.REFUSED : Exit.NOT_REACHED);
        }
    }

    private void complain(String line) {
        if (line.contains(": " + Launcher.ofThisProcess().command() + " ")) {
            errors.verbatim(line);
        } else {
            errors.say(line);
        }
    }

    private String furtherBy(String command) {
        return "\nTo find out more: " + suggested(command);
    }

    /** Ends the command; a command to be copied is on a line of its own. */
    final int failed(String error, String detail, int exitStatus) {
        if (output.wantsJson()) {
            errors.verbatim(ErrorJson.of(error, detail, exitStatus));
        } else {
            detail.lines().forEach(this::complain);
        }
        return exitStatus;
    }

    /** A refusal, and what to do about it where the API cannot know the command for it. */
    private String told(RefusedException refused) {
        String said = String.valueOf(refused.getMessage());
        return switch (refused.type()) {
            case "run-not-found" -> said + "\nWhich runs there are: " + suggested("runs");
            case "step-not-started" -> said + "\nWaiting steps: " + suggested("steps", asked, "--state", "QUEUED");
            case "no-such-call" ->
                "Stepstile at " + api.uri()
                        + " has no such call (no-such-call): the endpoint has a path too many, or its"
                        + " version is earlier than this command's.";
            default -> said;
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
            throw wrong(
                    "A run's id has 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -, is not . or .., and is not '"
                            + Text.clean(run) + "'.");
        }
        asked = run;
        return "/v1/runs/" + run;
    }
}
