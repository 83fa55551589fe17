package dev.stepstile.local.handlers;

import java.nio.file.Path;
import java.time.Duration;

/**
 * A handler that a process has loaded.
 *
 * @param from the jar or folder that it comes from
 * @param grace as the handler says
 */
public record Loaded(Path from, Duration grace) {}
