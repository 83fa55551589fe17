package dev.stepstile.step;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Every event in every situation, stated by hand; a situation or an event that is not stated fails. */
class StateTableTest {
    /** By part: the row's name, then a cell for each of the part's events. {@code **X**}: a record in state X is written. */
    private static final List<String> STATED = List.of(
            // claim beside others | claim alone | discard
            """
            QUEUED                               | **RUNNING**, attempt +1 | **RUNNING**, attempt +1 | **DEAD**
            QUEUED, validity over                | **DEAD**                | **DEAD**                | **DEAD**
            QUEUED, deadline reached | **FAILED** | **FAILED** | **DEAD**
            QUEUED, `notBefore` ahead | not due | not due | **DEAD**
            RUNNING                              | held                    | held                    | held
            RUNNING, cancel asked                | held                    | held                    | held
            RUNNING, last attempt                | held                    | held                    | held
            RUNNING, overdue                  | held | held | held
            RUNNING, overdue, cancel asked    | held | held | held
            RUNNING, overdue, last attempt    | held | held | held
            RUNNING, deadline reached | held | held | held
            RUNNING, deadline reached, cancel asked | held | held | held
            RUNNING, deadline before a retry | held | held | held
            RUNNING, `retry.on` has others | held | held | held
            RUNNING, `retry.never` has it | held | held | held
            RUNNING, `retry.never` has it, cancel asked | held | held | held
            RETRYING, not due                    | not due                 | not due                 | **DEAD**
            RETRYING, due                        | **RUNNING**, attempt +1 | **RUNNING**, attempt +1 | **DEAD**
            RETRYING, due, lost a worker         | wait to be alone        | **RUNNING**, attempt +1 | **DEAD**
            RETRYING, deadline reached | **FAILED** | **FAILED** | **DEAD**
            SUCCEEDED                            | finished                | finished                | finished
            FAILED                               | finished                | finished                | finished
            FAILED, deadline reached | finished | finished | finished
            DEAD, not dead-lettered              | finished                | finished                | finished
            DEAD, dead-lettered                  | finished                | finished                | finished
            CANCELLED                            | finished                | finished                | finished
            CANCELLED, `notBefore` ahead | finished | finished | finished
            RUNNING, overdue, of another dispatch | attached            | attached                | attached
            RETRYING, due, of another dispatch   | attached                | attached                | attached
            SUCCEEDED, of another dispatch       | finished                | finished                | finished
            """,
            // succeed | fail, retryable | fail, passing | fail, terminal | fail, unrecoverable | release
            """
            QUEUED                               | –             | –             | –             | –             | – | –
            QUEUED, validity over                | –             | –             | –             | –             | – | –
            QUEUED, deadline reached | – | – | – | – | – | –
            QUEUED, `notBefore` ahead | – | – | – | – | – | –
            RUNNING                              | **SUCCEEDED** | **RETRYING**  | **RETRYING**  | **FAILED**    | **DEAD** | **RETRYING**, not counted
            RUNNING, cancel asked                | **SUCCEEDED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED**
            RUNNING, last attempt                | **SUCCEEDED** | **DEAD**      | **DEAD**      | **FAILED**    | **DEAD** | **RETRYING**, not counted
            RUNNING, overdue                  | **SUCCEEDED** | **RETRYING**  | **RETRYING**  | **FAILED**    | **DEAD** | **RETRYING**, not counted
            RUNNING, overdue, cancel asked    | **SUCCEEDED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED**
            RUNNING, overdue, last attempt    | **SUCCEEDED** | **DEAD**      | **DEAD**      | **FAILED**    | **DEAD** | **RETRYING**, not counted
            RUNNING, deadline reached | **SUCCEEDED** | **FAILED** | **FAILED** | **FAILED** | **DEAD** | **FAILED**
            RUNNING, deadline reached, cancel asked | **SUCCEEDED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED**
            RUNNING, deadline before a retry | **SUCCEEDED** | **FAILED** | **FAILED** | **FAILED** | **DEAD** | **RETRYING**, not counted
            RUNNING, `retry.on` has others | **SUCCEEDED** | **FAILED** | **RETRYING** | **FAILED** | **DEAD** | **RETRYING**, not counted
            RUNNING, `retry.never` has it | **SUCCEEDED** | **FAILED** | **FAILED** | **FAILED** | **DEAD** | **FAILED**
            RUNNING, `retry.never` has it, cancel asked | **SUCCEEDED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED** | **CANCELLED**
            RETRYING, not due                    | stale         | stale         | stale         | stale         | stale | stale
            RETRYING, due                        | stale         | stale         | stale         | stale         | stale | stale
            RETRYING, due, lost a worker         | stale         | stale         | stale         | stale         | stale | stale
            RETRYING, deadline reached | stale | stale | stale | stale | stale | stale
            SUCCEEDED                            | stale         | stale         | stale         | stale         | stale | stale
            FAILED                               | stale         | stale         | stale         | stale         | stale | stale
            FAILED, deadline reached | stale | stale | stale | stale | stale | stale
            DEAD, not dead-lettered              | stale         | stale         | stale         | stale         | stale | stale
            DEAD, dead-lettered                  | stale         | stale         | stale         | stale         | stale | stale
            CANCELLED                            | stale         | stale         | stale         | stale         | stale | stale
            CANCELLED, `notBefore` ahead | stale | stale | stale | stale | stale | stale
            RUNNING, overdue, of another dispatch | **SUCCEEDED** | **RETRYING** | **RETRYING** | **FAILED** | **DEAD** | **RETRYING**, not counted
            RETRYING, due, of another dispatch   | stale         | stale         | stale         | stale         | stale | stale
            SUCCEEDED, of another dispatch       | stale         | stale         | stale         | stale         | stale | stale
            """,
            // succeed, fail, release: each of an older attempt, then of another owner
            """
            QUEUED                               | –     | –     | –     | – | – | –
            QUEUED, validity over                | –     | –     | –     | – | – | –
            QUEUED, deadline reached | – | – | – | – | – | –
            QUEUED, `notBefore` ahead | – | – | – | – | – | –
            RUNNING                              | stale | stale | stale | stale | stale | stale
            RUNNING, cancel asked                | stale | stale | stale | stale | stale | stale
            RUNNING, last attempt                | stale | stale | stale | stale | stale | stale
            RUNNING, overdue                  | stale | stale | stale | stale | stale | stale
            RUNNING, overdue, cancel asked    | stale | stale | stale | stale | stale | stale
            RUNNING, overdue, last attempt    | stale | stale | stale | stale | stale | stale
            RUNNING, deadline reached | stale | stale | stale | stale | stale | stale
            RUNNING, deadline reached, cancel asked | stale | stale | stale | stale | stale | stale
            RUNNING, deadline before a retry | stale | stale | stale | stale | stale | stale
            RUNNING, `retry.on` has others | stale | stale | stale | stale | stale | stale
            RUNNING, `retry.never` has it | stale | stale | stale | stale | stale | stale
            RUNNING, `retry.never` has it, cancel asked | stale | stale | stale | stale | stale | stale
            RETRYING, not due                    | stale | stale | stale | stale | stale | stale
            RETRYING, due                        | stale | stale | stale | stale | stale | stale
            RETRYING, due, lost a worker         | stale | stale | stale | stale | stale | stale
            RETRYING, deadline reached | stale | stale | stale | stale | stale | stale
            SUCCEEDED                            | stale | stale | stale | stale | stale | stale
            FAILED                               | stale | stale | stale | stale | stale | stale
            FAILED, deadline reached | stale | stale | stale | stale | stale | stale
            DEAD, not dead-lettered              | stale | stale | stale | stale | stale | stale
            DEAD, dead-lettered                  | stale | stale | stale | stale | stale | stale
            CANCELLED                            | stale | stale | stale | stale | stale | stale
            CANCELLED, `notBefore` ahead | stale | stale | stale | stale | stale | stale
            RUNNING, overdue, of another dispatch | stale | stale | stale | stale | stale | stale
            RETRYING, due, of another dispatch   | stale | stale | stale | stale | stale | stale
            SUCCEEDED, of another dispatch       | stale | stale | stale | stale | stale | stale
            """,
            // worker lost | (older attempt) | another worker | expire | reach the deadline | cancel | answered |
            // redrive |
            // by its dead letter | by an older dead letter |
            // dead-lettered | dead-lettered (older attempt)
            """
            QUEUED                               | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            QUEUED, validity over                | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            QUEUED, deadline reached | – | – | – | – | **FAILED** | **CANCELLED** | – | – | – | – | – | –
            QUEUED, `notBefore` ahead | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            RUNNING                              | **RETRYING** | – | – | – | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, cancel asked                | **CANCELLED** | – | – | – | held | **RUNNING** | – | – | – | – | – | –
            RUNNING, last attempt                | **DEAD** | – | – | – | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, overdue                  | **RETRYING** | – | – | **RETRYING** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, overdue, cancel asked    | **CANCELLED** | – | – | **CANCELLED** | held | **RUNNING** | – | – | – | – | – | –
            RUNNING, overdue, last attempt    | **DEAD** | – | – | **DEAD** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, deadline reached | **FAILED** | – | – | **FAILED** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, deadline reached, cancel asked | **CANCELLED** | – | – | **CANCELLED** | held | **RUNNING** | – | – | – | – | – | –
            RUNNING, deadline before a retry | **RETRYING** | – | – | **RETRYING** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, `retry.on` has others | **RETRYING** | – | – | **RETRYING** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, `retry.never` has it | **FAILED** | – | – | **FAILED** | held | **RUNNING**, asked to stop | – | – | – | – | – | –
            RUNNING, `retry.never` has it, cancel asked | **CANCELLED** | – | – | **CANCELLED** | held | **RUNNING** | – | – | – | – | – | –
            RETRYING, not due                    | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            RETRYING, due                        | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            RETRYING, due, lost a worker         | – | – | – | – | – | **CANCELLED** | – | – | – | – | – | –
            RETRYING, deadline reached | – | – | – | – | **FAILED** | **CANCELLED** | – | – | – | – | – | –
            SUCCEEDED                            | – | – | – | – | finished | – | – | finished | – | – | – | –
            FAILED                               | – | – | – | – | finished | – | – | **RETRYING**, fresh budget | – | – | – | –
            FAILED, deadline reached | – | – | – | – | finished | – | – | **RETRYING**, fresh budget, other settings | – | – | – | –
            DEAD, not dead-lettered | – | – | – | – | finished | – | – | **RETRYING**, fresh budget | **RETRYING**, fresh budget | – | **DEAD**, dead-lettered | –
            DEAD, dead-lettered     | – | – | – | – | finished | – | – | **RETRYING**, fresh budget | **RETRYING**, fresh budget | – | – | –
            CANCELLED                            | – | – | – | – | finished | – | – | **RETRYING**, fresh budget | – | – | – | –
            CANCELLED, `notBefore` ahead | – | – | – | – | finished | – | – | **RETRYING**, fresh budget, not due | – | – | – | –
            RUNNING, overdue, of another dispatch | **RETRYING** | – | – | **RETRYING** | attached | **RUNNING**, asked to stop | – | – | – | – | – | –
            RETRYING, due, of another dispatch   | – | – | – | – | attached | **CANCELLED** | – | – | – | – | – | –
            SUCCEEDED, of another dispatch       | – | – | – | – | finished | – | – | finished | – | – | – | –
            """,
            // redrive with overrides
            """
            QUEUED                               | –
            QUEUED, validity over                | –
            QUEUED, deadline reached | –
            QUEUED, `notBefore` ahead | –
            RUNNING                              | –
            RUNNING, cancel asked                | –
            RUNNING, last attempt                | –
            RUNNING, overdue                  | –
            RUNNING, overdue, cancel asked    | –
            RUNNING, overdue, last attempt    | –
            RUNNING, deadline reached | –
            RUNNING, deadline reached, cancel asked | –
            RUNNING, deadline before a retry | –
            RUNNING, `retry.on` has others | –
            RUNNING, `retry.never` has it | –
            RUNNING, `retry.never` has it, cancel asked | –
            RETRYING, not due                    | –
            RETRYING, due                        | –
            RETRYING, due, lost a worker         | –
            RETRYING, deadline reached | –
            SUCCEEDED                            | finished
            FAILED                               | **RETRYING**, fresh budget, other settings
            FAILED, deadline reached | **RETRYING**, fresh budget, other settings
            DEAD, not dead-lettered              | **RETRYING**, fresh budget, other settings
            DEAD, dead-lettered                  | **RETRYING**, fresh budget, other settings
            CANCELLED                            | **RETRYING**, fresh budget, other settings
            CANCELLED, `notBefore` ahead | **RETRYING**, fresh budget, not due, other settings
            RUNNING, overdue, of another dispatch | –
            RETRYING, due, of another dispatch   | –
            SUCCEEDED, of another dispatch       | finished
            """,
            // cancel the step
            """
            QUEUED | **CANCELLED**
            QUEUED, validity over | **CANCELLED**
            QUEUED, deadline reached | **CANCELLED**
            QUEUED, `notBefore` ahead | **CANCELLED**
            RUNNING | **RUNNING**, asked to stop
            RUNNING, cancel asked | –
            RUNNING, last attempt | **RUNNING**, asked to stop
            RUNNING, overdue | **RUNNING**, asked to stop
            RUNNING, overdue, cancel asked | –
            RUNNING, overdue, last attempt | **RUNNING**, asked to stop
            RUNNING, deadline reached | **RUNNING**, asked to stop
            RUNNING, deadline reached, cancel asked | –
            RUNNING, deadline before a retry | **RUNNING**, asked to stop
            RUNNING, `retry.on` has others | **RUNNING**, asked to stop
            RUNNING, `retry.never` has it | **RUNNING**, asked to stop
            RUNNING, `retry.never` has it, cancel asked | –
            RETRYING, not due | **CANCELLED**
            RETRYING, due | **CANCELLED**
            RETRYING, due, lost a worker | **CANCELLED**
            RETRYING, deadline reached | **CANCELLED**
            SUCCEEDED | –
            FAILED | –
            FAILED, deadline reached | –
            DEAD, not dead-lettered | –
            DEAD, dead-lettered | –
            CANCELLED | –
            CANCELLED, `notBefore` ahead | –
            RUNNING, overdue, of another dispatch | **RUNNING**, asked to stop
            RETRYING, due, of another dispatch | **CANCELLED**
            SUCCEEDED, of another dispatch | –
            """);

