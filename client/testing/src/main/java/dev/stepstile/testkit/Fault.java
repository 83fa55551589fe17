package dev.stepstile.testkit;

/**
 * What a test lets happen.
 *
 * @param what for a message: such as {@code cancel}
 */
record Fault(String what, Moment moment, Act act) {

    /** What happens, on the thread of the handler, or on one beside it if the handler waits. */
    interface Act {
        void on(AttemptUnderTest attempt) throws InterruptedException;
    }

    @Override
    public String toString() {
        return what + " at " + moment;
    }
}
