package dev.stepstile.process;

import dev.stepstile.step.Limits;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;

/** A process's output on its way to the log, of which the end is kept: as much as a result may have. */
final class PrintedOutput extends FilterInputStream {
    static final int KEPT = Limits.RESULT_BYTES;

    /** By how much more the array grows before its beginning is dropped, so that not each read moves it. */
    private static final int ROOM = 1024 * 1024;

    private final ReentrantLock lock = new ReentrantLock();
    private byte[] kept = new byte[8 * 1024];
    private int size;
    private boolean cut;

    PrintedOutput(InputStream stream) {
        super(stream);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int from, int most) throws IOException {
        int read = super.read(bytes, from, most);
        if (read > 0) {
            keep(bytes, from, read);
        }
        return read;
    }

    private void keep(byte[] bytes, int from, int length) {
        lock.lock();
        try {
            if (size + length > KEPT + ROOM) {
                int dropped = size + length - KEPT;
                System.arraycopy(kept, dropped, kept, 0, size - dropped);
                size -= dropped;
                cut = true;
            }
            if (size + length > kept.length) {
                kept = Arrays.copyOf(kept, Math.min(KEPT + ROOM, Math.max(2 * kept.length, size + length)));
            }
            System.arraycopy(bytes, from, kept, size, length);
            size += length;
        } finally {
            lock.unlock();
        }
    }

    /** What was printed last. */
    PrintedJson.Text text() {
        lock.lock();
        try {
            return new PrintedJson.Text(new String(kept, 0, size, StandardCharsets.UTF_8), cut);
        } finally {
            lock.unlock();
        }
    }
}
