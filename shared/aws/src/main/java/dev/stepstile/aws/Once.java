package dev.stepstile.aws;

import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Builds a client when it is first needed. */
final class Once<C> implements Supplier<C> {
    private final Supplier<C> build;
    private volatile @Nullable C built;

    Once(Supplier<C> build) {
        this.build = build;
    }

    @Override
    public C get() {
        C client = built;
        if (client == null) {
            synchronized (this) {
                client = built;
                if (client == null) {
                    client = build.get();
                    built = client;
                }
            }
        }
        return client;
    }
}
