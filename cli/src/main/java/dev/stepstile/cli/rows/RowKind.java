package dev.stepstile.cli.rows;

/** What a row holds. */
public enum RowKind {
    /** The input of a step. */
    INPUTS,
    /** A step as a dispatch has it: {@code key}, {@code handler}, {@code input} and so on. */
    STEPS
}
