package dev.stepstile.process;

/** How a process ended. */
public sealed interface ProcessExit {

    record Status(int code) implements ProcessExit {}

    record Signal(int number) implements ProcessExit {}

    /** Its parent exited before it, and no other process can read its status. */
    record Unknown() implements ProcessExit {}

    /** From the exit value that the JVM reports of its own children, which is a signal plus 128, as in shells. */
    static ProcessExit ofJvm(int value) {
        return value > 128 && value <= 128 + 64 ? new Signal(value - 128) : new Status(value);
    }

    default String describe() {
        return switch (this) {
            case Status(int code) -> "ended with status " + code;
            case Signal(int number) -> "was ended by signal " + number + name(number);
            case Unknown() -> "ended unobserved, as its host had exited before it";
        };
    }

    private static String name(int number) {
        return switch (number) {
            case 6 -> " (SIGABRT)";
            case 9 -> " (SIGKILL; out of memory, or killed)";
            case 11 -> " (SIGSEGV)";
            case 15 -> " (SIGTERM)";
            default -> "";
        };
    }
}