    private static final Path DOCUMENT = Path.of("../../docs/state-table.md");

    @Test
    void states_what_each_event_does_in_each_situation() {
        List<StateTable.Part> parts = StateTable.parts();
        assertThat(STATED).hasSameSizeAs(parts);
        for (int i = 0; i < parts.size(); i++) {
            assertThat(computed(parts.get(i))).as(parts.get(i).title()).isEqualTo(stated(STATED.get(i)));
        }
    }

    @Test
    void has_a_row_for_every_state_and_a_column_for_every_event() {
        Set<String> states = new TreeSet<>();
        for (StateTable.Situation situation : StateTable.situations()) {
            StepRecord record = situation.record();
            states.add(record == null ? "none" : record.state().getClass().getSimpleName());
        }
        Set<String> expectedStates = leaves(StepState.class);
        expectedStates.add("none");
        assertThat(states).isEqualTo(expectedStates);

        Set<String> events = new TreeSet<>();
        Set<StepEvent.FailureKind> failureKinds = new TreeSet<>();
        for (StateTable.Part part : StateTable.parts()) {
            for (StateTable.Happening happening : part.happenings()) {
                StepEvent event =
                        happening.event().apply(StateTable.situations().getFirst());
                events.add(event.getClass().getSimpleName());
                if (event instanceof StepEvent.Fail fail) {
                    failureKinds.add(fail.failureKind());
                }
            }
        }
        assertThat(events).isEqualTo(leaves(StepEvent.class));
        assertThat(failureKinds).containsExactlyInAnyOrder(StepEvent.FailureKind.values());
    }

