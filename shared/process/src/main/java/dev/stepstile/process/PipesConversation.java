package dev.stepstile.process;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import dev.stepstile.codec.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/** Dagster Pipes 0.1 by two files: the process reads its context from one, and appends its messages to the other. */
final class PipesConversation implements Conversation {
    private final SortedMap<String, String> variables = new TreeMap<>();
    private final MessageFile messages;
    private final PipesSession session;

    /** @param folder the attempt's own */
    PipesConversation(Path folder, StepInput input, StepContext step) throws IOException {
        Path context = Files.writeString(folder.resolve("context.json"), PipesContext.of(input, step));
        Path reported = Files.createFile(folder.resolve("messages"));
        variables.put("DAGSTER_PIPES_CONTEXT", PipesContext.encode(at(context)));
        variables.put("DAGSTER_PIPES_MESSAGES", PipesContext.encode(at(reported)));
        session = new PipesSession(step);
        messages = new MessageFile(reported);
    }

    private static ObjectNode at(Path path) {
        return Json.object().put("path", path.toString());
    }

    @Override
    public SortedMap<String, String> variables() {
        return variables;
    }

    @Override
    public InputStream output(InputStream stdout) {
        return stdout;
    }

    @Override
    public void read() throws IOException {
        messages.read(session::accept);
    }

    @Override
    public void readRest() throws IOException {
        messages.readRest(session::accept);
    }

    @Override
    public boolean closed() {
        return session.closed();
    }

    @Override
    public StepResult result(ProcessExit exit, String stderrTail) throws ProcessFailed {
        return session.result(exit, stderrTail);
    }

    @Override
    public Optional<StepResult> resultOfStopped(ProcessExit exit) {
        return session.resultOfStopped(exit);
    }

    @Override
    public void close() throws IOException {
        messages.close();
    }
}
