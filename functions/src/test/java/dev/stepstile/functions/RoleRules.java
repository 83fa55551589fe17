package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/** What the functions' roles must be: one each, with exactly the rights that the function's byte code needs. */
final class RoleRules {
    /** What all functions may beside what their own roles list. */
    private static final String COMMON = "FunctionsPolicy";

    private static final Set<String> INTERFACES = Set.of(
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:AssignPrivateIpAddresses",
            "ec2:UnassignPrivateIpAddresses");

    /** X-Ray knows no resources for them. */
    private static final Set<String> TRACES = Set.of("xray:PutTraceSegments", "xray:PutTelemetryRecords");

    private RoleRules() {}

    static List<String> ownRole(Template template) {
        List<String> problems = new ArrayList<>();
        Map<String, String> taken = new HashMap<>();
        template.functions().forEach((function, properties) -> {
            String role = Template.named(properties.path("Role"));
            JsonNode trust =
                    template.properties(role).path("AssumeRolePolicyDocument").path("Statement");
            String other = taken.put(role, function);
            if (!template.resource(role).path("Type").asText().equals("AWS::IAM::Role")) {
                problems.add(function + " names no role of this template");
            } else if (other != null && !template.neverBoth(function, other)) {
                problems.add(function + " and " + other + " share " + role);
            } else if (trust.size() != 1
                    || !trust.path(0).path("Principal").path("Service").asText().equals("lambda.amazonaws.com")
                    || !trust.path(0).path("Action").asText().equals("sts:AssumeRole")) {
                problems.add(role + " is not for Lambda alone");
            }
            Set<String> managed = new TreeSet<>(
                    template.properties(role).path("ManagedPolicyArns").findValuesAsText("Ref"));
            if (properties.has("Policies")
                    || !managed.equals(
                            template.events(function, "SQS").isEmpty()
                                    ? Set.of(COMMON)
                                    : Set.of(COMMON, "HandlersPolicyArns"))) {
                problems.add(function + " has rights beside those that its role lists");
            }
        });
        return problems;
    }

    /** What a function in a VPC, with a key, or with tracing needs, it has only then; and its code never all of it. */
    static List<String> commonRights(Template template) {
        SortedSet<String> expected = new TreeSet<>();
        INTERFACES.forEach(action -> expected.add(action + " on * if InVpc"));
        INTERFACES.forEach(action -> expected.add("never for code: " + action + " on *"));
        TRACES.forEach(action -> expected.add(action + " on * if WritesToXRay"));
        for (String action : List.of("kms:Decrypt", "kms:GenerateDataKey")) {
            expected.add(action + " by StringEquals of kms:ViaService on KmsKeyArn if HasKmsKey");
        }
        SortedSet<String> allowed = new TreeSet<>();
        for (JsonNode statement :
                template.properties(COMMON).path("PolicyDocument").path("Statement")) {
            JsonNode choice = statement.path("Fn::If");
            boolean conditional = choice.isArray();
            rightsOf(conditional ? choice.path(1) : statement)
                    .forEach(right -> allowed.add(
                            conditional ? right + " if " + choice.path(0).asText() : right));
        }
        return allowed.equals(expected) ? List.of() : List.of("it allows " + allowed);
    }

    static List<String> noWildcard(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType("AWS::IAM::Role").forEach((role, properties) -> {
            for (String right : rights(properties)) {
                if (right.endsWith(" on *")
                        || right.substring(0, right.indexOf(" ")).contains("*")) {
                    problems.add(role + " allows " + right);
                }
            }
        });
        return problems;
    }

    static List<String> exactRights(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().forEach((function, properties) -> {
            SortedSet<String> needed = needed(template, function);
            SortedSet<String> allowed = rights(template.properties(Template.named(properties.path("Role"))));
            for (String right : needed) {
                if (!allowed.contains(right)) {
                    problems.add(function + " may not, and must: " + right);
                }
            }
            for (String right : allowed) {
                if (!needed.contains(right)) {
                    problems.add(function + " may, and need not: " + right);
                }
            }
        });
        return problems;
    }

    private static SortedSet<String> needed(Template template, String function) {
        SortedSet<String> needed = new TreeSet<>(SdkCalls.of(template.handler(function)));
        for (JsonNode source : template.events(function, "SQS")) {
            // Lambda's poller acts in the function's name.
            for (String action : List.of("ReceiveMessage", "DeleteMessage", "GetQueueAttributes")) {
                needed.add("sqs:" + action + " on " + Template.named(source.path("Queue")));
            }
        }
        if (needed.contains("s3:GetObject on PayloadBucket/*")) {
            // Or what is not there is answered 403, which counts as a failed call.
            needed.add("s3:ListBucket on PayloadBucket");
        }
        String logs = Template.named(
                template.properties(function).path("LoggingConfig").path("LogGroup"));
        needed.add("logs:CreateLogStream on " + logs);
        needed.add("logs:PutLogEvents on " + logs);
        return needed;
    }

    /** As {@code action on resource}. */
    private static SortedSet<String> rights(JsonNode role) {
        SortedSet<String> rights = new TreeSet<>();
        for (JsonNode policy : role.path("Policies")) {
            for (JsonNode statement : policy.path("PolicyDocument").path("Statement")) {
                JsonNode choice = statement.path("Fn::If");
                rights.addAll(rightsOf(choice.isArray() ? choice.path(1) : statement));
            }
        }
        return rights;
    }

    private static SortedSet<String> rightsOf(JsonNode statement) {
        SortedSet<String> rights = new TreeSet<>();
        String part = statement.path("Condition").isMissingNode() ? "" : part(statement.path("Condition"));
        for (JsonNode action : Template.elements(statement.path("Action"))) {
            JsonNode resource = statement.path("Resource");
            for (JsonNode on : resource.isArray() ? Template.elements(resource) : List.of(resource)) {
                rights.add(
                        statement.path("Effect").asText().equals("Deny")
                                        && part.equals(" by ArnLike of lambda:SourceFunctionArn")
                                ? "never for code: " + action.asText() + " on " + resourceName(on)
                                : action.asText() + part + " on " + resourceName(on));
            }
        }
        return rights;
    }

    /** To what a condition limits a right: a part of the table, or by a key. */
    private static String part(JsonNode condition) {
        JsonNode keys = condition.path("ForAllValues:StringLike").path("dynamodb:LeadingKeys");
        if (keys.isArray()) {
            return " of " + keys.path(0).asText();
        }
        Map.Entry<String, JsonNode> operator = Collections.max(condition.properties(), Map.Entry.comparingByKey());
        return " by " + operator.getKey() + " of "
                + String.join(",", (Iterable<String>) () -> operator.getValue().fieldNames());
    }

    private static String resourceName(JsonNode resource) {
        String sub = resource.path("Fn::Sub").asText("");
        if (!sub.isEmpty()) {
            // The table is the stack's own or, of its name and a suffix, one that was restored from it.
            return sub.replace("${Table.Arn}${TableSuffix}", "Table").replaceAll("\\$\\{(\\w+)\\.Arn}", "$1");
        }
        return resource.isTextual() ? resource.asText() : Template.named(resource);
    }
}
