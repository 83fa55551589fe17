package dev.stepstile.usecase;

import dev.stepstile.step.StepError;
import dev.stepstile.step.Truncation;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * A failure of user code as text. It goes into the step's own error and log, and never into the worker's log: a message may
 * quote the handler's input.
 *
 * @param summary its class, message and place, with the same of its root cause: {@code some.Problem: no such day
 *     (Report.java:12); caused by java.io.IOException: gone (Store.java:40)}
 * @param trace its stack trace with causes, line by line: at most {@value #TRACE_CHARS} characters, and a line with the
 *     number of lines left out of the middle; empty if the failure has no stack trace
 */
public record FailureText(String summary, List<String> trace) {
    private static final int TRACE_CHARS = 8 * 1024;
    private static final int LINE_CHARS = 1_000;
    private static final int MESSAGE_CHARS = 200;

    public FailureText {
        trace = List.copyOf(trace);
    }

    /** Never throws, even if the failure's own methods do. */
    public static FailureText of(Throwable failure) {
        List<Throwable> causes = causes(failure);
        boolean message = causes.size() == 1 && place(failure).isEmpty(); // such as one of another process
        String summary = message
                ? Truncation.middle(text(failure), StepError.MAX_MESSAGE)
                : textWithPlace(failure) + rootOf(causes);
        return new FailureText(summary, trace(failure, causes));
    }

    /** {@code ; caused by …} for the root cause of a failure; empty if it has none. */
    static String causedBy(Throwable failure) {
        return rootOf(causes(failure));
    }

    private static String rootOf(List<Throwable> causes) {
        return causes.size() == 1 ? "" : "; caused by " + textWithPlace(causes.getLast());
    }

    private static List<Throwable> causes(Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        List<Throwable> causes = new ArrayList<>();
        Throwable next = failure;
        while (next != null && seen.add(next)) { // a cause may come round to where it began
            causes.add(next);
            next = next.getCause();
        }
        return causes;
    }

    private static List<String> trace(Throwable failure, List<Throwable> causes) {
        if (causes.stream().allMatch(cause -> cause.getStackTrace().length == 0)) {
            return List.of();
        }
        StringWriter printed = new StringWriter();
        try (PrintWriter writer = new PrintWriter(printed)) {
            failure.printStackTrace(writer);
        } catch (RuntimeException | StackOverflowError e) { // some message depends on what is not there
            printed.getBuffer().setLength(0);
            for (Throwable cause : causes) {
                printed.append(text(cause)).append('\n');
                for (StackTraceElement frame : cause.getStackTrace()) {
                    printed.append("\tat ").append(frame.toString()).append('\n');
                }
            }
        }
        return withoutMiddle(printed.toString()
                .lines()
                .map(line -> Truncation.middle(line, LINE_CHARS))
                .toList());
    }

    /** The first lines show what was thrown, the last ones its root cause. */
    private static List<String> withoutMiddle(List<String> lines) {
        int first = fitting(lines, TRACE_CHARS / 2);
        int last = fitting(lines.reversed(), TRACE_CHARS / 2);
        int left = lines.size() - first - last;
        if (left <= 0) {
            return lines;
        }
        List<String> cut = new ArrayList<>(lines.subList(0, first));
        cut.add("\t… " + left + " lines left out …");
        cut.addAll(lines.subList(lines.size() - last, lines.size()));
        return cut;
    }

    private static int fitting(List<String> lines, int chars) {
        int taken = 0;
        int left = chars;
        while (taken < lines.size() && lines.get(taken).length() < left) {
            left -= lines.get(taken).length() + 1;
            taken++;
        }
        return taken;
    }

    private static String textWithPlace(Throwable failure) {
        return Truncation.middle(text(failure), MESSAGE_CHARS) + place(failure);
    }

    private static String text(Throwable failure) {
        try {
            String text = failure.toString();
            return text == null ? failure.getClass().getName() : text;
        } catch (RuntimeException | StackOverflowError e) {
            return failure.getClass().getName();
        }
    }

    /** The line in the user's code, where the JDK's own code threw. */
    private static String place(Throwable failure) {
        StackTraceElement[] frames = failure.getStackTrace();
        for (StackTraceElement frame : frames) {
            if (!ofTheJdk(frame)) {
                return place(frame);
            }
        }
        return frames.length == 0 ? "" : place(frames[0]);
    }

    private static boolean ofTheJdk(StackTraceElement frame) {
        String module = frame.getModuleName();
        return module != null && (module.startsWith("java.") || module.startsWith("jdk."));
    }

    private static String place(StackTraceElement frame) {
        String file = frame.getFileName();
        String named = file == null ? frame.getClassName() : file;
        return " (" + named + (frame.getLineNumber() > 0 ? ":" + frame.getLineNumber() : "") + ")";
    }
}
