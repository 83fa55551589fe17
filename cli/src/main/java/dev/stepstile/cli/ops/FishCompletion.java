package dev.stepstile.cli.ops;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** The completion of all commands in fish's language, which picocli does not speak. */
final class FishCompletion {
    private final String name;
    private final CommandLine all;
    private final StringBuilder script = new StringBuilder();

    FishCompletion(String name, CommandLine all) {
        this.name = name;
        this.all = all;
    }

    String script() {
        String function = "__" + name + "_at";
        script.append("# Completion of ").append(name).append(" for fish.\n");
        // True if the words that are no options begin with these, and no further command of the given ones follows.
        script.append("function ")
                .append(function)
                .append(" --argument-names path further\n")
                .append("  set -l words (commandline -opc)\n")
                .append("  set -e words[1]\n")
                .append("  set -l given\n")
                .append("  for word in $words\n")
                .append("    string match -q -- '-*' $word; or set -a given $word\n")
                .append("  end\n")
                .append("  set -l wanted (string split -n ' ' -- $path)\n")
                .append("  set -l depth (count $wanted)\n")
                .append("  test (count $given) -ge $depth; or return 1\n")
                .append("  if test $depth -gt 0\n")
                .append("    test \"$given[1..$depth]\" = \"$wanted\"; or return 1\n")
                .append("  end\n")
                .append("  set -l next (math $depth + 1)\n")
                .append("  if test (count $given) -ge $next\n")
                .append("    contains -- $given[$next] (string split -n ' ' -- $further); and return 1\n")
                .append("  end\n")
                .append("  return 0\n")
                .append("end\n");
        script.append("complete -c ").append(name).append(" -f\n");
        command(all, "", function);
        return script.toString();
    }

    private void command(CommandLine command, String path, String function) {
        String further = String.join(" ", command.getSubcommands().keySet());
        String at = " -n " + quoted(function + " " + quoted(path) + " " + quoted(further));
        command.getSubcommands()
                .forEach((word, sub) -> script.append("complete -c ")
                        .append(name)
                        .append(at)
                        .append(" -a ")
                        .append(word)
                        .append(described(sub.getCommandSpec().usageMessage().description()))
                        .append('\n'));
        for (OptionSpec option : command.getCommandSpec().options()) {
            option(option, at);
        }
        boolean files = false;
        for (PositionalParamSpec positional : command.getCommandSpec().positionalParameters()) {
            String candidates = candidates(positional.completionCandidates());
            if (!candidates.isEmpty()) {
                script.append("complete -c ")
                        .append(name)
                        .append(at)
                        .append(" -a ")
                        .append(quoted(candidates))
                        .append('\n');
            }
            files |= List.of("FILE", "FOLDER").contains(positional.paramLabel());
        }
        if (files) {
            script.append("complete -c ").append(name).append(at).append(" -F\n");
        }
        command.getSubcommands().forEach((word, sub) -> command(sub, (path + " " + word).strip(), function));
    }

    private void option(OptionSpec option, String at) {
        script.append("complete -c ").append(name).append(at);
        for (String word : option.names()) {
            script.append(word.startsWith("--") ? " -l " + word.substring(2) : " -s " + word.substring(1));
        }
        if (option.arity().max() > 0) {
            String candidates = candidates(option.completionCandidates());
            boolean file = List.of("FILE", "FOLDER").contains(option.paramLabel());
            script.append(file ? " -rF" : " -x");
            if (!candidates.isEmpty()) {
                script.append(" -a ").append(quoted(candidates));
            }
        }
        script.append(described(option.description())).append('\n');
    }

    private static String candidates(@Nullable Iterable<String> candidates) {
        return candidates == null
                ? ""
                : StreamSupport.stream(candidates.spliterator(), false).collect(Collectors.joining(" "));
    }

    /** The first sentence. */
    private static String described(String[] description) {
        if (description.length == 0) {
            return "";
        }
        String first = description[0]
                .replaceAll("\\$\\{[^}]*}|%n", " ")
                .replaceAll("\\s+", " ")
                .strip();
        return " -d " + quoted(first.replaceFirst("(?<=[a-z0-9)])[.:] .*", "").replaceFirst("\\.$", ""));
    }

    private static String quoted(String text) {
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
    }
}
