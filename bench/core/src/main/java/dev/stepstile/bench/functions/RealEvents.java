package dev.stepstile.bench.functions;

import dev.stepstile.codec.Json;
import dev.stepstile.local.aws.EmulatedAws;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.runtime.JvmRuntime;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.step.Shards;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepState;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.InMemoryMeter;
import dev.stepstile.usecase.Stepstile;
import dev.stepstile.usecase.Timing;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Events that the functions find something to do for. */
final class RealEvents {
    private static final String HANDLER = "stepstile.echo";
    private static final String KEY = "step-0";

    private final EmulatedAws aws;
    private final Dispatcher dispatcher;
    private final AtomicInteger runs = new AtomicInteger();

    RealEvents(EmulatedAws aws) {
        this.aws = aws;
        this.dispatcher = new Stepstile(aws.ports(), Timing.DEFAULT, JvmRuntime.create(), new InMemoryMeter())
                .dispatcher(Shards.DEFAULT);
    }

    String newRun() {
        return "start-" + runs.incrementAndGet();
    }

    /** The HTTP API's event of a dispatch of a new run. */
    String dispatch(String run, int steps) {
        String body = IntStream.range(0, steps)
                .mapToObj(i -> "{\"key\":\"step-" + i + "\",\"input\":{\"table\":\"orders\",\"part\":" + i + "}}")
                .collect(Collectors.joining(
                        ",",
                        "{\"defaults\":{\"handler\":\"" + HANDLER + "\",\"timeoutSeconds\":60},\"steps\":[",
                        "]}"));
        String path = "/v1/runs/" + run + "/dispatches";
        var event = Json.object()
                .put("version", "2.0")
                .put("rawPath", path)
                .put("rawQueryString", "")
                .put("body", body)
                .put("isBase64Encoded", false);
        event.putObject("requestContext")
                .putObject("http")
                .put("method", "POST")
                .put("path", path);
        return Json.print(event);
    }

    /** The queue's event with one step of a run, which is dispatched for it. */
    String step(String run) throws InterruptedException {
        dispatcher.dispatch(new Dispatcher.Request(
                run,
                null,
                List.of(new Dispatcher.NewStep(
                        KEY,
                        HANDLER,
                        "{\"table\":\"orders\"}",
                        RetryPolicy.DEFAULT,
                        Duration.ofMinutes(1),
                        new TreeMap<>())),
                new TreeMap<>()));
        Delivery delivery = received(run);
        var event = Json.object();
        var message = event.putArray("Records").addObject();
        message.put("messageId", delivery.messageId())
                .put("receiptHandle", delivery.receipt())
                .put("body", delivery.body())
                .put("eventSource", "aws:sqs")
                .put("awsRegion", "eu-west-1");
        message.putObject("attributes")
                .put("ApproximateReceiveCount", "1")
                .put("SentTimestamp", Long.toString(delivery.sentAt().toEpochMilli()));
        message.putObject("messageAttributes");
        return Json.print(event);
    }

    /** Others' messages are deleted: nothing runs them. */
    private Delivery received(String run) {
        while (true) {
            List<Delivery> all = aws.ports().queue().receive(10, Duration.ofSeconds(5));
            aws.ports().queue().delete(all.stream().map(Delivery::receipt).toList());
            for (Delivery delivery : all) {
                if (Json.parse(delivery.body()).path("runId").asText().equals(run)) {
                    return delivery;
                }
            }
        }
    }

    /** Fails if the step that was sent did not succeed: a function that does nothing starts quickly. */
    void demandSuccess(String run) {
        StepState.Name state = aws.ports()
                .store()
                .record(new StepId(run, KEY), Shards.of(KEY, Shards.DEFAULT))
                .map(record -> record.state().name())
                .orElse(StepState.Name.QUEUED);
        if (state != StepState.Name.SUCCEEDED) {
            throw new IllegalStateException("The step of run " + run + " is " + state + ", not SUCCEEDED");
        }
    }
}
