package dev.stepstile.emulators;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;

/**
 * The first main class of an emulator's or worker's process: calls the main method of the class that its first argument names, and ends the process
 * when its input ends. That is when its parent closes it, or dies, by {@code kill -9} too. Needs nothing but the
 * JDK, as the class path is an emulator's.
 */
public final class ExitWithParent {
    private ExitWithParent() {}

    /** @param arguments a class, and what its main method is given */
    public static void main(String[] arguments) throws Throwable {
        ignoreTerminal();
        Thread.ofPlatform().daemon().name("tether").start(ExitWithParent::awaitEnd);
        try {
            Class.forName(arguments[0]).getMethod("main", String[].class).invoke(null, (Object)
                    Arrays.copyOfRange(arguments, 1, arguments.length));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    /**
     * Ctrl-C, and the end of the terminal, reach every process that the terminal shows; this one ends when whoever started
     * it has done with it. By reflection, as the compiler warns of the JDK's own API for signals.
     */
    private static void ignoreTerminal() {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            for (String name : new String[] {"INT", "HUP"}) {
                signal.getMethod("handle", signal, handler)
                        .invoke(
                                null,
                                signal.getConstructor(String.class).newInstance(name),
                                handler.getField("SIG_IGN").get(null));
            }
        } catch (ReflectiveOperationException e) {
            System.err.println("Ctrl-C ends this process at once (" + e + ").");
        }
    }

    private static void awaitEnd() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            System.err.println("The input broke (" + e + "), which counts as its end.");
        }
        System.exit(0);
    }
}
