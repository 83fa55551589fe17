package dev.stepstile.model;

import dev.stepstile.model.Asked.Choice;
import dev.stepstile.model.Asked.Result;
import dev.stepstile.model.Script.Answer;
import dev.stepstile.simulation.SimulationConfig;
import dev.stepstile.step.Dispatch;
import dev.stepstile.step.StepState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Every order of port calls of the real use cases, breadth first: two steps, two workers, and whoever else the bounds let
 * act. An actor's state is what it was answered so far; what it asks next is found by playing it again with these answers.
 */
public final class StateExploration {
    /** Longer than a lease with its margin, than a sweep interval, and than the functions with an API's timeout live. */
    static final Duration LEAP = Duration.ofSeconds(70);

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final int NOBODY = -1;
    private static final int WORKERS = 2;
    private static final int SWEEPER = WORKERS;
    private static final int HANDER = WORKERS + 1;
    private static final int CANCELLER = WORKERS + 2;
    private static final int REDRIVER = WORKERS + 3;
    private static final int SLOTS = WORKERS + 4;

    /** Longer than a worker that redrives may keep a dispatch open, and shorter than a step is left alone by default. */
    private static final int ROUNDS = 20;

    /** What may happen beside the actors' own calls. */
    public enum Event {
        LEAP,
        CRASH,
        REDELIVERY,
        LOSS,
        FAILURE,
        CANCEL,
        REDRIVE,
        MOVE
    }

    /** How often each thing may still happen. */
    public record Bounds(Map<Event, Integer> left) {
        public static final Bounds NONE = new Bounds(Map.of());

        /** @param events once each, or once more */
        public static Bounds of(Event... events) {
            Bounds bounds = NONE;
            for (Event event : events) {
                bounds = bounds.changed(event, 1);
            }
            return bounds;
        }

        boolean allow(Event event) {
            return left.getOrDefault(event, 0) > 0;
        }

        Bounds without(Event event) {
            return changed(event, -1);
        }

        private Bounds changed(Event event, int by) {
            Map<Event, Integer> next = new EnumMap<>(Event.class);
            next.putAll(left);
            next.merge(event, by, Integer::sum);
            return new Bounds(Map.copyOf(next));
        }
    }

    /** @param slots for each actor the number of its history, or {@link #NOBODY} */
    private record State(int table, int leapt, List<Integer> slots, Bounds left) {}

    private record Origin(@Nullable State from, String by) {}

    /** An actor's history: a job and no answer, or one more answer. */
    private record History(
            Jobs.@Nullable Job job, int before, @Nullable Answer last) {}

    /** @param wrong what is wrong, with the way to it; empty if nothing was found */
    public record Found(int states, int settled, boolean complete, Optional<String> wrong) {}

    private final int steps;
    private final Supplier<SimulationConfig> config;
    private final Interned<Table> tables = new Interned<>();
    private final Interned<History> histories = new Interned<>();
    private final List<Optional<Asked>> questions = new ArrayList<>();
    private final Map<State, Origin> seen = new HashMap<>();
    private final Deque<State> todo = new ArrayDeque<>();
    private final Set<Table> settled = new HashSet<>();
    private @Nullable String wrong;

    /** @param config what is done wrong; asked anew for each actor */
    public StateExploration(int steps, Supplier<SimulationConfig> config) {
        this.steps = steps;
        this.config = config;
    }

    private static final class Interned<T> {
        private final Map<T, Integer> numbers = new HashMap<>();
        private final List<T> all = new ArrayList<>();

        int number(T thing) {
            return numbers.computeIfAbsent(thing, fresh -> {
                all.add(fresh);
                return all.size() - 1;
            });
        }
    }

    public Found explore(Bounds bounds, int mostStates) {
        List<Integer> slots = new ArrayList<>();
        for (int i = 0; i < SLOTS; i++) {
            slots.add(NOBODY);
        }
        slots.set(HANDER, started(new Jobs.Handing(START, steps)));
        reach(new State(tables.number(Table.EMPTY), 0, List.copyOf(slots), bounds), null, "start");
        while (!todo.isEmpty() && wrong == null && seen.size() < mostStates) {
            next(todo.removeFirst());
        }
        return new Found(seen.size(), settled.size(), todo.isEmpty(), Optional.ofNullable(wrong));
    }

    private void reach(State state, @Nullable State from, String by) {
        if (wrong == null && seen.putIfAbsent(state, new Origin(from, by)) == null) {
            todo.addLast(state);
        }
    }

    private void next(State state) {
        Table table = tables.all.get(state.table);
        Instant now = START.plus(LEAP.multipliedBy(state.leapt));
        for (int slot = 0; slot < SLOTS; slot++) {
            if (state.slots.get(slot) != NOBODY) {
                goOn(state, table, now, slot);
            }
        }
        begin(state, table, now);
        surroundings(state, table);
        if (state.slots.stream().allMatch(slot -> slot == NOBODY)) {
            settle(state, table, now);
        }
    }

