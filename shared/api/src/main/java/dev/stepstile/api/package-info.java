/** What users compile against to write a step: no AWS, no Jackson, nothing but the JDK. */
@NullMarked
package dev.stepstile.api;

import org.jspecify.annotations.NullMarked;
