package dev.stepstile.process;

import dev.stepstile.usecase.NamedFailure;
import java.util.List;

/** A step's process did not do its work; another attempt may. */
public final class ProcessFailed extends Exception implements NamedFailure {
    private final List<String> names;

    ProcessFailed(String message) {
        this(message, List.of());
    }

    /** @param names of the exception that the process reported */
    ProcessFailed(String message, List<String> names) {
        super(message, null, false, false); // without the worker's stack trace, which would not help either
        this.names = List.copyOf(names);
    }

    @Override
    public List<String> names() {
        return names;
    }

    /** The message alone: the name of this class would not help the author of the process. */
    @SuppressWarnings("OverrideThrowableToString") // with getMessage() alone, the name would come first
    @Override
    public String toString() {
        return String.valueOf(getMessage());
    }
}
