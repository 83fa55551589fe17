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
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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

    /** How long a call is tried, unless the option says another. */
    Duration patience() {
        return PATIENCE;
    }

    @Override
    public final Integer call() {
        try (Calls calls = new Calls(api.client(patience()))) {
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
            case "step-not-started" ->
                said + "\nWaiting steps: " + suggested("steps", List.of(asked), List.of("--state", "QUEUED"));
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

    /** A command of this command line against the same Stepstile, to be copied: of these words, without options. */
    String suggested(String command, String... words) {
        return suggested(command, List.of(words), List.of());
    }

    /**
     * A command of this command line against the same Stepstile, to be copied.
     *
     * @param words runs and keys; behind {@code --} if one would be taken for an option
     */
    String suggested(String command, List<String> words, List<String> options) {
        String name = Launcher.ofThisProcess().command() + " " + command;
        String given = shell(options) + api.given();
        return words.stream().anyMatch(word -> word.startsWith("-"))
                ? name + given + " --" + shell(words)
                : name + shell(words) + given;
    }

    /** An option with its value, which would be taken for another option if it began with a -, on its own. */
    static List<String> option(String name, String value) {
        return value.startsWith("-") ? List.of(name + "=" + value) : List.of(name, value);
    }

    private static String shell(List<String> words) {
        return words.stream().map(word -> " " + ShellWord.of(word)).collect(Collectors.joining());
    }

    ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), why);
    }

    /** The path of a run's calls. */
    String path(String run) {
        if (!Limits.isRunId(run)) {
            throw wrong(
                    "A run's id has 1 to 128 characters of A-Z a-z 0-9 . _ : ~ @ + = -, is not . or .., and is not '"
                            + Text.quoted(run) + "'.");
        }
        asked = run;
        return "/v1/runs/" + run;
    }
}
