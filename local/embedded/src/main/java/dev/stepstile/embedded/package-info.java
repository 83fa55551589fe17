/** The ports on one machine: SQLite with one writer and group commit, and a directory for large payloads. */
@NullMarked
package dev.stepstile.embedded;

import org.jspecify.annotations.NullMarked;
