package dev.stepstile.cli.console;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;

/** What went wrong, in one line for a program: a command with {@code --json} prints it on standard error. */
public final class ErrorJson {
    private ErrorJson() {}

    /** @param error its kind: the API's type of problem, or one that docs/cli.md lists */
    public static String of(String error, String detail, int exitStatus) {
        return JsonNodeFactory.instance
                .objectNode()
                .put("error", error)
                .put("detail", detail.replace('\n', ' '))
                .put("exitStatus", exitStatus)
                .toString();
    }

    /** Whether a command that could not be understood was to answer in JSON. */
    public static boolean isWanted(List<String> arguments) {
        for (int i = 0; i < arguments.size(); i++) {
            String argument = arguments.get(i);
            boolean names = argument.equals("-o") || argument.equals("--output");
            if (argument.equals("--json")
                    || argument.equalsIgnoreCase("--output=json")
                    || argument.equalsIgnoreCase("-o=json")
                    || argument.equalsIgnoreCase("-ojson")
                    || (names
                            && i + 1 < arguments.size()
                            && arguments.get(i + 1).equalsIgnoreCase("json"))) {
                return true;
            }
        }
        return false;
    }
}
