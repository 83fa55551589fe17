package dev.stepstile.usecases;

import static org.assertj.core.api.Assertions.assertThat;

import dev.stepstile.api.StepResult;
import dev.stepstile.api.TerminalFailure;
import dev.stepstile.step.DispatchId;
import dev.stepstile.step.Shards;
import dev.stepstile.step.Span;
import dev.stepstile.step.StepError;
import dev.stepstile.step.StepId;
import dev.stepstile.step.StepOverrides;
import dev.stepstile.step.StepState;
import dev.stepstile.step.TraceContext;
import dev.stepstile.step.TraceParent;
import dev.stepstile.usecase.Dispatcher;
import dev.stepstile.usecase.Redriver;
import dev.stepstile.usecase.Traces;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which spans are told, by whom. */
class TracesTest {
    private static final TraceParent CALLER =
            new TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", 1);
    private static final TraceParent DISPATCH = CALLER.ofDispatch(new DispatchId("r1", "d1"));

    @TempDir
    Path folder;

    private Stack stack;
    private final List<Span> told = new ArrayList<>();
    private final List<Span> sent = new ArrayList<>();
    private final Traces traces = new Traces() {
        @Override
        public boolean exported() {
            return true;
        }

        @Override
        public void tell(Span span) {
            told.add(span);
        }

        @Override
        public void flush() {
            sent.addAll(told);
            told.clear();
        }
    };

    @BeforeEach
    void open() {
        stack = new Stack(folder);
    }

    @AfterEach
    void close() {
        stack.close();
    }

    private void dispatch(@Nullable TraceParent caller, String... keys) throws InterruptedException {
        List<Dispatcher.NewStep> steps = new ArrayList<>();
        for (String key : keys) {
            steps.add(Stack.step(key));
        }
        Dispatcher.Request request =
                new Dispatcher.Request("r1", "d1", null, steps, new TreeMap<>(), new TreeMap<>(Map.of("team", "data")));
        stack.telling(traces)
                .dispatcher(Shards.DEFAULT)
                .dispatch(request, caller == null ? null : new TraceContext(caller, null));
    }

    private static TraceParent attempt(String key, int attempt) {
        return CALLER.ofAttempt(new StepId("r1", key), attempt);
    }

    @Test
    void a_dispatch_hangs_under_its_caller_and_an_attempt_under_its_dispatch() throws InterruptedException {
        dispatch(CALLER, "a", "b");
        assertThat(sent).singleElement().satisfies(span -> {
            assertThat(span.context()).isEqualTo(DISPATCH);
            assertThat(span.parentId()).isEqualTo(CALLER.spanId());
            assertThat(span.content())
                    .isEqualTo(new Span.Sent(new DispatchId("r1", "d1"), 2, new TreeMap<>(Map.of("team", "data"))));
        });
        sent.clear();
        List<String> seen = new ArrayList<>();
        stack.work.on("a", (input, context) -> {
            seen.add(context.traceparent().orElse("none"));
            return StepResult.none();
        });
        stack.work.on("b", (input, context) -> {
            throw new IllegalStateException("again");
        });
        stack.executeTelling(traces, stack.receive(10));
        assertThat(seen).containsExactly(attempt("a", 1).text());
        assertThat(sent)
                .allSatisfy(span -> assertThat(span.parentId()).isEqualTo(DISPATCH.spanId()))
                .extracting(Span::context)
                .containsExactlyInAnyOrder(attempt("a", 1), attempt("b", 1));
        assertThat(sent)
                .extracting(span -> ((Span.Processed) span.content()).error())
                .containsExactlyInAnyOrder(null, StepError.Kind.HANDLER_FAILED);
        assertThat(sent)
                .extracting(span -> ((Span.Processed) span.content()).tags())
                .containsOnly(new TreeMap<>(Map.of("team", "data")));
    }

