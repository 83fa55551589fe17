package dev.stepstile.lambda;

import dev.stepstile.functions.dispatch.DispatchFunction;
import dev.stepstile.functions.runs.RunsFunction;
import dev.stepstile.functions.step.StepFunction;
import java.lang.management.ManagementFactory;
import java.util.List;

/**
 * A program that does what Lambda does up to a snapshot: it makes a function, and calls the hooks that the function has
 * registered. It prints how many there were, and how many classes the JVM has loaded then.
 */
public final class PrimedStart {
    /** The variable that says which function: {@code dispatch}, {@code step}, {@code runs}, or {@code failing} for one whose rehearsal fails. */
    public static final String FUNCTION = "FUNCTION_TO_PRIME";

    private PrimedStart() {}

    public static void main(String[] arguments) {
        switch (System.getenv(FUNCTION)) {
            case "dispatch" -> new DispatchFunction();
            case "step" -> new StepFunction();
            case "runs" -> new RunsFunction();
            case "failing" ->
                FunctionEnvironment.onAws(stage -> {
                    throw new NoClassDefFoundError("seeded");
                });
            case String other -> throw new IllegalArgumentException(other);
        }
        List<Priming> hooks = Priming.registered();
        hooks.forEach(Priming::prime);
        System.out.println("hooks " + hooks.size());
        System.out.println(
                "classes " + ManagementFactory.getClassLoadingMXBean().getTotalLoadedClassCount());
        System.exit(0);
    }
}
