/** Which Stepstile is called, and how calls are signed. */
@NullMarked
package dev.stepstile.cli.api;

import org.jspecify.annotations.NullMarked;
