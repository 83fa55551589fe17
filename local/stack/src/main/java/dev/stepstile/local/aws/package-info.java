/** AWS on this machine, by emulators. */
@NullMarked
package dev.stepstile.local.aws;

import org.jspecify.annotations.NullMarked;
