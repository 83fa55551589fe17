package dev.stepstile.bench.functions;

import dev.stepstile.bench.functions.EmulatedFunction.First;
import dev.stepstile.bench.functions.EmulatedFunction.Launch;
import dev.stepstile.emulators.HiddenLoopback;
import dev.stepstile.local.aws.EmulatedAws;
import dev.stepstile.usecase.Timing;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleFunction;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@code ./stepstile bench functions} measures: what the first event of a function costs, beside what it costs a
 * function that does nothing; and how long a first dispatch takes with the processor that a memory size gives.
 */
public final class FunctionsBenchmark implements AutoCloseable {
    private static final int MEMORY = 1024;

    private final PrintStream out;
    private final Path folder;
    private final Path build;
    private final Path emulator;
    private final String moreOptions;
    private final @Nullable Path before;
    private final EmulatedAws aws;
    private final RealEvents events;

    /**
     * @param out where the figures are printed
     * @param checkout with the built artifact and the emulator, as build/sam-check leaves them
     * @param folder for state and logs; what is in it is deleted
     * @param moreOptions of the JVM, beside those of the template
     * @param before another build, which is measured beside this one; or null
     */
    public FunctionsBenchmark(PrintStream out, Path checkout, Path folder, String moreOptions, @Nullable Path before) {
        this.out = out;
        this.before = before;
        this.moreOptions = moreOptions;
        this.folder = folder.toAbsolutePath();
        this.build = checkout.resolve(".aws-sam/build").toAbsolutePath();
        this.emulator = emulatorIn(checkout.resolve(".stepstile/python/sam/lib"));
        this.aws = EmulatedAws.start(
                HiddenLoopback.address(),
                this.folder,
                this.folder.resolve("state"),
                false,
                Timing.DEFAULT,
                Duration.ofMinutes(90),
                out::println);
        this.events = new RealEvents(aws);
    }

