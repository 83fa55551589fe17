package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.codec.NotificationCodec;
import dev.stepstile.port.Notifier;
import dev.stepstile.port.Ports;
import dev.stepstile.simulation.exploration.Exploration;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.scenarios.Scenarios;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.Notification;
import dev.stepstile.step.NotifyTarget;
import dev.stepstile.usecase.Metric;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whoever is to be told that a dispatch has ended is told, at least once, and not before; and no closing waits for it. */
class NotifiedTest {
    private static final SimulationConfig CONFIG = SimulationConfig.of(1).with(Scenarios.NOTIFIED.cluster());

    private static Played played(SimulationConfig config) {
        return Played.of(Scenarios.NOTIFIED.scenario(), config);
    }

    @Test
    void each_target_is_told_of_each_end() {
        Played played = played(CONFIG);
        played.holds();
        assertThat(played.outcome().counts().get(Metric.NOTIFICATIONS_SENT))
                .as("slow, accepts, refuses in the end, again and again after its redrive")
                .isEqualTo(5);
        assertThat(played.outcome().counts().get(Metric.NOTIFICATIONS_FAILED))
                .as("gone")
                .isEqualTo(1);
    }

    @Test
    void also_if_any_single_call_fails() {
        Exploration exploration = new Exploration(Scenarios.NOTIFIED, 10).singles();
        System.out.println(exploration.total() + " executions " + exploration.executions());
        assertThat(exploration.findings()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20})
    void also_with_random_faults_and_missing_sweeps(long seed) {
        played(SimulationConfig.of(seed).with(Cluster.ROUGH).with(FaultProfile.parse("rough")))
                .holds();
    }

    /** Each is found. */
    @Nested
    class A_mistake {
        private void isFound(Interceptor mistake, String finding) {
            played(CONFIG.with(mistake)).isFound(finding);
        }

        /** A sweep writes another dispatch than it should. */
        private static Interceptor writes(BiFunction<Dispatch, Dispatch, Dispatch> wrong) {
            return Mistakes.store("sweeper", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    Dispatch before =
                            store.dispatch(next.runId(), next.dispatchId()).orElseThrow();
                    return store.replace(wrong.apply(before, next));
                }
            });
        }

        private static boolean closes(Dispatch before, Dispatch next) {
            return next.closed() && !before.closed();
        }

        private static Notification of(Dispatch dispatch) {
            return Objects.requireNonNull(dispatch.schedule().notification());
        }

        /** Closed, and owes nothing. */
        private static Dispatch withoutDebt(Dispatch next) {
            Notification old = of(next);
            return Mistakes.withNotification(next, Notification.of(old.target(), old.tenant(), old.tags()));
        }

        private static void tell(Notifier notifier, Dispatch closed) {
            Notification notification = of(closed);
            Notification.Closing closing = Objects.requireNonNull(notification.closing());
            notifier.send(
                    notification.target(),
                    new Notifier.Notice(
                            NotificationCodec.id(closed, closing),
                            closing.at(),
                            NotificationCodec.data(closed, notification, closing)));
        }

        @Test
        void that_tells_before_the_closing_is_stored() {
            Interceptor early = (function, ports, simulation) -> function.equals("sweeper")
                    ? ports.withStore(new PassingStore(ports.store()) {
                        @Override
                        public boolean replace(Dispatch next) {
                            Dispatch before = store.dispatch(next.runId(), next.dispatchId())
                                    .orElseThrow();
                            if (closes(before, next)) {
                                tell(ports.notifier(), next);
                            }
                            return store.replace(next);
                        }
                    })
                    : ports;
            isFound(early, "its target is told of an end that is not stored");
        }

        @Test
        void that_forgets_that_a_notification_is_owed() {
            isFound(
                    writes((before, next) -> closes(before, next) ? withoutDebt(next) : next),
                    "it is closed and owes no notification");
        }

        @Test
        void that_forgets_whom_to_tell() {
            isFound(writes((before, next) -> Mistakes.withNotification(next, null)), "it has forgotten whom to tell");
        }

        @Test
        void that_closes_only_once_the_target_has_accepted() {
            Interceptor waits = (function, ports, simulation) -> function.equals("sweeper")
                    ? ports.withStore(new PassingStore(ports.store()) {
                        @Override
                        public boolean replace(Dispatch next) {
                            Dispatch before = store.dispatch(next.runId(), next.dispatchId())
                                    .orElseThrow();
                            boolean refuses = of(next).target() instanceof NotifyTarget.Webhook(String url)
                                    && url.contains("fails")
                                    && simulation
                                            .now()
                                            .isBefore(
                                                    next.accepted().createdAt().plus(Duration.ofMinutes(10)));
                            return !(closes(before, next) && refuses) && store.replace(next);
                        }
                    })
                    : ports;
            isFound(waits, "all of its steps had ended, and it was closed");
        }

        @Test
        void that_takes_a_failure_for_a_success() {
            Interceptor hopeful = (function, ports, simulation) ->
                    ports.withNotifier(new Told(ports, outcome -> new Notifier.Outcome.Delivered()));
            isFound(hopeful, "its notification is marked as sent, and its target has accepted none");
        }

        @Test
        void that_gives_up_at_the_first_failure() {
            Interceptor impatient = (function, ports, simulation) -> ports.withNotifier(new Told(
                    ports,
                    outcome -> outcome instanceof Notifier.Outcome.Failed(String why)
                            ? new Notifier.Outcome.Gone(why)
                            : outcome));
            isFound(impatient, "its notification is given up after 1 tries");
        }

        @Test
        void that_never_tries_again() {
            isFound(
                    Mistakes.store("sweeper", store -> new PassingStore(store) {
                        @Override
                        public Optional<Dispatch> dispatch(String runId, String dispatchId) {
                            return store.dispatch(runId, dispatchId)
                                    .map(read -> read.closed() ? Mistakes.withNotification(read, null) : read);
                        }
                    }),
                    "its notification is due and was not tried");
        }

        @Test
        void that_tells_other_counts() {
            isFound(
                    writes((before, next) -> closes(before, next) ? Mistakes.withoutFinishedCounts(next) : next),
                    "it was closed with");
        }

        @Test
        void that_leaves_the_notification_owed_while_a_redrive_has_it_open() {
            Interceptor keeps = Mistakes.store("runs", store -> new PassingStore(store) {
                @Override
                public boolean replace(Dispatch next) {
                    Dispatch before =
                            store.dispatch(next.runId(), next.dispatchId()).orElseThrow();
                    return store.replace(
                            before.closed() && !next.closed()
                                    ? Mistakes.withNotification(
                                            next, before.schedule().notification())
                                    : next);
                }
            });
            isFound(keeps, "it owes a notification while it is open");
        }

        /** Answers otherwise than its target. */
        private record Told(Ports ports, UnaryOperator<Notifier.Outcome> wrong) implements Notifier {
            @Override
            public @Nullable String refusal(NotifyTarget target) {
                return ports.notifier().refusal(target);
            }

            @Override
            public Outcome send(NotifyTarget target, Notice notice) {
                return wrong.apply(ports.notifier().send(target, notice));
            }
        }
    }
}
