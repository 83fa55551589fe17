package dev.stepstile.api;

import java.util.Set;

/** What a step was given by its dispatch: JSON of its own, and JSON that it shares with its dispatch's other steps. */
public interface StepInput {

    /** The step's own input as JSON text; {@code null} (the JSON word) when the dispatch gave none. */
    String json();

    /**
     * The step's own input read into a type: a record, a class with a public constructor, or {@code Map}/{@code List}.
     *
     * @throws TerminalFailure if the JSON does not fit the type; trying again would not help
     */
    <T> T as(Class<T> type);

    /** The names of the shared inputs, sorted. */
    Set<String> sharedNames();

    /**
     * One shared input as JSON text.
     *
     * @throws TerminalFailure if the dispatch has no shared input of that name
     */
    String shared(String name);

    /**
     * One shared input read into a type, as {@link #as} reads the step's own.
     *
     * @throws TerminalFailure if the dispatch has no shared input of that name, or its JSON does not fit the type
     */
    <T> T sharedAs(String name, Class<T> type);
}