    private static Path emulatorIn(Path venv) {
        String name = "aws-lambda-rie-" + (System.getProperty("os.arch").equals("aarch64") ? "arm64" : "x86_64");
        try (Stream<Path> pythons = Files.list(venv)) {
            return pythons.map(python -> python.resolve("site-packages/samcli/local/rapid/" + name))
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow(() -> new IOException(name + " is not there"))
                    .toAbsolutePath();
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "AWS's Runtime Interface Emulator is not in " + venv
                            + ": call build/sam-check, which installs SAM CLI",
                    e);
        }
    }

    /** What is started. */
    private enum Variant {
        BARE("bare handler"),
        PLAIN_SDK("plain SDK"),
        BEFORE("as shipped before"),
        SHIPPED("as shipped"),
        PRIMED("primed, from the restore");

        private final String text;

        Variant(String text) {
            this.text = text;
        }
    }

    /** Of each function, each variant with that function's options, one after another in each round. */
    public void starts(int rounds) throws InterruptedException {
        Map<String, Map<Variant, List<First>>> all = new LinkedHashMap<>();
        for (int round = 0; round <= rounds; round++) {
            for (String function : List.of("DispatchFunction", "StepFunction")) {
                for (Variant variant : Variant.values()) {
                    if (variant == Variant.BEFORE && before == null) {
                        continue;
                    }
                    First first = start(function, variant);
                    if (round > 0) { // the first one warms the page cache
                        all.computeIfAbsent(function, _ -> new LinkedHashMap<>())
                                .computeIfAbsent(variant, _ -> new ArrayList<>())
                                .add(first);
                    }
                }
            }
        }
        out.printf(
                Locale.ROOT, "%nThe first event of a new function, median of %d; ratios to the bare handler%n", rounds);
        all.forEach(this::print);
    }

    private void print(String function, Map<Variant, List<First>> firsts) {
        out.printf(Locale.ROOT, "%n  %s, %s%n", function, options(function));
        out.printf("  %-26s %9s %7s %9s %7s %9s%n", "", "CPU", "ratio", "wall", "ratio", "classes");
        List<First> bare = firsts.getOrDefault(Variant.BARE, List.of());
        firsts.forEach((variant, measured) -> out.printf(
                Locale.ROOT,
                "  %-26s %6.0f ms %7.2f %6.0f ms %7.2f %9.0f%n",
                variant.text,
                median(measured, FunctionsBenchmark::cpu),
                median(measured, FunctionsBenchmark::cpu) / median(bare, FunctionsBenchmark::cpu),
                median(measured, FunctionsBenchmark::wall),
                median(measured, FunctionsBenchmark::wall) / median(bare, FunctionsBenchmark::wall),
                median(measured, First::classes)));
    }

    private First start(String function, Variant variant) throws InterruptedException {
        boolean own = variant != Variant.BARE && variant != Variant.PLAIN_SDK;
        boolean dispatches = own && function.equals("DispatchFunction");
        String run = events.newRun();
        String event = dispatches ? events.dispatch(run, 1) : events.step(run);
        TaskRoot root = switch (variant) {
            case BARE -> TaskRoot.bare(folder, build);
            case PLAIN_SDK -> TaskRoot.plainSdk(folder, build);
            case BEFORE -> TaskRoot.built(Objects.requireNonNull(before), function);
            case SHIPPED, PRIMED -> TaskRoot.built(build, function);
        };
        try (EmulatedFunction emulated = emulated(root, options(function), MEMORY, variant == Variant.PRIMED, null)) {
            First first = emulated.first(event);
            String expected = dispatches ? "\"statusCode\":202" : "{\"batchItemFailures\":[]}";
            demand(first.answer().contains(expected), first.answer());
            if (own && !dispatches) {
                events.demandSuccess(run);
            }
            return first;
        }
    }

    /** A first dispatch of a new function, then a second one of another run. */
    public void dispatch(int steps, int memory, boolean primed) throws InterruptedException {
        try (CpuQuota quota = new CpuQuota(memory);
                EmulatedFunction emulated = emulated(
                        TaskRoot.built(build, "DispatchFunction"),
                        options("DispatchFunction"),
                        memory,
                        primed,
                        quota)) {
            First first = emulated.first(events.dispatch(events.newRun(), steps));
            demand(first.answer().contains("\"statusCode\":202"), first.answer());
            long began = System.nanoTime();
            String second = emulated.post(events.dispatch(events.newRun(), steps));
            demand(second.contains("\"statusCode\":202"), second);
            out.printf(
                    Locale.ROOT,
                    "  %5d MB %-24s first %6.1f s (CPU %5.1f s), second %5.1f s%n",
                    memory,
                    primed ? Variant.PRIMED.text : Variant.SHIPPED.text,
                    wall(first) / 1e3,
                    cpu(first) / 1e3,
                    (System.nanoTime() - began) / 1e9);
        }
    }

    private EmulatedFunction emulated(
            TaskRoot root, String options, int memory, boolean snapStart, @Nullable CpuQuota quota) {
        Map<String, String> variables = new LinkedHashMap<>(aws.variables());
        // The plain SDK's clients, and an earlier build's, find these.
        variables.put("AWS_ENDPOINT_URL_DYNAMODB", variables.getOrDefault("STEPSTILE_DYNAMODB_ENDPOINT", ""));
        variables.put("AWS_ENDPOINT_URL_SQS", variables.getOrDefault("STEPSTILE_SQS_ENDPOINT", ""));
        variables.put("AWS_ENDPOINT_URL_S3", variables.getOrDefault("STEPSTILE_S3_ENDPOINT", ""));
        variables.put("POWERTOOLS_SERVICE_NAME", "stepstile");
        variables.put("POWERTOOLS_METRICS_NAMESPACE", "Stepstile");
        return new EmulatedFunction(emulator, folder, new Launch(root, options, memory, variables, snapStart, quota));
    }

    private static void demand(boolean expected, String answer) {
        if (!expected) {
            throw new IllegalStateException(
                    "The function answered " + answer.substring(0, Math.min(500, answer.length())));
        }
    }

    /** What the template sets for the function, or else for all. */
    private String options(String function) {
        try {
            String template = Files.readString(build.resolve("template.yaml"));
            int start = template.indexOf("\n  " + function + ":");
            int end = template.indexOf("\n  Step", start + 1);
            String own = template.substring(start, end < 0 ? template.length() : end);
            return (optionsIn(function.equals("StepFunction") ? own : template) + " " + moreOptions).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String optionsIn(String yaml) {
        String name = "JAVA_TOOL_OPTIONS:";
        int at = yaml.indexOf(name);
        demand(at >= 0, "the template sets no " + name);
        return yaml.substring(at + name.length())
                .lines()
                .findFirst()
                .orElseThrow()
                .strip();
    }

    private static double cpu(First first) {
        return first.cpu().toNanos() / 1e6;
    }

    private static double wall(First first) {
        return first.wall().toNanos() / 1e6;
    }

    private static double median(List<First> firsts, ToDoubleFunction<First> figure) {
        double[] sorted = firsts.stream().mapToDouble(figure).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    @Override
    public void close() {
        aws.close();
    }
}
