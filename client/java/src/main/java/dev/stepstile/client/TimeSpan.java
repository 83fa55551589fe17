package dev.stepstile.client;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * From {@code since} on, and before {@code until}.
 *
 * @param since null for no limit
 * @param until null for no limit
 */
public record TimeSpan(@Nullable Instant since, @Nullable Instant until) {
    /** Always. */
    public static final TimeSpan ANY = new TimeSpan(null, null);

    /** @throws IllegalArgumentException if there is nothing between the two */
    public TimeSpan {
        Checked.ordered(since, until);
    }
}
