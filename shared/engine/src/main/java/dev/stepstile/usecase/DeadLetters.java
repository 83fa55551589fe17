package dev.stepstile.usecase;

import dev.stepstile.codec.DeadLetterCodec;
import dev.stepstile.port.DeadLetterQueue;
import dev.stepstile.port.PortException;
import dev.stepstile.port.StepQueue.Delivery;
import dev.stepstile.step.Run;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is in the dead-letter queue beside what the table says: lists letters, redrives their steps, and purges letters
 * that nobody needs.
 *
 * <p>A letter is only a report: the record says whether its step is DEAD, and at which attempt. So a letter is deleted
 * after the table says that its step runs again or has ended, and never before. A crash in between leaves the letter,
 * which the same call then deletes.
 */
public final class DeadLetters {
    private static final Logger LOG = LoggerFactory.getLogger(DeadLetters.class);

    /** Letters that one call redrives or purges. */
    public static final int MOST = 1_000;

    /** How many examples a dry run names. */
    public static final int EXAMPLES = 10;

    /** Under which name a dry run counts letters that are not recognised. */
    public static final String UNRECOGNISED = "UNRECOGNISED";

    /** Longer than a call, which hides a letter once; and for this long, calls that follow each other go on. */
    private static final Duration HIDDEN = Duration.ofMinutes(2);

    /** How long a call looks through the queue: a third of what API Gateway waits for an answer. */
    private static final Duration LOOK = Duration.ofSeconds(10);

    private final DeadLetterQueue queue;
    private final LetterSteps steps;
    private final Redriver redriver;
    private final EngineRuntime runtime;

    DeadLetters(EngineParts parts, Redriver redriver) {
        this.queue = parts.ports().deadLetters();
        this.steps = new LetterSteps(parts.store(), parts.runtime().tasks());
        this.redriver = redriver;
        this.runtime = parts.runtime();
    }

    /**
     * Which letters are meant: those that fit all that is named.
     *
     * @param keys of steps of the run; empty: all
     * @param unrecognised whether messages that are not recognised are meant too; they have no run, key and handler
     */
    public record Selection(
            @Nullable String runId,
            Set<String> keys,
            @Nullable String handler,
            @Nullable String kind,
            boolean unrecognised) {
        boolean includes(DeadLetterCodec.Summary letter) {
            StepId step = letter.step();
            boolean ofStep = step == null
                    ? unrecognised && runId == null && keys.isEmpty() && handler == null
                    : (runId == null || runId.equals(step.runId()))
                            && (keys.isEmpty() || keys.contains(step.stepKey()))
                            && (handler == null || handler.equals(letter.handler()));
            return ofStep && (kind == null || kind.equals(letter.kind()));
        }
    }

    /**
     * A letter.
     *
     * @param body null if it was not asked for
     */
    public record Letter(
            Received received,
            DeadLetterCodec.Summary content,
            @Nullable String body) {}

    /** One receive of a letter. */
    public record Received(String messageId, String receipt, int count, Instant sentAt) {}

    /**
     * A letter with its step.
     *
     * @param state of the step; null if the table has no record of it
     * @param stale the step is not, or no longer, DEAD at the letter's attempt; a step's own message has none, so that any counts
     */
    public record Listed(Letter letter, StepState.@Nullable Name state, boolean stale) {}

    /**
     * What is in the queue.
     *
     * @param letters newest first
     * @param complete whether there is nothing else that nobody hides
     */
    public record Listing(List<Listed> letters, long approximateCount, boolean complete) {}

    /**
     * How the steps are redriven.
     *
     * @param input JSON in place of the steps' own input; null: theirs
     * @param redriveId names the call: a step that it has redriven is not redriven by it again; null: each call is its own
     */
    public record Retry(
            StepOverrides overrides,
            @Nullable String input,
            @Nullable String redriveId) {
        private Redriver.Request of(Set<String> keys) {
            return new Redriver.Request(Set.of(StepState.Name.DEAD), keys, overrides, input, redriveId);
        }
    }

