package dev.stepstile.client;

/** The call was understood and refused. It is not to be made again: it would be refused again. */
public final class RefusedException extends StepstileException {
    private final String type;
    private final String detail;
    private final int status;

    RefusedException(String type, String detail, int status) {
        super(detail.isEmpty() ? type + " (HTTP " + status + ")" : detail + " (" + type + ")");
        this.type = type;
        this.detail = detail;
        this.status = status;
    }

    /**
     * The problem's type, without its address, as the wire contract lists it: {@code run-cancelled},
     * {@code dispatch-conflict}. {@code not-stepstile} if what answered is not Stepstile.
     */
    public String type() {
        return type;
    }

    /** What is wrong and what to do instead, for people. */
    public String detail() {
        return detail;
    }

    /** The HTTP status of the answer. */
    public int status() {
        return status;
    }
}