    @Test
    void a_record_has_the_tags_of_its_spans_and_no_message_of_the_step_repeats_them() throws InterruptedException {
        dispatch(CALLER, "a");
        stack.work.on("a", (input, context) -> {
            throw new TerminalFailure("no");
        });
        stack.executeTelling(traces, stack.receive(10));
        assertThat(stack.record("a").settings().origin().spanTags()).isEqualTo(Map.of("team", "data"));
        stack.telling(traces)
                .redriver()
                .redrive(
                        stack.ports.store().run("r1").orElseThrow(),
                        new Redriver.Request(StepState.REDRIVABLE, Set.of("a"), StepOverrides.NONE, null, null),
                        Stack.START.plusSeconds(60));
        assertThat(stack.receive(10))
                .singleElement()
                .satisfies(message -> assertThat(message.body())
                        .contains("\"tags\":{\"team\":\"data\"}")
                        .doesNotContain("spanTags"));
    }

    @Test
    void a_repeated_call_in_another_trace_tells_no_span_there() throws InterruptedException {
        dispatch(CALLER, "a");
        dispatch(new TraceParent("1".repeat(32), "2".repeat(16), 1), "a");
        dispatch(null, "a");
        assertThat(sent)
                .singleElement()
                .satisfies(span -> assertThat(span.context()).isEqualTo(DISPATCH));
    }

    @Test
    void a_dispatch_without_a_trace_begins_one_that_no_other_of_its_name_has() throws InterruptedException {
        dispatch(null, "a");
        Span root = sent.getFirst();
        assertThat(root.parentId()).isNull();
        assertThat(root.context().spanId()).isEqualTo(DISPATCH.spanId());
        assertThat(root.context())
                .isNotEqualTo(TraceParent.rootOf(new DispatchId("r1", "d1"), Stack.START.plusMillis(1)));
        sent.clear();
        stack.executeTelling(traces, stack.receive(10));
        assertThat(sent).singleElement().satisfies(span -> {
            assertThat(span.context().traceId()).isEqualTo(root.context().traceId());
            assertThat(span.parentId()).isEqualTo(root.context().spanId());
        });
    }

    @Test
    void a_trace_that_is_not_sampled_is_not_told() throws InterruptedException {
        dispatch(new TraceParent(CALLER.traceId(), CALLER.spanId(), 0), "a");
        stack.executeTelling(traces, stack.receive(10));
        assertThat(sent).isEmpty();
        assertThat(stack.record("a").settings().origin().spanTags()).isEmpty();
    }

    /** Its worker died after it had recorded the end, and before it sent the span. */
    @Test
    void an_end_that_a_lost_worker_recorded_is_told_by_who_recovers_it() throws InterruptedException {
        dispatch(CALLER, "a");
        sent.clear();
        stack.faults.crashAfter("store.write", 1);
        stack.executeTelling(traces, stack.receive(10));
        assertThat(stack.faults.crashed()).isTrue();
        stack.faults.restart();
        told.clear();
        sent.clear();
        stack.expireLease();
        stack.telling(traces).sweep().sweep(stack.time.instant().plusSeconds(50));
        assertThat(sent).extracting(Span::context).contains(attempt("a", 1));
        assertThat(stack.workers()).isEmpty();
    }

    @Test
    void an_attempt_whose_worker_was_lost_is_told_by_who_ended_it() throws InterruptedException {
        dispatch(CALLER, "a");
        sent.clear();
        stack.faults.crashAfter("store.write", 0);
        stack.executeTelling(traces, stack.receive(10));
        stack.faults.restart();
        told.clear();
        sent.clear();
        stack.expireLease();
        stack.telling(traces).sweep().sweep(stack.time.instant().plusSeconds(50));
        assertThat(sent)
                .isNotEmpty()
                .allSatisfy(span -> assertThat(span.context()).isEqualTo(attempt("a", 1)))
                .extracting(span -> ((Span.Processed) span.content()).error())
                .containsOnly(StepError.Kind.WORKER_LOST);
    }
}
