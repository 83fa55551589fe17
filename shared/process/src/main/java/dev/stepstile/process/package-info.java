/** Handlers that are processes: the orchestrator's side of Dagster Pipes 0.1, commands, and warm hosts. */
@NullMarked
package dev.stepstile.process;

import org.jspecify.annotations.NullMarked;
