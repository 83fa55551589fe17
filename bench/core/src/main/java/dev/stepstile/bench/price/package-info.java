/** What services cost at list price, and where each price is from. */
@NullMarked
package dev.stepstile.bench.price;

import org.jspecify.annotations.NullMarked;
