package dev.stepstile.local.state;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** What a stack keeps for its next start, in a folder within its own. */
public final class StateFolder {
    private StateFolder() {}

    /** @param kept if not, what an earlier stack left is deleted */
    public static Path in(Path folder, boolean kept) {
        Path state = folder.resolve("state");
        if (!kept) {
            delete(state);
        }
        return state;
    }

    private static void delete(Path state) {
        if (!Files.exists(state)) {
            return;
        }
        try (Stream<Path> all = Files.walk(state)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("The state of an earlier stack in " + state + " cannot be deleted", e);
        }
    }
}
