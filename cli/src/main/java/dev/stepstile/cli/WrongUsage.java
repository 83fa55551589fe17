package dev.stepstile.cli;

import java.util.List;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Why the words of a command cannot be understood, for people. */
final class WrongUsage {
    /** Of a word that was given: a message repeats no more. */
    private static final int SHOWN = 100;

    private WrongUsage() {}

    static String told(ParameterException e, String... given) {
        List<String> options = e.getCommandLine().getUnmatchedArguments().stream()
                .filter(word -> word.startsWith("-"))
                .toList();
        String why = String.valueOf(e.getMessage()).replace(" is not an int", " is not a whole number");
        if (e instanceof MissingParameterException && !options.isEmpty()) {
            why = "Unknown option: '" + options.getFirst() + "'. " + why;
        }
        for (String word : given) {
            if (word.codePointCount(0, word.length()) > SHOWN) {
                why = why.replace(word, word.substring(0, word.offsetByCodePoints(0, SHOWN)) + "…");
            }
        }
        boolean takesWords =
                !e.getCommandLine().getCommandSpec().positionalParameters().isEmpty();
        boolean unknown = e instanceof MissingParameterException || e instanceof UnmatchedArgumentException;
        return unknown && takesWords && !options.isEmpty()
                ? why + "\nWhat begins with a - and is no option stands at the end, behind --"
                : why;
    }
}
