package dev.stepstile.client;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;

/**
 * Audits a run: the first looks at its steps, then the second looks at what work under way can look like. A second look is due 30 s
 * after the answer that asks for it, by the clock of whoever answers, so that this side counts from the answer and asks again
 * where it was too early.
 */
final class AuditReader {
    private static final Duration SECOND_LOOK = Duration.ofSeconds(30);
    private static final Duration TOO_EARLY = Duration.ofSeconds(2);

    private final Transport transport;
    private final Pacing pacing;
    private final ClientOptions options;
    private final List<AuditReport.Violation> violations = new ArrayList<>();
    private final Deque<SecondLook> again = new ArrayDeque<>();
    private int checked;
    private int reads;
    private int unread;

    private record SecondLook(String cursor, Instant due) {}

    AuditReader(Transport transport, Pacing pacing, ClientOptions options) {
        this.transport = transport;
        this.pacing = pacing;
        this.options = options;
    }

    /** @param path of the call, without the query */
    AuditReport read(String path) {
        JsonNode page = ask(path, Map.of());
        while (page.has("cursor")) {
            page = ask(path, Map.of("cursor", page.path("cursor").asText()));
        }
        while (!again.isEmpty()) {
            lookAgain(path, again.removeFirst());
        }
        return new AuditReport(violations, checked, reads, unread);
    }

    private void lookAgain(String path, SecondLook look) {
        Instant giveUp = look.due().plus(options.patience());
        Duration wait = Duration.between(pacing.now(), look.due());
        while (true) {
            if (wait.isPositive()) {
                transport.pause(wait);
            }
            int others = again.size();
            try {
                ask(path, Map.of("cursor", look.cursor()));
            } catch (RefusedException e) {
                if (e.type().equals("run-not-found")) { // deleted by age since, and what was suspected with it
                    return;
                }
                throw e;
            }
            if (again.size() == others) {
                return;
            }
            again.removeLast();
            if (pacing.now().isAfter(giveUp)) {
                throw new UnreachableException(
                        "Stepstile at " + options.endpoint() + " still says that a second look at "
                                + path + " is too early, "
                                + SECOND_LOOK.plus(options.patience()).toSeconds()
                                + " s after the first. Is the clock of its machine right?");
            }
            wait = TOO_EARLY;
        }
    }

    private JsonNode ask(String path, Map<String, String> query) {
        JsonNode page = transport.get(path, query, "violations");
        page.path("violations").forEach(violation -> violations.add(AnswerReader.violation(violation)));
        checked += page.path("checkedCount").asInt();
        reads += page.path("readCount").asInt();
        unread += page.path("unreadCount").asInt();
        JsonNode cursor = page.path("secondLook").path("cursor");
        if (cursor.isTextual()) {
            again.addLast(new SecondLook(cursor.textValue(), pacing.now().plus(SECOND_LOOK)));
        }
        return page;
    }
}
