package dev.stepstile.simulation.ports;

import dev.stepstile.port.Notifier;
import dev.stepstile.simulation.scheduler.Scheduler;
import dev.stepstile.step.NotifyTarget;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Webhooks that do what their URL says, and an event bus that accepts everything. {@code https://target/slow} answers as
 * late as one may; {@code https://target/fails-3} refuses three tries of each notification, then accepts it; {@code
 * https://target/gone} wants none.
 */
public final class SimulatedNotifier implements Notifier {
    private static final String HOST = "https://target/";
    private static final Pattern FAILS = Pattern.compile("https://target/fails-([0-9]+)");
    private static final Duration SLOW = Duration.ofSeconds(8);

    private final PortCalls calls;
    private final Scheduler scheduler;
    private final Observer observer;
    private final Map<String, Integer> tries = new HashMap<>();
    private final List<Notice> accepted = new ArrayList<>();

    public SimulatedNotifier(PortCalls calls, Scheduler scheduler, Observer observer) {
        this.calls = calls;
        this.scheduler = scheduler;
        this.observer = observer;
    }

    @Override
    public @Nullable String refusal(NotifyTarget target) {
        return target instanceof NotifyTarget.Webhook(String url) && !url.startsWith(HOST)
                ? "only " + HOST + " is allowed"
                : null;
    }

    @Override
    public Outcome send(NotifyTarget target, Notice notice) {
        String refusal = refusal(target);
        if (refusal != null) {
            return new Outcome.Failed(refusal);
        }
        if (target instanceof NotifyTarget.Webhook(String url) && url.endsWith("/slow")) {
            scheduler.pause(SLOW.toMillis());
        }
        return calls.call("notifier.send " + notice.id(), () -> told(target, notice), Object::toString);
    }

    /** What the targets have accepted, without a call. */
    public List<Notice> accepted() {
        return List.copyOf(accepted);
    }

    private Outcome told(NotifyTarget target, Notice notice) {
        int tried = tries.merge(notice.id(), 1, Integer::sum);
        Outcome outcome = outcome(target, tried);
        if (outcome instanceof Outcome.Delivered) {
            accepted.add(notice);
        }
        observer.told(notice, outcome);
        return outcome;
    }

    private static Outcome outcome(NotifyTarget target, int tried) {
        if (!(target instanceof NotifyTarget.Webhook(String url))) {
            return new Outcome.Delivered();
        }
        if (url.endsWith("/gone")) {
            return new Outcome.Gone("it wants none");
        }
        Matcher fails = FAILS.matcher(url);
        return fails.matches() && tried <= Integer.parseInt(fails.group(1))
                ? new Outcome.Failed("try " + tried + " is refused")
                : new Outcome.Delivered();
    }
}
