package dev.stepstile.functions;

import com.amazonaws.services.lambda.runtime.RequestHandler;
import com.amazonaws.services.lambda.runtime.RequestStreamHandler;
import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.aws.AwsResources;
import dev.stepstile.aws.Settings;
import dev.stepstile.codec.Json;
import dev.stepstile.step.Limits;
import dev.stepstile.step.Retention;
import dev.stepstile.usecase.StepExecution;
import dev.stepstile.usecase.Timing;
import dev.stepstile.usecase.Traces;
import java.lang.reflect.Method;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import software.amazon.awssdk.services.dynamodb.model.CreateTableRequest;
import software.amazon.awssdk.services.dynamodb.model.KeySchemaElement;

/** What the template must keep to, beyond what CloudFormation's own checkers see. Each rule returns what breaks it. */
final class TemplateRules {
    /** The functions that check and send notifications. */
    private static final Set<String> NOTIFYING = Set.of("DispatchFunction", "SweeperFunction");

    /** What SQS takes at most. */
    private static final long MOST_RECEIVES = 1000;

    /** Receives that one attempt may cost: not due yet, not enough time left, a suspect that waits for its turn. */
    private static final long RECEIVES_PER_ATTEMPT = 10;

    /** The longest that a function runs. */
    private static final Duration LAMBDA_TIMEOUT = Duration.ofMinutes(15);

    /** The longest that an HTTP API waits for its function. */
    private static final Duration API_WAIT = Duration.ofSeconds(30);

    /** Read by the runtime and by Powertools. */
    private static final Set<String> OTHER_VARIABLES =
            Set.of("JAVA_TOOL_OPTIONS", "POWERTOOLS_METRICS_NAMESPACE", "POWERTOOLS_SERVICE_NAME");

    /** What handlers read. */
    private static final String HANDLERS_CONFIG = "STEPSTILE_HANDLERS_CONFIG";

    /** What becomes of a resource that holds something, when it leaves the stack. */
    private static final Map<String, String> FATES = Map.of(
            "AWS::DynamoDB::Table", "Retain",
            "AWS::S3::Bucket", "Retain",
            "AWS::SQS::Queue", "Retain",
            "AWS::Logs::LogGroup", "Delete");

    private static final Set<String> OF_A_ZIP =
            Set.of("Runtime", "CodeUri", "Handler", "SnapStart", "Layers", "VersionDescription");

    private static final Set<String> OF_AN_IMAGE =
            Set.of("PackageType", "ImageUri", "ImageConfig", "VersionDescription");

