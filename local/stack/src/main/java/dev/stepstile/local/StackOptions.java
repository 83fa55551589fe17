package dev.stepstile.local;

import dev.stepstile.api.StepHandler;
import dev.stepstile.emulators.HiddenLoopback;
import dev.stepstile.functions.step.InstalledHandlers;
import dev.stepstile.local.handlers.UserHandlers;
import dev.stepstile.usecase.Timing;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The settings of a stack.
 *
 * @param kind which implementations of the ports, and where functions run
 * @param state where the stack keeps its files
 * @param addresses where it listens, and whom it may call
 * @param workers how many batches run at once; with 0, nothing takes messages or sweeps, as others run the functions
 * @param times the protocol's and the function's
 * @param handlers what steps may name
 * @param console receives the sentences that the person who started the stack should read at once
 */
public record StackOptions(
        Kind kind,
        State state,
        Addresses addresses,
        int workers,
        Times times,
        Handlers handlers,
        Consumer<String> console) {

    /** The implementations of the ports, and where the functions run. */
    public enum Kind {
        /** SQLite and a directory; the functions run in this JVM. */
        EMBEDDED,
        /** The AWS adapters, against DynamoDB Local and ElasticMQ; the functions run in this JVM. */
        AWS,
        /** As {@link #AWS}; each function environment is a process of its own. */
        ISOLATED
    }

    /**
     * Where a stack keeps its files.
     *
     * @param folder of state, logs and what emulators need
     * @param kept whether state is kept for the next start
     */
    public record State(Path folder, boolean kept) {}

    /**
     * Where a stack listens, and whom it may call.
     *
     * @param port of the HTTP API on loopback; 0 for a free one
     * @param emulators the address of the emulators, on free ports
     * @param webhooks which webhooks it may call
     * @param traces where it sends spans: a file, or the URL of a collector; null for nowhere
     */
    public record Addresses(
            int port,
            InetAddress emulators,
            Webhooks webhooks,
            @Nullable String traces) {}

    /**
     * The webhooks that a stack may call when a dispatch has ended.
     *
     * @param hosts as {@link dev.stepstile.webhook.WebhookRules#parse} reads them; null for none
     * @param privateAddresses whether a host may have a private or a loopback address
     * @param secrets the file of the secrets that sign; null for one in the stack's folder, with a new secret if there is
     *     none
     */
    public record Webhooks(
            @Nullable String hosts,
            boolean privateAddresses,
            @Nullable Path secrets) {
        public static final Webhooks NONE = new Webhooks(null, false, null);
    }

    /**
     * The times of a stack.
     *
     * @param timing the protocol's
     * @param visibility the queue's visibility timeout
     * @param functionTimeout the step function's
     * @param audit how often a part of all runs is audited; null: never
     */
    public record Times(
            Timing timing,
            Duration visibility,
            Duration functionTimeout,
            @Nullable Duration audit) {
        public Times(Timing timing, Duration visibility, Duration functionTimeout) {
            this(timing, visibility, functionTimeout, null);
        }

        public Times audited(@Nullable Duration every) {
            return new Times(timing, visibility, functionTimeout, every);
        }

        /** For tests and demonstrations: a lost worker is noticed within seconds. */
        public static final Times SHORT = new Times(
                Timing.of(Duration.ofSeconds(3), Duration.ofSeconds(1), Duration.ofSeconds(1), Duration.ofSeconds(30)),
                Duration.ofMinutes(2),
                Duration.ofMinutes(2)); // steps that lost a worker run one after the other in their batch
    }

    /**
     * The handlers of a stack.
     *
     * @param builtIn run in the function itself; an isolated function loads its own from the class path
     * @param processes the configuration of handlers that are processes: JSON, or its file's absolute path; null for none
     * @param user Java handlers that run in a process of their own; null for none
     * @param reloaded whether the last two are loaded again when they change; an isolated function does not load its
     *     configuration again
     */
    public record Handlers(
            List<StepHandler> builtIn,
            @Nullable String processes,
            @Nullable UserHandlers user,
            boolean reloaded) {}

    /** A stack of two workers, with short times and the handlers on the class path, that keeps its state. */
    public static StackOptions of(Kind kind, Path folder) {
        Handlers onClassPath = new Handlers(InstalledHandlers.onClassPath(), null, null, true);
        return new StackOptions(
                kind,
                new State(folder, true),
                new Addresses(0, HiddenLoopback.address(), Webhooks.NONE, null),
                2,
                Times.SHORT,
                onClassPath,
                line -> {});
    }

    /** Deletes at its start what an earlier stack left. */
    public StackOptions withoutEarlierState() {
        return new StackOptions(kind, new State(state.folder(), false), addresses, workers, times, handlers, console);
    }

    public StackOptions withPort(int number) {
        return with(new Addresses(number, addresses.emulators(), addresses.webhooks(), addresses.traces()));
    }

    /** Emulators check no credentials: whoever reaches the address can read and change all that they keep. */
    public StackOptions withEmulatorsOn(InetAddress address) {
        return with(new Addresses(addresses.port(), address, addresses.webhooks(), addresses.traces()));
    }

    public StackOptions withWebhooks(Webhooks webhooks) {
        return with(new Addresses(addresses.port(), addresses.emulators(), webhooks, addresses.traces()));
    }

    /** @param target a file, or the URL of a collector; null for nowhere */
    public StackOptions withTraces(@Nullable String target) {
        return with(new Addresses(addresses.port(), addresses.emulators(), addresses.webhooks(), target));
    }

    private StackOptions with(Addresses changed) {
        return new StackOptions(kind, state, changed, workers, times, handlers, console);
    }

    public StackOptions withWorkers(int number) {
        return new StackOptions(kind, state, addresses, number, times, handlers, console);
    }

    public StackOptions withTimes(Times changed) {
        return new StackOptions(kind, state, addresses, workers, changed, handlers, console);
    }

    public StackOptions withHandlers(List<StepHandler> builtIn) {
        return with(new Handlers(builtIn, handlers.processes(), handlers.user(), handlers.reloaded()));
    }

    public StackOptions withProcessHandlers(@Nullable String configuration) {
        return with(new Handlers(handlers.builtIn(), configuration, handlers.user(), handlers.reloaded()));
    }

    public StackOptions withUserHandlers(@Nullable UserHandlers user) {
        return with(new Handlers(handlers.builtIn(), handlers.processes(), user, handlers.reloaded()));
    }

    public StackOptions withReloadedHandlers(boolean reloaded) {
        return with(new Handlers(handlers.builtIn(), handlers.processes(), handlers.user(), reloaded));
    }

    private StackOptions with(Handlers changed) {
        return new StackOptions(kind, state, addresses, workers, times, changed, console);
    }

    public StackOptions withConsole(Consumer<String> lines) {
        return new StackOptions(kind, state, addresses, workers, times, handlers, lines);
    }
}
