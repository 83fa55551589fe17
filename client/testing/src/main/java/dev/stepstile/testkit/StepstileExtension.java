package dev.stepstile.testkit;

import dev.stepstile.api.StepHandler;
import dev.stepstile.client.StepstileClient;
import java.net.URI;
import java.util.List;
import java.util.ServiceLoader;
import java.util.function.Supplier;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test a {@link StepstileStack} of its own, started before it and closed after it. A test has it from
 * {@link #stack}, or as a parameter: {@link StepstileStack}, {@link StepstileClient}, or the endpoint as a {@link URI}.
 *
 * <p>By {@code @RegisterExtension} with the handlers of the test; or by {@code @ExtendWith(StepstileExtension.class)} with
 * those that {@code META-INF/services} names, as when deployed.
 */
public final class StepstileExtension implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(StepstileExtension.class);
    private static final int WORKERS = 2;

    /** Of the test that runs on this thread; a test with a time limit may run on one that its thread has started. */
    private static final ThreadLocal<ExtensionContext> RUNNING = new InheritableThreadLocal<>();

    private final Supplier<List<StepHandler>> handlers;

    /** With the handlers that {@code META-INF/services} names. */
    public StepstileExtension() {
        this(() -> ServiceLoader.load(StepHandler.class).stream()
                .map(ServiceLoader.Provider::get)
                .toList());
    }

    private StepstileExtension(Supplier<List<StepHandler>> handlers) {
        this.handlers = handlers;
    }

    /** With these handlers. */
    public static StepstileExtension of(StepHandler... handlers) {
        List<StepHandler> given = List.of(handlers);
        return new StepstileExtension(() -> given);
    }

    /** With handlers that are made anew for each test. */
    public static StepstileExtension ofEach(Supplier<List<StepHandler>> handlers) {
        return new StepstileExtension(handlers);
    }

    @Override
    public void beforeEach(ExtensionContext context) {
        RUNNING.set(context);
        stack(context);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        RUNNING.remove();
        StepstileStack stack = context.getStore(NAMESPACE).remove(this, StepstileStack.class);
        if (stack != null) {
            stack.close();
        }
    }

    /**
     * The stack of the test that runs on this thread, or on the thread that started it.
     *
     * @throws IllegalStateException if none runs
     */
    public StepstileStack stack() {
        ExtensionContext context = RUNNING.get();
        if (context == null) {
            throw new IllegalStateException("There is a stack while a test runs, from its @BeforeEach methods on.");
        }
        return stack(context);
    }

    /** A client of the test's stack. */
    public StepstileClient client() {
        return stack().client();
    }

    /** Where the HTTP API of the test's stack is. */
    public URI endpoint() {
        return stack().endpoint();
    }

    private StepstileStack stack(ExtensionContext context) {
        return context.getStore(NAMESPACE)
                .getOrComputeIfAbsent(
                        this, self -> StepstileStack.start(handlers.get(), WORKERS), StepstileStack.class);
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        Class<?> type = parameter.getParameter().getType();
        return context.getTestMethod().isPresent()
                && (type == StepstileStack.class || type == StepstileClient.class || type == URI.class);
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        StepstileStack stack = stack(context);
        Class<?> type = parameter.getParameter().getType();
        return type == StepstileStack.class ? stack : type == URI.class ? stack.endpoint() : stack.client();
    }
}
