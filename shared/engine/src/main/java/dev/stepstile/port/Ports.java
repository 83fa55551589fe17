package dev.stepstile.port;

/**
 * All ports of one stack.
 *
 * @param workers the items of workers, in the same table as the records
 * @param items for small payloads, beside the records
 * @param objects for larger ones
 * @param notifier tells others that a dispatch has ended
 */
public record Ports(
        StepStore store,
        WorkerStore workers,
        StepQueue queue,
        DeadLetterQueue deadLetters,
        PayloadStore items,
        PayloadStore objects,
        Notifier notifier) {

    /** Of a stack that notifies nobody. */
    public Ports(
            StepStore store,
            WorkerStore workers,
            StepQueue queue,
            DeadLetterQueue deadLetters,
            PayloadStore items,
            PayloadStore objects) {
        this(store, workers, queue, deadLetters, items, objects, Notifier.NONE);
    }

    public Ports withStore(StepStore other) {
        return new Ports(other, workers, queue, deadLetters, items, objects, notifier);
    }

    public Ports withWorkers(WorkerStore other) {
        return new Ports(store, other, queue, deadLetters, items, objects, notifier);
    }

    public Ports withQueue(StepQueue other) {
        return new Ports(store, workers, other, deadLetters, items, objects, notifier);
    }

    public Ports withDeadLetters(DeadLetterQueue other) {
        return new Ports(store, workers, queue, other, items, objects, notifier);
    }

    public Ports withPayloads(PayloadStore otherItems, PayloadStore otherObjects) {
        return new Ports(store, workers, queue, deadLetters, otherItems, otherObjects, notifier);
    }

    public Ports withNotifier(Notifier other) {
        return new Ports(store, workers, queue, deadLetters, items, objects, other);
    }

    /** Stands before a port, such as to let its calls fail. */
    public interface Decorator {
        <P> P over(Class<P> type, P port);
    }

    /** Each port decorated. */
    public Ports decorated(Decorator by) {
        return new Ports(
                by.over(StepStore.class, store),
                by.over(WorkerStore.class, workers),
                by.over(StepQueue.class, queue),
                by.over(DeadLetterQueue.class, deadLetters),
                by.over(PayloadStore.class, items),
                by.over(PayloadStore.class, objects),
                by.over(Notifier.class, notifier));
    }
}
