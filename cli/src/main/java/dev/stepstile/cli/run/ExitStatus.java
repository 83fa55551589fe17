package dev.stepstile.cli.run;

/** What {@code run} and {@code results} exit with, beside 0, 1 for a call that was refused or a defect, and 2 for wrong options. */
final class ExitStatus {
    /** Each row was dispatched, but some step failed, is dead, was cancelled, or has a damaged record. */
    static final int NOT_ALL_SUCCEEDED = 3;

    /** A row is wrong; of a file, nothing was dispatched. The numbers from 65 on are those of BSD's sysexits. */
    static final int BAD_INPUT = 65;

    /** The API did not answer, or does not allow this caller. */
    static final int UNREACHABLE = 69;

    /** The results cannot be written. */
    static final int RESULTS_NOT_WRITTEN = 74;

    /** By a signal; as a shell reports one of Ctrl-C. */
    static final int INTERRUPTED = 130;

    private ExitStatus() {}
}