    private void goOn(State state, Table table, Instant now, int slot) {
        int history = state.slots.get(slot);
        Asked asked = questions.get(history).orElseThrow();
        String who = name(slot) + " ";
        for (Choice choice : asked.choices()) {
            if (!choice.name().equals(Script.Handler.WORKS_ON.name())
                    || lastHeard(history).isBefore(now)) {
                Result result = choice.effect().apply(table, now);
                String by = who + asked.what() + " " + choice.name();
                answered(state, table, result, slot, history, new Answer(result.told(), now), by, state.left);
                if (asked.mayFail() && state.left.allow(Event.FAILURE)) {
                    Answer failed = new Answer(Asked.Failure.FAILED, now);
                    Bounds left = state.left.without(Event.FAILURE);
                    answered(state, table, result, slot, history, failed, by + ", response lost", left);
                    answered(state, table, new Result(table, null), slot, history, failed, by + ", failed", left);
                }
            }
        }
        if (state.left.allow(Event.CRASH)) {
            State crashed = new State(
                    state.table, state.leapt, with(state.slots, slot, NOBODY), state.left.without(Event.CRASH));
            reach(crashed, state, who + "crashes");
        }
    }

    private void answered(
            State state, Table before, Result result, int slot, int history, Answer answer, String by, Bounds left) {
        int now = remaining(remember(new History(null, history, answer)));
        State next = new State(tables.number(result.table()), state.leapt, with(state.slots, slot, now), left);
        String found = result.wrong() != null ? result.wrong() : Table.wrong(before, result.table(), answer.now());
        if (found != null && wrong == null) {
            wrong = found + way(state, by);
        }
        reach(next, state, by);
    }

    /** Who is idle begins. */
    private void begin(State state, Table table, Instant now) {
        int idle = state.slots.get(0) == NOBODY ? 0 : state.slots.get(1) == NOBODY ? 1 : NOBODY;
        if (idle != NOBODY) {
            for (Table.Message message : table.messages()) {
                if (message.visible()) {
                    Table.Message taken =
                            new Table.Message(message.id(), message.body(), message.receives() + 1, false);
                    State next = new State(
                            tables.number(table.change(message.receipt(), m -> taken)),
                            state.leapt,
                            with(state.slots, idle, started(new Jobs.Working(now, idle, taken))),
                            state.left);
                    reach(next, state, name(idle) + " receives " + taken.receipt());
                }
            }
        }
        Dispatch dispatch = table.dispatch();
        if (state.slots.get(SWEEPER) == NOBODY && dispatch != null && due(dispatch, now)) {
            starts(state, SWEEPER, new Jobs.Sweeping(now, dispatch.openBucket()), state.left);
        }
        if (state.left.allow(Event.CANCEL) && state.slots.get(CANCELLER) == NOBODY && table.run() != null) {
            starts(state, CANCELLER, new Jobs.Cancelling(now), state.left.without(Event.CANCEL));
        }
        boolean redrivable = table.records().values().stream()
                .anyMatch(record ->
                        record.state() instanceof StepState.Ended && !(record.state() instanceof StepState.Succeeded));
        if (state.left.allow(Event.REDRIVE) && state.slots.get(REDRIVER) == NOBODY && redrivable) {
            starts(state, REDRIVER, new Jobs.Redriving(now), state.left.without(Event.REDRIVE));
        }
    }

    private void starts(State state, int slot, Jobs.Job job, Bounds left) {
        State next = new State(state.table, state.leapt, with(state.slots, slot, started(job)), left);
        reach(next, state, name(slot) + " begins");
    }

    private static boolean due(Dispatch dispatch, Instant now) {
        Instant next = dispatch.schedule().nextAt();
        return next != null && !next.isAfter(now.plusSeconds(30));
    }

