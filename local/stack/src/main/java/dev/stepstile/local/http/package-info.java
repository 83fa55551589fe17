/** The HTTP API of a stack, as API Gateway answers on AWS. */
@NullMarked
package dev.stepstile.local.http;

import org.jspecify.annotations.NullMarked;
