package dev.stepstile.usecase;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The same call for many things, a few at a time, with the answers in the things' order. If one fails, the others are
 * awaited all the same: a call that is left behind when an invocation ends is frozen with its environment, and would
 * make its write in the middle of a later one.
 */
public final class ParallelCalls {
    private ParallelCalls() {}

    public static <A, B> List<B> map(Tasks tasks, int atOnce, String name, List<A> things, Function<A, B> call)
            throws InterruptedException {
        if (things.size() == 1) {
            return List.of(call.apply(things.getFirst()));
        }
        int lanes = Math.min(atOnce, things.size());
        List<Tasks.Task<List<B>>> forks = new ArrayList<>();
        Throwable failed = null;
        for (int lane = 0; lane < lanes && failed == null; lane++) {
            int first = lane;
            try {
                forks.add(tasks.fork(name, () -> lane(first, lanes, things, call)));
            } catch (RuntimeException | Error noThread) {
                failed = noThread;
            }
        }
        List<List<B>> answered = new ArrayList<>();
        for (Tasks.Task<List<B>> fork : forks) {
            try {
                answered.add(fork.join());
            } catch (RuntimeException | Error e) {
                failed = failed == null ? e : failed;
            }
        }
        rethrow(failed);
        List<B> inOrder = new ArrayList<>();
        for (int i = 0; i < things.size(); i++) {
            inOrder.add(answered.get(i % lanes).get(i / lanes));
        }
        return inOrder;
    }

    private static <A, B> List<B> lane(int first, int lanes, List<A> things, Function<A, B> call) {
        List<B> answers = new ArrayList<>();
        for (int i = first; i < things.size(); i += lanes) {
            answers.add(call.apply(things.get(i)));
        }
        return answers;
    }

    private static void rethrow(@Nullable Throwable failed) {
        if (failed instanceof Error error) {
            throw error;
        }
        if (failed instanceof RuntimeException exception) {
            throw exception;
        }
    }
}
