package dev.stepstile.client;

/**
 * What a redrive or a purge of dead letters did.
 *
 * @param redrivenCount steps that run again; 0 of a purge
 * @param deletedCount letters that are gone
 * @param leftCount letters that were selected and stay
 * @param complete whether the whole queue was looked through; else the same call again continues
 */
public record DeadLetterChange(int redrivenCount, int deletedCount, int leftCount, boolean complete) {}