    private static final Map<String, Function<Template, List<String>>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("visibility is six times the timeout", TemplateRules::visibility);
        ALL.put("dead letters outlive messages", TemplateRules::deadLetterRetention);
        ALL.put("a batch may fail in part", TemplateRules::partialBatches);
        ALL.put("concurrency is limited", TemplateRules::concurrency);
        ALL.put("receives do not race the budget of attempts", TemplateRules::receiveCount);
        ALL.put("references resolve", References::dangling);
        ALL.put("no right is on everything", RoleRules::noWildcard);
        ALL.put("a role per function", RoleRules::ownRole);
        ALL.put("a role allows what its function does, and nothing more", RoleRules::exactRights);
        ALL.put("what all functions may follows from how the stack is set up", RoleRules::commonRights);
        ALL.put("what holds something says what becomes of it", TemplateRules::fates);
        ALL.put("queues and the bucket take encrypted calls alone", TemplateRules::encryptedTransport);
        ALL.put("the environment is what the settings read", TemplateRules::environment);
        ALL.put("spans are exported by the functions that have some, if they are asked for", TemplateRules::traces);
        ALL.put("java25 on arm64", TemplateRules::runtime);
        ALL.put("an alias follows all properties", TemplateRules::alias);
        ALL.put("the schedule does not retry", TemplateRules::noRetries);
        ALL.put("the audit is there only if it is asked for, and calls what audits all runs", TemplateRules::audit);
        ALL.put("the schedule equals its variable", TemplateRules::sweepSchedule);
        ALL.put("the dispatch timeout equals its variable", TemplateRules::dispatchTimeout);
        ALL.put("the step function outlives its longest step", TemplateRules::stepTimeout);
        ALL.put("the step function is a zip or an image, and the same in all else", TemplateRules::zipOrImage);
        ALL.put("the table is what the adapters use", TemplateRules::table);
        ALL.put("payloads outlive records", TemplateRules::payloadLifetime);
        ALL.put("records outlive what may still start", TemplateRules::recordRetention);
        ALL.put("handlers exist", TemplateRules::handlers);
        ALL.put("calls are signed", TemplateRules::authorizer);
        ALL.put(
                "the sweeper's alarm counts completed sweeps, and a new stack sets off none",
                TemplateRules::sweeperAlarm);
    }

    private TemplateRules() {}

    static Set<String> names() {
        return ALL.keySet();
    }

    /** What breaks the rule. */
    static List<String> problems(String rule, Template template) {
        return Objects.requireNonNull(ALL.get(rule), rule).apply(template);
    }

    private static List<String> visibility(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().keySet().forEach(function -> {
            for (JsonNode source : template.events(function, "SQS")) {
                long visible = template.number(template.properties(Template.named(source.path("Queue")))
                        .path("VisibilityTimeout"));
                long timeout = template.number(template.ofFunction(function, "Timeout"));
                if (timeout <= 0 || visible < 6 * timeout) {
                    problems.add("visibility " + visible + " s, timeout " + timeout + " s");
                }
                for (JsonNode allowed : template.parameter(template.ofFunction(function, "Timeout")
                                .path("Ref")
                                .asText())
                        .path("AllowedValues")) {
                    long mapped = template.root()
                            .path("Mappings")
                            .path("Visibility")
                            .path(allowed.asText())
                            .path("Seconds")
                            .asLong();
                    if (mapped != 6 * allowed.asLong() || allowed.asLong() > LAMBDA_TIMEOUT.toSeconds()) {
                        problems.add("visibility " + mapped + " s for " + allowed + " s");
                    }
                }
            }
        });
        return problems;
    }

    private static List<String> deadLetterRetention(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType("AWS::SQS::Queue").forEach((queue, properties) -> {
            if (properties.has("RedrivePolicy")) {
                JsonNode target = template.properties(
                        Template.named(properties.path("RedrivePolicy").path("deadLetterTargetArn")));
                long kept = template.number(target.path("MessageRetentionPeriod"));
                long waits = template.number(properties.path("MessageRetentionPeriod"));
                if (waits <= 0 || kept <= waits) {
                    problems.add(queue + " keeps " + waits + " s, its dead-letter queue " + kept + " s");
                }
            }
        });
        return problems;
    }

    private static List<JsonNode> sources(Template template) {
        return template.functions().keySet().stream()
                .flatMap(function -> template.events(function, "SQS").stream())
                .toList();
    }

    private static List<String> partialBatches(Template template) {
        return sources(template).stream()
                .map(source -> Json.print(source.path("FunctionResponseTypes")))
                .filter(types -> !types.equals("[\"ReportBatchItemFailures\"]"))
                .toList();
    }

    private static List<String> concurrency(Template template) {
        List<String> problems = new ArrayList<>();
        for (JsonNode source : sources(template)) {
            JsonNode standard = source.path("ScalingConfig").path("Fn::If");
            JsonNode pollers = source.path("ProvisionedPollerConfig").path("Fn::If");
            if (!standard.path(0).equals(pollers.path(0))
                    || !Json.print(standard.path(1)).equals(Json.print(pollers.path(2)))
                    || !pollers.path(1).has("MaximumPollers")) {
                problems.add("a maximum concurrency and provisioned pollers do not exclude each other");
            }
            JsonNode most = standard.path(2).path("MaximumConcurrency");
            JsonNode parameter = template.parameter(most.path("Ref").asText());
            long value = template.number(most);
            if (value < 2 || value > 1000) {
                problems.add("MaximumConcurrency is " + value);
            } else if (parameter.isObject()
                    && (parameter.path("MinValue").asInt() < 2
                            || parameter.path("MaxValue").asInt(1001) > 1000)) {
                problems.add("its parameter allows what Lambda does not");
            }
        }
        return problems;
    }

    private static List<String> receiveCount(Template template) {
        List<String> problems = new ArrayList<>();
        for (JsonNode source : sources(template)) {
            long most = template.number(template.properties(Template.named(source.path("Queue")))
                    .path("RedrivePolicy")
                    .path("maxReceiveCount"));
            if (most < RECEIVES_PER_ATTEMPT * Limits.MAX_ATTEMPTS || most > MOST_RECEIVES) {
                problems.add("maxReceiveCount is " + most + ", a step may have " + Limits.MAX_ATTEMPTS + " attempts");
            }
            if (most != AwsResources.MAX_RECEIVE_COUNT) {
                problems.add("emulators have " + AwsResources.MAX_RECEIVE_COUNT);
            }
        }
        return problems;
    }

    private static List<String> environment(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().keySet().forEach(function -> {
            SortedMap<String, JsonNode> variables = template.environment(function);
            Set<String> own = new TreeSet<>(variables.keySet());
            own.removeAll(OTHER_VARIABLES);
            own.remove(Traces.TARGET); // of which another rule says more
            if (own.remove(HANDLERS_CONFIG) == template.events(function, "SQS").isEmpty()) {
                problems.add(function + " runs handlers without " + HANDLERS_CONFIG + ", or has it and runs none");
            }
            Set<String> expected = new TreeSet<>(Settings.NAMES);
            if (NOTIFYING.contains(function)) {
                expected.addAll(Settings.NOTIFYING_NAMES);
            }
            if (!own.equals(expected)) {
                problems.add(function + " has " + own);
            } else {
                Settings.LOGICAL_IDS.forEach((name, id) -> {
                    JsonNode value = variables.get(name);
                    if (value == null || !Template.named(value).equals(id)) {
                        problems.add(function + " has " + name + " not of " + id);
                    }
                });
                try {
                    Settings.read(values(template, function));
                } catch (IllegalArgumentException e) {
                    problems.add(function + ": " + e.getMessage());
                }
            }
            if (!variables.keySet().containsAll(OTHER_VARIABLES)) {
                problems.add(function + " lacks one of " + OTHER_VARIABLES);
            }
        });
        return problems;
    }

    private static List<String> traces(Template template) {
        JsonNode target = Json.parse("""
                {"Fn::If": ["HasTracesLayer", "http://localhost:4318",
                            {"Fn::If": ["HasTracesEndpoint", {"Ref": "TracesEndpoint"}, {"Ref": "AWS::NoValue"}]}]}
                """);
        String arn = "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:layer:${TracesLayer}";
        JsonNode layer = Json.parse(
                "{\"Fn::If\": [\"HasTracesLayer\", {\"Fn::Sub\": \"" + arn + "\"}, {\"Ref\": \"AWS::NoValue\"}]}");
        List<String> problems = new ArrayList<>();
        template.functions().forEach((function, properties) -> {
            JsonNode variable = template.environment(function).get(Traces.TARGET);
            boolean hasLayer = Template.elements(properties.path("Layers")).contains(layer);
            boolean tells = !function.equals("RunsFunction");
            if (tells ? !target.equals(variable) : variable != null) {
                problems.add(function + " sends spans to " + variable);
            }
            if (hasLayer != (tells && !template.isImage(function))) {
                problems.add(function + " has the layers " + properties.path("Layers"));
            }
        });
        JsonNode writing =
                template.root().path("Conditions").path("WritesToXRay").path("Fn::Or");
        if (!Json.print(writing).equals("[{\"Condition\":\"IsTraced\"},{\"Condition\":\"HasTracesLayer\"}]")) {
            problems.add("who writes to X-Ray: " + writing);
        }
        return problems;
    }

    private static Map<String, String> values(Template template, String function) {
        Map<String, String> values = new HashMap<>();
        template.environment(function).forEach((name, value) -> values.put(name, template.resolved(value)));
        return values;
    }

    private static List<String> fates(Template template) {
        List<String> problems = new ArrayList<>();
        FATES.forEach((type, fate) -> template.ofType(type).keySet().forEach(name -> {
            for (String policy : List.of("DeletionPolicy", "UpdateReplacePolicy")) {
                String stated = template.resource(name).path(policy).asText("none");
                if (!stated.equals(fate)) {
                    problems.add(policy + " of " + name + " is " + stated);
                }
            }
        }));
        return problems;
    }

    private static List<String> encryptedTransport(Template template) {
        Set<String> open = new TreeSet<>(template.ofType("AWS::SQS::Queue").keySet());
        open.addAll(template.ofType("AWS::S3::Bucket").keySet());
        for (JsonNode policy : template.root().path("Resources")) {
            JsonNode properties = policy.path("Properties");
            for (JsonNode statement : properties.path("PolicyDocument").path("Statement")) {
                boolean denied = statement.path("Effect").asText().equals("Deny")
                        && statement.path("Principal").asText().equals("*")
                        && statement.path("Action").asText().matches("(s3|sqs):\\*")
                        && statement
                                .path("Condition")
                                .path("Bool")
                                .path("aws:SecureTransport")
                                .asText()
                                .equals("false");
                if (denied) {
                    open.remove(Template.named(properties.path("Bucket")));
                    open.remove(Template.named(properties.path("Queues").path(0)));
                }
            }
        }
        return List.copyOf(open);
    }

    private static List<String> runtime(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().keySet().forEach(function -> {
            JsonNode architectures = template.ofFunction(function, "Architectures");
            String runtime = template.ofFunction(function, "Runtime").asText();
            if (!runtime.equals(template.isImage(function) ? "" : "java25")
                    || architectures.size() != 1
                    || !template.resolved(architectures.path(0)).equals("arm64")) {
                problems.add(function + " is " + runtime + " on " + architectures);
            }
        });
        return problems;
    }

    private static List<String> alias(Template template) {
        List<String> problems = new ArrayList<>();
        if (template.root().path("Globals").path("Function").has("AutoPublishAliasAllProperties")) {
            problems.add("AutoPublishAliasAllProperties for all functions is refused by cfn-lint");
        }
        template.functions().forEach((function, properties) -> {
            if (template.ofFunction(function, "AutoPublishAlias").asText().isEmpty()
                    || !properties.path("AutoPublishAliasAllProperties").asBoolean(false)) {
                problems.add(function + " can change without a new version");
            }
        });
        return problems;
    }

    private static List<String> noRetries(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().forEach((function, properties) -> {
            for (JsonNode schedule : template.events(function, "ScheduleV2")) {
                if (schedule.path("RetryPolicy").path("MaximumRetryAttempts").asInt(185) != 0) {
                    problems.add("the schedule of " + function + " retries");
                }
                if (properties
                                .path("EventInvokeConfig")
                                .path("MaximumRetryAttempts")
                                .asInt(2)
                        != 0) {
                    problems.add("Lambda retries " + function);
                }
            }
        });
        return problems;
    }

    private static List<String> audit(Template template) {
        List<String> problems = new ArrayList<>();
        Set<String> conditional = Set.of("AuditTimer", "AuditViolationsAlarm", "AuditAlarm");
        for (String name : conditional) {
            if (!template.resource(name).path("Condition").asText().equals("HasAudit")) {
                problems.add(name + " is there whether it is asked for or not");
            }
        }
        JsonNode timer = template.properties("AuditTimer");
        JsonNode target = timer.path("Target");
        JsonNode call = Json.parse(target.path("Input").asText("{}"));
        boolean answered = template.events("RunsFunction", "HttpApi").stream()
                .anyMatch(route -> route.path("Method").equals(call.path("method"))
                        && route.path("Path").equals(call.path("path")));
        if (!answered || !target.path("Arn").path("Fn::Sub").asText().equals("${RunsFunction.Arn}:live")) {
            problems.add("it calls " + target);
        }
        if (!timer.path("ScheduleExpression").path("Ref").asText().equals("AuditSchedule")) {
            problems.add("it is called at " + timer.path("ScheduleExpression"));
        }
        if (target.path("RetryPolicy").path("MaximumRetryAttempts").asInt(185) != 0
                || template.properties("RunsFunction")
                                .path("EventInvokeConfig")
                                .path("MaximumRetryAttempts")
                                .asInt(2)
                        != 0) {
            problems.add("a part that failed is repeated beside the next one");
        }
        JsonNode allowed =
                template.properties("ScheduleRole").path("Policies").path(0).path("PolicyDocument");
        if (!allowed.toString()
                .contains("[\"HasAudit\",{\"Action\":\"lambda:InvokeFunction\",\"Effect\":\"Allow\","
                        + "\"Resource\":{\"Fn::Sub\":\"${RunsFunction.Arn}:live\"}},{\"Ref\":\"AWS::NoValue\"}]")) {
            problems.add("the schedule's role may " + allowed);
        }
        return problems;
    }

    private static List<String> sweepSchedule(Template template) {
        Duration configured = settings(template).timing().sweepEvery();
        return template.events("SweeperFunction", "ScheduleV2").stream()
                .map(schedule -> schedule.path("ScheduleExpression").asText())
                .filter(expression -> !expression.equals("rate(" + configured.toMinutes() + " minute)"))
                .toList();
    }

    private static List<String> sweeperAlarm(Template template) {
        List<String> problems = new ArrayList<>();
        JsonNode alarm = template.properties("SweeperAlarm");
        Map<String, String> metrics = new TreeMap<>();
        alarm.path("Metrics").forEach(metric -> {
            JsonNode counted = metric.path("MetricStat").path("Metric");
            metrics.put(
                    metric.path("Id").asText(),
                    metric.path("Expression")
                            .asText(counted.path("MetricName").asText() + " of "
                                    + Template.named(
                                            counted.path("Dimensions").path(0).path("Value"))));
        });
        if (!metrics.equals(Map.of(
                "completed", "invocations - errors",
                "invocations", "Invocations of SweeperFunction",
                "errors", "Errors of SweeperFunction"))) {
            problems.add("it counts " + metrics);
        }
        if (!alarm.path("TreatMissingData").asText().equals("missing")) {
            problems.add("a stack without data yet is an alarm, or never is one");
        }
        if (!alarm.path("InsufficientDataActions").equals(alarm.path("AlarmActions"))) {
            problems.add("no alarm is raised when the sweeper stops");
        }
        return problems;
    }

    private static List<String> dispatchTimeout(Template template) {
        Duration timeout = Duration.ofSeconds(template.number(template.ofFunction("DispatchFunction", "Timeout")));
        return timeout.equals(settings(template).timing().dispatchTimeout()) && timeout.compareTo(API_WAIT) <= 0
                ? List.of()
                : List.of("it is " + timeout);
    }

    private static Settings settings(Template template) {
        return Settings.read(values(template, "DispatchFunction"));
    }

    private static List<String> stepTimeout(Template template) {
        Duration timeout = Duration.ofSeconds(template.number(template.ofFunction("StepFunction", "Timeout")));
        Duration longest = Limits.TIMEOUT.plus(StepExecution.RESERVE);
        return timeout.compareTo(longest) >= 0 ? List.of() : List.of("it is " + timeout + ", a step takes " + longest);
    }

    private static List<String> zipOrImage(Template template) {
        Map<String, JsonNode> zip = new TreeMap<>();
        template.properties("StepFunction").properties().forEach(one -> zip.put(one.getKey(), one.getValue()));
        Map<String, JsonNode> image = new TreeMap<>();
        template.properties("StepImageFunction").properties().forEach(one -> image.put(one.getKey(), one.getValue()));
        zip.keySet().removeAll(OF_A_ZIP);
        image.keySet().removeAll(OF_AN_IMAGE);
        List<String> problems = new ArrayList<>();
        if (!zip.equals(image)) {
            problems.add("the zip has " + zip + ", the image " + image);
        }
        if (!template.neverBoth("StepFunction", "StepImageFunction")) {
            problems.add("both may read the queue, or none");
        }
        return problems;
    }

    private static List<String> table(Template template) {
        JsonNode table = template.properties("Table");
        CreateTableRequest used = AwsResources.tableNamed("Table");
        List<String> problems = new ArrayList<>();
        Map<String, String> types = new TreeMap<>();
        table.path("AttributeDefinitions")
                .forEach(attribute -> types.put(
                        attribute.path("AttributeName").asText(),
                        attribute.path("AttributeType").asText()));
        Map<String, String> typesUsed = new TreeMap<>();
        used.attributeDefinitions().forEach(a -> typesUsed.put(a.attributeName(), a.attributeTypeAsString()));
        if (!types.equals(typesUsed)) {
            problems.add("attributes are " + types + ", used are " + typesUsed);
        }
        if (!keys(table).equals(keys(used.keySchema()))) {
            problems.add("keys are " + keys(table));
        }
        Map<String, String> indexes = new TreeMap<>();
        table.path("GlobalSecondaryIndexes").forEach(index -> {
            Set<String> others = new TreeSet<>();
            index.path("Projection").path("NonKeyAttributes").forEach(name -> others.add(name.asText()));
            indexes.put(
                    index.path("IndexName").asText(),
                    keys(index) + " "
                            + index.path("Projection").path("ProjectionType").asText() + " " + others);
        });
        Map<String, String> indexesUsed = new TreeMap<>();
        used.globalSecondaryIndexes()
                .forEach(index -> indexesUsed.put(
                        index.indexName(),
                        keys(index.keySchema()) + " " + index.projection().projectionTypeAsString() + " "
                                + new TreeSet<>(index.projection().nonKeyAttributes())));
        if (!indexes.equals(indexesUsed)) {
            problems.add("indexes are " + indexes + ", used are " + indexesUsed);
        }
        JsonNode ttl = table.path("TimeToLiveSpecification");
        if (!ttl.path("AttributeName").asText().equals(AwsResources.TTL)
                || !ttl.path("Enabled").asBoolean()) {
            problems.add("items are not deleted by " + AwsResources.TTL);
        }
        return problems;
    }

    private static String keys(JsonNode of) {
        List<String> keys = new ArrayList<>();
        of.path("KeySchema")
                .forEach(key -> keys.add(key.path("AttributeName").asText() + " "
                        + key.path("KeyType").asText()));
        return keys.toString();
    }

    private static String keys(List<KeySchemaElement> schema) {
        return schema.stream()
                .map(key -> key.attributeName() + " " + key.keyTypeAsString())
                .toList()
                .toString();
    }

    private static List<String> payloadLifetime(Template template) {
        List<String> problems = new ArrayList<>();
        long records = template.parameter("RetentionDays").path("MaxValue").asLong();
        for (JsonNode rule : template.properties("PayloadBucket")
                .path("LifecycleConfiguration")
                .path("Rules")) {
            long payloads = template.number(rule.path("ExpirationInDays"));
            if (payloads < records + Retention.SPARE.toDays()
                    || payloads <= Timing.DEFAULT.validity().toDays()) {
                problems.add("payloads live " + payloads + " days, records up to " + records);
            }
        }
        return problems;
    }

    private static List<String> recordRetention(Template template) {
        JsonNode parameter = template.parameter("RetentionDays");
        long validity = Timing.DEFAULT.validity().toDays();
        return parameter.path("MinValue").asLong() > validity
                        && parameter.path("Default").asLong()
                                >= parameter.path("MinValue").asLong()
                        && parameter.path("Default").asLong()
                                <= parameter.path("MaxValue").asLong()
                ? List.of()
                : List.of("records are kept " + parameter + ", a step may start for " + validity + " days");
    }

    private static List<String> handlers(Template template) {
        List<String> problems = new ArrayList<>();
        template.functions().forEach((function, properties) -> {
            String[] handler = template.handler(function).split("::", -1);
            try {
                Class<?> type = Class.forName(handler[0]);
                boolean found = Arrays.stream(type.getMethods())
                        .map(Method::getName)
                        .anyMatch(handler[handler.length - 1]::equals);
                boolean known = RequestHandler.class.isAssignableFrom(type)
                        || RequestStreamHandler.class.isAssignableFrom(type);
                boolean starts = Arrays.stream(type.getConstructors()).anyMatch(made -> made.getParameterCount() == 0);
                if (handler.length != 2 || !found || !known || !starts) {
                    problems.add(function + ": " + String.join("::", handler));
                }
            } catch (ClassNotFoundException e) {
                problems.add(function + ": " + e);
            }
        });
        return problems;
    }

    private static List<String> authorizer(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType("AWS::Serverless::HttpApi").forEach((api, properties) -> {
            JsonNode auth = properties.path("Auth");
            if (!auth.path("EnableIamAuthorizer").asBoolean()
                    || !auth.path("DefaultAuthorizer").asText().equals("AWS_IAM")) {
                problems.add(api + " lets anyone in");
            }
        });
        template.functions().forEach((function, properties) -> {
            if (properties.has("FunctionUrlConfig")) {
                problems.add(function + " has a URL beside the API");
            }
            for (JsonNode route : template.events(function, "HttpApi")) {
                if (route.has("Auth")
                        || !template.resource(route.path("ApiId").path("Ref").asText())
                                .path("Type")
                                .asText()
                                .equals("AWS::Serverless::HttpApi")) {
                    problems.add(function + " has a route with rules of its own: " + route.path("Path"));
                }
            }
        });
        return problems;
    }
}
