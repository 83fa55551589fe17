package dev.stepstile.cli.rows;

/** The input cannot be read as rows. The message is a sentence for people: where, which field, and the limit. */
public final class BadRowException extends RuntimeException {
    public BadRowException(String message) {
        super(message);
    }
}
