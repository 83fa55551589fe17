package dev.stepstile.functions.step;

import com.amazonaws.services.lambda.runtime.events.SQSEvent;
import dev.stepstile.handlers.Echo;
import dev.stepstile.lambda.Priming;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.RetryPolicy;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Handlers;
import dev.stepstile.usecase.SuspectLimiter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** A step that the function runs before a snapshot of it is taken; its handler is our own, not a user's. */
final class StepRehearsal {
    private static final String NAME = "rehearsal";

    private StepRehearsal() {}

    static void rehearse(Priming.Stage stage) throws InterruptedException {
        Dispatcher.NewStep step = new Dispatcher.NewStep(
                NAME, new Echo().name(), "{}", RetryPolicy.DEFAULT, Duration.ofSeconds(10), new TreeMap<>());
        stage.environment()
                .stepstile()
                .dispatcher(1)
                .dispatch(new Dispatcher.Request(NAME, null, List.of(step), new TreeMap<>()));
        SQSEvent event = new SQSEvent();
        event.setRecords(stage.ports().queue().receive(1, Duration.ZERO).stream()
                .map(StepRehearsal::message)
                .toList());
        new StepFunction(stage.environment(), new Handlers(List.of(new Echo())), SuspectLimiter.among(1))
                .handleRequest(event, stage.context());
    }

    private static SQSEvent.SQSMessage message(Delivery delivery) {
        SQSEvent.SQSMessage message = new SQSEvent.SQSMessage();
        message.setMessageId(delivery.messageId());
        message.setReceiptHandle(delivery.receipt());
        message.setBody(delivery.body());
        message.setAttributes(Map.of("ApproximateReceiveCount", "1"));
        return message;
    }
}
