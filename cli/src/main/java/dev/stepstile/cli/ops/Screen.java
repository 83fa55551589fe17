package dev.stepstile.cli.ops;

import dev.stepstile.cli.console.Terminal;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the answers are printed. Only a terminal gets colours and is cut at its width; a file or a pipe gets each value whole.
 */
final class Screen {
    private static final String RED = "31";
    private static final String GREEN = "32";
    private static final String YELLOW = "33";
    private static final String BLUE = "34";
    private static final String GREY = "90";
    /** The columns of a field's label. */
    static final int LABEL = 10;

    private static final Map<String, String> OF_STATE = Map.of(
            "SUCCEEDED",
            GREEN,
            "FAILED",
            RED,
            "DEAD",
            RED,
            "UNKNOWN",
            RED,
            "RETRYING",
            YELLOW,
            "RUNNING",
            BLUE,
            "CANCELLED",
            GREY);

    private final Terminal terminal = Terminal.standard();
    private final boolean interactive = Terminal.interactive();
    private final boolean colours;

    Screen() {
        this.colours = interactive && coloured(System.getenv());
    }

    /** As <a href="https://no-color.org">no-color.org</a> asks: any value but an empty one turns colours off. */
    static boolean coloured(Map<String, String> environment) {
        return environment.getOrDefault("NO_COLOR", "").isEmpty()
                && !environment.getOrDefault("TERM", "dumb").equals("dumb");
    }

    boolean interactive() {
        return interactive;
    }

    /** How many columns a line may take. */
    int columns() {
        return interactive ? Terminal.columns() : Integer.MAX_VALUE;
    }

    void line(String text) {
        terminal.verbatim(text.stripTrailing());
    }

    /** A sentence; wrapped on a terminal. */
    void say(String text) {
        terminal.say(text);
    }

    /** A value with its label; on a terminal that it does not fit, wrapped below its label. Nothing if it is blank. */
    void field(String label, String value) {
        if (value.isBlank()) {
            return;
        }
        String text = Text.clean(value);
        if (!interactive || Text.width(text) <= columns() - LABEL) {
            line(Text.padded(label, LABEL) + text);
        } else {
            line(label);
            say("  " + text);
        }
    }

    /** A text in the colour of a state, if there are colours. */
    String state(String state, String text) {
        return painted(OF_STATE.get(state), text);
    }

    String bad(String text) {
        return painted(RED, text);
    }

    String good(String text) {
        return painted(GREEN, text);
    }

    String faint(String text) {
        return painted(GREY, text);
    }

    private String painted(@Nullable String colour, String text) {
        return colours && colour != null ? "\u001b[" + colour + "m" + text + "\u001b[0m" : text;
    }

    /** Whether nobody reads any more, as after {@code | head}. */
    boolean closed() {
        return System.out.checkError();
    }
}
