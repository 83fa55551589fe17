package dev.stepstile.lambda;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.stepstile.codec.Json;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.TreeMap;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.logging.SimpleFormatter;
import org.slf4j.MDC;

/**
 * Prints what is logged, each line a JSON object with Powertools' names: {@code level}, {@code message}, {@code error},
 * {@code timestamp}, and what is in the log context, such as {@code function_request_id}. Behind SLF4J is the JDK's own
 * logging, because its start costs a tenth of what others' does.
 */
final class JsonLines extends Handler {
    /** What Powertools shows as a number; all else is text. */
    private static final String MEMORY_SIZE = "function_memory_size";

    /** Kept here, as the JDK keeps loggers, and so their levels, only while something refers to them. */
    private static final Logger SDK = Logger.getLogger("software.amazon.awssdk");

    private final SimpleFormatter formatter = new SimpleFormatter();
    private final PrintStream out;

    /** @param out to which lines go; not what {@link System#out} may be replaced with later */
    JsonLines(PrintStream out) {
        this.out = out;
    }

    /** Makes the JDK's logging print this way, and nothing else. */
    static void install() {
        Logger root = LogManager.getLogManager().getLogger("");
        for (Handler other : root.getHandlers()) {
            if (other instanceof JsonLines) {
                return;
            }
            root.removeHandler(other);
        }
        SDK.setLevel(Level.WARNING);
        root.addHandler(new JsonLines(System.out));
    }

    @Override
    public void publish(LogRecord line) {
        if (isLoggable(line)) {
            byte[] bytes = (Json.print(object(line)) + "\n").getBytes(StandardCharsets.UTF_8);
            out.write(bytes, 0, bytes.length);
            out.flush();
        }
    }

    private ObjectNode object(LogRecord line) {
        ObjectNode object = Json.object();
        object.put("level", level(line.getLevel()));
        object.put("message", formatter.formatMessage(line));
        Throwable thrown = line.getThrown();
        if (thrown != null) {
            StringWriter stack = new StringWriter();
            thrown.printStackTrace(new PrintWriter(stack));
            object.putObject("error")
                    .put("message", thrown.getMessage())
                    .put("name", thrown.getClass().getName())
                    .put("stack", stack.toString());
        }
        object.put("timestamp", line.getInstant().truncatedTo(ChronoUnit.MILLIS).toString());
        Map<String, String> context = MDC.getCopyOfContextMap();
        if (context != null) {
            new TreeMap<>(context).forEach((name, value) -> {
                if (name.equals(MEMORY_SIZE) && value.matches("\\d{1,9}")) {
                    object.put(name, Integer.parseInt(value));
                } else {
                    object.put(name, value);
                }
            });
        }
        return object;
    }

    private static String level(Level level) {
        int value = level.intValue();
        return value >= Level.SEVERE.intValue()
                ? "ERROR"
                : value >= Level.WARNING.intValue()
                        ? "WARN"
                        : value >= Level.INFO.intValue() ? "INFO" : value >= Level.FINE.intValue() ? "DEBUG" : "TRACE";
    }

    @Override
    public void flush() {
        out.flush();
    }

    /** The stream is the process's. */
    @Override
    public void close() {
        flush();
    }
}
