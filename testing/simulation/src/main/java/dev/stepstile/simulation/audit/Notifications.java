package dev.stepstile.simulation.audit;

import com.fasterxml.jackson.databind.JsonNode;
import dev.stepstile.codec.Json;
import dev.stepstile.port.Notifier.Notice;
import dev.stepstile.port.Notifier.Outcome;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Notification;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A dispatch that names whom to tell owes it from the write that closes it, until its target has accepted it or it is given
 * up for the stated reasons. Nobody is told of a dispatch that was not closed so, and what is owed is tried when it is due,
 * or within two sweeps.
 */
final class Notifications implements Check {
    private final Audit audit;

    /** What became of each closing, by the id of its notification. */
    private final Map<String, Told> closings = new HashMap<>();

    private static final class Told {
        private final Dispatch closed;
        private boolean accepted;
        private boolean gone;

        Told(Dispatch closed) {
            this.closed = closed;
        }
    }

    Notifications(Audit audit) {
        this.audit = audit;
    }

    @Override
    public void dispatchWritten(RunLedger run, @Nullable Dispatch before, Dispatch after) {
        if (!run.notifies(after.dispatchId())) {
            return;
        }
        Notification notification = after.schedule().notification();
        if (notification == null) {
            audit.violated(named(after), "it has forgotten whom to tell");
            return;
        }
        Notification.Closing closing = notification.closing();
        if (!after.closed()) {
            if (closing != null) {
                audit.violated(named(after), "it owes a notification while it is open");
            }
            return;
        }
        if (closing == null) {
            audit.violated(named(after), "it is closed and owes no notification");
        } else if (before == null || !before.closed()) {
            closed(after, closing);
        } else {
            told(before, after, notification, closing);
        }
    }

    private void closed(Dispatch after, Notification.Closing closing) {
        if (closing.version() != after.version() || closing.nextTryAt() == null) {
            audit.violated(named(after), "the write that closes it does not say that its notification is owed");
        }
        closings.put(key(after.runId(), after.dispatchId(), after.version()), new Told(after));
    }

    private void told(Dispatch before, Dispatch after, Notification notification, Notification.Closing closing) {
        Told told = closings.get(key(after.runId(), after.dispatchId(), closing.version()));
        if (told == null) {
            audit.violated(named(after), "its notification is of a closing that never was");
            return;
        }
        switch (notification.status()) {
            case SENT -> {
                if (!told.accepted) {
                    audit.violated(
                            named(after), "its notification is marked as sent, and its target has accepted none");
                }
            }
            case FAILED -> {
                if (!told.gone && closing.tries() < Notification.MOST_TRIES) {
                    audit.violated(named(after), "its notification is given up after " + closing.tries() + " tries");
                }
            }
            case OWED -> tried(before, after);
            case WAITING -> audit.violated(named(after), "it is closed, and its notification waits");
        }
    }

    private void tried(Dispatch before, Dispatch after) {
        Instant due = before.dueAt();
        if (due != null && !due.equals(after.dueAt())) {
            audit.within(
                    named(after),
                    due.toEpochMilli(),
                    audit.sweep().multipliedBy(2),
                    "its notification was due, and it was tried");
        }
    }

    @Override
    public void told(Notice notice, Outcome outcome) {
        JsonNode data = Json.parse(notice.data());
        String run = data.path("runId").asText();
        String dispatch = data.path("dispatchId").asText();
        Told told = closings.get(key(run, dispatch, data.path("version").longValue()));
        if (told == null) {
            audit.violated(run + "/" + dispatch, "its target is told of an end that is not stored");
            return;
        }
        told.accepted |= outcome instanceof Outcome.Delivered;
        told.gone |= outcome instanceof Outcome.Gone;
        Map<String, Integer> counts = new HashMap<>();
        data.path("counts")
                .properties()
                .forEach(count -> counts.put(count.getKey(), count.getValue().intValue()));
        Map<String, Integer> closed = new HashMap<>();
        told.closed.counts().forEach((state, count) -> closed.put(state.name(), count));
        if (!counts.equals(closed)) {
            audit.violated(run + "/" + dispatch, "its target is told " + counts + ", and it was closed with " + closed);
        }
    }

    @Override
    public void look(Collection<RunLedger> runs) {
        for (RunLedger run : runs) {
            for (Dispatch dispatch : run.dispatches.values()) {
                Instant due = dispatch.closed() ? dispatch.dueAt() : null;
                if (due != null) {
                    audit.within(
                            named(dispatch),
                            due.toEpochMilli(),
                            audit.sweep().multipliedBy(2),
                            "its notification is due and was not tried, now");
                }
            }
        }
    }

    private static String key(String runId, String dispatchId, long version) {
        return runId + "/" + dispatchId + "/" + version;
    }

    private static String named(Dispatch dispatch) {
        return dispatch.runId() + "/" + dispatch.dispatchId();
    }
}
