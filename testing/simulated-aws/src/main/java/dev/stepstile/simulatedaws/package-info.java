/** DynamoDB in memory: evaluates expressions, and counts what it would charge for. */
@NullMarked
package dev.stepstile.simulatedaws;

import org.jspecify.annotations.NullMarked;
