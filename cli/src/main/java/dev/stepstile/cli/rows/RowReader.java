package dev.stepstile.cli.rows;

import java.io.Closeable;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** Reads rows one after the other, and holds one at a time. */
interface RowReader extends Closeable {
    /**
     * The next row; null at the end.
     *
     * @throws BadRowException if there is no reading the row
     */
    @Nullable
    Row next() throws IOException;
}
