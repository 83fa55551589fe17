package dev.stepstile.functions;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** What the template's alarms must keep to. Each rule returns what breaks it. */
final class AlarmRules {
    static final String ALARM = "AWS::CloudWatch::Alarm";

    /** Schedules of some hours of each day leave the others out. */
    private static final String IN_HOURS = "AuditAlarm";

    /** What CloudWatch looks back over, in seconds, by periods of minutes or of hours. */
    private static final int MOST_MINUTES = 86_400;

    private static final int MOST_HOURS = 7 * 86_400;

    /** They start without a state, as they also notify when their data stop. */
    private static final Set<String> SILENCE_COUNTS = Set.of("SweeperAlarm", "AuditAlarm");

    private static final int SHORTEST_ADVICE = 80;
    private static final Set<String> MATH = Set.of("SUM", "FILL");
    private static final Pattern WORD = Pattern.compile("[A-Za-z]\\w*");
    private static final Pattern OPERATION = Pattern.compile("dynamodb:(\\w+)");

    private static final Map<String, Function<Template, List<String>>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("an alarm says what to do, and notifies the topic", AlarmRules::advice);
        ALL.put("a new stack sets off no alarm", AlarmRules::newStack);
        ALL.put("each function has an alarm of its errors and one of its throttles", AlarmRules::ofFunctions);
        ALL.put("an alarm watches what AWS sends, with its dimensions", AlarmRules::sent);
        ALL.put("an expression uses each of its metrics, and no other", AlarmRules::expressions);
        ALL.put(
                "the alarms of the table watch its indexes, and the operations that the roles allow",
                AlarmRules::table);
        ALL.put("the alarm of the duration has the step function's timeout", AlarmRules::duration);
        ALL.put("an alarm can be raised", AlarmRules::raised);
    }

    private AlarmRules() {}

    static Set<String> names() {
        return ALL.keySet();
    }

    /** What breaks the rule. */
    static List<String> problems(String rule, Template template) {
        return Objects.requireNonNull(ALL.get(rule), rule).apply(template);
    }

    private static List<String> advice(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType(ALARM).forEach((alarm, properties) -> {
            String actions = properties.path("AlarmActions").toString();
            if (properties.path("AlarmDescription").asText().length() < SHORTEST_ADVICE) {
                problems.add(alarm + " does not say what to do");
            }
            if (!actions.equals(
                    "{\"Fn::If\":[\"HasAlarmTopic\",[{\"Ref\":\"AlarmTopicArn\"}],{\"Ref\":\"AWS::NoValue\"}]}")) {
                problems.add(alarm + " notifies " + actions);
            }
        });
        return problems;
    }

    private static List<String> newStack(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType(ALARM).forEach((alarm, properties) -> {
            String missing = properties.path("TreatMissingData").asText();
            boolean silence = SILENCE_COUNTS.contains(alarm);
            if (!missing.equals(silence ? "missing" : "notBreaching")
                    || properties.has("OKActions")
                    || properties.has("InsufficientDataActions") != silence) {
                problems.add(alarm + " treats missing data as " + missing + ", or notifies of other states");
            }
        });
        return problems;
    }

    private static List<String> ofFunctions(Template template) {
        List<String> problems = new ArrayList<>();
        for (String function : template.functions().keySet()) {
            String name = function.replace("Image", "").replace("Function", "");
            for (String metric : List.of("Errors", "Throttles")) {
                boolean watched = WatchedMetric.ofAlarm(template, name + metric + "Alarm").stream()
                        .anyMatch(of -> of.name().equals(metric)
                                && of.dimensions()
                                        .getOrDefault("FunctionName", "")
                                        .contains("{\"Ref\":\"" + function + "\"}"));
                if (!watched) {
                    problems.add(name + metric + "Alarm does not watch " + metric + " of " + function);
                }
            }
        }
        return problems;
    }

    private static List<String> sent(Template template) {
        return template.ofType(ALARM).keySet().stream()
                .flatMap(alarm -> WatchedMetric.ofAlarm(template, alarm).stream()
                        .filter(metric -> metric.namespace().startsWith("AWS/") && !metric.isSent())
                        .map(metric -> alarm + " watches " + metric))
                .toList();
    }

    private static List<String> expressions(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType(ALARM).forEach((alarm, properties) -> {
            SortedSet<String> named = new TreeSet<>();
            SortedSet<String> used = new TreeSet<>();
            int returned = 0;
            for (JsonNode query : properties.path("Metrics")) {
                returned += query.path("ReturnData").asBoolean(true) ? 1 : 0;
                if (query.has("MetricStat")) {
                    named.add(query.path("Id").asText());
                } else {
                    used.addAll(words(expression(query)));
                }
            }
            if (!named.equals(used) || (properties.has("Metrics") && returned != 1)) {
                problems.add(alarm + " has " + named + ", uses " + used + " and returns " + returned);
            }
        });
        return problems;
    }

    private static String expression(JsonNode query) {
        JsonNode expression = query.path("Expression");
        return expression.path("Fn::Sub").asText(expression.asText());
    }

    private static Set<String> words(String expression) {
        Set<String> words = WORD.matcher(expression.replaceAll("\\$\\{\\w+}", "1"))
                .results()
                .map(found -> found.group())
                .collect(Collectors.toSet());
        words.removeAll(MATH);
        return words;
    }

    private static List<String> table(Template template) {
        SortedSet<String> indexes = new TreeSet<>();
        template.properties("Table")
                .path("GlobalSecondaryIndexes")
                .forEach(index -> indexes.add(index.path("IndexName").asText()));
        List<String> problems = new ArrayList<>();
        for (String events : List.of("ReadThrottleEvents", "WriteThrottleEvents")) {
            SortedSet<String> watched = values(template, "TableThrottlesAlarm", events, "GlobalSecondaryIndexName");
            SortedSet<String> wanted = new TreeSet<>(indexes);
            wanted.add("");
            if (!watched.equals(wanted)) {
                problems.add(events + " are watched of " + watched);
            }
        }
        SortedSet<String> operations = new TreeSet<>();
        Matcher allowed = OPERATION.matcher(template.ofType("AWS::IAM::Role").toString());
        allowed.results().forEach(found -> operations.add(found.group(1)));
        operations.remove("LeadingKeys");
        SortedSet<String> watched = values(template, "TableErrorsAlarm", "SystemErrors", "Operation");
        if (!watched.equals(operations)) {
            problems.add("errors are watched of " + watched + ", the roles allow " + operations);
        }
        return problems;
    }

    /** The values of a dimension with which an alarm watches a metric; empty for one that lacks it. */
    private static SortedSet<String> values(Template template, String alarm, String metric, String dimension) {
        return WatchedMetric.ofAlarm(template, alarm).stream()
                .filter(of -> of.name().equals(metric))
                .map(of -> of.dimensions().getOrDefault(dimension, ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> duration(Template template) {
        String expression = expression(
                template.properties("StepDurationAlarm").path("Metrics").path(0));
        String timeout =
                template.ofFunction("StepFunction", "Timeout").path("Ref").asText();
        return expression.equals("100 * longest / (1000 * ${" + timeout + "})")
                ? List.of()
                : List.of("it compares " + expression + ", the timeout is " + timeout);
    }

    private static List<String> raised(Template template) {
        List<String> problems = new ArrayList<>();
        template.ofType(ALARM).forEach((alarm, properties) -> {
            int periods = properties.path("EvaluationPeriods").asInt();
            int needed = properties.path("DatapointsToAlarm").asInt(periods);
            int period = alarm.equals(IN_HOURS) ? 3_600 : 60;
            boolean inTime = WatchedMetric.ofAlarm(template, alarm).stream().allMatch(of -> of.period() == period);
            int longest = (alarm.equals(IN_HOURS) ? MOST_HOURS : MOST_MINUTES) / period;
            if (needed < 1 || needed > periods || periods > longest || !inTime) {
                problems.add(alarm + " needs " + needed + " of " + periods + " periods");
            }
        });
        return problems;
    }
}