    /** What happens by itself. */
    private void surroundings(State state, Table table) {
        if (state.left.allow(Event.LEAP)) {
            List<Integer> alive = state.slots;
            for (int slot : List.of(HANDER, CANCELLER, REDRIVER)) {
                alive = with(alive, slot, NOBODY); // longer than the function may run
            }
            Bounds left = state.left.without(Event.LEAP);
            reach(new State(state.table, state.leapt + 1, alive, left), state, "time leaps");
        }
        for (Table.Message message : table.messages()) {
            if (!message.visible() && state.left.allow(Event.REDELIVERY)) {
                Table shown =
                        table.change(message.receipt(), m -> new Table.Message(m.id(), m.body(), m.receives(), true));
                Bounds left = state.left.without(Event.REDELIVERY);
                changed(state, shown, left, "message " + message.receipt() + " is visible again");
            }
            if (state.left.allow(Event.LOSS)) {
                Bounds left = state.left.without(Event.LOSS);
                Table lost = table.change(message.receipt(), m -> null);
                changed(state, lost, left, "message " + message.receipt() + " is lost");
            }
        }
        for (Table.DeadLetter deadLetter : table.deadLetters()) {
            if (state.left.allow(Event.MOVE)) {
                List<Table.DeadLetter> others = new ArrayList<>(table.deadLetters());
                others.remove(deadLetter);
                Bounds left = state.left.without(Event.MOVE);
                changed(
                        state,
                        table.withDeadLetters(others).send(deadLetter.body()),
                        left,
                        "a dead letter is moved back");
            }
        }
    }

    private void changed(State state, Table table, Bounds left, String by) {
        reach(new State(tables.number(table), state.leapt, state.slots, left), state, by);
    }

    /** From where nobody acts, workers and sweeps alone bring every step to its end. */
    private void settle(State state, Table table, Instant start) {
        Table now = table;
        Instant time = start;
        for (int round = 0; round < ROUNDS && !now.atRest() && settled.add(now); round++) {
            time = time.plus(LEAP);
            now = now.withMessages(now.messages().stream()
                    .map(m -> new Table.Message(m.id(), m.body(), m.receives(), true))
                    .toList());
            for (Table.Message message : now.messages()) {
                Table.Message taken = new Table.Message(message.id(), message.body(), message.receives() + 1, false);
                now = alone(now.change(message.receipt(), m -> taken), time, new Jobs.Working(time, 0, taken));
            }
            Dispatch dispatch = now.dispatch();
            if (dispatch != null && due(dispatch, time)) {
                now = alone(now, time, new Jobs.Sweeping(time, dispatch.openBucket()));
            }
            if (round == ROUNDS - 1 && wrong == null) {
                wrong = "no step of it ends any more" + way(state, "nobody acts");
            }
        }
    }

    private Table alone(Table before, Instant now, Jobs.Job job) {
        Table[] table = {before};
        Script script = script(
                asked -> {
                    Result result = asked.choices().getFirst().effect().apply(table[0], now);
                    table[0] = result.table();
                    return new Answer(result.told(), now);
                },
                job);
        script.play(Jobs.body(job, script, config.get()));
        return table[0];
    }

    private static Script script(Function<Asked, Answer> answers, Jobs.Job job) {
        return new Script(answers, job.start(), job instanceof Jobs.Working working ? working.owner() : "nobody");
    }

    private int started(Jobs.Job job) {
        return remaining(remember(new History(job, NOBODY, null)));
    }

    /** Nobody, if the actor asks nothing more. */
    private int remaining(int history) {
        return questions.get(history).isPresent() ? history : NOBODY;
    }

    /** The number of a history, played once to know what comes next. */
    private int remember(History history) {
        int number = histories.number(history);
        if (number == questions.size()) {
            Deque<Answer> answers = new ArrayDeque<>();
            Jobs.Job job = unwind(number, answers::addFirst);
            Script script = script(
                    asked -> {
                        Answer answer = answers.pollFirst();
                        if (answer == null) {
                            throw new Asked.Unanswered(asked);
                        }
                        return answer;
                    },
                    job);
            questions.add(script.play(Jobs.body(job, script, config.get())));
        }
        return number;
    }

    private Jobs.Job unwind(int number, Consumer<Answer> answers) {
        History history = histories.all.get(number);
        while (history.last() != null) {
            answers.accept(history.last());
            history = histories.all.get(history.before());
        }
        if (history.job() == null) {
            throw new IllegalStateException("a history begins with a job");
        }
        return history.job();
    }

    private Instant lastHeard(int number) {
        List<Answer> answers = new ArrayList<>();
        Jobs.Job job = unwind(number, answers::add);
        return answers.isEmpty() ? job.start() : answers.getFirst().now();
    }

    private static List<Integer> with(List<Integer> slots, int slot, int history) {
        List<Integer> next = new ArrayList<>(slots);
        next.set(slot, history);
        return List.copyOf(next);
    }

    private static String name(int slot) {
        return switch (slot) {
            case SWEEPER -> "sweeper";
            case HANDER -> "dispatch";
            case CANCELLER -> "canceller";
            case REDRIVER -> "redriver";
            default -> "worker " + slot;
        };
    }

    private String way(State state, String last) {
        Deque<String> lines = new ArrayDeque<>();
        lines.addFirst(last);
        State at = state;
        while (at != null) {
            Origin origin = seen.get(at);
            lines.addFirst(origin.by());
            at = origin.from();
        }
        return ":\n  " + String.join("\n  ", lines);
    }
}
