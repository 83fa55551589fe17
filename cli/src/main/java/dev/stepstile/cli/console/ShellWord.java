package dev.stepstile.cli.console;

/** A word of a command that is printed to be copied into a shell. */
public final class ShellWord {
    private ShellWord() {}

    /** As it is, or in quotes if a shell would read it otherwise: bash a ~ at its beginning, zsh a =. */
    public static String of(String word) {
        return word.matches("[A-Za-z0-9._:@+,/%-][A-Za-z0-9._:~@+=,/%-]*")
                ? word
                : "'" + word.replace("'", "'\\''") + "'";
    }
}
