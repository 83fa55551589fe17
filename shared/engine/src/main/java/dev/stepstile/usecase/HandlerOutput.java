package dev.stepstile.usecase;

import java.util.concurrent.Callable;
import java.util.function.Consumer;

/** Where what a handler prints goes. */
public interface HandlerOutput {

    /** Prints are left alone. */
    HandlerOutput UNCAPTURED = new HandlerOutput() {
        @Override
        public <T> T capture(Consumer<String> lines, Callable<T> work) throws Exception {
            return work.call();
        }
    };

    /** Runs the work; what it and threads it starts print on standard output and error goes to {@code lines}. */
    <T> T capture(Consumer<String> lines, Callable<T> work) throws Exception;
}