    @Test
    void has_every_transition_in_it() {
        Set<String> met = new TreeSet<>();
        eachCell((situation, happening) ->
                met.add(StateTable.transition(situation, happening).getClass().getSimpleName()));
        assertThat(met).isEqualTo(leaves(Transition.class));
    }

    @Test
    void never_moves_the_fence_back_nor_changes_what_was_pinned_nor_touches_a_success() {
        eachCell((situation, happening) -> {
            if (StateTable.transition(situation, happening)
                    instanceof Transition.Write(StepRecord next, Precondition expect)) {
                StepRecord found = situation.record();
                boolean claim = happening.event().apply(situation) instanceof StepEvent.Claim
                        && next.state() instanceof StepState.Running;
                String cell = situation.name() + " x " + happening.name();
                if (found == null) {
                    assertThat(expect).as(cell).isEqualTo(new Precondition.Absent());
                    assertThat(next.settings())
                            .as(cell)
                            .isEqualTo(situation.spec().settings());
                    assertThat(next.attempt()).as(cell).isBetween(0, 1);
                    return;
                }
                assertThat(found.state()).as(cell).isNotInstanceOf(StepState.Succeeded.class);
                assertThat(next.attempt() - found.attempt()).as(cell).isEqualTo(claim ? 1 : 0);
                assertThat(next.owner().equals(found.owner())).as(cell).isEqualTo(!claim);
                assertThat(next.settings())
                        .as(cell)
                        .isEqualTo(
                                happening.event().apply(situation) instanceof StepEvent.Redrive redrive
                                        ? redrive.overrides().on(found.settings(), Steps.NOW)
                                        : found.settings());
                assertThat(next.createdAt()).as(cell).isEqualTo(found.createdAt());
                assertThat(next.cancelSeq()).as(cell).isGreaterThanOrEqualTo(found.cancelSeq());
                assertThat(next.history().size())
                        .as(cell)
                        .isGreaterThanOrEqualTo(found.history().size());
            }
        });
    }

