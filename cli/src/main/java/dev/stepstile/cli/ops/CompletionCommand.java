package dev.stepstile.cli.ops;

import dev.stepstile.cli.console.Terminal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code stepstile completion}: a script that makes a shell complete commands and options. */
@Command(
        name = "completion",
        description = "Prints the script that makes a shell complete this command line.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "Examples:",
            "  ./stepstile completion bash > ~/.local/share/bash-completion/completions/stepstile",
            "  ./stepstile completion zsh > ~/.stepstile-completion.zsh",
            "    and in ~/.zshrc, after compinit: source ~/.stepstile-completion.zsh",
            "  ./stepstile completion fish > ~/.config/fish/completions/stepstile.fish"
        })
public final class CompletionCommand implements Runnable {
    enum Shell {
        BASH,
        ZSH,
        FISH
    }

    /** As they are usually written. */
    static final class Shells extends ArrayList<String> {
        Shells() {
            super(List.of("bash", "zsh", "fish"));
        }
    }

    @Parameters(paramLabel = "SHELL", description = "bash, zsh or fish.", completionCandidates = Shells.class)
    private Shell shell = Shell.BASH;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        CommandLine all = Objects.requireNonNull(spec).root().commandLine();
        String name = all.getCommandName();
        String script = switch (shell) {
            case BASH, ZSH -> AutoComplete.bash(name, all); // it is for both
            case FISH -> new FishCompletion(name, all).script();
        };
        script.lines().forEach(Terminal.standard()::verbatim);
    }
}
