/** What surrounds the use cases: functions, the event source, the schedule, user code. */
@NullMarked
package dev.stepstile.simulation.system;

import org.jspecify.annotations.NullMarked;
