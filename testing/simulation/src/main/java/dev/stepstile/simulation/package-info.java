/** The whole system on virtual time: simulated ports and functions, faults at every port call, and an auditor. */
@NullMarked
package dev.stepstile.simulation;

import org.jspecify.annotations.NullMarked;
