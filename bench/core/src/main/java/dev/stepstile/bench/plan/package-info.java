/** What many steps will cost on AWS and how long they will take: counted consumption times list prices. */
@NullMarked
package dev.stepstile.bench.plan;

import org.jspecify.annotations.NullMarked;
