package dev.stepstile.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.port.Ports;
import dev.stepstile.port.StepQueue;
import dev.stepstile.port.StepQueue.Outgoing;
import dev.stepstile.port.StepStore;
import dev.stepstile.simulation.faults.FaultProfile;
import dev.stepstile.simulation.ports.SimulatedTraces;
import dev.stepstile.simulation.system.Cluster;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Precondition;
import dev.stepstile.step.Sha256;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepRecord;
import dev.stepstile.step.StepSettings;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceContext;
import dev.stepstile.step.TraceParent;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Traces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Each attempt has one span, in the trace of its dispatch and under its span: with duplicates, crashes, lost answers,
 * cancels and redrives, whoever ended it.
 */
class TracedTest {
    private static final int STEPS = 1_000;

    /** Steps that succeed, fail and succeed, die, or first kill their worker; in dispatches that overlap. */
    private static final Scenario LOAD = s -> {
        for (int n = 0; n < 10; n++) {
            s.dispatch(Duration.ofSeconds(40L * n), request(n));
        }
        s.cancel(Duration.ofMinutes(5), Scenario.RUN);
        for (int at : new int[] {200, 450, 700, 1_500}) {
            s.redrive(Duration.ofSeconds(at), Scenario.RUN, StepState.REDRIVABLE, Set.of());
        }
        s.at(Duration.ofSeconds(250), "operator", () -> s.deadLetters().moveBack(body -> true));
    };

    private static Dispatcher.Request request(int n) {
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (int i = 0; i < STEPS / 10; i++) {
            int failures = i % 5 == 0 ? 1 : i % 17 == 0 ? 4 : 0;
            steps.add(tagged(Scenario.step("s" + (n * STEPS / 10 + i), 2, i % 9 == 0 ? 30_000 : 100, failures), n));
        }
        steps.add(tagged(Scenario.step("shared", 3, 2_000, 1), n)); // by each dispatch: the first claim wins
        return new Dispatcher.Request(
                Scenario.RUN, "d" + n, null, steps, new TreeMap<>(), new TreeMap<>(Map.of("team", "data")));
    }

    private static Dispatcher.NewStep tagged(Dispatcher.NewStep step, int n) {
        return new Dispatcher.NewStep(
                step.key(),
                step.handler(),
                step.input(),
                step.retry(),
                step.timeout(),
                new TreeMap<>(Map.of("of", step.key() + " of d" + n)));
    }

    private static final SimulationConfig ROUGH = SimulationConfig.of(1)
            .with(Cluster.ROUGH.withWorkers(16))
            .with(FaultProfile.parse("crash=0.004,fail=0.005,lost=0.005,duplicate=0.01,pause=0.001,partial=0.02"));

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
    void is_each_attempt_in_its_one_trace_under_its_one_parent(long seed) {
        Collector collector = played(new Collector(), ROUGH.withSeed(seed));
        assertThat(collector.wrong()).isEmpty();
        System.out.println(collector.attempts() + " attempts, " + collector.received + " spans received");
        assertThat(collector.attempts()).isGreaterThan(STEPS);
        assertThat(collector.received).as("some are told again").isGreaterThan(collector.attempts());
    }

    private static Collector played(Collector collector, SimulationConfig config) {
        Played played = Played.of(LOAD, config.with(collector));
        assertThat(played.outcome().violations()).isEmpty();
        return collector;
    }

    /** Each is found. */
    @Nested
    class A_mistake {
        private void isFound(Collector mistake, String finding) {
            List<String> found = new ArrayList<>();
            for (long seed = 1; seed <= 5 && found.isEmpty(); seed++) {
                Played.of(LOAD, ROUGH.withSeed(seed).with(mistake));
                found.addAll(mistake.wrong());
            }
            assertThat(found).anySatisfy(text -> assertThat(text).contains(finding));
        }

        @Test
        void that_sends_a_message_again_without_its_trace() {
            isFound(
                    new Collector() {
                        @Override
                        public Ports in(String function, Ports ports, Simulation simulation) {
                            Ports seen = super.in(function, ports, simulation);
                            return function.equals("sweeper") ? seen.withQueue(forgetful(seen.queue())) : seen;
                        }
                    },
                    "no span");
        }