    /**
     * What a redrive or a purge did, or would do.
     *
     * @param redriven steps that run again by this call; of a dry run, zero
     * @param deleted letters: of steps that were redriven or need no redrive, or that were purged
     * @param left letters that were selected and stay in the queue
     * @param counts of a dry run: letters whose steps would be redriven, or that would be purged, by state of the step; else empty
     * @param examples of a dry run
     * @param complete whether all of the queue was looked through; else the same call continues
     */
    public record Done(
            int redriven,
            int deleted,
            int left,
            SortedMap<String, Integer> counts,
            Set<String> examples,
            boolean complete) {}

    /**
     * Up to {@code limit} letters of the selection. They are hidden from others while this runs, and count as received
     * once more.
     *
     * @param bodies up to how many characters of bodies; 0 if none is asked for
     */
    public Listing list(Selection selection, int limit, int bodies) throws InterruptedException {
        Look look = look(selection, limit, bodies);
        try {
            LetterSteps.Standing standing = steps.of(look.selected);
            List<Listed> listed = look.selected.stream()
                    .sorted(Comparator.comparing(
                                    (Letter letter) -> letter.received().sentAt())
                            .reversed()
                            .thenComparing(letter -> letter.received().messageId()))
                    .map(letter -> new Listed(letter, standing.state(letter), standing.stale(letter)))
                    .toList();
            return new Listing(listed, queue.approximateCount(), look.complete);
        } finally {
            release(look.receipts);
        }
    }

    /** As {@link Redriver#outOfTime}. */
    public Optional<Dispatcher.Answer.OutOfTime> outOfTime(StepOverrides overrides) {
        return redriver.outOfTime(overrides);
    }

    /**
     * Redrives the DEAD steps of up to {@value #MOST} letters, then deletes the letters of steps that are no longer DEAD at
     * the letter's attempt: also of those that an earlier call redrove before it crashed. The letter that is a step's own
     * message, moved by SQS, names no attempt: its step is redriven if it is DEAD at all.
     *
     * @param deadline when to leave the rest to the next call
     */
    public Done redrive(Selection selection, Retry retry, boolean dryRun, Instant deadline)
            throws InterruptedException {
        Look look = look(selection, MOST, 0);
        try {
            LetterSteps.Standing before = steps.of(look.selected);
            List<Letter> dead = look.selected.stream().filter(before::dead).toList();
            if (dryRun) {
                long passed = look.selected.stream().filter(before::passed).count();
                return dryRun(look, dead, dead.size() + (int) passed, before);
            }
            int redriven = 0;
            boolean inTime = true;
            for (Map.Entry<Run, Set<String>> ofRun : before.keysByRun(dead).entrySet()) {
                inTime = runtime.now().isBefore(deadline);
                if (!inTime) {
                    break;
                }
                redriven += redriver.redriveDead(ofRun.getKey(), retry.of(ofRun.getValue()), deadline);
            }
            LetterSteps.Standing after = steps.of(look.selected);
            List<Letter> over = look.selected.stream().filter(after::passed).toList();
            delete(look, over, "its step runs again, or has ended otherwise");
            return done(look, redriven, over.size(), inTime);
        } finally {
            leave(look, dryRun);
        }
    }

    /**
     * Deletes up to {@value #MOST} letters: of steps that have ended, of steps whose run was deleted by age, and, if the
     * selection includes them, those that are not recognised.
     */
    public Done purge(Selection selection, boolean dryRun) throws InterruptedException {
        Look look = look(selection, MOST, 0);
        try {
            LetterSteps.Standing standing = steps.of(look.selected);
            List<Letter> over = look.selected.stream().filter(standing::over).toList();
            if (dryRun) {
                return dryRun(look, over, over.size(), standing);
            }
            delete(look, over, "it was purged");
            return done(look, 0, over.size(), true);
        } finally {
            leave(look, dryRun);
        }
    }

