package dev.stepstile.cli.results;

/** The file of results cannot be used. The message is a sentence for people. */
public final class ResultsFileException extends RuntimeException {
    public ResultsFileException(String message) {
        super(message);
    }
}
