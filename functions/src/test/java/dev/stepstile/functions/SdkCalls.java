package dev.stepstile.functions;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import dev.stepstile.aws.EventBridgeNotifier;
import dev.stepstile.aws.S3PayloadStore;
import dev.stepstile.aws.SqsDeadLetterQueue;
import dev.stepstile.aws.SqsStepQueue;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * What a function may ask of AWS, read from its byte code: every call of an SDK client that can be reached from its
 * class, as {@code action on resource}. An interface's call reaches all implementations; what a library calls back
 * (a thread's work, the woven method) counts as called where it is made.
 */
final class SdkCalls {
    private static final String[] PACKAGES = Stream.of(
                    "api", "step", "port", "codec", "usecase", "http", "runtime", "aws", "webhook")
            .map(name -> "dev.stepstile." + name)
            .toArray(String[]::new);
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages(
                    Stream.concat(Stream.of(PACKAGES), Stream.of("dev.stepstile.functions", "dev.stepstile.lambda"))
                            .toList());

    private static final Map<String, String> ACTIONS = Map.ofEntries(
            Map.entry("DynamoDbClient.getItem", "dynamodb:GetItem"),
            Map.entry("DynamoDbClient.putItem", "dynamodb:PutItem"),
            Map.entry("DynamoDbClient.updateItem", "dynamodb:UpdateItem"),
            Map.entry("DynamoDbClient.batchGetItem", "dynamodb:BatchGetItem"),
            Map.entry("DynamoDbClient.deleteItem", "dynamodb:DeleteItem"),
            Map.entry("SqsClient.sendMessage", "sqs:SendMessage"),
            Map.entry("SqsClient.sendMessageBatch", "sqs:SendMessage"),
            Map.entry("SqsClient.changeMessageVisibility", "sqs:ChangeMessageVisibility"),
            Map.entry("SqsClient.changeMessageVisibilityBatch", "sqs:ChangeMessageVisibility"),
            Map.entry("SqsClient.getQueueAttributes", "sqs:GetQueueAttributes"),
            Map.entry("SqsClient.receiveMessage", "sqs:ReceiveMessage"),
            Map.entry("SqsClient.deleteMessageBatch", "sqs:DeleteMessage"),
            Map.entry("S3Client.putObject", "s3:PutObject"),
            Map.entry("S3Client.getObject", "s3:GetObject"),
            Map.entry("S3Client.headObject", "s3:GetObject"),
            Map.entry("EventBridgeClient.putEvents", "events:PutEvents"),
            Map.entry("SecretsManagerClient.getSecretValue", "secretsmanager:GetSecretValue"));

    private static final String HERE = "${AWS::Region}:${AWS::AccountId}:";

    /** The one right that is on a part of the table: no function may delete a record. */
    static final String OF_WORKERS = " of workers#*";

    private static final Map<String, String> RESOURCES = Map.of(
            SqsStepQueue.class.getName(),
            "StepQueue",
            SqsDeadLetterQueue.class.getName(),
            "DeadLetterQueue",
            S3PayloadStore.class.getName(),
            "PayloadBucket/*",
            EventBridgeNotifier.class.getName(),
            "arn:${AWS::Partition}:events:" + HERE + "event-bus/${EventBus}",
            "dev.stepstile.aws.SecretsManagerSecrets",
            "arn:${AWS::Partition}:secretsmanager:" + HERE + "secret:${AWS::StackName}-webhooks-??????");

    /** The stores' methods that query an index; all others query the table. */
    private static final Map<String, String> INDEXES = Map.of("due", "Table/index/open", "feed", "Table/index/feed");

    private static final String READS = "dev.stepstile.aws.TableReads";

    private final Set<JavaCodeUnit> reached = new LinkedHashSet<>();
    private final Deque<JavaCodeUnit> toVisit = new ArrayDeque<>();
    private final SortedSet<String> calls = new TreeSet<>();

    private SdkCalls() {}

    /** @param handler as a template names it: {@code class::method} */
    static SortedSet<String> of(String handler) {
        SdkCalls found = new SdkCalls();
        found.reach(CLASSES.get(handler.substring(0, handler.indexOf("::"))).getCodeUnits());
        while (!found.toVisit.isEmpty()) {
            JavaCodeUnit unit = found.toVisit.pop();
            Stream.concat(unit.getCallsFromSelf().stream(), unit.getCodeUnitReferencesFromSelf().stream())
                    .forEach(access -> found.follow(unit, access));
        }
        return found.calls;
    }

    private void follow(JavaCodeUnit from, JavaCodeUnitAccess<?> access) {
        JavaClass owner = access.getTargetOwner();
        String name = access.getTarget().getName();
        if (owner.getSimpleName().matches("(DynamoDb|Sqs|S3|EventBridge|SecretsManager)Client")) {
            call(from, owner.getSimpleName() + "." + name);
        } else if (owner.getPackageName().startsWith("dev.stepstile")) {
            if (owner.getName().equals(READS) && !from.getOwner().equals(owner) && name.startsWith("query")) {
                calls.add("dynamodb:Query on " + INDEXES.getOrDefault(from.getName(), "Table"));
            }
            if (name.equals("<init>")) {
                reachCalledBack(owner);
            }
            Stream.concat(
                            Stream.concat(Stream.of(owner), owner.getAllSubclasses().stream()),
                            owner.getAllRawSuperclasses().stream())
                    .forEach(type -> reach(type.getCodeUnits().stream()
                            .filter(unit -> unit.getName().equals(name)
                                    && unit.getRawParameterTypes()
                                            .equals(access.getTarget().getRawParameterTypes()))
                            .toList()));
        }
    }

    private void call(JavaCodeUnit from, String method) {
        if (method.equals("DynamoDbClient.query") || method.endsWith(".builder") || method.endsWith(".close")) {
            return; // a query is counted where the store names what it queries; to build or close a client asks for
            // nothing
        }
        String action = ACTIONS.get(method);
        if (action == null) {
            throw new IllegalStateException(from.getFullName() + " calls " + method + ": add which action that is");
        }
        boolean ofWorkers = method.equals("DynamoDbClient.deleteItem");
        calls.add(action + (ofWorkers ? OF_WORKERS : "") + " on "
                + RESOURCES.getOrDefault(from.getOwner().getName(), "Table"));
    }

    /** A method of a foreign type may be called by the code that the type belongs to. */
    private void reachCalledBack(JavaClass made) {
        boolean foreign = Stream.concat(made.getAllRawSuperclasses().stream(), made.getAllRawInterfaces().stream())
                .map(JavaClass::getName)
                .anyMatch(name -> !name.startsWith("dev.stepstile.")
                        && !name.equals("java.lang.Object")
                        && !name.equals("java.lang.Record"));
        if (foreign) {
            reach(made.getMethods());
        }
    }

    private void reach(Iterable<? extends JavaCodeUnit> units) {
        for (JavaCodeUnit unit : units) {
            if (unit.getOwner().getPackageName().startsWith("dev.stepstile") && reached.add(unit)) {
                toVisit.push(unit);
            }
        }
    }
}
