/**
 * The client of Stepstile's HTTP API: {@link dev.stepstile.client.StepstileClient} hands over steps, follows a run, reads
 * results and logs, cancels and redrives. It needs {@code java.net.http} and Jackson, and no other module of Stepstile. The
 * wire contract ({@code docs/protocol.md}) says what the API promises; {@code docs/client-java.md} shows how to begin.
 */
@NullMarked
package dev.stepstile.client;

import org.jspecify.annotations.NullMarked;
