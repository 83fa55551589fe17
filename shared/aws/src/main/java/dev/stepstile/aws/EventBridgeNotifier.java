package dev.stepstile.aws;

import dev.stepstile.port.Notifier;
import dev.stepstile.step.NotifyTarget;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.services.eventbridge.EventBridgeClient;
import software.amazon.awssdk.services.eventbridge.model.PutEventsRequestEntry;
import software.amazon.awssdk.services.eventbridge.model.PutEventsResponse;

/** Tells an event bus of Amazon EventBridge, and leaves webhooks to another notifier. */
public final class EventBridgeNotifier implements Notifier {
    /** The event's source. */
    public static final String SOURCE = "stepstile";

    /** The event's {@code detail-type}. */
    public static final String DETAIL_TYPE = "Dispatch Closed";

    private final Supplier<EventBridgeClient> events;
    private final String bus;
    private final Notifier webhooks;

    /** @param events asked when something is first sent */
    public EventBridgeNotifier(Supplier<EventBridgeClient> events, String bus, Notifier webhooks) {
        this.events = events;
        this.bus = bus;
        this.webhooks = webhooks;
    }

    @Override
    public @Nullable String refusal(NotifyTarget target) {
        return switch (target) {
            case NotifyTarget.Event _ -> null;
            case NotifyTarget.Webhook _ -> webhooks.refusal(target);
        };
    }

    @Override
    public Outcome send(NotifyTarget target, Notice notice) {
        return switch (target) {
            case NotifyTarget.Event _ -> put(notice);
            case NotifyTarget.Webhook _ -> webhooks.send(target, notice);
        };
    }

    private Outcome put(Notice notice) {
        PutEventsRequestEntry event = PutEventsRequestEntry.builder()
                .eventBusName(bus)
                .source(SOURCE)
                .detailType(DETAIL_TYPE)
                .time(notice.closedAt())
                .detail(notice.data())
                .build();
        PutEventsResponse answer = AwsCalls.call(
                "PutEvents of " + notice.id(), () -> events.get().putEvents(request -> request.entries(event)));
        return answer.failedEntryCount() != null && answer.failedEntryCount() > 0
                ? new Outcome.Failed(
                        "EventBridge answered " + answer.entries().getFirst().errorCode() + " for the event bus " + bus)
                : new Outcome.Delivered();
    }
}
