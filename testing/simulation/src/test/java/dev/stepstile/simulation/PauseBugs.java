package dev.stepstile.simulation;

import dev.stepstile.port.PauseStore;
import dev.stepstile.step.Pause;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Mistakes of what pauses and resumes. */
final class PauseBugs {
    static final String SENDS_NOTHING = "A sweep sends nothing after a resume";
    static final String RESUMED_EARLIER = "A sweep takes a resume for half a minute older than it is";
    static final String STAMPED_EARLY = "A resume is stamped with the time of its pause";

    private PauseBugs() {}

    static final List<SeededBug> ALL = List.of(
            reads("A worker heeds no pause", "step", all -> List.of()),
            pauses("A worker learns of a pause a minute late", "step", ReadEachMinute::new),
            pauses("A worker learns of a resume a minute late", "step", ResumedLate::new),
            reads(
                    SENDS_NOTHING,
                    "sweeper",
                    all -> all.stream().filter(Pause::lasts).toList()),
            reads(
                    RESUMED_EARLIER,
                    "sweeper",
                    all -> all.stream()
                            .map(pause -> ended(pause, Duration.ofSeconds(30)))
                            .toList()),
            pauses(STAMPED_EARLY, "runs", (store, _) -> new PassingPauses(store) {
                @Override
                public boolean replace(Pause next) {
                    Instant end = next.resumedAt();
                    return pauses.replace(end == null ? next : ended(next, Duration.between(next.pausedAt(), end)));
                }
            }));

    private static Pause ended(Pause pause, Duration earlier) {
        Instant end = pause.resumedAt();
        return end == null
                ? pause
                : new Pause(pause.scope(), pause.pausedAt(), end.minus(earlier), pause.reason(), pause.version());
    }

    private static SeededBug reads(String what, String function, UnaryOperator<List<Pause>> wrong) {
        return pauses(what, function, (store, _) -> new PassingPauses(store) {
            @Override
            public List<Pause> pauses() {
                return wrong.apply(pauses.pauses());
            }
        });
    }

    private static SeededBug pauses(
            String what, String function, BiFunction<PauseStore, Simulation, PauseStore> wrong) {
        return SeededBug.of(
                what,
                () -> (name, ports, simulation) ->
                        name.equals(function) ? ports.withPauses(wrong.apply(ports.pauses(), simulation)) : ports);
    }

    /** As it read them up to a minute ago. */
    private static final class ReadEachMinute extends PassingPauses {
        private final Simulation simulation;
        private @Nullable Instant readAt;
        private List<Pause> read = List.of();

        ReadEachMinute(PauseStore pauses, Simulation simulation) {
            super(pauses);
            this.simulation = simulation;
        }

        @Override
        public List<Pause> pauses() {
            if (readAt == null || readAt.plusSeconds(60).isBefore(simulation.now())) {
                readAt = simulation.now();
                read = pauses.pauses();
            }
            return read;
        }
    }

    /** What has ended lasts for a minute more. */
    private static final class ResumedLate extends PassingPauses {
        private final Simulation simulation;

        ResumedLate(PauseStore pauses, Simulation simulation) {
            super(pauses);
            this.simulation = simulation;
        }

        @Override
        public List<Pause> pauses() {
            return pauses.pauses().stream()
                    .map(pause -> {
                        Instant end = pause.resumedAt();
                        boolean lately = end != null && end.plusSeconds(60).isAfter(simulation.now());
                        return lately
                                ? new Pause(pause.scope(), pause.pausedAt(), null, pause.reason(), pause.version())
                                : pause;
                    })
                    .toList();
        }
    }
}
