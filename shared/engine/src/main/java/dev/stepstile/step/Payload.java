package dev.stepstile.step;

/** Where a piece of JSON is: in the item itself, in an item of its own, or in the payload store. */
public sealed interface Payload {

    /** The JSON word {@code null}: no input, or no result. */
    Payload NULL = new Inline("null");

    /** Small enough to travel with the record and the message. */
    record Inline(String json) implements Payload {}

    /** In an item of its own beside the records; {@code size} in bytes of UTF-8. */
    record Item(String key, long size, String sha256) implements Payload {}

    /** In the payload store (S3, a directory); {@code size} in bytes of UTF-8. */
    record Stored(String key, long size, String sha256) implements Payload {}
}
