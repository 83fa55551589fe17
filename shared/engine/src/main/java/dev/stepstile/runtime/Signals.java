package dev.stepstile.runtime;

import java.lang.reflect.Proxy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Acts on a signal in place of the JVM, which would run its shutdown hooks and exit. A hook cannot distinguish a signal from
 * {@link System#exit}, and is not called for a second signal. By reflection, as the JDK's own API for it is one of which the
 * compiler warns.
 */
public final class Signals {
    private static final Logger LOG = LoggerFactory.getLogger(Signals.class);

    private Signals() {}

    /**
     * Has the signal call {@code act}, on a thread of its own each time.
     *
     * @param name without SIG: {@code TERM}, {@code INT}
     * @return false if this JVM does not let signals be handled; it then ends as it always does
     */
    public static boolean on(String name, Runnable act) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object acting = Proxy.newProxyInstance(
                    handler.getClassLoader(), new Class<?>[] {handler}, (proxy, method, arguments) -> {
                        if (method.getName().equals("handle")) {
                            act.run();
                        }
                        return method.getName().equals("hashCode") ? 1 : null;
                    });
            signal.getMethod("handle", signal, handler)
                    .invoke(null, signal.getConstructor(String.class).newInstance(name), acting);
            return true;
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOG.info("SIG{} cannot be handled here ({}); it ends the process at once.", name, e.toString());
            return false;
        }
    }
}
