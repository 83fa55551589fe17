package dev.stepstile.client;

import java.util.List;

/**
 * What became of a redrive.
 *
 * @param redrivenCount how many steps it set to run again
 * @param replayed whether the call had been made before; the rest is what it was answered then
 * @param unknownKeys keys that no step of the run has, the first hundred of them
 */
public record RedriveResult(int redrivenCount, boolean replayed, List<String> unknownKeys) {
    /** Keeps a copy of the keys. */
    public RedriveResult {
        unknownKeys = List.copyOf(unknownKeys);
    }
}
