package dev.stepstile.lambda;

import java.util.logging.LogManager;
import org.slf4j.Logger;
import org.slf4j.event.Level;
import software.amazon.lambda.powertools.logging.internal.LoggingManager;

/** How Powertools sets the level of the JDK's logging: by its variables {@code POWERTOOLS_LOG_LEVEL} and others. */
public final class JdkLoggingManager implements LoggingManager {
    @Override
    public void setLogLevel(Level level) {
        LogManager.getLogManager()
                .getLogger("")
                .setLevel(
                        switch (level) {
                            case ERROR -> java.util.logging.Level.SEVERE;
                            case WARN -> java.util.logging.Level.WARNING;
                            case INFO -> java.util.logging.Level.INFO;
                            case DEBUG -> java.util.logging.Level.FINE;
                            case TRACE -> java.util.logging.Level.FINEST;
                        });
    }

    @Override
    public Level getLogLevel(Logger logger) {
        return logger.isTraceEnabled()
                ? Level.TRACE
                : logger.isDebugEnabled()
                        ? Level.DEBUG
                        : logger.isInfoEnabled() ? Level.INFO : logger.isWarnEnabled() ? Level.WARN : Level.ERROR;
    }
}
