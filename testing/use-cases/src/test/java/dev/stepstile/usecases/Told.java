package dev.stepstile.usecases;

import dev.stepstile.port.Notifier;
import dev.stepstile.step.NotifyTarget;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Keeps what it is told; its targets accept it unless they are told to answer otherwise. Knows any event, and webhooks of one host. */
final class Told implements Notifier {
    private final List<Notice> notices = new ArrayList<>();
    private final Deque<Outcome> outcomes = new ArrayDeque<>();
    private Runnable meanwhile = () -> {};

    /** The next tries end so, one each. */
    synchronized void next(Outcome... each) {
        outcomes.addAll(List.of(each));
    }

    /** Something happens during each try. */
    synchronized void meanwhile(Runnable act) {
        meanwhile = act;
    }

    /** What it was told, whatever it answered. */
    synchronized List<Notice> notices() {
        return List.copyOf(notices);
    }

    @Override
    public String refusal(NotifyTarget target) {
        return target instanceof NotifyTarget.Webhook(String url) && !url.startsWith("https://hooks.example.com/")
                ? "this stack allows no webhook there"
                : null;
    }

    @Override
    public Outcome send(NotifyTarget target, Notice notice) {
        Outcome outcome;
        Runnable act;
        synchronized (this) {
            notices.add(notice);
            outcome = outcomes.isEmpty() ? new Outcome.Delivered() : outcomes.poll();
            act = meanwhile;
        }
        act.run();
        return outcome;
    }
}
