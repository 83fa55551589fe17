package dev.stepstile.cli.ops;

/** What the operator's commands exit with; docs/cli.md has the table. */
final class Exit {
    static final int DONE = 0;

    /** The answer to what was asked is a "no": steps have failed, or the doctor found something. */
    static final int NO = 1;

    /** Options or values that no call could carry; picocli's own. */
    static final int USAGE = 2;

    /** The API refused the call, or knows no such run, step or stack. */
    static final int REFUSED = 3;

    /** No answer, or none to these credentials. */
    static final int NOT_REACHED = 4;

    private Exit() {}
}