        private static StepQueue forgetful(StepQueue queue) {
            return new PassingQueue(queue) {
                @Override
                public List<Outgoing> send(List<Outgoing> messages) {
                    return queue.send(messages.stream()
                            .map(message -> new Outgoing(
                                    message.group(),
                                    message.body().replaceAll(",\"traceparent\":\"[^\"]*\"", ""),
                                    message.delay()))
                            .toList());
                }
            };
        }

        @Test
        void that_takes_the_trace_of_whoever_writes_last() {
            isFound(
                    new Collector() {
                        @Override
                        StepRecord written(StepRecord next) {
                            TraceParent other = TraceParent.rootOf(
                                    new DispatchId("redrive", "r"), simulation().now());
                            return next.state() instanceof StepState.Retrying
                                            && next.answered().cancelSeq() > 0
                                    ? changed(next, next.settings().in(other))
                                    : next;
                        }
                    },
                    "is in another trace");
        }

        private static StepRecord changed(StepRecord record, StepSettings settings) {
            return new StepRecord(
                    record.id(),
                    record.shard(),
                    settings,
                    record.createdAt(),
                    record.attempts(),
                    record.answered(),
                    record.state());
        }

        @Test
        void that_forgets_tags_where_it_rewrites_a_record() {
            isFound(
                    new Collector() {
                        @Override
                        StepRecord written(StepRecord next) {
                            return next.answered().cancelSeq() > 0
                                    ? changed(next, next.settings().withSpanTags(new TreeMap<>()))
                                    : next;
                        }
                    },
                    "has other tags");
        }

        @Test
        void that_names_a_span_by_chance() {
            isFound(
                    new Collector() {
                        private int n;

                        @Override
                        Span sent(Span span) {
                            n++;
                            return new Span(
                                    span.context().withSpan("%016x".formatted(n)),
                                    span.parentId(),
                                    span.content(),
                                    span.startedAt(),
                                    span.endedAt());
                        }
                    },
                    "more than one span");
        }

        /** What is told long after it ended is told by others than whoever ended it. */
        @Test
        void that_does_not_tell_again_what_a_lost_worker_may_not_have_told() {
            isFound(
                    new Collector() {
                        @Override
                        boolean tells(Span span) {
                            return span.endedAt().isAfter(simulation().now().minus(Duration.ofSeconds(10)));
                        }
                    },
                    "no span");
        }

        /** A flush that does not wait: what it was to send is sent by the next one. */
        @Test
        void that_forgets_a_worker_before_its_spans_are_sent() {
            isFound(
                    new Collector() {
                        @Override
                        boolean waits() {
                            return false;
                        }
                    },
                    "no span");
        }
    }

    /** Knows each attempt that a record has shown, and receives the spans. */
    private static class Collector implements Interceptor {
        private final Map<StepId, StepRecord> newest = new HashMap<>();
        private final Map<StepId, String> drivenBy = new HashMap<>();
        private final Map<String, List<Span>> spans = new HashMap<>();
        private @Nullable Simulation running;
        int received;

        Simulation simulation() {
            if (running == null) {
                throw new IllegalStateException("not begun");
            }
            return running;
        }

        StepRecord written(StepRecord next) {
            return next;
        }

        Span sent(Span span) {
            return span;
        }

        boolean tells(@SuppressWarnings("unused") Span span) { // by a mistake
            return true;
        }

        boolean waits() {
            return true;
        }

        @Override
        public Ports in(String function, Ports ports, Simulation simulation) {
            if (running != simulation) {
                running = simulation;
                newest.clear();
                drivenBy.clear();
                spans.clear();
                received = 0;
            }
            return ports.withStore(new Seen(ports.store()));
        }

        @Override
        public Traces traces(String function, Simulation simulation) {
            SimulatedTraces honest = new SimulatedTraces(simulation.calls(), this::receive);
            return new Traces() {
                private List<Span> late = new ArrayList<>();

                @Override
                public boolean exported() {
                    return true;
                }

                @Override
                public void tell(Span span) {
                    if (!tells(span)) {
                        return;
                    }
                    if (waits()) {
                        honest.tell(sent(span));
                    } else {
                        late.add(span);
                    }
                }

                @Override
                public void flush() {
                    honest.flush();
                    late.forEach(honest::tell);
                    late = new ArrayList<>();
                }
            };
        }

