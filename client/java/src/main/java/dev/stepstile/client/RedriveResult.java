package dev.stepstile.client;

import java.util.List;

/**
 * What became of a redrive.
 *
 * @param redrivenCount how many steps it set to run again
 * @param replayed whether the call had been made before; the rest is what it was answered then
 * @param unknownKeys keys that no step of the run has, the first hundred of them
 * @param damagedKeys keys of steps that were left out because their records are damaged, the first hundred of them: the same
 *     redrive again takes them once they are repaired
 */
public record RedriveResult(int redrivenCount, boolean replayed, List<String> unknownKeys, List<String> damagedKeys) {
    /** Keeps a copy of the keys. */
    public RedriveResult {
        unknownKeys = List.copyOf(unknownKeys);
        damagedKeys = List.copyOf(damagedKeys);
    }
}
