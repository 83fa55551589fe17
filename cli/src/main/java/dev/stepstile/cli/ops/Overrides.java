package dev.stepstile.cli.ops;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code --set}: other settings for redriven steps. */
final class Overrides {
    @Option(
            names = "--set",
            paramLabel = "NAME=VALUE",
            description =
                    "With another handler, maxAttempts, timeoutSeconds, notBefore, deadline, retry or input; a value"
                            + " that is JSON is taken as JSON. May be repeated.")
    private List<String> settings = List.of();

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec command;

    void into(ObjectNode body) {
        for (String setting : settings) {
            int equals = setting.indexOf('=');
            if (equals < 1) {
                throw wrong("--set takes a name and a value, as in --set timeoutSeconds=600, and not '"
                        + Text.quoted(setting) + "'.");
            }
            String name = setting.substring(0, equals);
            JsonNode value = json(name, setting.substring(equals + 1));
            if (value.isNull() && !name.equals("input")) {
                throw wrong("--set " + Text.quoted(name) + "=null sets nothing: leave it out.");
            }
            if (body.withObjectProperty("overrides").replace(name, value) != null) {
                throw wrong("--set " + Text.quoted(name) + " is given twice: give it once.");
            }
        }
    }

    /** What begins as an object, a list or a string of JSON is meant as one; anything else that is no JSON is a text. */
    private JsonNode json(String name, String value) {
        try {
            return Json.parse(value);
        } catch (Json.BadJson e) {
            if (value.isBlank() || ("{[\"".indexOf(value.strip().charAt(0)) < 0 && !isNumber(value))) {
                return JsonNodeFactory.instance.textNode(value);
            }
            throw wrong("--set " + Text.quoted(name) + ": " + e.getMessage() + ".");
        }
    }

    /** One that is beyond the limits of JSON here. */
    private static boolean isNumber(String value) {
        return value.strip().matches("-?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?");
    }

    private ParameterException wrong(String why) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), why);
    }
}
