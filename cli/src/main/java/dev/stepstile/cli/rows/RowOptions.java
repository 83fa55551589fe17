package dev.stepstile.cli.rows;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.jspecify.annotations.Nullable;

/**
 * How rows become steps.
 *
 * @param kind what a row holds; null: an input, but one that looks like a step is refused
 * @param keyName the column, or the member of an input, that is the key; null: it is derived from the row
 * @param types of the columns of CSV
 * @param settings {@code tenant} and {@code defaults} of the dispatches; they take precedence over those of a document
 */
public record RowOptions(@Nullable RowKind kind, @Nullable String keyName, ColumnTypes types, ObjectNode settings) {}