    /** Design, rule 2: an owner is fenced; whoever takes a step away must have seen its newest state. */
    @Test
    void writes_as_an_owner_by_the_fence_and_as_anyone_else_by_all_that_was_read() {
        eachCell((situation, happening) -> {
            StepRecord found = situation.record();
            if (found != null
                    && StateTable.transition(situation, happening)
                            instanceof Transition.Write(StepRecord _, Precondition expect)) {
                boolean owner = switch (happening.event().apply(situation)) {
                    case StepEvent.Succeed _, StepEvent.Fail _, StepEvent.Release _ -> true;
                    case StepEvent.Claim _,
                            StepEvent.WorkerLost _,
                            StepEvent.Expire _,
                            StepEvent.ReachDeadline _,
                            StepEvent.Cancel _,
                            StepEvent.CancelStep _,
                            StepEvent.Redrive _ -> false;
                    case StepEvent.DeadLettered _, StepEvent.Discard _ -> false;
                };
                assertThat(expect)
                        .as(situation.name() + " x " + happening.name())
                        .isEqualTo(owner ? Precondition.fence(found) : Precondition.asRead(found));
            }
        });
        StepState.Running running = new StepState.Running(Steps.NOW, false);
        assertThat(Precondition.asRead(Steps.record(running)))
                .isEqualTo(new Precondition.AsRead(
                        new Precondition.Fence(2, Steps.OWNER, StepState.Name.RUNNING, 0, false), Steps.NOW));
        assertThat(Precondition.fence(Steps.record(running)))
                .isEqualTo(new Precondition.Fence(2, Steps.OWNER, StepState.Name.RUNNING, 0, false));
    }

