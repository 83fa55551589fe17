/** What a simulation did, as a page. */
@NullMarked
package dev.stepstile.simulation.report;

import org.jspecify.annotations.NullMarked;
