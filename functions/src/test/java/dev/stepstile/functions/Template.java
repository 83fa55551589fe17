package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.AbstractConstruct;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;

/** The deployment's template as a tree, with CloudFormation's short tags ({@code !Ref}) in their long form. */
record Template(JsonNode root) {
    static final String FUNCTION = "AWS::Serverless::Function";

    private static final Pattern IN_TEXT = Pattern.compile("\\$\\{([^}!.]+)}");
    private static final Path FILE = Path.of("..", "template.yaml");

    static String text() {
        try {
            return Files.readString(FILE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Template parse(String yaml) {
        Object tree = new Yaml(new Tags()).load(yaml);
        return new Template(Json.mapper().valueToTree(tree));
    }

    JsonNode parameter(String name) {
        return root.path("Parameters").path(name);
    }

    JsonNode resource(String name) {
        return root.path("Resources").path(name);
    }

    JsonNode properties(String resource) {
        return resource(resource).path("Properties");
    }

    /** The resources of a type, by name. */
    SortedMap<String, JsonNode> ofType(String type) {
        SortedMap<String, JsonNode> found = new TreeMap<>();
        root.path("Resources").properties().forEach(resource -> {
            if (resource.getValue().path("Type").asText().equals(type)) {
                found.put(resource.getKey(), resource.getValue().path("Properties"));
            }
        });
        return found;
    }

    SortedMap<String, JsonNode> functions() {
        return ofType(FUNCTION);
    }

    /** A function's property, its own or that of all. */
    JsonNode ofFunction(String function, String property) {
        JsonNode own = properties(function).path(property);
        return own.isMissingNode() ? root.path("Globals").path("Function").path(property) : own;
    }

    /** What runs: a zip has it as its handler, an image as its command. */
    String handler(String function) {
        JsonNode properties = properties(function);
        return isImage(function)
                ? properties.path("ImageConfig").path("Command").path(0).asText()
                : properties.path("Handler").asText();
    }

    boolean isImage(String function) {
        return properties(function).path("PackageType").asText().equals("Image");
    }

    /** Whether the condition of one resource is that the other's is not met. */
    boolean neverBoth(String one, String other) {
        return isOpposite(one, other) || isOpposite(other, one);
    }

    private boolean isOpposite(String one, String other) {
        JsonNode condition = condition(one);
        return !condition.isMissingNode()
                && condition.equals(condition(other).path("Fn::Not").path(0));
    }

    private JsonNode condition(String resource) {
        return root.path("Conditions").path(resource(resource).path("Condition").asText());
    }

    /** The events of a function of a type. */
    List<JsonNode> events(String function, String type) {
        return elements(properties(function).path("Events")).stream()
                .filter(event -> event.path("Type").asText().equals(type))
                .map(event -> event.path("Properties"))
                .toList();
    }

    /** A function's variables: those of all, and its own. */
    SortedMap<String, JsonNode> environment(String function) {
        SortedMap<String, JsonNode> variables = new TreeMap<>();
        for (JsonNode of : List.of(root.path("Globals").path("Function"), properties(function))) {
            of.path("Environment")
                    .path("Variables")
                    .properties()
                    .forEach(variable -> variables.put(variable.getKey(), variable.getValue()));
        }
        return variables;
    }

    /** What a value comes to with the parameters' defaults; a reference to a resource is the resource's name. */
    String resolved(JsonNode value) {
        JsonNode found = value.path("Fn::FindInMap");
        if (found.isArray()) {
            return root.path("Mappings")
                    .path(resolved(found.path(0)))
                    .path(resolved(found.path(1)))
                    .path(resolved(found.path(2)))
                    .asText();
        }
        String text = value.path("Fn::Sub").asText("");
        if (!text.isEmpty()) {
            return IN_TEXT.matcher(text)
                    .replaceAll(named -> resolved(Json.object().put("Ref", named.group(1))));
        }
        JsonNode reference = value.path("Ref");
        if (!reference.isTextual()) {
            return value.asText();
        }
        JsonNode parameter = parameter(reference.asText());
        return parameter.isMissingNode()
                ? reference.asText()
                : parameter.path("Default").asText();
    }

    long number(JsonNode value) {
        String text = resolved(value);
        return text.matches("\\d+") ? Long.parseLong(text) : -1;
    }

    /**
     * The resource that a {@code !GetAtt X.Arn} or {@code !Ref X} names; empty for any other value. With the suffix of a
     * restored one, the table is still the table.
     */
    static String named(JsonNode value) {
        if (value.path("Fn::Sub").asText("").equals("${Table}${TableSuffix}")) {
            return "Table";
        }
        String attribute = value.path("Fn::GetAtt").asText("");
        return attribute.isEmpty() ? value.path("Ref").asText("") : attribute.substring(0, attribute.indexOf('.'));
    }

    /** The elements of a list or an object; the value itself if it is neither; none if it is missing. */
    static List<JsonNode> elements(JsonNode value) {
        return value.isMissingNode()
                ? List.of()
                : value.isContainerNode()
                        ? StreamSupport.stream(value.spliterator(), false).toList()
                        : List.of(value);
    }

    /** {@code !Ref x} becomes {@code {"Ref": x}}, {@code !Sub x} {@code {"Fn::Sub": x}}, and so on. */
    private static final class Tags extends SafeConstructor {
        Tags() {
            super(new LoaderOptions());
            yamlMultiConstructors.put("!", new AbstractConstruct() {
                @Override
                public Object construct(Node node) {
                    String tag = node.getTag().getValue().substring(1);
                    Map<String, Object> longForm = new LinkedHashMap<>();
                    longForm.put(tag.equals("Ref") || tag.equals("Condition") ? tag : "Fn::" + tag, content(node));
                    return longForm;
                }
            });
        }

        private Object content(Node node) {
            return switch (node) {
                case ScalarNode scalar -> scalar.getValue();
                case SequenceNode sequence -> new ArrayList<>(constructSequence(sequence));
                case MappingNode mapping -> constructMapping(mapping);
                default -> throw new IllegalArgumentException("no tag takes " + node);
            };
        }
    }
}