    private static Done done(Look look, int redriven, int deleted, boolean inTime) {
        return new Done(
                redriven,
                deleted,
                look.selected.size() - deleted,
                new TreeMap<>(),
                new LinkedHashSet<>(),
                look.complete && inTime);
    }

    private static Done dryRun(Look look, List<Letter> meant, int deleted, LetterSteps.Standing standing) {
        SortedMap<String, Integer> counts = new TreeMap<>();
        Set<String> examples = new LinkedHashSet<>();
        for (Letter letter : meant) {
            StepId step = letter.content().step();
            StepState.Name state = standing.state(letter);
            String counted = step == null ? UNRECOGNISED : state == null ? "GONE" : state.name();
            counts.merge(counted, 1, Integer::sum);
            if (examples.size() < EXAMPLES) {
                examples.add(step == null ? letter.received().messageId() : step.toString());
            }
        }
        return new Done(0, deleted, look.selected.size() - deleted, counts, examples, look.complete);
    }

    private void delete(Look look, List<Letter> letters, String why) {
        List<String> receipts =
                letters.stream().map(letter -> letter.received().receipt()).toList();
        queue.delete(receipts);
        look.receipts.removeAll(Set.copyOf(receipts));
        for (Letter letter : letters) {
            LOG.info(
                    "Dead letter {} of {} deleted: {}.",
                    letter.received().messageId(),
                    Objects.requireNonNullElse(letter.content().step(), "no step"),
                    why);
        }
    }

    /** What was looked through: which letters are meant, and what is hidden for now. */
    private static final class Look {
        private final List<Letter> selected = new ArrayList<>();
        private final List<String> receipts = new ArrayList<>();
        private boolean complete;
    }

    private Look look(Selection selection, int most, int bodies) {
        Instant until = runtime.now().plus(LOOK);
        Look look = new Look();
        Map<String, Letter> selected = new LinkedHashMap<>();
        Set<String> others = new LinkedHashSet<>();
        long room = bodies;
        try {
            while (selected.size() < most && room >= 0 && runtime.now().isBefore(until)) {
                List<Delivery> batch = queue.receive(Math.min(DeadLetterQueue.BATCH, most - selected.size()), HIDDEN);
                int known = selected.size() + others.size();
                for (Delivery delivery : batch) {
                    look.receipts.add(delivery.receipt());
                    Letter letter = letter(delivery, bodies > 0);
                    if (selection.includes(letter.content())) {
                        selected.put(delivery.messageId(), letter);
                        room -= bodies > 0 ? delivery.body().length() : 0;
                    } else {
                        others.add(delivery.messageId());
                    }
                }
                if (selected.size() + others.size() == known) { // none, or letters that SQS delivers twice
                    look.complete = true;
                    break;
                }
            }
        } catch (PortException e) {
            release(look.receipts);
            throw e;
        }
        look.selected.addAll(selected.values());
        return look;
    }

    private static Letter letter(Delivery delivery, boolean withBody) {
        Received received =
                new Received(delivery.messageId(), delivery.receipt(), delivery.receiveCount(), delivery.sentAt());
        return new Letter(received, DeadLetterCodec.read(delivery.body()), withBody ? delivery.body() : null);
    }

    /** After a call that did not come to the end, letters stay hidden, so that the next call sees others. */
    private void leave(Look look, boolean dryRun) {
        if (look.complete || dryRun) {
            release(look.receipts);
        }
    }

    private void release(List<String> receipts) {
        try {
            queue.release(receipts);
        } catch (PortException e) {
            LOG.warn(
                    "{} dead letters stay hidden for up to {} s: {}.",
                    receipts.size(),
                    HIDDEN.toSeconds(),
                    e.getMessage());
        }
    }
}
