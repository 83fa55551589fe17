package dev.stepstile.cli.rows;

import java.io.FilterReader;
import java.io.IOException;
import java.io.Reader;

/** Counts the quotes of CSV: their number is even, unless one begins that does not end. */
final class QuoteCounter extends FilterReader {
    private boolean even = true;

    QuoteCounter(Reader in) {
        super(in);
    }

    boolean even() {
        return even;
    }

    @Override
    public int read() throws IOException {
        int read = super.read();
        even ^= read == '"';
        return read;
    }

    @Override
    public int read(char[] into, int offset, int length) throws IOException {
        int read = super.read(into, offset, length);
        for (int i = 0; i < read; i++) {
            even ^= into[offset + i] == '"';
        }
        return read;
    }
}
