package example;

import dev.stepstile.api.StepContext;
import dev.stepstile.api.StepHandler;
import dev.stepstile.api.StepInput;
import dev.stepstile.api.StepResult;
import java.util.Map;
import java.util.TreeMap;

/** Resizes an image into a store that takes the fence: the number of the attempt that writes. */
public final class Resize implements StepHandler {
    /** What a step is given. */
    public record Image(String key, int width) {}

    /** Where the images are: it refuses a writer whose fence is lower than one it has seen. */
    public static final class Store {
        private final Map<String, Integer> fences = new TreeMap<>();
        private final Map<String, Integer> widths = new TreeMap<>();

        /** False if another attempt has written since. */
        public synchronized boolean put(String key, int width, int fence) {
            boolean newest = fences.merge(key, fence, Math::max) == fence;
            if (newest) {
                widths.put(key, width);
            }
            return newest;
        }

        /** The images that are there, with their widths. */
        public synchronized Map<String, Integer> widths() {
            return new TreeMap<>(widths);
        }
    }

    private final Store store;

    public Resize(Store store) {
        this.store = store;
    }

    @Override
    public String name() {
        return "images.resize";
    }

    @Override
    public StepResult run(StepInput input, StepContext context) {
        Image image = input.as(Image.class);
        context.progress(0.5, "read " + image.key());
        boolean stored = store.put(image.key(), image.width(), context.attempt());
        return StepResult.of(Map.of("stored", stored));
    }
}
