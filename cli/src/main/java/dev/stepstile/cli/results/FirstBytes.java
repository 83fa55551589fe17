package dev.stepstile.cli.results;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** The first bytes of a stream, and then its end. */
final class FirstBytes extends FilterInputStream {
    private long left;

    FirstBytes(InputStream in, long bytes) {
        super(in);
        this.left = bytes;
    }

    @Override
    public int read() throws IOException {
        int read = left > 0 ? super.read() : -1;
        left -= read < 0 ? 0 : 1;
        return read;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        int read = left > 0 ? super.read(into, offset, (int) Math.min(length, left)) : -1;
        left -= Math.max(0, read);
        return read;
    }
}
