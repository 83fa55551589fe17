package dev.stepstile.cli.rows;

import java.util.List;

/**
 * Rows that are dispatched in one call.
 *
 * @param document the body of the call
 * @param keys of its steps
 */
public record Chunk(String document, List<String> keys) {}
