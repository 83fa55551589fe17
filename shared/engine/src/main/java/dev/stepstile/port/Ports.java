package dev.stepstile.port;

/**
 * All ports of one stack.
 *
 * @param workers the items of workers, in the same table as the records
 * @param pauses what is not to begin, in the same table
 * @param notifier tells others that a dispatch has ended
 */
public record Ports(
        StepStore store,
        WorkerStore workers,
        PauseStore pauses,
        StepQueue queue,
        DeadLetterQueue deadLetters,
        Payloads payloads,
        Notifier notifier) {

    /**
     * Where payloads are.
     *
     * @param items for small ones, beside the records
     * @param objects for larger ones
     */
    public record Payloads(PayloadStore items, PayloadStore objects) {}

    /** Of a stack that notifies nobody. */
    public Ports(
            StepStore store,
            WorkerStore workers,
            PauseStore pauses,
            StepQueue queue,
            DeadLetterQueue deadLetters,
            PayloadStore items,
            PayloadStore objects) {
        this(store, workers, pauses, queue, deadLetters, new Payloads(items, objects), Notifier.NONE);
    }

    /** Of a stack that notifies nobody, and pauses nothing. */
    public Ports(
            StepStore store,
            WorkerStore workers,
            StepQueue queue,
            DeadLetterQueue deadLetters,
            PayloadStore items,
            PayloadStore objects) {
        this(store, workers, PauseStore.NONE, queue, deadLetters, items, objects);
    }

    public PayloadStore items() {
        return payloads.items();
    }

    public PayloadStore objects() {
        return payloads.objects();
    }

    public Ports withStore(StepStore other) {
        return new Ports(other, workers, pauses, queue, deadLetters, payloads, notifier);
    }

    public Ports withWorkers(WorkerStore other) {
        return new Ports(store, other, pauses, queue, deadLetters, payloads, notifier);
    }

    public Ports withPauses(PauseStore other) {
        return new Ports(store, workers, other, queue, deadLetters, payloads, notifier);
    }

    public Ports withQueue(StepQueue other) {
        return new Ports(store, workers, pauses, other, deadLetters, payloads, notifier);
    }

    public Ports withDeadLetters(DeadLetterQueue other) {
        return new Ports(store, workers, pauses, queue, other, payloads, notifier);
    }

    public Ports withPayloads(PayloadStore items, PayloadStore objects) {
        return new Ports(store, workers, pauses, queue, deadLetters, new Payloads(items, objects), notifier);
    }

    public Ports withNotifier(Notifier other) {
        return new Ports(store, workers, pauses, queue, deadLetters, payloads, other);
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
                by.over(PauseStore.class, pauses),
                by.over(StepQueue.class, queue),
                by.over(DeadLetterQueue.class, deadLetters),
                new Payloads(by.over(PayloadStore.class, items()), by.over(PayloadStore.class, objects())),
                by.over(Notifier.class, notifier));
    }
}
