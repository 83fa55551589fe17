package acme;

import dev.stepstile.api.*;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.*;
import java.util.concurrent.*;

/** A user's handler, which does what its input says; compiled by the tests. */
public final class Acts implements StepHandler {
    public record Input(String act, int attempts, String text) {}

    public static final class Odd extends Exception {
        public Odd(String message, Throwable cause) {
            super(message, cause);
        }

        @Override
        public String toString() {
            return "odd: " + getMessage();
        }
    }

    public static final class Opaque {
        public Object getSelf() {
            throw new IllegalStateException("no");
        }
    }

    @Override
    public String name() {
        return "acme.acts";
    }

    @Override
    public StepResult run(StepInput given, StepContext context) throws Exception {
        Input input = given.as(Input.class);
        if (context.attempt() > input.attempts()) {
            return StepResult.of(Map.of("attempt", context.attempt(), "pid", ProcessHandle.current().pid()));
        }
        switch (input.act()) {
            case "map" -> {
                Map<String, Object> map = new HashMap<>();
                map.put("text", "Grüße 😀 \u2028");
                map.put("number", new BigDecimal("1.10"));
                map.put("list", List.of(1, true));
                map.put("none", null);
                return StepResult.of(map);
            }
            case "json" -> {
                return StepResult.ofJson("{ \"b\" : 1.0, \"a\" : [ ] }");
            }
            case "none" -> {
                return StepResult.none();
            }
            case "null" -> {
                return null;
            }
            case "pipes" -> {
                return PipesReport.of(Map.of("rows", 3))
                        .materialization("a/b", "v1", Map.of("rows", 3))
                        .check("a/b", "c", false, PipesReport.Severity.WARN, Map.of())
                        .toResult();
            }
            case "context" -> {
                Map<String, Object> map = new TreeMap<>();
                map.put("run", context.runId());
                map.put("step", context.stepKey());
                map.put("attempt", context.attempt());
                map.put("tags", context.tags());
                map.put("input", given.json());
                map.put("names", given.sharedNames());
                map.put("shared", given.shared("numbers"));
                map.put("typed", given.sharedAs("numbers", List.class));
                map.put("left", Duration.between(Instant.now(), context.deadline()).toSeconds());
                map.put("cancelled", context.cancelled());
                context.traceparent().ifPresent(text -> map.put("traceparent", text));
                context.tracestate().ifPresent(text -> map.put("tracestate", text));
                return StepResult.of(map);
            }
            case "noshared" -> given.shared("nothing");
            case "prints" -> {
                System.out.println("out " + input.text());
                System.err.println("err " + input.text());
                context.log("log " + input.text());
                Thread thread = new Thread(() -> System.out.println("thread " + input.text()));
                thread.start();
                thread.join();
                System.out.print("end " + input.text());
            }
            case "progress" -> {
                context.progress(0.5, "half of " + input.text());
                context.log("waiting");
                new CountDownLatch(1).await(20, TimeUnit.SECONDS);
            }
            case "terminal" -> throw new TerminalFailure("no use", new IllegalStateException("the root"));
            case "terminal-null" -> throw new TerminalFailure(null);
            case "retry-after" -> throw new RetryAfter(Duration.ofSeconds(1), "come again");
            case "odd" -> throw new Odd("strange", new IllegalStateException("the root"));
            case "overflow" -> overflow(0);
            case "opaque" -> {
                return StepResult.of(new Opaque());
            }
            case "bad-json" -> {
                return StepResult.ofJson("{");
            }
            case "large" -> {
                return StepResult.of("x".repeat(11 * 1024 * 1024));
            }
            case "wait" -> new CountDownLatch(1).await();
            case "obeys" -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    return StepResult.of("cancelled: " + context.cancelled());
                }
            }
            case "polls" -> {
                while (!context.cancelled()) {
                    Thread.onSpinWait();
                }
                throw new IllegalStateException("saw it");
            }
            case "chatters" -> {
                String line = "x".repeat(1_000);
                while (!context.cancelled()) {
                    context.log(line);
                }
            }
            case "ctrl-c" -> {
                for (String signal : List.of("-INT", "-HUP")) {
                    String own = Long.toString(ProcessHandle.current().pid());
                    new ProcessBuilder("kill", signal, own).start().waitFor();
                }
                Thread.sleep(1_000);
            }
            case "stdin" -> {
                return StepResult.of(System.in.read());
            }
            case "exit" -> System.exit(7);
            case "segv" -> {
                new ProcessBuilder("kill", "-SEGV", Long.toString(ProcessHandle.current().pid())).start();
                new CountDownLatch(1).await();
            }
            case "heap" -> {
                List<long[]> kept = new ArrayList<>();
                while (true) {
                    kept.add(new long[1_000_000]);
                }
            }
            case "exit-then-deaf" -> {
                if (context.attempt() == 1) {
                    System.exit(7);
                }
                while (true) {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException e) {
                        // takes no notice
                    }
                }
            }
            default -> throw new IllegalArgumentException(input.act());
        }
        return StepResult.of("done");
    }

    private static int overflow(int depth) {
        return overflow(depth + 1) + 1;
    }
}