        /** Each try of a call is another span of its caller. */
        @Override
        public TraceContext trace(Dispatcher.Request request) {
            String span = "%016x".formatted(simulation().calls().count() + 1);
            return new TraceContext(new TraceParent(traceOf(String.valueOf(request.dispatchId())), span, 1), null);
        }

        private static String traceOf(String dispatchId) {
            return Sha256.hex(dispatchId).substring(0, 32);
        }

        private void receive(Span span) {
            received++;
            if (span.content() instanceof Span.Processed processed) {
                spans.computeIfAbsent(processed.step() + "#" + processed.attempt(), _ -> new ArrayList<>())
                        .add(span);
            }
        }

        void sees(StepRecord record) {
            StepRecord known = newest.get(record.id());
            if (known == null || known.attempt() <= record.attempt()) {
                newest.put(record.id(), record);
            }
            drivenBy.putIfAbsent(record.id(), record.settings().dispatchId());
        }

        int attempts() {
            return newest.values().stream().mapToInt(StepRecord::attempt).sum();
        }

        List<String> wrong() {
            List<String> wrong = new ArrayList<>();
            newest.forEach((id, record) -> {
                for (int attempt = 1; attempt <= record.attempt(); attempt++) {
                    String name = id + "#" + attempt;
                    List<Span> told = spans.getOrDefault(name, List.of());
                    String problem = problem(id, attempt, told);
                    if (problem != null) {
                        wrong.add(name + " " + problem);
                    }
                }
            });
            spans.forEach((name, told) -> {
                Span.Processed processed = (Span.Processed) told.getFirst().content();
                StepRecord record = newest.get(processed.step());
                if (record == null || processed.attempt() > record.attempt()) {
                    wrong.add(name + " has a span, and there was no such attempt");
                }
            });
            return wrong;
        }

        private static Map<String, String> tags(String stepKey, String dispatchId) {
            return Map.of("of", stepKey + " of " + dispatchId, "team", "data");
        }

        private @Nullable String problem(StepId id, int attempt, List<Span> told) {
            if (told.isEmpty()) {
                return "has no span";
            }
            String dispatchId = drivenBy.getOrDefault(id, "");
            TraceParent dispatch = new TraceParent(traceOf(dispatchId), "1".repeat(16), 1)
                    .ofDispatch(new DispatchId(id.runId(), dispatchId));
            for (Span span : told) {
                if (!span.context().traceId().equals(dispatch.traceId())) {
                    return "is in another trace";
                }
                if (!dispatch.spanId().equals(span.parentId())) {
                    return "has another parent";
                }
                if (!tags(id.stepKey(), dispatchId).equals(((Span.Processed) span.content()).tags())) {
                    return "has other tags: " + span;
                }
            }
            if (!told.getFirst().context().equals(dispatch.ofAttempt(id, attempt))
                    || told.stream().distinct().count() > 1) {
                return "has more than one span: " + told.stream().distinct().toList();
            }
            return null;
        }

        /** Shows the collector what the records show. */
        private final class Seen extends PassingStore {
            Seen(StepStore store) {
                super(store);
            }

            @Override
            public WriteResult write(StepRecord next, Precondition expect) {
                StepRecord changed = written(next);
                WriteResult result = super.write(changed, expect);
                switch (result) {
                    case WriteResult.Written _ -> sees(changed);
                    case WriteResult.Refused(StepRecord stored) -> {
                        if (stored != null) {
                            sees(stored);
                        }
                    }
                }
                return result;
            }

            @Override
            public Optional<StepRecord> record(StepId id, int shard) {
                Optional<StepRecord> read = super.record(id, shard);
                read.ifPresent(Collector.this::sees);
                return read;
            }

            @Override
            public List<StepRecord> records(List<StepRef> refs) {
                List<StepRecord> read = super.records(refs);
                read.forEach(Collector.this::sees);
                return read;
            }
        }
    }
}
