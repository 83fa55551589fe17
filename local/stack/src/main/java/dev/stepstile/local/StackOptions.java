package dev.stepstile.local;

import dev.stepstile.api.StepHandler;
import dev.stepstile.usecase.Timing;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What a stack is made of.
 *
 * @param kind which implementations of the ports
 * @param isolated whether each function environment is a process of its own
 * @param folder where state, logs and what emulators need are kept
 * @param keepState whether state is kept for the next start
 * @param port of the HTTP API on loopback; 0 for a free one
 * @param workers how many batches run at once
 * @param timing the protocol's times
 * @param visibility the queue's visibility timeout
 * @param functionTimeout the step function's
 * @param faults to be injected
 * @param poison keys of the steps that kill every worker that runs them
 * @param handlers what steps may name; an isolated function loads its own from the class path
 * @param processHandlers the configuration of those that are processes: JSON, or its file's absolute path; null for none
 * @param userHandlers Java handlers that run in a process of their own; null for none
 * @param console told, in sentences, what whoever started the stack should see at once
 */
public record StackOptions(
        Kind kind,
        boolean isolated,
        Path folder,
        boolean keepState,
        int port,
        int workers,
        Timing timing,
        Duration visibility,
        Duration functionTimeout,
        Faults faults,
        Set<String> poison,
        List<StepHandler> handlers,
        @Nullable String processHandlers,
        @Nullable UserHandlers userHandlers,
        Consumer<String> console) {

    /** A stack that says what it has to say in its log alone. */
    public StackOptions(
            Kind kind,
            boolean isolated,
            Path folder,
            boolean keepState,
            int port,
            int workers,
            Timing timing,
            Duration visibility,
            Duration functionTimeout,
            Faults faults,
            Set<String> poison,
            List<StepHandler> handlers,
            @Nullable String processHandlers) {
        this(
                kind,
                isolated,
                folder,
                keepState,
                port,
                workers,
                timing,
                visibility,
                functionTimeout,
                faults,
                poison,
                handlers,
                processHandlers,
                null,
                line -> {});
    }

    public StackOptions withProcessHandlers(@Nullable String configuration) {
        return with(configuration, userHandlers, console);
    }

    public StackOptions withConsole(Consumer<String> lines) {
        return with(processHandlers, userHandlers, lines);
    }

    public StackOptions withUserHandlers(@Nullable UserHandlers user) {
        return with(processHandlers, user, console);
    }

    private StackOptions with(@Nullable String configuration, @Nullable UserHandlers user, Consumer<String> lines) {
        return new StackOptions(
                kind,
                isolated,
                folder,
                keepState,
                port,
                workers,
                timing,
                visibility,
                functionTimeout,
                faults,
                poison,
                handlers,
                configuration,
                user,
                lines);
    }

    /** Which implementations of the ports a stack runs on. */
    public enum Kind {
        /** SQLite and a directory, in this JVM. */
        EMBEDDED,
        /** The AWS adapters, against DynamoDB Local and ElasticMQ. */
        AWS
    }
}