    @Test
    void is_what_the_documentation_shows() throws IOException {
        String generated = document();
        if (Boolean.getBoolean("stepstile.write-docs")) {
            Files.writeString(DOCUMENT, generated);
        }
        assertThat(Files.readString(DOCUMENT))
                .as("docs/state-table.md; write it anew by: mvn test -pl shared/engine -am "
                        + "-Dtest=StateTableTest -Dsurefire.failIfNoSpecifiedTests=false "
                        + "-Dstepstile.write-docs=true")
                .isEqualTo(generated);
    }

    private static String document() {
        StringBuilder text = new StringBuilder("""
                # What every event does in every state

                Written by `StateTableTest` from `StepLife`, and compared with it by the same test.

                A cell in bold is the state of the record that is written; the other cells write nothing:
                *held* (another attempt owns the step), *not due*, *wait to be alone* (the step lost a worker before, and
                nothing else may run beside it), *attached* (the dispatch that claimed the step first drives it),
                *finished*, *stale* (the attempt lost the step; its event is ignored), – (nothing to do).
                *Not counted*: the fence stays, and the start of the budget moves forward by one.
                The step is at attempt 2 of 3, or at 3 in rows marked "last attempt". An attempt is "overdue" once the
                deadline of its invocation and the clocks' margin have passed. QUEUED has no record. A DEAD step is put
                into the dead-letter queue and then
                marked *dead-lettered*.
                """);
        for (StateTable.Part part : StateTable.parts()) {
            text.append("\n## ").append(part.title()).append("\n\n").append(StateTable.markdown(part));
        }
        return text.toString();
    }

    private static Map<String, List<String>> computed(StateTable.Part part) {
        Map<String, List<String>> rows = new LinkedHashMap<>();
        for (StateTable.Situation situation : StateTable.situations()) {
            rows.put(
                    situation.name(),
                    part.happenings().stream()
                            .map(happening -> StateTable.cell(situation, happening))
                            .toList());
        }
        return rows;
    }

    private static Map<String, List<String>> stated(String table) {
        Map<String, List<String>> rows = new LinkedHashMap<>();
        for (String line : table.strip().split("\n", -1)) {
            List<String> cells = new ArrayList<>();
            for (String cell : line.split("\\|", -1)) {
                cells.add(cell.strip());
            }
            rows.put(cells.removeFirst(), cells);
        }
        return rows;
    }

    private interface Cell {
        void visit(StateTable.Situation situation, StateTable.Happening happening);
    }

    private static void eachCell(Cell cell) {
        for (StateTable.Part part : StateTable.parts()) {
            for (StateTable.Happening happening : part.happenings()) {
                StateTable.situations().forEach(situation -> cell.visit(situation, happening));
            }
        }
    }

    private static Set<String> leaves(Class<?> sealed) {
        Set<String> names = new TreeSet<>();
        for (Class<?> permitted : sealed.getPermittedSubclasses()) {
            if (permitted.isSealed()) {
                names.addAll(leaves(permitted));
            } else {
                names.add(permitted.getSimpleName());
            }
        }
        return names;
    }
}
