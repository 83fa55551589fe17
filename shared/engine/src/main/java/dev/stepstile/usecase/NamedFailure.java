package dev.stepstile.usecase;

import java.util.ArrayList;
import java.util.List;

/** An exception that stands for one of another process. */
public interface NamedFailure {

    /** The names by which a step's {@code retry.on} and {@code retry.never} can name the original. */
    List<String> names();

    /** Of an exception: its class and superclasses, each with its package and without; of a stand-in, the original's. */
    static List<String> namesOf(Throwable thrown) {
        if (thrown instanceof NamedFailure standIn) {
            return standIn.names();
        }
        List<String> names = new ArrayList<>();
        for (Class<?> type = thrown.getClass(); type != null && type != Object.class; type = type.getSuperclass()) {
            names.add(type.getName());
            if (!type.getSimpleName().isEmpty()) { // an anonymous class has none
                names.add(type.getSimpleName());
            }
        }
        return names;
    }
}
