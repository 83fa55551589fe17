package dev.stepstile.local.handlers;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/** The two pipes to a process with handlers: commands to it and events from it, a JSON object a line. */
final class HandlerConnection {
    private final Process process;

    /**
     * Held while a command is written, which may take until the process has read others. Its events are read meanwhile, as
     * a process that cannot write reads nothing: the reader of events must never wait for this.
     */
    private final ReentrantLock sender = new ReentrantLock();

    HandlerConnection(Process process) {
        this.process = process;
    }

    void send(ObjectNode command) throws IOException {
        byte[] line = (Json.print(command) + "\n").getBytes(StandardCharsets.UTF_8);
        sender.lock();
        try {
            OutputStream commands = process.getOutputStream();
            commands.write(line);
            commands.flush();
        } finally {
            sender.unlock();
        }
    }

    /**
     * Reads events until the process sends no more.
     *
     * @throws Json.BadJson if one of them is not JSON
     */
    void readEvents(Consumer<JsonNode> handle) throws IOException {
        try (BufferedReader events =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            for (String line = events.readLine(); line != null; line = events.readLine()) {
                handle.accept(Json.parse(line));
            }
        }
    }

    /** Sends no more commands, upon which the process ends. */
    void close() throws IOException {
        process.getOutputStream().close();
    }
}
