package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** References between a template's parts: {@code !Ref}, {@code !GetAtt}, {@code !Sub}, conditions, DependsOn. */
final class References {
    private static final Pattern IN_TEXT = Pattern.compile("\\$\\{([^}!]+)}");
    private static final Map<String, Set<String>> ATTRIBUTES = Map.of(
            AlarmRules.ALARM,
            Set.of("Arn"),
            "AWS::DynamoDB::Table",
            Set.of("Arn"),
            "AWS::IAM::Role",
            Set.of("Arn"),
            "AWS::Logs::LogGroup",
            Set.of("Arn"),
            "AWS::S3::Bucket",
            Set.of("Arn"),
            "AWS::SQS::Queue",
            Set.of("Arn", "QueueName"),
            Template.FUNCTION,
            Set.of("Arn"));

    private final Template template;
    private final List<String> problems = new ArrayList<>();

    private References(Template template) {
        this.template = template;
    }

    static List<String> dangling(Template template) {
        References references = new References(template);
        references.check(template.root());
        return references.problems;
    }

    private void check(JsonNode node) {
        node.properties().forEach(member -> {
            JsonNode value = member.getValue();
            switch (member.getKey()) {
                case "Ref" -> name(value.asText());
                case "Fn::GetAtt" -> attribute(value.asText());
                case "Fn::Sub" -> inText(value.isArray() ? value.path(0).asText() : value.asText(), value.path(1));
                case "Fn::FindInMap" -> {
                    if (template.root()
                            .path("Mappings")
                            .path(value.path(0).asText())
                            .isMissingNode()) {
                        problems.add("no mapping is named " + value.path(0));
                    }
                }
                case "Fn::If" -> condition(value.path(0).asText());
                case "Condition" -> {
                    if (value.isTextual()) {
                        condition(value.asText());
                    }
                }
                case "DependsOn" -> Template.elements(value).forEach(on -> resource(on.asText()));
                default -> {}
            }
        });
        node.forEach(this::check);
    }

    /** @param own the names that a text explains itself */
    private void inText(String text, JsonNode own) {
        Matcher matcher = IN_TEXT.matcher(text);
        while (matcher.find()) {
            String named = matcher.group(1);
            if (named.contains(".")) {
                attribute(named);
            } else if (!own.has(named)) {
                name(named);
            }
        }
    }

    private void name(String name) {
        if (!name.startsWith("AWS::") && template.parameter(name).isMissingNode()) {
            resource(name);
        }
    }

    private void resource(String name) {
        if (template.resource(name).isMissingNode()) {
            problems.add("nothing is named " + name);
        }
    }

    private void attribute(String text) {
        String[] parts = text.split("\\.", 2);
        Set<String> known =
                ATTRIBUTES.getOrDefault(template.resource(parts[0]).path("Type").asText(), Set.of());
        if (parts.length != 2 || !known.contains(parts[1])) {
            problems.add("nothing has the attribute " + text);
        }
    }

    private void condition(String name) {
        if (template.root().path("Conditions").path(name).isMissingNode()) {
            problems.add("no condition is named " + name);
        }
    }
}
