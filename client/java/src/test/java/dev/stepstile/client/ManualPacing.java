package dev.stepstile.client;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Time that passes as a test says, and while one waits. */
final class ManualPacing implements Pacing {
    private final List<Duration> pauses = new ArrayList<>();
    private Instant now = Instant.parse("2026-11-24T08:00:00Z");

    @Override
    public Instant now() {
        return now;
    }

    @Override
    public void pause(Duration pause) {
        pauses.add(pause);
        now = now.plus(pause);
    }

    void pass(Duration time) {
        now = now.plus(time);
    }

    List<Duration> pauses() {
        return pauses;
    }
}
